"""How fast the batch engine is, beside a plain numpy roofline of the same ops at the same design points.

Rates are printed, never judged: run with ``-s`` to see them. What is asserted is that the work was done. The reference
is the least a roofline can be, two divisions per op; the engine also finds the traffic of every memory level by op
kind, what binds, and the energy by cause.
"""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

import archsim
from archsim import jit
from archsim.engine.evaluate import evaluate_points, prepare
from archsim.engine.lower import lower

pytestmark = pytest.mark.perf

POINTS = 20_000
REPEATS = 3
MACHINES = ("a100-sxm4-80gb", "xeon-gold-6248", "null")
WORKLOADS = {"resnet50": {"batch": 8}, "mobilenet-v2": {}, "bert-base": {}, "gpt2": {}}
SPEED = {"gpu": "clock", "cpu": "clock", "null": "rate"}


def best(work):
    """Least processor time of a few runs, s: other processes do not count."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def ops_of(graph, chip):
    placement = prepare(graph, chip, archsim.Policy())
    return lower(placement.chip, placement.graph.tensors).table


def amounts(table):
    """FLOP and bytes of every op, all its executions together."""
    repeats = table["steps"] * table["count"]
    flops = (2.0 * table["macs"] * table["mask"] + table["flops"] + table["special"]) * repeats
    roles = ("weight_bytes", "input_bytes", "extra_bytes", "state_bytes", "output_bytes")
    return flops, sum(table[role] for role in roles) * repeats


def numpy_roofline(table, peaks, bandwidth):
    """Latency of every point: the sum over ops of the longer of arithmetic and memory."""
    flops, moved = amounts(table)
    return np.maximum(flops / peaks[:, None], moved / bandwidth).sum(axis=1)


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("machine", MACHINES)
def test_rate(machine, workload):
    chip = archsim.hardware(machine)
    graph = archsim.workload(workload, **WORKLOADS[workload])
    path = SPEED[chip.family]
    values = getattr(chip.spec, path) * np.linspace(0.5, 1.0, POINTS)
    table = ops_of(graph, chip)

    totals = evaluate_points(graph, chip, {path: values}, jit="always")
    evaluations = len(table) * int(totals["rounds"].sum())
    assert len(totals) == POINTS and not totals["status"].any()
    assert np.all(totals["rounds"] >= 1)
    assert np.all(np.diff(totals["latency"]) <= 1e-12 * totals["latency"][:-1])
    for point in (0, POINTS // 2, POINTS - 1):
        one = archsim.evaluate(graph, archsim.with_(chip, path, float(values[point])), jit="never")
        assert totals["latency"][point] == pytest.approx(one.latency, rel=1e-12)
        assert totals["energy"][point].sum() == pytest.approx(one.energy, rel=1e-12)

    peaks = values * 2048 * 108
    mine = best(lambda: evaluate_points(graph, chip, {path: values}, jit="always"))
    plain = best(lambda: numpy_roofline(table, peaks, 2e12))
    rate, reference = evaluations / mine, len(table) * POINTS / plain
    print(
        f"\n{workload} on {machine}: {POINTS / mine:.3g} points/s, {rate:.3g} op evaluations/s of processor time; "
        f"two-term roofline in numpy: {reference:.3g}/s, ratio {rate / reference:.2f}"
    )


def test_the_null_machine_is_the_numpy_roofline():
    """Where both say the same, they give the same numbers: the reference above is a fair one."""
    chip = archsim.hardware("null")
    for workload, parameters in WORKLOADS.items():
        graph = archsim.workload(workload, **parameters)
        rates = chip.spec.rate * np.geomspace(0.1, 10.0, 50)
        totals = evaluate_points(graph, chip, {"rate": rates})
        expected = numpy_roofline(ops_of(graph, chip), rates, np.inf)
        np.testing.assert_allclose(totals["latency"], expected, rtol=1e-12)


def test_no_machine_beats_its_own_roofline():
    chip = archsim.hardware("a100-sxm4-80gb")
    graph = archsim.workload("resnet50", batch=8)
    clocks = chip.spec.clock * np.linspace(0.5, 1.0, 20)
    totals = evaluate_points(graph, chip, {"clock": clocks})
    fastest = max(chip.spec.matrix.fp16, chip.spec.vector.fp16) * chip.spec.multiprocessors * clocks
    bound = numpy_roofline(ops_of(graph, chip), fastest, chip.spec.memory[0].bandwidth)
    assert np.all(totals["latency"] >= bound)


def test_a_sweep_keeps_totals_only():
    """Memory of a sweep: one totals record per point and the swept values, whatever the workload."""
    chip = archsim.hardware("null")
    rates = chip.spec.rate * np.geomspace(0.1, 10.0, POINTS)
    graph = archsim.workload("resnet50")
    evaluate_points(graph, chip, {"rate": rates}, jit="always")
    tracemalloc.start()
    try:
        totals = evaluate_points(graph, chip, {"rate": rates}, jit="always")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert totals.dtype.itemsize <= 512
    if jit.enabled():
        assert peak <= totals.nbytes + 12 * rates.nbytes + 2e6


def test_layers_of_a_large_language_model_share_their_rows():
    start = time.perf_counter()
    graph = archsim.workload("gpt3-175b")
    placement = prepare(graph, archsim.hardware("a100-sxm4-80gb"), archsim.Policy())
    lowered = lower(placement.chip, placement.graph.tensors)
    print(f"\ngpt3-175b built, fused and lowered in {1e3 * (time.perf_counter() - start):.0f} ms")

    assert len(graph.ops) > 900
    assert len(lowered.table) <= 12
    counts = dict(zip((same[0].name for same in lowered.rows), lowered.table["count"].tolist(), strict=True))
    for op in ("query-key-value", "attention", "output", "up", "down"):
        assert counts[f"layer-0/{op}"] == 96
    assert lowered.table["count"].sum() == len(placement.graph.ops)
    macs = sum(row["macs"] * row["count"] for row in lowered.table)
    assert macs == sum(op.macs for op in graph.ops)


def test_work_of_a_sweep_does_not_grow_with_the_depth_of_a_network():
    rows = []
    for layers in (2, 96):
        graph = archsim.workload("gpt3-175b", layers=layers)
        rows.append(len(ops_of(graph, archsim.hardware("a100-sxm4-80gb"))))
    assert rows[0] == rows[1]
