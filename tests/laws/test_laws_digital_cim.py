"""Adders beside cells, against trees built one adder at a time and sums worked out in full."""

from __future__ import annotations

import itertools

import pytest

from archsim.laws import digital_cim as law


def build(numbers, bits):
    """Add up numbers of `bits` bits pair by pair: full adders, and the widest sum; widths grow with what they hold."""
    left, adders = [(2**bits - 1, bits)] * numbers, 0
    while len(left) > 1:
        joined = []
        for (first, wide), (second, other) in zip(left[::2], left[1::2], strict=False):
            width = max(wide, other)
            adders += width
            assert (first + second).bit_length() <= width + 1
            joined.append((first + second, width + 1))
        left = joined + left[len(left) // 2 * 2 :]
    return adders, left[0]


@pytest.mark.parametrize(("numbers", "bits"), list(itertools.product((1, 2, 4, 8, 32, 128), (1, 4, 8, 9))))
def test_a_tree_has_as_many_adders_as_one_built_pair_by_pair(numbers, bits):
    adders, (largest, _) = build(numbers, bits)
    assert law.tree_adders(numbers, bits) == adders
    assert largest.bit_length() <= bits + law.tree_levels(numbers)
    if numbers > 1:
        assert adders == numbers * (bits + 1) - (bits + law.tree_levels(numbers) + 1)  # closed form


@pytest.mark.parametrize(("numbers", "bits"), list(itertools.product((3, 5, 6, 7, 48, 100), (1, 8))))
def test_any_number_takes_between_the_powers_of_two_around_it(numbers, bits):
    below = 2 ** (numbers.bit_length() - 1)
    assert law.tree_adders(below, bits) < law.tree_adders(numbers, bits) < law.tree_adders(2 * below, bits)


@pytest.mark.parametrize(("numbers", "bits"), list(itertools.product((1, 2, 4, 8, 16), (4, 6, 13))))
def test_sums_of_neighbouring_places_are_joined_without_loss(numbers, bits):
    """The lower number keeps its lowest bits; an adder covers the bits of the upper one."""
    left, adders, apart = [(2**bits - 1, bits)] * numbers, 0, 1
    while len(left) > 1:
        joined = []
        for (lower, _), (upper, width) in zip(left[::2], left[1::2], strict=True):
            whole = lower + (upper << apart)
            adders += width
            assert (lower >> apart) + upper < 2 ** (width + 1)  # what the adder gives fits
            assert whole.bit_length() <= width + apart + 1
            joined.append((whole, width + apart + 1))
        left, apart = joined, 2 * apart
    assert law.place_adders(numbers, bits) == adders


@pytest.mark.parametrize(("numbers", "bits"), list(itertools.product((2, 4, 32, 128), (1, 8, 9))))
def test_the_longest_path_is_sums_then_one_ripple(numbers, bits):
    levels, path = int(law.tree_levels(numbers)), 0.0
    for level in range(1, levels + 1):
        width = bits + level - 1
        path += 4.4 + 2.0 * (width - 1) if level == levels else 4.8
    assert law.tree_delay(numbers, bits) == pytest.approx(path)
    assert law.tree_delay(1, bits) == 0.0


def test_the_clock_of_a_published_chip_is_the_one_its_model_gives():
    """DIMC1 of ZigZag-IMC, with its constants: 4.27 ns, 16.7 % below the published 1 / 195 MHz."""
    gates = 1.0 + law.tree_delay(32, 9) + law.accumulator_delay(32, 14)
    assert gates * 0.0478 == pytest.approx((1.0 - 0.1667) * 1e3 / 195.0, rel=1e-3)


def test_an_accumulator_holds_the_largest_sum():
    largest = 128 * (2**8 - 1) * (2**4 - 1)
    assert largest.bit_length() <= law.accumulator_bits(8, 4, 128) == 19
    assert law.accumulator_delay(10, 12) == pytest.approx(4.8)  # nothing above what enters


def test_a_full_adder_takes_six_gates_and_they_switch_like_capacitors():
    assert pytest.approx(3 + 2 * 1.5) == law.ADDER_CHARGE
    assert pytest.approx(3 + 2 * 2.4) == law.ADDER_AREA
    assert pytest.approx(2 * 2.4) == law.TO_SUM and pytest.approx(2.4 + 2.0) == law.TO_CARRY
    assert law.switching(6.0, 0.7e-15, 0.9, 0.25) == pytest.approx(0.25 * 6 * 0.7e-15 * 0.81)
