"""Waiting and messages by hand, at their edges, and monotone; simulations are among the oracles."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import latency, link

POSITIVE = st.floats(1e-9, 1e9)
FACTORS = st.floats(1.0, 1e6)


def test_a_pointer_chain_by_hand():
    assert latency.dependent_time(1_000_000, 81e-9) == pytest.approx(81e-3)
    assert latency.dependent_time(0, 81e-9) == latency.dependent_time(7, 0.0) == 0.0


@given(POSITIVE, POSITIVE, POSITIVE)
def test_chains_add_up(first, second, access):
    both = latency.dependent_time(first + second, access)
    assert both == pytest.approx(latency.dependent_time(first, access) + latency.dependent_time(second, access))


def test_what_is_in_flight_is_rate_times_latency():
    """The other way round, Little's law as it is known: 40.4 kB in flight hide 19.8 ns at 2.039 TB/s."""
    in_flight = 2.039e12 * 19.8e-9
    assert latency.concurrent_rate(in_flight / 32, 32, 19.8e-9) == pytest.approx(2.039e12)


def test_accesses_that_take_no_time_are_not_limited():
    assert latency.concurrent_rate(1, 64, 0.0) == math.inf
    assert latency.concurrent_rate(0, 64, 1e-9) == 0.0


@given(POSITIVE, POSITIVE, POSITIVE, FACTORS)
def test_the_rate_rises_with_what_is_in_flight_and_falls_with_the_latency(outstanding, width, access, factor):
    rate = latency.concurrent_rate(outstanding, width, access)
    assert latency.concurrent_rate(outstanding * factor, width, access) >= rate
    assert latency.concurrent_rate(outstanding, width * factor, access) >= rate
    assert latency.concurrent_rate(outstanding, width, access * factor) <= rate


def test_a_message_by_hand():
    """1 GB over 25 GB/s with 10 us to start; 1 J at 1 nJ/B."""
    assert link.transfer_time(1e9, 10e-6, 25e9) == pytest.approx(40.01e-3)
    assert link.transfer_energy(1e9, 1e-9) == pytest.approx(1.0)


def test_an_empty_message_takes_its_latency_and_no_energy():
    assert link.transfer_time(0.0, 10e-6, 25e9) == 10e-6
    assert link.transfer_time(1e6, 10e-6, math.inf) == 10e-6
    assert link.transfer_energy(0.0, 1e-9) == 0.0


@given(st.floats(0, 1e15), POSITIVE, POSITIVE, st.integers(1, 1000))
def test_cutting_a_message_costs_a_latency_each_and_no_energy(payload, access, bandwidth, parts):
    whole = link.transfer_time(payload, access, bandwidth)
    cut = parts * link.transfer_time(payload / parts, access, bandwidth)
    assert cut == pytest.approx(whole + (parts - 1) * access)
    assert parts * link.transfer_energy(payload / parts, access) == pytest.approx(link.transfer_energy(payload, access))


@given(POSITIVE, POSITIVE)
def test_half_the_bandwidth_is_reached_where_bytes_take_as_long_as_the_start(access, bandwidth):
    """Hockney's n-half: a payload of latency times bandwidth."""
    payload = access * bandwidth
    assert payload / link.transfer_time(payload, access, bandwidth) == pytest.approx(bandwidth / 2)
