"""Collectives against machines that are simulated message by message: everybody ends with what it should have."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import collective

SIZES = st.integers(2, 9)
HOP, RATE = 3e-6, 2e9
"""One step, s, and one direction of one way, B/s."""


class Ways:
    """A way out of every machine: counts bytes, and the time of steps in which every message leaves at once."""

    def __init__(self, members):
        self.sent = [0.0] * members
        self.time = 0.0

    def step(self, messages, hop=HOP, rate=RATE):
        """Send ``(from, bytes)`` messages at once."""
        load = [0.0] * len(self.sent)
        for sender, size in messages:
            load[sender] += size
            self.sent[sender] += size
        self.time += hop + max(load) / rate


def ring(members, payload, *, reduce, gather, ways=None, names=None, hop=HOP, rate=RATE):
    """Reduce-scatter, all-gather, or both, of one part per machine; returns what each machine holds, and the ways."""
    ways = ways or Ways(members)
    names = names or range(members)
    part = payload / members
    held = [[{me} for _ in range(members)] if reduce else [{me} if p == me else set() for p in range(members)]
            for me in range(members)]  # fmt: skip
    if reduce:
        for step in range(members - 1):
            moving = [(me, (me - step - 1) % members) for me in range(members)]
            sums = {(me, p): set(held[me][p]) for me, p in moving}
            ways.step([(names[me], part) for me, _ in moving], hop, rate)
            for me, p in moving:
                held[(me + 1) % members][p] |= sums[me, p]
    if gather:
        for step in range(members - 1):
            moving = [(me, (me - step) % members) for me in range(members)]
            wholes = {(me, p): set(held[me][p]) for me, p in moving}
            ways.step([(names[me], part) for me, _ in moving], hop, rate)
            for me, p in moving:
                held[(me + 1) % members][p] = wholes[me, p]
    return held, ways


@given(SIZES, st.integers(1, 10**9))
def test_an_all_reduce_round_a_ring(members, payload):
    held, ways = ring(members, payload, reduce=True, gather=True)
    everybody = set(range(members))
    assert all(part == everybody for parts in held for part in parts)
    assert ways.time == pytest.approx(collective.ring_time(payload, members, 2.0, HOP, RATE))
    assert ways.sent == pytest.approx([collective.ring_bytes(payload, members, 2.0)] * members)


@given(SIZES, st.integers(1, 10**9))
def test_half_of_it_is_a_reduce_scatter_or_an_all_gather(members, payload):
    for half in ({"reduce": True, "gather": False}, {"reduce": False, "gather": True}):
        held, ways = ring(members, payload, **half)
        if half["reduce"]:
            assert all(held[me][me] == set(range(members)) for me in range(members))
        else:
            assert all(held[me][part] == {part} for me in range(members) for part in range(members))
        assert ways.time == pytest.approx(collective.ring_time(payload, members, 1.0, HOP, RATE))
        assert ways.sent == pytest.approx([collective.ring_bytes(payload, members, 1.0)] * members)


def binary_tree(ranks):
    """Parent of every rank in a balanced tree in which ranks stand in order, and its depth."""
    parent, depth = {}, 0

    def build(low, high, above, level):
        nonlocal depth
        if low > high:
            return
        middle = (low + high + 1) // 2
        parent[ranks[middle]] = above
        depth = max(depth, level)
        build(low, middle - 1, ranks[middle], level + 1)
        build(middle + 1, high, ranks[middle], level + 1)

    build(0, len(ranks) - 1, None, 0)
    return parent, depth


@given(st.integers(2, 200))
def test_no_tree_is_deeper_than_the_law_says(members):
    """A root, its children, ...: n machines stand at depths up to ceil(log2(n + 1)) - 1; with the root as one more
    leaf that its only child sums for, as in two trees that share the machines, it is ceil(log2 n)."""
    _, depth = binary_tree(list(range(members - 1)))
    assert depth + 1 == collective.tree_depth(members)


@pytest.mark.parametrize("inner", [1, 2, 3, 4, 5])
def test_two_trees_load_every_way_with_the_payload_each_way_up_and_down(inner):
    """Leaves of one tree are inner nodes of the other: bytes out of any machine stay within twice the payload."""
    members = 2 ** (inner + 1) - 2
    first, _ = binary_tree(list(range(members)))
    second, _ = binary_tree([(rank + 1) % members for rank in range(members)])
    payload, sent = 1.0, [0.0] * members
    for parent in (first, second):
        for rank, above in parent.items():
            if above is not None:
                sent[rank] += payload / 2  # the partial sum, up
                sent[above] += payload / 2  # the whole sum, down
    assert max(sent) <= 2.0 * payload * 1.25
    assert sum(sent) == pytest.approx(2.0 * payload * (members - 1))
    assert collective.tree_time(payload, 0.0, HOP, 1.0) == 2.0


@given(SIZES, st.integers(1, 10**9))
def test_one_shot_sends_everything_to_everybody_in_one_step(members, payload):
    ways = Ways(members)
    ways.step([(me, payload) for me in range(members) for other in range(members) if other != me])
    assert ways.time == pytest.approx(collective.one_shot_time(payload, members, HOP, RATE))


@given(SIZES, st.integers(1, 10**9))
def test_an_adding_switch_draws_every_part_of_everybody_and_multicasts_the_sums(members, payload):
    ways = Ways(members)
    ways.step([(me, payload / members) for me in range(members) for _ in range(members)])
    ways.step([(me, payload / members) for me in range(members)])
    assert ways.time == pytest.approx(collective.in_switch_time(payload, members, HOP, RATE))


@given(st.integers(2, 5), st.integers(2, 5), st.integers(1, 10**9))
def test_two_levels_are_three_rings(inner, outer, payload):
    inside, outside = 1e-6, 20e-6
    groups = [ring(inner, payload, reduce=True, gather=False, hop=inside, rate=RATE) for _ in range(outer)]
    between = ring(outer, payload / inner, reduce=True, gather=True, hop=outside, rate=RATE / 10)
    gathers = ring(inner, payload, reduce=False, gather=True, hop=inside, rate=RATE)
    assert all(held[me][me] == set(range(inner)) for held, _ in groups for me in range(inner))
    time = groups[0][1].time + between[1].time + gathers[1].time
    law = collective.hierarchical_time(payload, inner, outer, inside, outside, RATE, RATE / 10)
    assert time == pytest.approx(law)


@given(SIZES, st.integers(1, 10**9))
def test_everybody_sends_everybody_another_part(members, payload):
    ways, got = Ways(members), [{me} for me in range(members)]
    for distance in range(1, members):
        ways.step([(me, payload / members) for me in range(members)])
        for me in range(members):
            got[(me + distance) % members].add(me)
    assert all(parts == set(range(members)) for parts in got)
    assert ways.time == pytest.approx(collective.all_to_all_time(payload, members, HOP, RATE))


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_bucket_that_holds_back(payload, burst):
    """Byte after byte: the first ones take a tick each, those behind the burst four."""
    ticks = sum(1 if byte < burst else 4 for byte in range(payload))
    assert collective.shaped_time(payload, burst, 1.0, 0.25) == pytest.approx(ticks)


def test_published_bus_bandwidths():
    """nccl-tests: an all-reduce of 8 has a bus bandwidth of 2 (n - 1) / n times bytes over time."""
    time = collective.ring_time(512e6, 8, 2.0, 0.0, 230e9)
    assert 512e6 * 2 * 7 / 8 / time == pytest.approx(230e9)
    assert math.isclose(collective.ring_bytes(1.0, 1, 2.0), 0.0)
