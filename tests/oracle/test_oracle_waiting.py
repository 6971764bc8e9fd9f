"""Latency and bandwidth against a memory simulated event by event."""

from __future__ import annotations

import heapq

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import latency, link, roofline

TIMES = st.integers(1, 1000).map(lambda nanoseconds: nanoseconds * 1e-9)


def finish(requests, outstanding, access, gap=0.0):
    """Time at which the last of some requests returns: `outstanding` in flight, a slot of the bus every `gap`."""
    flying: list[float] = []
    now = free = 0.0
    for _ in range(requests):
        if len(flying) == outstanding:
            now = heapq.heappop(flying)
        start = max(now, free)
        free = start + gap
        heapq.heappush(flying, start + access)
    return max(flying, default=0.0)


@given(st.integers(0, 500), TIMES)
def test_a_chain_waits_for_every_access(accesses, access):
    assert latency.dependent_time(accesses, access) == pytest.approx(finish(accesses, 1, access))


@given(st.integers(1, 64), st.integers(1, 40), TIMES, st.sampled_from((32, 64, 128)))
def test_rounds_of_outstanding_requests_reach_the_rate_of_little(outstanding, rounds, access, width):
    """As many requests as fill every slot in every round; a last round that is not full wastes part of itself."""
    rate = latency.concurrent_rate(outstanding, width, access)
    assert rounds * outstanding * width / rate == pytest.approx(finish(rounds * outstanding, outstanding, access))
    ragged = finish(rounds * outstanding + 1, outstanding, access)
    assert (rounds * outstanding + 1) * width / rate <= ragged * (1 + 1e-9)
    assert ragged <= (rounds + 1) * access * (1 + 1e-9)


@given(st.integers(1, 64), TIMES, st.integers(1, 200), st.sampled_from((32, 64, 128)))
def test_many_requests_are_bound_by_the_slower_of_bus_and_little(outstanding, access, gap, width):
    """The smaller of two rates, and the run is longer by one access at most."""
    slot = gap * 1e-9
    requests = 50 * outstanding
    rate = min(latency.concurrent_rate(outstanding, width, access), width / slot)
    bound = roofline.bound_time(requests * width, rate)
    taken = finish(requests, outstanding, access, slot)
    assert bound * (1 - 1e-9) <= taken + slot
    assert taken <= bound + access + outstanding * slot


def test_the_concurrency_one_core_needs_for_its_share_of_a_memory():
    """Hand calculation: 12 lines of 64 B, 80 ns away, are 9.6 GB/s; 140.8 GB/s take 176 lines."""
    assert latency.concurrent_rate(12, 64, 80e-9) == pytest.approx(9.6e9)
    assert latency.concurrent_rate(176, 64, 80e-9) == pytest.approx(140.8e9)


def messages(count, payload, access, bandwidth, packet):
    """Time of messages one after the other, each cut into packets that leave back to back."""
    now = 0.0
    for _ in range(count):
        now += access
        rest = payload
        while rest > 0:
            now += min(packet, rest) / bandwidth
            rest -= packet
    return now


@given(st.integers(1, 20), st.integers(0, 10_000), TIMES, st.integers(1, 100).map(lambda gigabytes: gigabytes * 1e9))
def test_messages_take_their_latency_and_their_packets(count, payload, access, bandwidth):
    taken = messages(count, payload, access, bandwidth, 256)
    assert count * link.transfer_time(payload, access, bandwidth) == pytest.approx(taken)
