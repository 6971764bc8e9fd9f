"""Wires in their conventions, growth that compounds, passes over a table: hand calculations, published values."""

from __future__ import annotations

import pytest

from archsim.laws import traffic, trend, wire


def test_a_full_charge_two_changes_and_a_random_bit():
    charge = wire.charge_energy(300e-12, 0.9)  # 300 fF/mm
    assert charge == pytest.approx(243e-12)
    assert wire.random_bit_energy(charge, 1.0) == pytest.approx(charge / 2)  # every bit changes: one transition each
    assert wire.random_bit_energy(charge, 0.5) == pytest.approx(60.75e-12)  # Gebhart 2011: 1.9 pJ / 32 b / mm = 59
    assert wire.random_bit_energy(2 * 240e-12, 0.5) == pytest.approx(120e-12)  # Keckler 2011: 240 a change, 121
    assert wire.random_bit_energy(charge, 0.0) == 0.0


@pytest.mark.parametrize(("rate", "published"), [(3.0, 60_000), (1.6, 100), (1.4, 30)])
def test_growth_over_twenty_years(rate, published):
    assert trend.compounded(rate, 20.0, 2.0) == pytest.approx(rate**10)
    assert trend.compounded(rate, 20.0, 2.0) == pytest.approx(published, rel=0.1)  # Gholami 2024


def test_no_growth_and_no_time():
    assert trend.compounded(1.0, 20.0, 2.0) == 1.0
    assert trend.compounded(3.0, 0.0, 2.0) == 1.0


def test_passes_over_a_table():
    assert traffic.block_passes(100.0, 30.0) == 4.0
    assert traffic.block_passes(90.0, 30.0) == 3.0
    assert traffic.block_passes(0.0, 30.0) == 1.0
