"""A GPU by hand: the arithmetic of one op, from the published numbers of the A100 and the V100."""

from __future__ import annotations

import pytest
from family_samples import chase, gemm, machine, one, only, pointwise

import archsim

A100, V100 = "a100-sxm4-80gb", "v100-sxm2-16gb"
CLOCKS = 108 * 1.41e9
"""Clocks of all multiprocessors of an A100 together, Hz."""
HBM = 2039e9
LAUNCH = 3e-6
EXACT = {"rel": 1e-9, "abs": 0.0}


def test_a_large_product_is_bound_by_the_tensor_cores():
    op = only(gemm(8192, 8192, 8192), machine(A100))
    arithmetic = 2 * 8192**3 / (2048 * CLOCKS)
    assert op.bound == "tensor cores"
    assert op.latency == pytest.approx(LAUNCH + arithmetic, **EXACT)
    assert op.exposed == pytest.approx({"launch": LAUNCH, "tensor cores": arithmetic}, **EXACT)
    assert op.utilisation == pytest.approx(arithmetic / (LAUNCH + arithmetic), **EXACT)


def test_a_pointwise_function_is_bound_by_the_memory():
    op = only(pointwise(2**26), machine(A100))
    moved = 2 * 2 * 2**26
    assert (op.bound, op.bytes_by_level["hbm"]) == ("hbm", moved)
    assert op.latency == pytest.approx(LAUNCH + moved / HBM, **EXACT)
    assert op.energy_by_cause["device memory"] == pytest.approx(moved * 8 * 12.9e-12, **EXACT)


def test_a_product_with_one_vector_is_bound_by_the_memory():
    op = only(gemm(1, 16384, 4096), machine(A100))
    moved = 2 * (4096 * 16384 + 4096 + 16384)
    assert (op.bound, op.bytes_by_level["hbm"]) == ("hbm", moved)
    assert op.latency == pytest.approx(LAUNCH + moved / HBM, **EXACT)


def test_more_vectors_cost_next_to_nothing_until_the_arithmetic_binds():
    one_vector, many, more = (only(gemm(m, 16384, 4096), machine(A100)).latency for m in (1, 32, 4096))
    assert many < 1.1 * one_vector
    assert more > 10 * one_vector


def test_a_small_op_is_bound_by_its_launch():
    op = only(pointwise(64), machine(A100))
    assert op.bound == "launch"
    assert op.latency == pytest.approx(LAUNCH + 331e-9, **EXACT), "and one access to the memory"
    assert only(pointwise(64), machine(A100, launch__latency=1e-3)).latency == pytest.approx(1e-3 + 331e-9, **EXACT)


def test_single_precision_runs_on_the_lanes():
    op = only(gemm(8192, 8192, 8192, "fp32"), machine(A100))
    assert op.bound == "lanes"
    assert op.latency == pytest.approx(LAUNCH + 2 * 8192**3 / (128 * CLOCKS), **EXACT)


@pytest.mark.parametrize(
    ("dtype", "resource", "rate"),
    [("fp64", "tensor cores", 128), ("tf32", "tensor cores", 1024), ("bf16", "tensor cores", 2048),
     ("int8", "tensor cores", 4096), ("int4", "tensor cores", 8192)],
)  # fmt: skip
def test_every_format_has_its_own_rate(dtype, resource, rate):
    op = only(gemm(8192, 8192, 8192, dtype), machine(A100))
    assert op.bound == resource
    assert op.exposed[resource] == pytest.approx(2 * 8192**3 / (rate * CLOCKS), **EXACT)


def test_eight_bits_are_twice_as_fast_as_sixteen():
    half, byte = (only(gemm(8192, 8192, 8192, dtype), machine(A100)) for dtype in ("fp16", "int8"))
    assert half.exposed["tensor cores"] == pytest.approx(2 * byte.exposed["tensor cores"], **EXACT)
    assert half.bytes_by_level["hbm"] >= 2 * byte.bytes_by_level["hbm"], "and twice as many of them stay in the cache"
    assert half.energy_by_cause["arithmetic"] > 2 * byte.energy_by_cause["arithmetic"]


def test_a_format_the_machine_does_not_have_runs_wider_and_is_flagged():
    chip = machine(V100)
    spec = chip.spec
    result = archsim.evaluate(gemm(8192, 8192, 8192, "bf16"), chip)
    (op,) = result.ops
    assert op.bound == "lanes"
    single = 128 * spec.multiprocessors * spec.clock
    assert op.latency == pytest.approx(spec.launch.latency + 2 * 8192**3 / single, **EXACT)
    assert any(f"{V100} has no bf16 arithmetic" in text and "wider" in text for text in result.warnings)
    memory = spec.memory[0].name
    narrow, wide = (only(pointwise(2**24, dtype=dtype), chip).bytes_by_level[memory] for dtype in ("fp16", "bf16"))
    assert wide == 2 * narrow
    assert not archsim.evaluate(gemm(64, 64, 64, "fp16"), chip).warnings


def test_dependent_loads_wait_for_the_memory_they_fall_into():
    chip = machine(A100)
    for footprint, latency in ((2**30, 331e-9), (2**24, 185e-9), (2**16, 20.6e-9)):
        op = only(chase(10_000, footprint), chip)
        assert op.bound == "latency"
        assert op.latency == pytest.approx(LAUNCH + 10_000 * latency, **EXACT)


def test_independent_chains_overlap():
    chip = machine(A100)
    alone, together = (only(chase(10_000, 2**30, chains), chip).latency for chains in (1, 64))
    assert together == alone


def test_dependent_steps_are_launched_one_by_one():
    op = only(one(lambda b: b.linear(b.input("x", (1, 512)), 512, bias=False, steps=35)), machine(A100))
    assert op.exposed["launch"] == pytest.approx(35 * LAUNCH, **EXACT)
    assert op.latency >= 35 * (LAUNCH + 331e-9) * (1 - 1e-9)


def test_special_functions_have_units_of_their_own():
    chip = machine(A100, memory__hbm__bandwidth=1e15, memory__l2__width=1e9, memory__shared__width=1e9)
    op = only(pointwise(2**26, "exp"), chip)
    assert op.bound == "special functions"
    assert op.latency == pytest.approx(LAUNCH + 2**26 / (16 * CLOCKS), **EXACT)


def test_scattered_reads_move_whole_lines():
    def lookup(b):
        b.gather(b.weight("table", (2**24, 4)), b.input("rows", (2**16,), dtype="int64"))

    op = only(one(lookup), machine(A100))
    assert op.bytes_by_level["hbm"] == 2**16 * (32 + 8 + 8), "a line of 32 B for 8 wanted, the index, the result"


def test_all_energy_but_static_belongs_to_an_op():
    chip = machine(A100)
    result = archsim.evaluate(gemm(4096, 4096, 4096), chip)
    assert result.energy_by_detail["static"] == pytest.approx(79.0 * result.latency, **EXACT)
    moving = sum(value for name, value in result.energy_by_detail.items() if name != "static")
    assert moving == pytest.approx(result.ops[0].energy, **EXACT)


def test_half_the_clock_halves_the_arithmetic_and_not_the_memory():
    fast, slow = (machine(A100, clock=clock) for clock in (1.41e9, 0.705e9))
    large = [only(gemm(8192, 8192, 8192), chip).exposed["tensor cores"] for chip in (fast, slow)]
    assert large[1] == pytest.approx(2 * large[0], **EXACT)
    assert only(pointwise(2**26), fast).latency == only(pointwise(2**26), slow).latency


def test_the_board_throttles_to_its_limit():
    graph = gemm(16384, 16384, 16384)
    free = archsim.evaluate(graph, machine(A100))
    limit = 0.6 * free.power
    capped = archsim.evaluate(graph, machine(A100, power__limit=limit))
    assert capped.power == pytest.approx(limit, rel=5e-3)
    dynamic = free.energy - 79.0 * free.latency
    assert capped.latency == pytest.approx(dynamic / (limit - 79.0), rel=5e-3), (
        "the same work at the power that is left"
    )
