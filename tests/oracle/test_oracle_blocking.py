"""A blocked product by walking its tiles, and what fits the registers by counting them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.laws import blocking

SMALL = st.integers(1, 40)
TALL = st.integers(1, 4)


@pytest.mark.parametrize(("registers", "vectors", "columns"), [(16, 2, 6), (32, 2, 14), (32, 1, 30), (32, 3, 9)])
def test_known_kernels_fit_the_registers(registers, vectors, columns):
    """BLIS on Haswell multiplies 16 by 6 in fp32, and 32 by 12 to 14 in fp32 with AVX-512."""
    assert blocking.tile_columns(registers, vectors) == columns


@given(st.integers(4, 64), TALL)
def test_one_more_column_does_not_fit(registers, vectors):
    columns = blocking.tile_columns(registers, vectors)

    def used(count):
        return vectors * count + vectors + 1

    assert columns == 1 or used(columns) <= registers
    assert used(columns + 1) > registers


def loads(vectors, columns, taken):
    """Registers of the left operand, and loads of the right one, counted one by one."""
    return vectors + sum(1 / taken for _ in range(columns))


@given(TALL, st.integers(1, 14), st.sampled_from([1, 4]), st.sampled_from([0.5, 1, 2, 3]), st.sampled_from([2, 4, 6]))
def test_a_step_takes_as_long_as_its_scarcest_resource(vectors, columns, taken, per_clock, issue):
    products = sum(1 for _ in range(vectors) for _ in range(columns))
    limits = {
        "units": products / 2,
        "loads": loads(vectors, columns, taken) / per_clock,
        "issue": (products + vectors) / issue,
        "chain": 4,
    }
    made = blocking.step_clocks(vectors, columns, taken, 2.0, per_clock, issue, 4.0)
    assert made == pytest.approx(max(limits.values()), rel=1e-12)


def test_by_hand_two_units_of_skylake_are_busy_with_a_large_tile_and_wait_with_a_small_one():
    assert blocking.step_clocks(2, 14, 1, 2.0, 2.0, 4.0, 4.0) == 14.0, "28 sums, two a clock"
    assert blocking.step_clocks(1, 2, 1, 2.0, 2.0, 4.0, 4.0) == 4.0, "two sums wait for one another"
    assert blocking.update_clocks(2, 14, 2.0, 4.0) == 4.0 + 28 / 2 + 28 / 1, "loaded at two, stored at one a clock"


def test_by_hand_half_the_cache_holds_the_panel():
    assert blocking.block_depth(32768, 14, 4) == 292 == 16384 // (14 * 4)
    assert blocking.block_depth(16, 14, 4) == 1


@given(SMALL, SMALL, st.integers(1, 300), st.integers(1, 5), TALL, st.integers(1, 14))
@settings(max_examples=150, deadline=None)
def test_a_panel_is_its_tiles_one_after_the_other(vectors, columns, steps, blocks, most, widest):
    total = 0.0
    for top in range(0, vectors, most):
        for left in range(0, columns, widest):
            tall, wide = min(most, vectors - top), min(widest, columns - left)
            sums = tall * wide
            step = max(sums / 2, (tall + wide) / 2, (sums + tall) / 4, 5)
            total += steps * step + blocks * (5 + sums / 2 + sums)
    made = blocking.panel_clocks(vectors, columns, steps, blocks, most, widest, 1.0, 2.0, 2.0, 4.0, 5.0)
    assert made == pytest.approx(total, rel=1e-12)


@given(SMALL, SMALL, st.integers(1, 300), TALL, st.integers(1, 14))
def test_no_panel_beats_its_units(vectors, columns, steps, most, widest):
    made = blocking.panel_clocks(vectors, columns, steps, 1, most, widest, 1.0, 2.0, 2.0, 4.0, 5.0)
    assert made >= vectors * columns * steps / 2
    assert math.isfinite(made)
