"""Machines that hold parameters: what each topology lets through to them, by hand."""

from __future__ import annotations

import functools

import pytest

from archsim.io.systems import load_system, with_values
from archsim.mapping.servers import serve

GB = 1e9
LINK = {"name": "link", "title": "link", "lane": "10 GB/s", "start": "0 s", "hop": "0 s", "bulk_start": "0 s",
        "energy": "1 pJ/B", "efficiency": 1.0}  # fmt: skip


@functools.cache
def base():
    return load_system("dgx-a100")


def made(*levels, **link):
    """Return a system whose levels all have links of 10 GB/s that take no time to start."""
    named = [{"name": f"l{n}", "link": {**LINK, **link}} | level for n, level in enumerate(levels)]
    return with_values(base(), {"levels": named})


def test_servers_of_a_switch():
    # Two copies of four chips push 1 GB each to two servers: 8 GB over two ways of 10 GB/s; then back.
    cost = serve(made({"members": 10}), GB, 4, 2, 2)
    assert cost.latency == pytest.approx(2 * 0.4)
    assert cost.payload == pytest.approx(2 * 8 * GB) and cost.energy == pytest.approx(16 * GB * 1e-12)
    nodes = made({"members": 4}, {"members": 3, "ports": 2})
    # Four chips of a node share two ways: 0.2 s; one server with two ways takes 8 GB at 20 GB/s: 0.4 s.
    assert serve(nodes, GB, 4, 2, 1).latency == pytest.approx(2 * 0.4)


def test_all_push_in_one_direction_at_a_time():
    half = made({"members": 10}, duplex=0.5)
    assert serve(half, GB, 4, 2, 2).latency == pytest.approx(2 * 0.4), "so that duplex does not matter"


def test_ways_up_of_a_leaf_switch_are_shared_once():
    tree = made({"members": 64, "topology": "fat_tree", "leaf": 16, "oversubscription": 4})
    # Three copies of 16 fill leaves of their own: 16 chips share ways up of 40 GB/s, 2.5 GB/s each. So do 16 servers.
    assert serve(tree, GB, 16, 3, 16).latency == pytest.approx(2 * max(1 / 2.5, 48 / 16 / 2.5))
    assert serve(tree, GB, 16, 1, 48).latency == pytest.approx(2 * 1 / 2.5)
    # Four servers on a leaf take in 40 GB/s, which its ways up just carry.
    assert serve(tree, GB, 4, 15, 4).latency == pytest.approx(2 * 60 / 40)
    inside = made({"members": 16, "topology": "fat_tree", "leaf": 16, "oversubscription": 4})
    assert serve(inside, GB, 4, 3, 4).latency == pytest.approx(2 * 12 / 40), "nothing leaves the one leaf"


def test_servers_on_a_torus_have_a_link_in_every_direction():
    torus = made({"members": 64, "topology": "torus", "shape": [4, 4, 4]})
    assert serve(torus, GB, 4, 15, 4).latency == pytest.approx(2 * 60 / (4 * 6 * 10))
    # Many servers: each chip that works sends to everywhere, 20 GB/s before the cut in the middle is full.
    assert serve(torus, GB, 4, 4, 48).latency == pytest.approx(2 * 1 / 20)
    ring = made({"members": 8, "topology": "ring"})
    assert serve(ring, GB, 1, 7, 1).latency == pytest.approx(2 * 7 / 20)


def test_a_bus_carries_one_after_the_other():
    bus = made({"members": 8, "topology": "bus"})
    assert [serve(bus, GB, 2, 2, servers).latency for servers in (1, 4)] == pytest.approx([2 * 4 / 10] * 2)


def test_stages_push_at_the_same_time():
    flat = made({"members": 10})
    # Two stages of one chip push 3 and 1 GB: the server takes 4 GB in, whichever stage is asked.
    assert [serve(flat, each * GB, 1, 1, 1, beside=4 * GB).latency for each in (3, 1)] == pytest.approx([2 * 0.4] * 2)
