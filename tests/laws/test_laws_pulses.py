"""Inputs that arrive place by place, against a walk over the places."""

from __future__ import annotations

import itertools

import pytest

from archsim.laws import crossbar
from archsim.laws import pulses as law


def phases_of(bits, phase_bits):
    """Bits of each phase: full ones first."""
    found = []
    while bits > 0:
        found.append(min(bits, phase_bits))
        bits -= found[-1]
    return found


@pytest.mark.parametrize(("bits", "phase_bits"), list(itertools.product(range(1, 9), range(1, 9))))
def test_a_walk_over_the_places_counts_the_samples(bits, phase_bits):
    phases = phases_of(bits, phase_bits)
    assert crossbar.pulses(bits, phase_bits) == len(phases)
    assert law.sampling_steps(bits, phase_bits) == sum(2**place for phase in phases for place in range(phase))


def test_samples_weigh_places_as_the_input_does():
    """The sum of samples in which a pulse was sent is the input: any input of one phase."""
    for value in range(16):
        sampled = sum(2**place for place in range(4) if value >> place & 1)
        assert sampled == value
    assert law.sampling_steps(4, 4) == 15


@pytest.mark.parametrize(
    ("result", "bits", "phase_bits"), list(itertools.product(range(1, 11), range(1, 8), range(1, 5)))
)
def test_phases_find_fewer_bits_one_after_the_other(result, bits, phase_bits):
    found, behind = 0, 0
    for phase in phases_of(bits, phase_bits):
        found += max(0, result - behind)
        behind += phase
    assert law.resolved_bits(result, bits, phase_bits) == found


def test_two_phases_of_seven_bits():
    """Eight input bits with their sign: 15 and 7 samples, and 10 and 6 bits of a result of ten."""
    assert crossbar.pulses(7, 4) == 2
    assert law.sampling_steps(7, 4) == 15 + 7
    assert law.resolved_bits(10, 7, 4) == 10 + 6
