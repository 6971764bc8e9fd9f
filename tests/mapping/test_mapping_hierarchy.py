"""Bandwidth, size and waiting of a memory hierarchy, by hand and at the edges."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import derived, memories, op

from archsim.mapping.hierarchy import access_latency, waiting_time

LATENCIES = [100e-9, 20e-9, 5e-9, 1e-9]
CAPACITIES = [1e12, 32e6, 1e6, 32e3]
CHIP = memories(CAPACITIES, latencies=LATENCIES)
INNERMOST, OUTERMOST = LATENCIES[-1], LATENCIES[0]


def test_all_instances_of_a_level_work_together():
    chip = memories([1e12, 1e6], bandwidths=[100e9, 2e9], instances=[2, 16])
    assert derived(chip).bandwidth[:2] == [200e9, 32e9]


@pytest.mark.parametrize("clock", [1e9, 2.5e9])
def test_bytes_per_clock_follow_the_clock(clock):
    chip = memories([1e12, 1e6], widths=[64.0, 128.0], instances=[1, 20])
    assert derived(chip, clock=clock).bandwidth[:2] == pytest.approx([64 * clock, 20 * 128 * clock])


def test_inside_each_level_stands_one_instance_of_the_next_and_registers_at_last():
    chip = memories([1e12, 32e6, 1e6], instances=[1, 1, 20])
    work = derived(chip, registers=2048.0)
    assert work.inner[:3] == [32e6, 1e6, 2048.0]
    assert work.inner_inverse[:3] == pytest.approx([1 / 32e6, 1e-6, 1 / 2048.0])


@pytest.mark.parametrize(
    ("footprint", "level"), [(0.0, 3), (32e3, 3), (32e3 + 1, 2), (1e6, 2), (2e6, 1), (32e6 + 1, 0), (1e15, 0)]
)
def test_an_access_waits_for_the_innermost_memory_its_footprint_fits(footprint, level):
    assert access_latency(CHIP, footprint) == LATENCIES[level]


def test_one_memory_is_all_there_is():
    chip = memories([1e9], latencies=[100e-9])
    assert access_latency(chip, 1.0) == access_latency(chip, 1e12) == 100e-9
    assert waiting_time(op("scan", chain=10.0), chip) == pytest.approx(1e-6)


@pytest.mark.parametrize("kind", ["matmul", "elementwise", "normalise", "attention", "gather"])
@pytest.mark.parametrize("steps", [1.0, 35.0])
def test_every_dependent_step_fetches_its_operands_from_the_outermost_memory(kind, steps):
    assert waiting_time(op(kind, steps=steps, footprint=100.0), CHIP) == steps * OUTERMOST


@pytest.mark.parametrize(("footprint", "latency"), [(1e9, 100e-9), (16e6, 20e-9), (1e5, 5e-9), (1e3, 1e-9)])
def test_a_chain_of_loads_waits_for_the_memory_it_falls_into(footprint, latency):
    row = op("chase", chain=1e6, footprint=footprint)
    assert waiting_time(row, CHIP) == pytest.approx(1e6 * latency)


@pytest.mark.parametrize("footprint", [1e3, 1e6, 1e12])
def test_the_steps_of_a_scan_wait_for_the_innermost_memory_however_long_the_sequence(footprint):
    row = op("scan", chain=2048.0, footprint=footprint)
    assert waiting_time(row, CHIP) == pytest.approx(2048 * INNERMOST)


def test_a_short_chain_still_fetches_its_operands_once():
    assert waiting_time(op("scan", chain=4.0, footprint=1e3), CHIP) == OUTERMOST
    assert waiting_time(op("chase", chain=3.0, footprint=1e3), CHIP) == OUTERMOST


def test_dependent_steps_repeat_their_chain():
    assert waiting_time(op("scan", chain=2048.0, steps=3.0), CHIP) == pytest.approx(3 * 2048 * INNERMOST)
    assert waiting_time(op("chase", chain=1e6, footprint=1e9, steps=3.0), CHIP) == pytest.approx(0.3)


@given(
    st.sampled_from(["scan", "chase", "matmul"]), st.floats(0, 1e9), st.floats(0, 1e13), st.integers(1, 1000),
    st.floats(1.0, 100.0),
)  # fmt: skip
def test_waiting_never_falls_with_the_work_or_the_latency(kind, chain, footprint, steps, factor):
    row = op(kind, chain=chain, footprint=footprint, steps=float(steps))
    time = waiting_time(row, CHIP)
    assert steps * OUTERMOST <= time * (1 + 1e-9)
    for column in ("chain", "footprint", "steps"):
        more = type(row)(**vars(row) | {column: getattr(row, column) * factor})
        assert waiting_time(more, CHIP) >= time * (1 - 1e-9)
    slower = memories(CAPACITIES, latencies=[latency * factor for latency in LATENCIES])
    assert waiting_time(row, slower) == pytest.approx(time * factor)
