"""The roofline by hand, at its edges, and monotone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import roofline

AMOUNTS = st.floats(1e-3, 1e24)
RATES = st.floats(1e-3, 1e20)


def test_the_balance_of_the_a100_by_hand():
    """312 TFLOP/s over 2.039 TB/s: a product of 64 FLOP/B waits for the memory, one of 640 FLOP/B does not."""
    moved = 1e9
    memory = roofline.bound_time(moved, 2.039e12)
    assert memory == pytest.approx(490.4e-6, rel=1e-4)
    few, many = roofline.bound_time(64 * moved, 312e12), roofline.bound_time(640 * moved, 312e12)
    assert few < memory < many
    assert (few, many) == pytest.approx((205.1e-6, 2.051e-3), rel=1e-3)


def test_no_work_takes_no_time_even_where_no_unit_does_it():
    assert roofline.bound_time(0.0, 0.0) == roofline.bound_time(0.0, 1e12) == 0.0
    assert roofline.bound_time(1.0, 0.0) == math.inf
    assert roofline.bound_time(0.0, math.inf) == roofline.bound_time(1.0, math.inf) == 0.0


@given(AMOUNTS, RATES, st.floats(1.0, 1e6))
def test_more_work_takes_longer_and_a_faster_unit_less(amount, rate, factor):
    time = roofline.bound_time(amount, rate)
    assert roofline.bound_time(amount * factor, rate) == pytest.approx(time * factor)
    assert roofline.bound_time(amount, rate * factor) == pytest.approx(time / factor)
    assert roofline.bound_time(amount * factor, rate) >= time >= roofline.bound_time(amount, rate * factor)


@given(AMOUNTS, RATES, st.floats(1.0, 1e6))
def test_the_share_of_the_peak_is_the_share_of_the_time(amount, rate, slowdown):
    busy = roofline.bound_time(amount, rate)
    share = roofline.busy_share(busy, busy * slowdown)
    assert share == pytest.approx(1 / slowdown)
    assert share == pytest.approx(amount / (rate * busy * slowdown))
    assert share <= 1


def test_nothing_ran_and_nothing_was_used():
    assert roofline.busy_share(0.0, 0.0) == 0.0
    assert roofline.busy_share(0.0, 1.0) == 0.0
    assert roofline.busy_share(1.0, 1.0) == 1.0
    assert roofline.busy_share(1.0, math.inf) == 0.0
