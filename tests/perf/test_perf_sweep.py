"""How fast a sweep is, beside a loop over `evaluate` and beside the least a roofline of the same ops can be.

Rates are printed, never judged: run with ``-s`` to see them. What is asserted is that the work was done, that a loop
over `evaluate` gives the same numbers, and that a sweep keeps little per point.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

import archsim as a
from archsim import jit
from archsim.engine.evaluate import prepare
from archsim.engine.lower import lower

pytestmark = pytest.mark.perf

POINTS = 20_000
REPEATS = 3
SIX = {
    "memory[0].bandwidth": a.Span("64 GB/s", "1 TB/s", log=True),
    "clock": a.Span("0.5 GHz", "2 GHz"),
    "array.rows": a.Span(16, 512, log=True),
    "array.columns": a.Span(16, 512, log=True),
    "buffers.input": a.Span("128 KiB", "16 MiB", log=True),
    "buffers.weight": a.Span("128 KiB", "16 MiB", log=True),
}
SWEPT = {
    "null": {"rate": a.Span("1 GOP/s", "1 TOP/s", log=True)},
    "dota-b": {"core.clock": a.Span("2 GHz", "5 GHz"), "memory[0].bandwidth": a.Span("100 GB/s", "1 TB/s", log=True)},
    "array-128x128": SIX,
}
FIFTY = "-".join(str(1000 + 8 * layer) for layer in range(51))
"""Widths of 50 layers of which no two are alike, so that none shares a row."""


def processor_time(work, repeats=1):
    """Return what `work` gives, and the least processor time it took, s: other processes do not count."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        result = work()
        times.append(time.process_time() - start)
    return result, min(times)


def roofline(table, peaks, bandwidths):
    """Latency of every point: the sum over ops of the longer of arithmetic and memory, in numpy."""
    repeats = table["steps"] * table["count"]
    flops = (2.0 * table["macs"] * table["mask"] + table["flops"] + table["special"]) * repeats
    roles = ("weight_bytes", "input_bytes", "extra_bytes", "state_bytes", "output_bytes")
    moved = sum(table[role] for role in roles) * repeats
    return np.maximum(flops / peaks[:, None], moved / bandwidths[:, None]).sum(axis=1)


@pytest.mark.parametrize(
    ("network", "machine"), [("fifty layers", "null"), ("fifty layers", "dota-b"), ("resnet50", "array-128x128")]
)
def test_rate(network, machine):
    graph = a.workload("mlp", widths=FIFTY) if network == "fifty layers" else a.workload(network)
    chip = a.hardware(machine)
    points = POINTS if machine != "array-128x128" else POINTS // 4
    placement = prepare(graph, chip, a.Policy())
    table = lower(placement.chip, placement.graph.tensors).table
    assert network == "resnet50" or len(table) == 50

    def sweep(count):
        return a.sweep(graph, chip, SWEPT[machine], mode="latin-hypercube", samples=count, jit="always")

    sweep(64)  # compiles
    found, mine = processor_time(lambda: sweep(points), REPEATS)
    assert found.failed == 0
    few = range(0, points, points // 3)
    alone, loop = processor_time(lambda: [one(graph, chip, found.point(index)) for index in few])
    for index, result in zip(few, alone, strict=True):
        assert found["latency"][index] == pytest.approx(result.latency, rel=1e-12)
        assert found["energy"][index] == pytest.approx(result.energy, rel=1e-12)
    shares = np.linspace(1.0, 2.0, points)
    _, least = processor_time(lambda: roofline(table, 1e12 * shares, 1e11 * shares), REPEATS)
    rate = points / mine
    print(
        f"\n{network} on {machine}, {len(table)} rows: {rate:.3g} points/s of processor time, "
        f"a million in {1e6 / rate:.3g} s; a loop over evaluate {len(few) / loop:.3g} points/s, ratio "
        f"{rate * loop / len(few):.0f}; two-term roofline in numpy {points / least:.3g} points/s, ratio "
        f"{rate * least / points:.2f}"
    )


def one(graph, chip, values):
    for path, value in values.items():
        chip = a.with_(chip, path, value)
    return a.evaluate(graph, chip, jit="never")


def test_a_sweep_keeps_little_per_point():
    def peak(points):
        tracemalloc.start()
        try:
            a.sweep("mlp", "null", SWEPT["null"], mode="latin-hypercube", samples=points, jit="always")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    if not jit.enabled():
        pytest.skip("plain Python keeps a record per point")
    few, many = peak(100_000), peak(300_000)  # one chunk, and three
    each = (many - few) / 200_000
    print(f"\n{each:.0f} B per point; a million take {few / 1e6 + 0.9 * each:.0f} MB")
    assert each < 400
