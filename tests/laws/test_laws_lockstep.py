"""Lanes behind queues, and run lengths of slices: laws against draws and walks."""

import numpy as np
import pytest

from archsim.laws import sparse_format, sparsity

STEPS = 3000


def waited(positions, density, lanes, places):
    """Time of lanes that take shares drawn at random through queues, over that of even shares."""
    shares = np.random.default_rng(0).binomial(positions, density, size=(STEPS, lanes)).astype(float)
    done, last, ready = np.zeros((STEPS, lanes)), np.zeros(lanes), 0.0
    for step in range(STEPS):
        if step >= places:
            ready = max(ready, done[step - places].max())
        last = np.maximum(last, ready) + shares[step]
        done[step] = last
    return last.max() / (STEPS * positions * density)


@pytest.mark.parametrize(
    ("positions", "density", "lanes", "places"),
    [(64, 0.09, 64, 8), (64, 0.04, 64, 8), (16, 0.25, 64, 8), (64, 0.5, 64, 8), (128, 0.1, 256, 8), (64, 0.09, 64, 2),
     (64, 0.09, 64, 32)],
)  # fmt: skip
def test_queues_even_out_what_lanes_are_handed(positions, density, lanes, places):
    law = sparsity.queued_slowdown(float(positions), density, float(lanes), float(places))
    assert law == pytest.approx(waited(positions, density, lanes, places), rel=0.1)


def test_no_queue_helps_less_than_waiting_in_every_step():
    together = sparsity.slowest_lane(64.0, 0.09, 64.0) / (64.0 * 0.09)
    slowdowns = [sparsity.queued_slowdown(64.0, 0.09, 64.0, places) for places in (1e-3, 1.0, 4.0, 1e6)]
    assert slowdowns == sorted(slowdowns, reverse=True)
    assert slowdowns[0] == together and slowdowns[-1] == pytest.approx(1.0, abs=1e-5)
    assert sparsity.queued_slowdown(64.0, 1.0, 64.0, 8.0) == 1.0


@pytest.mark.parametrize(("length", "density", "bits"), [(64, 0.09, 4), (64, 0.04, 4), (16, 0.25, 4), (40, 0.1, 3)])
def test_fillers_of_slices_by_a_walk(length, density, bits):
    random = np.random.default_rng(1)
    slices, stored = 20_000, 0
    for values in random.random((slices, length)) < density:
        last = -1
        for place in np.flatnonzero(values):
            stored += 1 + (place - last - 1) // 2**bits
            last = place
    law = sparse_format.sliced_run_length_values(float(slices), float(length), density, float(bits))
    assert law == pytest.approx(stored, rel=0.02)


def test_one_long_slice_is_the_endless_one():
    endless = sparse_format.run_length_values(1e6, 0.05, 4.0)
    assert sparse_format.sliced_run_length_values(1.0, 1e6, 0.05, 4.0) == pytest.approx(endless, rel=1e-4)
