"""Rings, tori, fat trees, halos and messages: hand calculations, and what can never happen."""

from __future__ import annotations

import functools
import itertools
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import InvalidDescriptionError, UnsupportedError
from archsim.io.systems import load_system, with_values
from archsim.mapping.balance import balanced
from archsim.mapping.collectives import exchange
from archsim.mapping.lattice import lines
from archsim.mapping.stages import stages_of

GB = 1e9
LINK = {"name": "link", "title": "link", "lane": "10 GB/s", "start": "0 s", "hop": "0 s", "bulk_start": "0 s",
        "energy": "1 pJ/B", "efficiency": 1.0}  # fmt: skip


@functools.cache
def base():
    return load_system("dgx-a100")


def made(*levels):
    """Return a system whose levels all have links of 10 GB/s that take no time to start."""
    return with_values(base(), {"levels": [{"name": f"l{n}", "link": LINK} | level
                                                            for n, level in enumerate(levels)]})  # fmt: skip


def test_a_ring_uses_both_directions_a_line_one():
    ring = made({"members": 8, "topology": "ring"})
    whole, half = exchange(ring, "all_reduce", 8 * GB, (8,)), exchange(ring, "all_reduce", 8 * GB, (4,))
    assert whole.latency == pytest.approx(2 * 7 / 8 * 8 / 20)
    assert half.latency == pytest.approx(2 * 3 / 4 * 8 / 10)


def test_a_torus_uses_the_links_of_all_its_dimensions():
    torus = made({"members": 32, "topology": "torus", "shape": [4, 4, 2]})
    assert exchange(torus, "all_reduce", 32 * GB, (32,)).latency == pytest.approx(2 * 31 / 32 * 32 / 50)
    row = exchange(torus, "all_reduce", 4 * GB, (4,), crowded=True)
    assert row.latency == pytest.approx(2 * 3 / 4 * 4 / 20), "rows beside one another have links of their own"


def test_all_to_all_is_bound_by_the_bisection():
    ring, switch = made({"members": 8, "topology": "ring"}), made({"members": 8})
    # Each of 8 sends 1 GB to each of 4 beyond the cut, 16 GB either way over two links of 10 GB/s.
    assert exchange(ring, "all_to_all", 8 * GB, (8,)).latency == pytest.approx(16 / 20)
    assert exchange(switch, "all_to_all", 8 * GB, (8,)).latency == pytest.approx(7 / 10)


def test_groups_that_are_no_block_are_refused():
    torus = made({"members": 16, "topology": "torus", "shape": [4, 4]})
    assert [(line.taken, line.inside) for line in lines(torus.spec.levels[0], 4, 4)] == [(4, 1)]
    with pytest.raises(UnsupportedError, match="6 members are no block of the torus 'l0' of 4 x 4"):
        exchange(torus, "all_reduce", GB, (6,))


def test_every_fourth_on_a_ring_shares_its_links_with_the_three_between():
    ring = made({"members": 8, "topology": "ring"})
    apart = exchange(ring, "all_reduce", 2 * GB, (2,), crowded=True, strides=(4,))
    assert apart.latency == pytest.approx(2 * 1 / 2 * 2 / (10 / 4))


def test_an_oversubscribed_tree_slows_what_crosses():
    tree = made({"members": 16, "topology": "fat_tree", "leaf": 4, "oversubscription": 2})
    switch = made({"members": 16})
    ring = exchange(tree, "all_reduce", GB, (16,))
    assert ring.latency == pytest.approx(exchange(switch, "all_reduce", GB, (16,)).latency), "one stream leaves a leaf"
    inside = exchange(tree, "all_to_all", 4 * GB, (4,), crowded=True)
    assert inside.latency == pytest.approx(exchange(switch, "all_to_all", 4 * GB, (4,)).latency)
    # Four of a leaf send 1 GB to each of 12 beyond it, over ways up of 20 GB/s.
    assert exchange(tree, "all_to_all", 16 * GB, (16,)).latency == pytest.approx(48 / 20)
    apart = exchange(tree, "all_reduce", GB, (4,), crowded=True, strides=(4,))
    assert apart.latency == pytest.approx(2 * 3 / 4 / 5), "all four of a leaf ring beyond it at half their rate"
    assert exchange(tree, "send_recv", GB, (2,), crowded=True, strides=(4,)).latency == pytest.approx(1 / 5)


@pytest.mark.parametrize("share", [1.0, 1.5, 4.0])
@pytest.mark.parametrize("leaf", [2, 4, 16])
@pytest.mark.parametrize("members", [4, 8, 16])
def test_oversubscription_never_helps(share, leaf, members):
    tree = {"members": 16, "topology": "fat_tree", "leaf": leaf, "oversubscription": share}
    for function in ("all_reduce", "all_to_all"):
        slow = exchange(made(tree), function, GB, (members,), crowded=True).latency
        fast = exchange(made({"members": 16}), function, GB, (members,), crowded=True).latency
        assert slow >= fast * (1 - 1e-12)
        if share == 1.0:
            assert slow == pytest.approx(fast)


def test_a_halo_enters_nodes_along_their_edges():
    nodes = made({"members": 4}, {"members": 4, "ports": 1})
    # 1 GB into each chip at 10 GB/s, 2 GB into each node at 10 GB/s.
    cost = exchange(nodes, "halo", GB, (4, 4))
    assert (cost.latency, cost.level) == (pytest.approx(0.2), "l1")
    assert cost.payload == pytest.approx(16 * GB), "what enters a chip, by whatever way"
    assert exchange(nodes, "halo", GB, (4,)).latency == pytest.approx(0.1)
    bus = made({"members": 4, "topology": "bus"})
    assert exchange(bus, "halo", GB, (4,)).latency == pytest.approx(0.4)


def test_a_binary_tree_of_many_machines_beats_a_ring():
    le = load_system("le-2012")
    cost = exchange(le, "all_reduce", 1e6, (1000,))
    assert cost.algorithm == "tree"
    link = le.spec.levels[0].link
    assert cost.latency == pytest.approx(link.start + 2 * (10 * link.hop + 1e6 / le.spec.levels[0].bandwidth))


def test_messages_of_all_chips_share_the_ports():
    nodes = made({"members": 4}, {"members": 2, "ports": 2})
    assert exchange(nodes, "send_recv", GB, (1, 2)).latency == pytest.approx(0.1)
    assert exchange(nodes, "send_recv", GB, (1, 2), crowded=True).latency == pytest.approx(0.2)


def test_a_hundred_thousand_machines_are_a_few_numbers():
    large = made({"members": 8}, {"members": 12_500, "topology": "fat_tree", "leaf": 20, "ports": 8})
    start = time.perf_counter()
    cost = exchange(large, "all_reduce", GB, (8, 12_500), crowded=True)
    assert time.perf_counter() - start < 0.02
    assert large.chips == 100_000 and cost.latency > 0
    assert [stage.chips for stage in stages_of(large, (8, 12_500))] == [8, 100_000]


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ({"topology": "torus"}, "a torus has a shape"),
        ({"topology": "torus", "shape": [2, 2]}, "has 8 members, its shape has 4"),
        ({"shape": [8]}, "a torus has a shape, and nothing else has"),
        ({"topology": "fat_tree"}, "has leaf switches"),
        ({"oversubscription": 2}, "only a fat_tree is oversubscribed"),
        ({"topology": "ring", "ports": 2}, "follow from its shape, not from ports"),
        ({"topology": "rign"}, "rign"),
        ({"topology": "fat_tree", "leaf": 4, "oversubscription": 0.5}, "0.5"),
    ],
)
def test_contradictions_are_told(level, said):
    with pytest.raises(InvalidDescriptionError, match=said):
        made({"members": 8, **level})


def test_lost_time_is_less_than_all():
    with pytest.raises(InvalidDescriptionError, match="no time is left to work"):
        with_values(load_system("dgx-a100"), {"stragglers.lost": 1.0})


JOBS = st.lists(st.integers(0, 9), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(JOBS, st.integers(1, 4), st.data())
def test_stages_are_as_equal_as_can_be(times, stages, data):
    if len(times) < stages:
        with pytest.raises(UnsupportedError, match=f"{len(times)} ops cannot be cut into {stages} stages"):
            balanced(times, [[0] * len(times)] * stages)
        return
    arriving = [[0] * len(times)] + [
        data.draw(st.lists(st.integers(0, 5), min_size=len(times), max_size=len(times))) for _ in range(stages - 1)
    ]

    def slowest(starts):
        ends = (*starts[1:], len(times))
        return max(arriving[n][start] + sum(times[start:end])
                   for n, (start, end) in enumerate(zip(starts, ends, strict=True)))  # fmt: skip

    found = balanced(times, arriving)
    every = [(0, *rest) for rest in itertools.combinations(range(1, len(times)), stages - 1)]
    assert slowest(found) == min(map(slowest, every))
