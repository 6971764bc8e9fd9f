"""Writing weights, by hand."""

from __future__ import annotations

import math

import pytest

from archsim.laws import writing


def test_a_pulse_of_published_cells():
    assert writing.pulse_energy(2.0, 50e-9, 6000.0) == pytest.approx(33.33e-12, rel=1e-3)
    assert writing.pulse_energy(1.75, 8520e-9, 250000.0) == pytest.approx(104.37e-12, rel=1e-3)


def test_streaming_seven_billion_weights_through_one_chip_by_hand():
    arrays, side, bits = 16128, 128, 2
    capacity = arrays * side * side * bits / 8
    assert capacity == pytest.approx(66.06e6, rel=1e-3)
    cells = 7e9 * 8 / bits
    assert cells / (arrays * side * side) == pytest.approx(7e9 / capacity)  # fillings of the chip, 106
    energy = writing.write_energy(cells, 33.3e-12, 10.0, 0.0)
    assert energy == pytest.approx(9.3, rel=0.01)
    assert energy / (7e9 * 1e-12) == pytest.approx(1330, rel=0.01)  # one product with each weight at 1 pJ
    assert writing.breakeven_reuse(10.0, 33.3e-12, 4.0, 1e-12, 0.0) == pytest.approx(1330, rel=0.01)


def test_reading_back_adds_to_energy_and_time():
    assert writing.write_energy(100.0, 2e-12, 3.0, 0.5) == pytest.approx(900e-12)
    assert writing.write_time(128.0, 3.0, 10.0, 40e-9, 100e-9) == pytest.approx(43 * 10 * 140e-9)


def test_writing_never_pays_where_the_cells_save_nothing():
    assert math.isinf(writing.breakeven_reuse(10.0, 33e-12, 4.0, 1e-12, 1e-12))


def test_cells_written_every_second_last_their_endurance_in_seconds():
    assert writing.lifetime(1e8, writing.wear(50.0, 50.0)) == pytest.approx(1e8)
    assert math.isinf(writing.lifetime(1e8, writing.wear(0.0, 1.0)))
