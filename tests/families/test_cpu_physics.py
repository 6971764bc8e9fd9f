"""A CPU by hand: the arithmetic of one op, from the numbers of the Xeon Gold 6248."""

from __future__ import annotations

import pytest
from family_samples import chase, gemm, machine, one, only, pointwise

import archsim

XEON = "xeon-gold-6248"
CLOCKS = 20 * 3.2e9
"""Clocks of all cores together, Hz."""
WIDE_CLOCKS = 20 * 2.5e9
"""The same while all of them multiply in their widest registers."""
DRAM = 140.8e9
REACHED = 0.81 * DRAM
"""What the vendor's library reaches of it."""
SUSTAINED = 0.89
"""The same of the units' peak."""
CALL, FORK_JOIN = 2e-6, 5e-6
START = CALL + FORK_JOIN
EXACT = {"rel": 1e-9, "abs": 0.0}


def test_a_large_product_is_bound_by_the_vector_units():
    op = only(gemm(4096, 4096, 4096, "fp32"), machine(XEON))
    arithmetic = 2 * 4096**3 / (64 * WIDE_CLOCKS)
    assert op.bound == "SIMD units"
    assert 1.0 <= op.exposed["SIMD units"] / (arithmetic / SUSTAINED) < 1.02, "edges, and blocks of the depth"
    assert op.utilisation == pytest.approx(arithmetic / op.latency, **EXACT), "at the clock of wide multiplications"


@pytest.mark.parametrize(("dtype", "rate"), [("fp64", 32), ("fp32", 64), ("int8", 256), ("fp16", 64), ("bf16", 64)])
def test_every_format_has_its_own_rate_or_that_of_a_wider_one(dtype, rate):
    op = only(gemm(4096, 4096, 4096, dtype), machine(XEON))
    assert op.exposed["SIMD units"] == pytest.approx(2 * 4096**3 / (rate * WIDE_CLOCKS) / SUSTAINED, rel=0.03)


def test_a_pointwise_function_is_bound_by_the_memory():
    op = only(pointwise(2**26, dtype="fp32"), machine(XEON))
    moved = 2 * 4 * 2**26
    assert (op.bound, op.bytes_by_level["dram"]) == ("dram", moved)
    assert op.latency == pytest.approx(START + moved / REACHED, **EXACT)
    assert op.energy_by_cause["main memory"] == pytest.approx(moved * 8 * 20.3e-12, **EXACT)


def test_a_format_the_machine_does_not_have_is_stored_wider_and_flagged():
    result = archsim.evaluate(pointwise(2**26, dtype="fp16"), machine(XEON))
    assert result.ops[0].bytes_by_level["dram"] == 2 * 4 * 2**26
    assert result.warnings == (f"{XEON} has no fp16 arithmetic: it computes and stores fp16 tensors in a wider format",)
    assert archsim.evaluate(pointwise(2**20, dtype="fp32"), machine(XEON)).warnings == ()


def test_few_misses_in_flight_limit_the_bandwidth():
    """Little's law: 20 cores with 4 lines of 64 B in flight, from memories 81, 24 and 4.4 ns away one after another."""
    op = only(pointwise(2**26, dtype="fp32"), machine(XEON, core__misses=4))
    in_flight = 20 * 4 * 64
    each = [in_flight / 81e-9, in_flight / 24e-9, in_flight / 4.4e-9, 192 * CLOCKS]
    assert each[0] < REACHED
    assert op.latency == pytest.approx(START + sum(2 * 4 * 2**26 / rate for rate in each), **EXACT)


def test_dependent_loads_wait_for_the_memory_they_fall_into():
    for footprint, latency in ((2**30, 81e-9), (2**24, 24e-9), (2**19, 4.4e-9), (2**14, 1.25e-9)):
        op = only(chase(1_000_000, footprint), machine(XEON))
        assert op.bound == "latency"
        assert op.latency == pytest.approx(CALL + 1_000_000 * latency, **EXACT), "on one core"


def test_a_small_op_is_bound_by_its_call():
    op = only(pointwise(16, dtype="fp32"), machine(XEON))
    assert op.bound == "call"
    assert op.latency == pytest.approx(CALL + 81e-9, **EXACT), "on one core, and one access to the memory"


def test_one_core_neither_forks_nor_joins():
    op = only(pointwise(16, dtype="fp32"), machine(XEON, cores=1))
    assert op.latency == pytest.approx(CALL + 81e-9, **EXACT)


def test_dependent_steps_are_called_one_by_one():
    op = only(one(lambda b: b.linear(b.input("x", (1, 64)), 64, bias=False, steps=35), "fp32"), machine(XEON))
    assert op.exposed["call"] == pytest.approx(35 * CALL, **EXACT), "too small for more than one core"


def test_special_functions_share_the_issue_slots_with_the_arithmetic():
    wide = {f"memory__{level}__width": 1e12 for level in ("l1", "l2", "l3")}
    near = {f"memory__{level}__latency": 0.0 for level in ("l1", "l2", "l3", "dram")}
    chip = machine(XEON, memory__dram__bandwidth=1e18, **wide, **near)
    op = only(pointwise(2**22, "gelu", "fp32"), chip)
    arithmetic, special = 4 * 2**22 / (32 * CLOCKS), 2**22 / (2 * CLOCKS)  # not one of them is a multiply-add
    assert op.bound == "special functions"
    assert op.latency == pytest.approx(START + arithmetic + special, **EXACT)
    assert op.exposed == pytest.approx({"call": START, "SIMD units": arithmetic, "special functions": special}, **EXACT)


def test_matrix_tiles_are_used_where_there_are_any():
    plain, tiled = machine(XEON), machine(XEON, core__matrix__bf16=2048.0)
    slow, fast = (only(gemm(4096, 4096, 4096, "bf16"), chip) for chip in (plain, tiled))
    assert slow.bound == "SIMD units" and "matrix tiles" not in slow.exposed
    assert fast.latency < slow.latency / 5


def test_more_cores_divide_the_arithmetic():
    few, many = (only(gemm(4096, 4096, 4096, "fp32"), machine(XEON, cores=cores)) for cores in (5, 20))
    assert few.exposed["SIMD units"] == pytest.approx(4 * many.exposed["SIMD units"], **EXACT)


def test_all_energy_but_static_belongs_to_an_op():
    result = archsim.evaluate(gemm(1024, 1024, 1024, "fp32"), machine(XEON))
    assert result.energy_by_detail["static"] == pytest.approx(30.0 * result.latency, **EXACT)
    assert result.energy == pytest.approx(30.0 * result.latency + result.ops[0].energy, **EXACT)
