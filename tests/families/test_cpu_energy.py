"""Energy of CPUs: what instructions and moving data cost beside arithmetic, and what a lower clock saves."""

from __future__ import annotations

import pytest
from family_samples import gemm, machine, only, pointwise

import archsim

XEON = "xeon-gold-6248"
PRODUCT = (2048, 2048, 2048, "fp32")


def result(graph, **sets):
    return archsim.evaluate(graph, machine(XEON, **sets))


def test_wider_registers_amortise_instructions():
    """The same arithmetic in registers of half the width takes twice the instructions."""
    wide, half = (only(gemm(*PRODUCT), machine(XEON, core__register_width=width)) for width in (64.0, 32.0))
    assert half.energy_by_cause["instructions"] > 1.9 * wide.energy_by_cause["instructions"]
    assert half.energy_by_cause["arithmetic"] == wide.energy_by_cause["arithmetic"]


def test_the_von_neumann_share_is_all_that_starts_instructions_and_moves_data():
    made = result(gemm(*PRODUCT))
    moved = sum(made.energy_by_cause[group] for group in ("control", "on_chip_memory", "off_chip_memory"))
    assert made.von_neumann_share == pytest.approx(moved / made.energy)
    assert made.to_dict()["von_neumann_share"] == made.von_neumann_share
    assert 0.5 < made.von_neumann_share < 1.0, "arithmetic is the smallest part of what a CPU spends"


def test_without_instructions_and_bytes_there_is_no_share():
    free = {"core__instruction_scale": 1e-9, "memory__dram__energy": 0.0} | {
        f"memory__{level}__energy": 0.0 for level in ("l3", "l2", "l1")
    }
    assert result(gemm(*PRODUCT), **free).von_neumann_share < 1e-6


def test_a_lower_clock_takes_less_energy_and_more_time():
    fast, slow = (result(gemm(*PRODUCT), clock=clock) for clock in (2.5e9, 1.25e9))
    assert slow.latency > 1.8 * fast.latency
    assert slow.power < 0.6 * fast.power
    nominal, slope, floor = 3.2e9, 0.55, 0.745
    at_fast, at_slow = (max(floor, 1.0 - slope * (1.0 - clock / nominal)) for clock in (2.5e9, 1.25e9))
    cause = "arithmetic"
    assert slow.energy_by_detail[cause] / fast.energy_by_detail[cause] == pytest.approx((at_slow / at_fast) ** 2)


def test_the_memory_has_a_supply_of_its_own():
    fast, slow = (only(pointwise(2**26, dtype="fp32"), machine(XEON, clock=clock)) for clock in (2.5e9, 1.25e9))
    assert slow.energy_by_cause["main memory"] == fast.energy_by_cause["main memory"]


def test_a_power_limit_lowers_clock_and_voltage_together():
    free = result(gemm(*PRODUCT))
    tight = result(gemm(*PRODUCT), power__limit=0.6 * free.power)
    assert tight.power == pytest.approx(0.6 * free.power, rel=1e-4)
    assert tight.latency < free.latency / 0.6, "power falls faster than the clock"
