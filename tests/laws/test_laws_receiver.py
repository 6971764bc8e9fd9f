"""Light at a receiver: published-style check values, the equation solved by bisection, and the limits it tends to."""

from __future__ import annotations

import math

import pytest

from archsim.laws import optics, receiver
from archsim.laws.photons import CHARGE

DARK, NOISE = 60e-9, 5e-12
"""Dark current, A, and noise of a usual amplifier, A/rtHz; a responsivity of 1 A/W makes current and light equal."""


def level(power):
    """A power over a milliwatt, dBm."""
    return optics.level(power / 1e-3)


@pytest.mark.parametrize(
    ("bandwidth", "bits", "expected"), [(1e9, 4, -25.0), (1e9, 6, -18.7), (1e9, 8, -11.7), (5e9, 8, -6.7)]
)
def test_light_for_so_many_bits(bandwidth, bits, expected):
    current = receiver.required_current(bits, DARK, NOISE, 0.0, bandwidth)
    assert level(receiver.required_power(current, 1.0)) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("bits", "energy"), [(4, 3.16e-15), (8, 67.8e-15)])
def test_energy_of_a_sample(bits, energy):
    current = receiver.required_current(bits, DARK, NOISE, 0.0, 1e9)
    assert receiver.required_power(current, 1.0) / 1e9 == pytest.approx(energy, rel=0.01)


def by_bisection(bits, dark, noise, intensity, bandwidth):
    """The least current whose square is 1.5 x 4^b times the noise, added up term by term."""
    low, high = 0.0, 1e3
    for _ in range(400):
        middle = (low + high) / 2.0
        shot = 2.0 * 1.602176634e-19 * (middle + dark) * bandwidth
        thermal = noise**2 * bandwidth
        excess = intensity * middle**2 * bandwidth
        if middle**2 >= 1.5 * 2.0 ** (2 * bits) * (shot + thermal + excess):
            high = middle
        else:
            low = middle
    return high


@pytest.mark.parametrize("bits", [1, 4, 7.5, 10])
@pytest.mark.parametrize("intensity", [0.0, 1e-16, 1e-17])
@pytest.mark.parametrize("bandwidth", [1e6, 1e9])
def test_closed_form_is_the_solution(bits, intensity, bandwidth):
    if receiver.headroom(bits, intensity, bandwidth) <= 0.0:
        assert receiver.required_current(bits, DARK, NOISE, intensity, bandwidth) == math.inf
        return
    solved = receiver.required_current(bits, DARK, NOISE, intensity, bandwidth)
    assert solved == pytest.approx(by_bisection(bits, DARK, NOISE, intensity, bandwidth), rel=1e-9)
    assert receiver.reached_bits(solved, DARK, NOISE, intensity, bandwidth) == pytest.approx(bits, rel=1e-12)


def test_noise_adds_up_in_squares():
    only_dark = receiver.noise_square(0.0, 1e-6, 0.0, 0.0, 2e9)
    assert only_dark == pytest.approx(2.0 * CHARGE * 1e-6 * 2e9, rel=1e-15)
    all_three = receiver.noise_square(1e-3, 1e-6, 5e-12, 1e-15, 2e9)
    assert all_three == pytest.approx(only_dark + (2.0 * CHARGE * 1e-3 + 25e-24 + 1e-21) * 2e9, rel=1e-12)


def test_intensity_noise_caps_the_bits():
    cap = receiver.most_bits(1e-15, 5e9)
    assert cap == pytest.approx(math.log(1.0 / (1.5 * 1e-15 * 5e9), 4.0), rel=1e-12)
    assert receiver.headroom(cap, 1e-15, 5e9) == pytest.approx(0.0, abs=1e-9)
    assert math.isfinite(receiver.required_current(cap - 1e-6, DARK, NOISE, 1e-15, 5e9))
    assert receiver.required_current(cap + 1e-6, DARK, NOISE, 1e-15, 5e9) == math.inf
    assert receiver.most_bits(0.0, 5e9) == math.inf


def test_thermal_noise_takes_twice_the_light_per_bit_and_shot_noise_four_times():
    def step(noise, bits):
        return receiver.required_current(bits + 1, 0.0, noise, 0.0, 1e9) / receiver.required_current(
            bits, 0.0, noise, 0.0, 1e9
        )

    assert step(1e-8, 1) == pytest.approx(2.0, rel=1e-3)
    assert step(0.0, 8) == pytest.approx(4.0, rel=1e-12)


def test_shot_noise_alone_counts_photons():
    """3 x 4^b electrons of a noise 2 q I B, at two samples for each hertz: 1.5 x 4^b electrons in each."""
    current = receiver.required_current(6, 0.0, 0.0, 0.0, 1e9)
    assert current / CHARGE / 1e9 == pytest.approx(2.0 * 1.5 * 4.0**6, rel=1e-12)
    assert receiver.counted_current(100.0, 1e9) == pytest.approx(100.0 * 1.602176634e-19 * 1e9, rel=1e-15)
    assert receiver.wanted_ratio(3) == 96.0
