"""A hundred thousand ops on one time line, against networkx finding no more than the longest way through them."""

from __future__ import annotations

import time

import networkx
import numpy as np
import pytest

from archsim import jit
from archsim.engine.schedule.tables import LANE, NOTHING, SLOT, TASK, empty
from archsim.engine.schedule.timeline import arrange_run

pytestmark = pytest.mark.perf
OPS, ROWS, UNITS = 100_000, 40, 8


def graph(ops):
    """Tasks that wait for up to three of the hundred before them, on a few rows of durations."""
    random = np.random.default_rng(7)
    tasks, slots, lanes = empty(TASK, ops), empty(SLOT, ROWS), empty(LANE, UNITS)
    tasks["row"] = random.integers(0, ROWS, ops)
    waits = [
        sorted({int(index - step) for step in random.integers(1, 100, 3) if step <= index}) for index in range(ops)
    ]
    tasks["last"] = np.cumsum([len(each) for each in waits])
    tasks["first"] = tasks["last"] - [len(each) for each in waits]
    slots["length"], slots["repeats"], slots["memory"] = random.uniform(1.0, 2.0, ROWS), 1.0, NOTHING
    held = random.uniform(0.0, 1.0, (ROWS, UNITS)) * (random.random((ROWS, UNITS)) < 0.3)
    slots["occupied"][:, :UNITS] = slots["busy"][:, :UNITS] = held
    return tasks, np.array([at for each in waits for at in each], dtype=np.int64), slots, lanes, waits


def test_a_hundred_thousand_ops():
    run = jit.compiled(arrange_run, family="schedule")
    small = graph(10)
    run(*small[:4], np.zeros(2))
    tasks, deps, slots, lanes, waits = graph(OPS)
    found = np.zeros(2)
    began = time.perf_counter()
    run(tasks, deps, slots, lanes, found)
    took = time.perf_counter() - began
    began = time.perf_counter()
    way = networkx.DiGraph()
    way.add_nodes_from(range(OPS))
    lengths = slots["length"][tasks["row"]].tolist()
    way.add_edges_from((before, at, {"weight": lengths[at]}) for at, each in enumerate(waits) for before in each)
    longest = networkx.dag_longest_path_length(way)
    networkx_took = time.perf_counter() - began
    busiest = float(slots["occupied"][tasks["row"]].sum(axis=0).max())
    print(f"\n{OPS:,} ops scheduled in {took:.3f} s; networkx finds their longest way in {networkx_took:.2f} s "
          f"({networkx_took / took:.0f} times as long)")  # fmt: skip
    assert found[0] >= max(longest, busiest) * (1 - 1e-9) and found[0] <= sum(lengths) * (1 + 1e-9)
    assert tasks["end"].max() == found[0]
