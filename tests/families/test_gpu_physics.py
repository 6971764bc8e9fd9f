"""A GPU by hand: the arithmetic of one op, from the published numbers of the A100 and the V100."""

from __future__ import annotations

import math

import pytest
from family_samples import chase, gemm, machine, one, only, pointwise

import archsim

A100, V100 = "a100-sxm4-80gb", "v100-sxm2-16gb"
CLOCKS = 108 * 1.41e9
"""Clocks of all multiprocessors of an A100 together, Hz."""
HBM, MEMORY_LATENCY = 2039e9, 331e-9
EXACT = {"rel": 1e-9, "abs": 0.0}
SIZE = 8192


def launch(chip):
    return chip.spec.generation.launch.latency


def waves(chip, rate, unit, rows, columns, depth_step, dram):
    """Time of all waves of a product of `SIZE` cubed: one tile a multiprocessor, the last wave as long as any."""
    kernels = {each.name: each for each in chip.spec.generation.products}[unit]
    delivered = rows * columns / (rows * columns + kernels.perimeter * (rows + columns))
    peak = rate * chip.spec.clock
    tile = max(
        2 * rows * columns * SIZE / (peak * kernels.efficiency * delivered), SIZE / depth_step * dram / kernels.stages
    )
    count = math.ceil(math.ceil(SIZE / rows) * math.ceil(SIZE / columns) / chip.spec.multiprocessors)
    return count * (tile + dram)


def test_a_large_product_is_bound_by_the_tensor_cores():
    chip = machine(A100)
    op = only(gemm(SIZE, SIZE, SIZE), chip)
    arithmetic = waves(chip, 2048, "tensor", 256, 128, 32, MEMORY_LATENCY)
    assert op.bound == "tensor cores"
    assert op.exposed["tensor cores"] == pytest.approx(arithmetic, **EXACT)
    assert op.exposed["launch"] == pytest.approx(launch(chip), **EXACT)
    assert op.latency == pytest.approx(sum(op.exposed.values()), **EXACT)
    assert arithmetic < op.latency < 1.15 * arithmetic, "what the last tiles write, and what does not overlap"
    assert op.utilisation == pytest.approx(2 * SIZE**3 / (2048 * CLOCKS) / op.latency, **EXACT)


def test_a_pointwise_function_is_bound_by_the_memory():
    chip = machine(A100)
    op = only(pointwise(2**26), chip)
    moved = 2 * 2 * 2**26
    streams = chip.spec.generation.streams
    assert (op.bound, op.bytes_by_level["hbm"]) == ("hbm", moved)
    expected = launch(chip) + streams.accesses * MEMORY_LATENCY + moved / (streams.memory_share * HBM)
    assert op.latency == pytest.approx(expected, **EXACT)
    assert op.energy_by_cause["device memory"] == pytest.approx(moved * 8 * 12.2e-12, **EXACT)


def test_a_product_with_one_vector_is_bound_by_the_memory():
    chip = machine(A100)
    op = only(gemm(1, 16384, 4096), chip)
    moved = 2 * (4096 * 16384 + 4096 + 16384)
    assert (op.bound, op.bytes_by_level["hbm"]) == ("hbm", moved)
    tensor = chip.spec.generation.products[1]
    assert op.exposed["hbm"] == pytest.approx(moved / (tensor.memory_share * HBM), rel=0.01)
    assert op.latency < 1.1 * (launch(chip) + op.exposed["hbm"])


def test_more_vectors_cost_next_to_nothing_until_the_arithmetic_binds():
    one_vector, many, more = (only(gemm(m, 16384, 4096), machine(A100)).latency for m in (1, 32, 4096))
    assert many < 1.1 * one_vector
    assert more > 10 * one_vector


def test_a_small_op_is_bound_by_its_launch():
    op = only(pointwise(64), machine(A100))
    assert op.bound == "launch"
    waits = op.latency - op.exposed["launch"]
    assert waits < 10 * MEMORY_LATENCY, "and a few accesses to the memory"
    slow = only(pointwise(64), machine(A100, generation__launch__latency=1e-3))
    assert slow.latency == pytest.approx(1e-3 + waits, **EXACT)


def test_single_precision_runs_on_the_lanes():
    chip = machine(A100)
    op = only(gemm(SIZE, SIZE, SIZE, "fp32"), chip)
    assert op.bound == "lanes"
    least = 2 * SIZE**3 / (128 * CLOCKS)
    assert least < op.exposed["lanes"] < 1.2 * least


@pytest.mark.parametrize(
    ("dtype", "rate"), [("fp64", 128), ("tf32", 1024), ("bf16", 2048), ("int8", 4096), ("int4", 8192)]
)
def test_every_format_has_its_own_rate(dtype, rate):
    op = only(gemm(SIZE, SIZE, SIZE, dtype), machine(A100))
    assert op.bound == "tensor cores"
    least = 2 * SIZE**3 / (rate * CLOCKS)
    assert least < op.exposed["tensor cores"] < 1.15 * least


def test_eight_bits_are_twice_as_fast_as_sixteen():
    half, byte = (only(gemm(SIZE, SIZE, SIZE, dtype), machine(A100)) for dtype in ("fp16", "int8"))
    assert half.exposed["tensor cores"] == pytest.approx(2 * byte.exposed["tensor cores"], rel=0.01)
    assert half.bytes_by_level["hbm"] >= 2 * byte.bytes_by_level["hbm"], "and twice as many of them stay in the cache"
    assert half.energy_by_cause["arithmetic"] > 2 * byte.energy_by_cause["arithmetic"]


def test_a_format_the_machine_does_not_have_runs_wider_and_is_flagged():
    chip = machine(V100)
    spec = chip.spec
    result = archsim.evaluate(gemm(SIZE, SIZE, SIZE, "bf16"), chip)
    (op,) = result.ops
    assert op.bound == "lanes"
    least = 2 * SIZE**3 / (128 * spec.multiprocessors * spec.clock)
    assert least < op.exposed["lanes"] < 1.2 * least
    assert any(f"{V100} has no bf16 arithmetic" in text and "wider" in text for text in result.warnings)
    memory = spec.memory[0].name
    narrow, wide = (only(pointwise(2**24, dtype=dtype), chip).bytes_by_level[memory] for dtype in ("fp16", "bf16"))
    assert wide == 2 * narrow
    assert not archsim.evaluate(gemm(64, 64, 64, "fp16"), chip).warnings


def test_dependent_loads_wait_for_the_memory_they_fall_into():
    chip = machine(A100)
    for footprint, latency in ((2**30, MEMORY_LATENCY), (2**24, 185e-9), (2**16, 20.6e-9)):
        op = only(chase(10_000, footprint), chip)
        assert op.bound == "latency"
        assert op.latency == pytest.approx(launch(chip) + 10_000 * latency, **EXACT)


def test_independent_chains_overlap():
    chip = machine(A100)
    alone, together = (only(chase(10_000, 2**30, chains), chip).latency for chains in (1, 64))
    assert together == alone


def test_dependent_steps_are_launched_one_by_one():
    chip = machine(A100)
    op = only(one(lambda b: b.linear(b.input("x", (1, 512)), 512, bias=False, steps=35)), chip)
    assert op.exposed["launch"] == pytest.approx(35 * launch(chip), **EXACT)
    assert op.latency >= 35 * (launch(chip) + MEMORY_LATENCY) * (1 - 1e-9)


def test_special_functions_have_units_of_their_own():
    chip = machine(A100, memory__hbm__bandwidth=1e15, memory__l2__width=1e9, memory__shared__width=1e9)
    op = only(pointwise(2**26, "exp"), chip)
    assert op.bound == "special functions"
    assert op.exposed["special functions"] == pytest.approx(2**26 / (16 * CLOCKS), **EXACT)


def test_scattered_reads_move_whole_lines():
    def lookup(b):
        b.gather(b.weight("table", (2**24, 4)), b.input("rows", (2**16,), dtype="int64"))

    op = only(one(lookup), machine(A100))
    lines, rest = 2**16 * 32, 2**16 * (8 + 8)
    assert op.bytes_by_level["l2"] == lines + rest, "a line of 32 B for 8 wanted, the index, the result"
    assert lines <= op.bytes_by_level["hbm"] <= lines + rest, "indices and results may stay in the cache"


def test_all_energy_but_static_belongs_to_an_op():
    chip = machine(A100)
    result = archsim.evaluate(gemm(4096, 4096, 4096), chip)
    assert result.energy_by_detail["static"] == pytest.approx(79.0 * result.latency, **EXACT)
    moving = sum(value for name, value in result.energy_by_detail.items() if name != "static")
    assert moving == pytest.approx(result.ops[0].energy, **EXACT)


def test_half_the_clock_halves_the_arithmetic_and_not_the_memory():
    fast, slow = (machine(A100, clock=clock) for clock in (1.41e9, 0.705e9))
    large = [only(gemm(SIZE, SIZE, SIZE), chip).exposed["tensor cores"] for chip in (fast, slow)]
    assert large[1] == pytest.approx(2 * large[0], rel=0.01)
    lower = machine(A100, clock=1.2e9)
    assert only(pointwise(2**26), fast).latency == only(pointwise(2**26), lower).latency


def test_the_board_throttles_to_its_limit():
    graph = gemm(16384, 16384, 16384)
    free = archsim.evaluate(graph, machine(A100, power__limit=1e6))
    limit = 0.6 * free.power
    capped = archsim.evaluate(graph, machine(A100, power__limit=limit))
    assert capped.power == pytest.approx(limit, rel=5e-3)
    assert capped.energy < free.energy, "the voltage falls with the clock"
    assert free.latency < capped.latency < free.latency / 0.6
