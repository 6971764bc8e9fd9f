"""The power limit and static energy by hand, at their edges; repeated steps are among the oracles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import power

WATTS = st.floats(1e-3, 1e4)


def test_a_step_by_hand():
    """Of 500 W, 100 W are static: for 400 W the 400 W that follow the clock must fall to 300 W."""
    assert power.throttle(500.0, 100.0, 400.0) == pytest.approx(0.75)


def test_the_largest_step_is_a_halving():
    assert power.throttle(1000.0, 100.0, 150.0) == 0.5
    assert power.throttle(1000.0, 100.0, 0.0) == 0.5, "a limit below the static power is never met by the clock"
    assert power.throttle(700.0, 100.0, 400.0) == pytest.approx(0.5), "where halving meets the limit exactly"


def test_nothing_but_static_power_is_not_throttled():
    assert power.throttle(100.0, 100.0, 50.0) == 1.0
    assert power.throttle(0.0, 100.0, 50.0) == 1.0


@given(WATTS, WATTS, WATTS)
def test_dynamic_power_that_follows_the_clock_meets_the_limit(static, dynamic, headroom):
    limit = static + headroom
    step = power.throttle(static + dynamic, static, limit)
    assert step >= 0.5
    if 0.5 < step < 1:
        assert static + dynamic * step == pytest.approx(limit)
    if dynamic > headroom * (1 + 1e-9):
        assert step < 1


@given(WATTS, WATTS, WATTS, st.floats(1.0, 10.0))
def test_a_lower_limit_and_a_higher_power_throttle_more(static, dynamic, headroom, factor):
    step = power.throttle(static + dynamic, static, static + headroom)
    assert power.throttle(static + dynamic, static, static + headroom / factor) <= step * (1 + 1e-9)
    assert power.throttle(static + dynamic * factor, static, static + headroom) <= step * (1 + 1e-9)


def test_static_energy_by_hand():
    assert power.static_energy(40.0, 2.5) == 100.0
    assert power.static_energy(0.0, 2.5) == power.static_energy(40.0, 0.0) == 0.0


@given(WATTS, WATTS, WATTS)
def test_static_energy_adds_up_over_time(drawn, first, second):
    both = power.static_energy(drawn, first) + power.static_energy(drawn, second)
    assert power.static_energy(drawn, first + second) == pytest.approx(both)
