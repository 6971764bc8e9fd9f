"""Collectives on systems: hand calculations per topology, and what can never happen."""

from __future__ import annotations

import dataclasses
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.errors import UnsupportedError, UsageError
from archsim.io.systems import load_system, with_values
from archsim.mapping.collectives import FUNCTIONS, exchange
from archsim.mapping.stages import crossings, spread, stages_of

GB = 1e9


@functools.cache
def loaded(name):
    return load_system(name)


@functools.cache
def faster():
    return with_values(loaded("dgx-h200"), {"levels.nvlink.link.lane": "50 GB/s"})


@pytest.fixture(scope="module")
def toy():
    """Two nodes of four chips: 100 GB/s a chip inside, two ports of 10 GB/s a node; no time to start, no hops."""
    nothing = {"start": "0 s", "hop": "0 s", "bulk_start": "0 s", "energy": "1 pJ/B", "efficiency": 1.0}
    inside = {**nothing, "name": "inside", "title": "inside", "lane": "100 GB/s"}
    outside = {**nothing, "name": "outside", "title": "outside", "lane": "10 GB/s", "energy": "100 pJ/B"}
    return with_values(load_system("dgx-a100"), {
        "levels": [
            {"name": "node", "members": 4, "link": inside},
            {"name": "network", "members": 2, "ports": 2, "link": outside},
        ]
    })  # fmt: skip


def but(system, **spec):
    return dataclasses.replace(system, spec=system.spec.model_copy(update=spec))


def test_a_group_fills_the_innermost_levels_first(toy):
    assert [spread(toy, chips) for chips in (1, 2, 3, 4, 8)] == [(1, 1), (2, 1), (3, 1), (4, 1), (4, 2)]
    with pytest.raises(UnsupportedError, match="6 chips do not fill the levels") as refusal:
        spread(toy, 6)
    assert "divides by 4, the members of 'node'" in str(refusal.value) and refusal.value.exit_code == 4
    with pytest.raises(UnsupportedError, match="'dgx-a100' has 8 chips, a group of 16 does not fit"):
        spread(toy, 16)


def test_of_seven_steps_one_leaves_the_node(toy):
    stages = stages_of(toy, (4, 2))
    assert crossings(stages, 8) == [6, 1]
    assert [stage.below for stage in stages] == [1, 4]


def test_inside_a_node_a_ring_runs_at_the_rate_of_a_chip(toy):
    cost = exchange(toy, "all_reduce", 4 * GB, (4,))
    assert cost.latency == pytest.approx(2 * 3 / 4 * 4 * GB / (100 * GB))
    assert cost.payload == pytest.approx(4 * 2 * 3 / 4 * 4 * GB)
    assert cost.energy == pytest.approx(cost.payload * 1e-12)
    assert (cost.level, cost.algorithm) == ("node", "ring")


def test_between_nodes_the_ports_of_a_node_set_the_pace(toy):
    cost = exchange(toy, "all_reduce", GB, (4, 2))
    assert cost.latency == pytest.approx(2 * 7 / 8 * GB / (20 * GB))
    assert cost.level == "network"
    # Six of the eight edges of the ring stay inside.
    assert cost.energy == pytest.approx(2 * 7 / 8 * GB * (6 * 1e-12 + 2 * 100e-12))


def test_a_chip_uses_one_port(toy):
    assert exchange(toy, "all_reduce", GB, (1, 2)).latency == pytest.approx(GB / (10 * GB))


def test_hierarchy_sends_less_between_nodes(toy):
    cost = exchange(but(toy, algorithms=("ring", "hierarchical")), "all_reduce", GB, (4, 2))
    inside, between = 2 * 3 / 4 * GB / (100 * GB), 2 * 1 / 2 * GB / 4 / (5 * GB)
    assert cost.latency == pytest.approx(inside + between)
    assert cost.algorithm == "hierarchical"


def test_a_bus_is_shared_by_all(toy):
    level = toy.spec.levels[0].model_copy(update={"topology": "bus"})
    bus = but(toy, levels=(level,))
    assert exchange(bus, "all_gather", GB, (4,)).latency == pytest.approx(3 / 4 * GB / (25 * GB))
    assert exchange(bus, "all_to_all", GB, (4,)).latency == pytest.approx(4 * 3 / 4 * GB / (100 * GB))


def test_everybody_to_everybody_between_nodes(toy):
    """Each of four chips sends half of its buffer to the other node, over 20 GB/s."""
    cost = exchange(toy, "all_to_all", GB, (4, 2))
    assert cost.latency == pytest.approx(4 * GB / 2 / (20 * GB))
    assert cost.energy == pytest.approx(8 * (3 / 8 * GB * 1e-12 + 4 / 8 * GB * 100e-12))


def test_one_shot_and_switch_by_hand(toy):
    one = exchange(but(toy, algorithms=("one_shot",)), "all_reduce", GB, (4,))
    assert one.latency == pytest.approx(3 * GB / (100 * GB))
    link = toy.spec.levels[0].link.model_copy(update={"switch_start": 5e-6})
    adding = but(toy, levels=(toy.spec.levels[0].model_copy(update={"link": link}),))
    summed = exchange(adding, "all_reduce", 4 * GB, (4,))
    assert summed.algorithm == "in_switch"
    assert summed.latency == pytest.approx(5e-6 + 1.25 * 4 * GB / (100 * GB))
    with pytest.raises(UnsupportedError, match="no algorithm for 'all_reduce' over 4 chips"):
        exchange(but(toy, algorithms=("in_switch",)), "all_reduce", GB, (4,))


def test_one_chip_has_nobody_to_talk_to(toy):
    assert exchange(toy, "all_reduce", GB, (1,)).latency == 0.0


def test_what_there_is_not(toy):
    with pytest.raises(UsageError, match="unknown collective 'all_reduc'"):
        exchange(toy, "all_reduc", GB, (2,))
    with pytest.raises(UsageError, match=r"a group of 5 does not fit into 'dgx-a100' \(4 x 2\)"):
        exchange(toy, "all_reduce", GB, (5,))


@pytest.mark.parametrize("name", ["dgx-a100", "dgx-h200", "l40s-pcie-8", "a100-pairwise-nvlink", "a100-nvlink-cluster"])
@given(function=st.sampled_from(FUNCTIONS), payload=st.floats(1, 1e10), factor=st.floats(1, 100), data=st.data())
def test_more_bytes_never_take_less_time_and_links_have_a_latency(name, function, payload, factor, data):
    system = loaded(name)
    chips = data.draw(st.sampled_from([n for n in (2, 4, 8, 16) if n <= system.chips]))
    group = spread(system, chips)
    small, large = (exchange(system, function, size, group) for size in (payload, payload * factor))
    assert small.latency <= large.latency * (1 + 1e-12)
    assert small.latency >= min(level.link.start for level in system.spec.levels)
    assert small.energy <= large.energy
    if function != "send_recv":
        assert small.payload >= payload * (chips - 1) / chips


@given(payload=st.floats(1, 1e10))
def test_faster_lanes_never_slow_a_collective_down(payload):
    slow, fast = loaded("dgx-h200"), faster()
    for function in FUNCTIONS:
        assert exchange(fast, function, payload, (8,)).latency <= exchange(slow, function, payload, (8,)).latency
