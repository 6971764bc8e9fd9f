"""Counts of products on arrays of cells, by walking over cells, pulses and rows one after the other."""

from __future__ import annotations

import itertools
import math

import pytest

from archsim.laws import crossbar, supply


def slices(bits, size):
    """Walk along a number of so many bits, a slice at a time."""
    found, left = 0, bits
    while left > 0:
        left -= size
        found += 1
    return found


@pytest.mark.parametrize(("bits", "size"), itertools.product((1, 3, 8, 16), (1, 2, 3, 4)))
def test_slices(bits, size):
    assert crossbar.weight_columns(bits, size, 1.0) == slices(bits, size)
    assert crossbar.weight_columns(bits, size, 2.0) == 2 * slices(bits, size)
    assert crossbar.pulses(bits, size) == slices(bits, size)


@pytest.mark.parametrize(("depth", "rows", "active"), itertools.product((1, 9, 31, 64, 130, 513), (16, 64), (1, 7, 16)))
def test_row_groups_are_walked(depth, rows, active):
    groups = 0
    for first in range(0, depth, rows):  # array after array
        in_array = min(rows, depth - first)
        for _ in range(0, in_array, active):
            groups += 1
    assert crossbar.row_groups(depth, rows, active) == groups


@pytest.mark.parametrize(("rows", "pulse", "cell"), itertools.product((1, 2, 5, 9, 16), (1, 2), (1, 2, 3)))
def test_lossless_bits_tell_all_sums_apart(rows, pulse, cell):
    sums = {0}
    for _ in range(rows):
        sums = {total + x * g for total in sums for x in range(2**pulse) for g in range(2**cell)}
    largest = max(sums)
    bits = crossbar.lossless_bits(rows, pulse, cell)
    assert 2**bits > largest >= 2 ** (bits - 1)
    assert crossbar.usable_rows(bits, pulse, cell) >= rows
    assert crossbar.usable_rows(bits - 1, pulse, cell) < rows or rows == 1


def test_isaac_needs_nine_bits_and_saves_one():
    assert crossbar.lossless_bits(128, 1, 2) == 9
    assert crossbar.resolution(128, 1, 2) == 9
    assert crossbar.lossless_bits(128, 1, 1) == 8  # 129 sums
    assert crossbar.usable_rows(8, 1, 2) == 85 and crossbar.usable_rows(9, 1, 2) >= 128


def test_time_of_isaac():
    """16 pulses of 100 ns, 128 conversions at 1.28 GS/s behind them: 41.3 TOPS."""
    interval = 16 * crossbar.pulse_time(100e-9, 128 / 1.28e9, 1.0)
    assert interval == pytest.approx(1.6e-6)
    assert 2 * 16128 * 2048 / interval == pytest.approx(41.3e12, rel=1e-3)
    assert crossbar.pulse_time(1.0, 2.0, 0.0) == 3.0
    assert crossbar.product_time(10.0, 3.0, interval, 1e-6) == pytest.approx(4 * interval + 1e-6)


def test_cells_and_hops():
    assert crossbar.used_share(9 * 8, 1.0, 128.0, 128.0) == 72 / 16384
    assert crossbar.current_energy(0.5, 20e-6, 0.2, 100e-9) == pytest.approx(0.5 * 20e-6 * 0.04 * 100e-9)
    assert crossbar.charge_energy(0.25, 1e-15, 0.8) == pytest.approx(0.16e-15)
    side = 40
    pairs = [(a, b) for a in range(side) for b in range(side)]
    mean = 2 * sum(abs(a - b) for a, b in pairs) / len(pairs)
    assert crossbar.mean_hops(side**2) == pytest.approx(mean, rel=1e-3)


def test_supply():
    assert supply.energy_ratio(0.5, 1.0) == 0.25
    assert supply.rate_ratio(1.0, 1.0, 0.3, 1.3) == 1.0
    assert supply.rate_ratio(0.8, 1.0, 0.3, 1.0) == pytest.approx(0.5 / 0.7 / 0.8)
    assert supply.between_points(0.7, 0.6, 0.8, 1.0, 3.0) == pytest.approx(2.0)
    assert math.isclose(supply.energy_ratio(0.7, 0.6), 1.361, rel_tol=1e-3)
