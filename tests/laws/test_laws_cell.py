"""Cells: published fits at points worked out by hand, wires against a ladder of resistors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from archsim.laws import accuracy, cell, noise


def test_fits_of_written_cells_by_hand():
    assert cell.pcm_programming_error(10.0) == pytest.approx(-0.178767 + 0.7585724 + 0.28638599)
    assert cell.rram_programming_error(10.0) == pytest.approx(0.1536 - 1.167 + 2.374 + 1.053)


def test_drift_by_decades():
    assert cell.drift(1e6, 1.0, 0.06) == pytest.approx(10 ** (-0.36))
    assert cell.drift(0.1, 1.0, 0.06) == 1.0


def test_small_drops_of_a_wire_are_those_of_a_ladder():
    """Every row draws through all wires of its side; one wire of n cells, each taking its current from it."""
    wire, conductance, cells = 1.0, 1e-7, 200
    conductances = np.zeros((cells, cells))
    for index in range(cells):
        conductances[index, index] += conductance + 1 / wire + (1 / wire if index < cells - 1 else 0.0)
        if index:
            conductances[index, index - 1] = conductances[index - 1, index] = -1 / wire
    source = np.zeros(cells)
    source[0] = 1 / wire
    end = np.linalg.solve(conductances, source)[-1]
    assert cell.wire_drop(wire, conductance, cells, cells) == pytest.approx(1.0 - end, rel=0.02)


def test_the_largest_array_takes_the_share_it_was_asked_for():
    cells = cell.largest_array(2.0, 1e-6, 0.05)
    assert cell.wire_drop(2.0, 1e-6, cells / 100.0, 100.0) == pytest.approx(0.05)
    assert math.isinf(cell.largest_array(0.0, 1e-6, 0.05))


def test_noise_of_a_column_by_sampling():
    random = np.random.default_rng(2)
    inputs = random.integers(0, 4, (20000, 64))
    errors = (inputs * random.normal(0.0, 0.1, inputs.shape)).sum(1)
    assert cell.column_noise(64.0, 3.5, 0.1) == pytest.approx(errors.var(), rel=0.05)


def test_noise_that_grows_with_what_flows():
    assert cell.product_noise(0.12, 40.0, 60.0) == pytest.approx(1.2)


def test_thermal_noise_by_hand():
    assert noise.thermal_current(300.0, 1e-3, 1e8) == pytest.approx(40.7e-9, rel=0.01)


def test_accuracy_runs_from_guessing_to_the_best():
    assert accuracy.accuracy(-100.0, 0.1, 0.9, 10.0, 2.0) == pytest.approx(0.1)
    assert accuracy.accuracy(10.0, 0.1, 0.9, 10.0, 2.0) == pytest.approx(0.5)
    assert accuracy.accuracy(math.nan, 0.1, 0.9, 10.0, 2.0) == 0.9
