"""Latency-bound work on CPUs: chains and independent loads, scans, gathers, branches."""

from __future__ import annotations

import math

import pytest
from family_samples import chase, machine, one, only

import archsim
from archsim.arch import registry
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run_each
from archsim.graph.work import Gather
from archsim.io.hardware import with_

XEON = "xeon-gold-6248"
EXACT = {"rel": 1e-9, "abs": 0.0}


def busy(graph, chip):
    """Time each resource of the only op works, by name."""
    family = registry.get("cpu")
    outs, _ = run_each(family, lower(graph.ops, graph.tensors).table, chip_table(chip), mode="never")
    return dict(zip(family.resources, outs["busy"][0].tolist(), strict=False))


def alone(chip):
    return with_(chip, "library.threads", "one")


def gather(entries, width, table, branches=0.0, taken=0.0):
    def add(b):
        rows, places = b.input("table", (table // width, width)), b.input("places", (entries,), dtype="int32")
        work = Gather(entries, width, 0.0, branches, taken)
        b.op("gather", work, [rows, places], (entries, width), reads=[min(entries * width, table), entries])

    return one(add, "fp32")


@pytest.mark.parametrize(("footprint", "level"), [(2**30, 0), (2**24, 1), (2**19, 2), (2**14, 3)])
def test_one_chain_waits_for_the_memory_it_falls_into(footprint, level):
    chip = machine(XEON)
    op = only(chase(1_000_000, footprint), chip)
    assert op.bound == "latency"
    assert op.latency == pytest.approx(chip.spec.overhead.call + 1e6 * chip.spec.memory[level].latency, **EXACT)


def test_chains_overlap_as_far_as_a_core_keeps_track_of_misses():
    chip = alone(machine(XEON))
    misses, latency = chip.spec.core.misses, chip.spec.memory[0].latency
    for chains in (1, 2, misses // 2, misses):
        waiting = busy(chase(100_000, 2**30, chains), chip)["latency"]
        assert waiting == pytest.approx(1e5 * latency, **EXACT)
    waiting = busy(chase(100_000, 2**30, 4 * misses), chip)["latency"]
    assert waiting == pytest.approx(4e5 * latency, **EXACT)


def test_a_small_window_overlaps_fewer():
    chip = with_(alone(machine(XEON)), "core.window", 9)  # three loads of three instructions
    waiting = busy(chase(100_000, 2**30, 9), chip)["latency"]
    assert waiting == pytest.approx(3 * 1e5 * chip.spec.memory[0].latency, **EXACT)


def test_chains_are_divided_among_the_cores():
    chip = machine(XEON)
    waiting = busy(chase(100_000, 2**30, chip.spec.cores * chip.spec.core.misses), chip)["latency"]
    assert waiting == pytest.approx(1e5 * chip.spec.memory[0].latency, **EXACT)


@pytest.mark.parametrize("name", [XEON, "xeon-e5-2699-v3", "core-i7-5930k"])
def test_a_pointer_chain_and_as_many_independent_loads_differ_by_latency_over_bandwidth(name):
    """One core: as many times as it keeps misses; all: the latency of one over the time the memory takes for a line."""
    chip = machine(name)
    chained, free = archsim.workload("pointer-chase"), archsim.workload("independent-loads")
    one_core = alone(chip)
    ratio = archsim.evaluate(chained, one_core).latency / archsim.evaluate(free, one_core).latency
    assert 0.5 * chip.spec.core.misses <= ratio <= 1.01 * chip.spec.core.misses
    ratio = archsim.evaluate(chained, chip).latency / archsim.evaluate(free, chip).latency
    dram = chip.spec.memory[0]
    by_bandwidth = dram.latency * dram.bandwidth / dram.line
    by_misses = chip.spec.cores * chip.spec.core.misses
    assert 0.5 * min(by_bandwidth, by_misses) <= ratio <= 1.01 * min(by_bandwidth, by_misses)
    assert ratio > 30


def test_steps_of_a_scan_wait_for_the_last_ones_sums():
    chip = machine(XEON)
    lanes = {"length": 4096, "width": 1, "shape": (4096, 1)}
    op = only(one(lambda b: b.scan("linear", [b.input("x", (4096, 1))], **lanes), "fp32"), chip)
    clock = chip.spec.clock * chip.spec.licence.single
    step = chip.spec.core.depth / clock + chip.spec.memory[-1].latency * chip.spec.clock / clock
    assert op.bound == "latency"
    assert op.latency == pytest.approx(chip.spec.overhead.call + 4096 * step, **EXACT)


def test_elements_are_gathered_one_by_one_and_rows_register_by_register():
    chip = alone(machine(XEON))
    core, clock = chip.spec.core, chip.spec.clock * chip.spec.licence.single
    single = busy(gather(1_000_000, 1, 4096), chip)["SIMD units"]
    assert single == pytest.approx(
        1e6 * max(1 / core.loads + 1 / max(core.loads, core.gather), 4 / core.issue) / clock, **EXACT
    )
    registers = math.ceil(256 * 4 / core.register_width)
    row = busy(gather(10_000, 256, 4096), chip)["SIMD units"]
    assert row == pytest.approx(1e4 * max((1 + registers) / core.loads, (3 + registers) / core.issue) / clock, **EXACT)


def test_a_wrong_guess_waits_for_what_it_depends_on():
    chip = alone(machine(XEON))
    plain, even, rare = (
        busy(gather(100_000, 1, 2**28, branches, taken), chip)["latency"]
        for branches, taken in ((0.0, 0.0), (1.0, 0.5), (1.0, 0.01))
    )
    table = 2**28 * 4
    hit = sum(
        (min(1, inner.capacity / table) - min(1, outer)) * inner.latency
        for inner, outer in zip(
            reversed(chip.spec.memory[1:]),
            (0.0, *(level.capacity / table for level in reversed(chip.spec.memory[2:]))),
            strict=True,
        )
    )
    mean = hit + (1 - chip.spec.memory[1].capacity / table) * chip.spec.memory[0].latency
    lost = mean + chip.spec.core.mispredict / (chip.spec.clock * chip.spec.licence.single)
    assert even - plain == pytest.approx(0.5 * 1e5 * lost, rel=1e-6)
    assert rare - plain == pytest.approx(0.01 * 0.99 / (1 - 2 * 0.01 * 0.99) * 1e5 * lost, rel=1e-6)


def test_a_search_of_a_graph_pays_for_what_it_finds():
    """Top-down breadth-first search: one branch per edge, taken where a new vertex is found."""
    graph = archsim.workload("bfs", scale=16)
    table = lower(graph.ops, graph.tensors).table
    branches = table["branches"] * table["count"]
    assert branches.sum() == 2 * 16 * 2**16
    assert (branches * table["taken"]).sum() == pytest.approx(2**16)
    chip = alone(machine(XEON, core__issue=1e6, core__loads=1e6, memory__l3__width=1e9, memory__l2__width=1e9))
    slow = with_(chip, "core.mispredict", 1e4)
    assert archsim.evaluate(graph, slow).latency > 2 * archsim.evaluate(graph, chip).latency
