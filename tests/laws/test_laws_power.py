"""The power limit and static energy by hand, at their edges; repeated steps are among the oracles."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import power

WATTS = st.floats(1e-3, 1e4)


def test_needed_time_by_hand():
    """300 J of dynamic energy under a 400 W limit, 100 W of them static, must be spread over one second."""
    assert power.needed_time(300.0, 100.0, 400.0) == pytest.approx(1.0)


def test_static_power_at_the_limit_can_never_meet_it():
    assert power.needed_time(1.0, 100.0, 100.0) == power.needed_time(1.0, 100.0, 50.0) == math.inf


@given(WATTS, WATTS, st.floats(1e-3, 1e3))
def test_a_run_of_the_needed_time_draws_the_limit(static, headroom, energy):
    time = power.needed_time(energy, static, static + headroom)
    assert energy / time + static == pytest.approx(static + headroom)


def test_static_energy_by_hand():
    assert power.static_energy(40.0, 2.5) == 100.0
    assert power.static_energy(0.0, 2.5) == power.static_energy(40.0, 0.0) == 0.0


@given(WATTS, WATTS, WATTS)
def test_static_energy_adds_up_over_time(drawn, first, second):
    both = power.static_energy(drawn, first) + power.static_energy(drawn, second)
    assert power.static_energy(drawn, first + second) == pytest.approx(both)
