"""How fast optical machines are evaluated, beside numpy counting the same conversions and symbols and nothing else.

Rates are printed, never judged: run with ``-s`` to see them. What is asserted is that both count the same.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pytest

import archsim
from archsim.arch import registry
from archsim.engine.evaluate import evaluate_points, prepare
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run
from archsim.graph.kinds import CONV, MATMUL

sys.path.insert(0, str(Path(__file__).parents[1] / "families"))
from optical_samples import sample

pytestmark = pytest.mark.perf

POINTS = 20_000
WORKLOADS = {"resnet50": {"batch": 8}, "bert-base": {}, "gpt2": {}}
REPEATS = 3


def best(work):
    """Least processor time of a few runs, s: other processes do not count."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def counted(table, core, rows):
    """Conversions of inputs, weights and outputs of every product at as many numbers of rows, (points, ops)."""
    m, n, k, batch = (table[name][None, :] for name in ("m", "n", "k", "batch"))
    inputs = batch * m * k * np.ceil(n / core.columns)
    weights = batch * n * k * np.ceil(m / core.vectors)
    outputs = batch * m * n * np.ceil(k / rows[:, None])
    return inputs, weights, outputs


@pytest.mark.parametrize("workload", WORKLOADS)
def test_rate(workload):
    chip = sample()
    graph = archsim.workload(workload, **WORKLOADS[workload])
    placement = prepare(graph, chip, archsim.Policy())
    table = lower(placement.chip, placement.graph.tensors).table
    rows = np.linspace(1.0, 512.0, POINTS).round()

    totals = evaluate_points(graph, chip, {"core.rows": rows}, jit="always")
    assert len(totals) == POINTS and not totals["status"].any()
    products = np.isin(table["kind"], (MATMUL, CONV))
    outs, _ = run(registry.get("optical"), table, chip_table(chip), mode="never", keep=True)
    steps = table["steps"][products]
    for index, expected in enumerate(counted(table[products], chip.spec.core, np.array([float(chip.spec.core.rows)]))):
        np.testing.assert_allclose(outs["mapping"][products, index], expected[0] * steps, rtol=1e-12)

    mine = best(lambda: evaluate_points(graph, chip, {"core.rows": rows}, jit="always"))
    plain = best(lambda: counted(table, chip.spec.core, rows))
    rate, reference = len(table) * POINTS / mine, len(table) * POINTS / plain
    print(
        f"\n{workload}: {1e6 * mine / POINTS:.3g} us and {len(table)} rows a network, {rate:.3g} layers/s of processor "
        f"time; conversions alone in numpy: {reference:.3g}/s, ratio {rate / reference:.2f}"
    )
