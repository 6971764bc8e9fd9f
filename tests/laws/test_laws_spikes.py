"""Laws of spikes: counted by brute force on small sizes, by hand, or as published."""

import itertools
import math

import numpy as np
import pytest

from archsim.laws import mesh, spikes, spiking_twin, strips


@pytest.mark.parametrize(("synapses", "cores"), [(1, 4), (3, 2), (4, 3), (6, 3)])
def test_distinct_cores_are_the_mean_over_all_placements(synapses, cores):
    placements = list(itertools.product(range(cores), repeat=synapses))
    mean = sum(len(set(placement)) for placement in placements) / len(placements)
    assert spikes.distinct_cores(float(synapses), float(cores)) == pytest.approx(mean, rel=1e-12)


@pytest.mark.parametrize(("rate", "synapses"), [(0.5, 3), (0.1, 4), (0.0, 5), (1.0, 2)])
def test_reached_share_is_the_chance_of_any_spike(rate, synapses):
    chance = 0.0
    for fired in itertools.product((0, 1), repeat=synapses):
        weight = math.prod(rate if one else 1 - rate for one in fired)
        chance += weight * any(fired)
    assert spikes.reached_share(rate, float(synapses)) == pytest.approx(chance, abs=1e-12)


@pytest.mark.parametrize(("rate", "sources"), [(0.1, 4), (0.5, 9), (1e-9, 4), (0.3, 1), (0.0, 4), (1.0, 4)])
def test_rates_behind_a_pool_are_those_in_front_of_it(rate, sources):
    share = -math.expm1(sources * math.log1p(-rate)) if rate < 1 else 1.0
    assert spikes.source_rate(share, float(sources)) == pytest.approx(rate, rel=1e-9, abs=0)


def test_synaptic_operations_and_messages_by_hand():
    # TrueNorth's usual case: 2^20 neurons at 20 Hz with 128 synapses, ticks of 1 ms
    per_second = spikes.synaptic_operations(0.02, 1000.0, 2**20 * 128)
    assert per_second == pytest.approx(2.684e9, rel=1e-3)
    assert spikes.messages(100.0, 2.5) == 250.0


def test_a_timestep_ends_with_the_slowest():
    assert spikes.step_time(3.0, 5.0, 1.0, 0.5, 0.0) == 5.5
    assert spikes.step_time(3.0, 2.0, 7.0, 0.5, 10.0) == 10.0


@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_mean_distance_over_all_pairs(side):
    mean = np.mean([abs(a - b) for a in range(side) for b in range(side)])
    assert mesh.mean_distance(float(side)) == pytest.approx(mean, abs=1e-12)


def windows(width, kernel, stride):
    """Inputs each window of a square map reads, by pixel, no padding."""
    taps = range(kernel)
    return [{(y * stride + i, x * stride + j) for i in taps for j in taps} for y in range(width) for x in range(width)]


@pytest.mark.parametrize(("width", "kernel", "stride"), [(6, 3, 1), (4, 3, 2), (5, 1, 1)])
def test_inputs_read_by_whole_rows_and_by_parts_of_one(width, kernel, stride):
    read, in_width = windows(width, kernel, stride), (width - 1) * stride + kernel
    for pixels in (1, 2, width, 2 * width):
        strip = set().union(*read[:pixels])
        law = strips.inputs_read(float(pixels), float(width), float(in_width), 1.0, float(kernel), float(stride))
        assert law == len(strip)


@pytest.mark.parametrize(("width", "kernel"), [(12, 3), (12, 5), (16, 1)])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_strips_reached_of_whole_rows(width, kernel, rows):
    """In the middle of the map, where no window is cut off."""
    pixels = rows * width
    read = windows(width, kernel, 1)
    inside = [(y, x) for y in range(kernel, width - 1) for x in range(kernel, width - 1)]
    reached = [len({place // pixels for place, taps in enumerate(read) if pixel in taps}) for pixel in inside]
    law = strips.strips_reached(float(pixels), float(width), float(kernel), 1.0)
    assert law == pytest.approx(np.mean(reached), rel=0.15)


@pytest.mark.parametrize(("steps", "bits"), [(1, 1), (3, 2), (4, 3), (5, 3), (7, 3), (8, 4), (15, 4), (16, 5)])
def test_twin_bits_tell_as_many_values_apart(steps, bits):
    assert spiking_twin.twin_bits(float(steps)) == bits
    assert 2 ** (bits - 1) < steps + 1 <= 2**bits


def test_published_limits_of_dense_spikes():
    assert spiking_twin.dense_ratio(3.0) == 1.5
    assert spiking_twin.dense_ratio(7.0) == pytest.approx(2.338, rel=5e-3)
    assert spiking_twin.breakeven_spikes(12.0, 7.0) == pytest.approx(1.72, rel=5e-3)


def test_breakeven_of_arithmetic_is_where_both_cost_the_same():
    steps, zeros, add, multiply = 5.0, 0.6, 0.9, 4.6
    rate = spiking_twin.breakeven_rate(steps, zeros, add, multiply)
    assert steps * rate * add == pytest.approx((1 - zeros) * multiply, rel=1e-12)
    assert spiking_twin.fewest_spikes(steps, zeros) == pytest.approx(0.08)


def test_events_pay_twelve_times_as_much_per_bit():
    """At 3.0 against 0.25 pJ a bit, moves alone break even where rate x T x 12 is the twin's bits."""
    steps = 5.0
    ratio = spiking_twin.moves_ratio(steps, 3.0 / (12.0 * 5.0), 3.0, 0.25)
    assert ratio == pytest.approx(1.0, rel=1e-12)
