"""Voltage over clock and what follows it: by hand, at the edges, and the best clock against a search for it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archsim.laws import voltage

CLOCK = st.floats(0.05, 2.0)
FLOOR, SLOPE = st.floats(0.5, 0.95), st.floats(0.3, 1.5)


def test_the_voltage_by_hand():
    """A chip at 1.0 V and 1.5 GHz whose voltage falls by 0.6 V per 1.5 GHz, to 0.76 V and no further."""
    assert voltage.relative_voltage(1.0, 0.76, 0.6) == 1.0
    assert voltage.relative_voltage(0.8, 0.76, 0.6) == pytest.approx(0.88)
    assert voltage.relative_voltage(0.6, 0.76, 0.6) == pytest.approx(0.76)
    assert voltage.relative_voltage(0.1, 0.76, 0.6) == 0.76
    assert voltage.relative_voltage(1.1, 0.76, 0.6) == pytest.approx(1.06)


@given(CLOCK, FLOOR)
def test_without_a_slope_the_voltage_stays(clock, floor):
    assert voltage.relative_voltage(clock, floor, 0.0) == 1.0


@given(CLOCK, CLOCK, FLOOR, SLOPE)
def test_a_higher_clock_never_needs_less_voltage(some, other, floor, slope):
    low, high = sorted((some, other))
    assert voltage.relative_voltage(low, floor, slope) <= voltage.relative_voltage(high, floor, slope)
    assert voltage.relative_voltage(low, floor, slope) >= floor


def test_energy_and_powers_by_hand():
    assert voltage.energy_scale(0.8) == pytest.approx(0.64)
    assert voltage.leakage_scale(0.8, 3.0) == pytest.approx(0.512)
    assert voltage.clocking_scale(0.5, 0.8) == pytest.approx(0.32)
    assert voltage.energy_scale(1.0) == voltage.leakage_scale(1.0, 2.5) == voltage.clocking_scale(1.0, 1.0) == 1.0


def test_static_power_by_hand():
    """20 W whatever happens, 24 W of clock and 4 W of leakage, at half the clock and 0.8 of the voltage."""
    assert voltage.static_power(20.0, 24.0, 4.0, 0.5, 0.8, 3.0) == pytest.approx(20 + 24 * 0.32 + 4 * 0.512)
    assert voltage.static_power(20.0, 24.0, 4.0, 1.0, 1.0, 3.0) == 48.0


def energy_per_operation(clock, static, floor, slope):
    """Of a run that follows the clock, 1 W of operations at the nominal one."""
    return static / clock + voltage.energy_scale(voltage.relative_voltage(clock, floor, slope))


@given(st.floats(0.05, 1.0), FLOOR, SLOPE)
def test_the_best_clock_is_the_knee_or_just_above_it(static, floor, slope):
    """There the static energy saved by a higher clock is what the voltage costs: P / r^2 = 2 v dv/dr (the law)."""
    knee = 1.0 - (1.0 - floor) / slope
    assume(knee > 0.1)
    clocks = [0.05 + step * 1e-3 for step in range(1500)]
    best = min(clocks, key=lambda clock: energy_per_operation(clock, static, floor, slope))
    if static / knee**2 <= 2.0 * floor * slope:
        assert best == pytest.approx(knee, abs=2e-3)
    elif best < clocks[-1]:
        here = voltage.relative_voltage(best, floor, slope)
        assert best > knee - 2e-3
        assert static / best**2 == pytest.approx(2.0 * here * slope, rel=0.02)
