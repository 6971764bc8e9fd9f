"""Pictures cut into tiles: what a chip computes, what it holds, and what it fetches from its neighbours."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archsim as a
from archsim.errors import UnsupportedError
from archsim.graph.backward import training
from archsim.graph.space import grid, halo_pixels, split_space
from archsim.graph.work import Collective, MatMul

LOCAL = {"size": 40, "maps": 2, "field": 5, "pool": 3, "stages": 2, "reconstruct": True, "tied": True, "batch": 4}


def halos(graph):
    return {op.name: op.work.payload for op in graph.ops if isinstance(op.work, Collective)}


def test_tiles_are_nearly_square():
    assert [grid(chips) for chips in (1, 2, 4, 12, 64, 169)] == [(1, 1), (1, 2), (2, 2), (3, 4), (8, 8), (13, 13)]


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(0, 4))
def test_a_halo_is_what_windows_see_beyond_a_tile(rows, columns, each, reach):
    height, width = rows * each, columns * each
    seen = set()
    for row, column in itertools.product(range(height), range(width)):
        if row < min(each + reach, height) and column < min(each + reach, width):
            seen.add((row, column))
    assert halo_pixels(height, width, (rows, columns), (reach, reach)) == len(seen) - each * each


def test_a_local_layer_by_hand():
    made = split_space(a.workload("le2012-autoencoder", **LOCAL), 4)
    filters = next(op for op in made.ops if op.name == "stage-0/filter")
    assert filters.work == MatMul(36 * 36 // 4, 4, 2, 75), "places are dealt out"
    assert made.tensors["stage-0/filter/weight"].shape == (324, 75, 2)
    # The input comes with what windows see: 20 + 4 square instead of 20; sums of 18 + 4 square are sent on.
    assert made.tensors["image/halo-4x4"].shape == (4, 3, 24 * 24)
    assert halos(made)["stage-0/rebuild/halo"] == 4 * 3 * (24 * 24 - 20 * 20) * 4
    assert halos(made)["stage-0/pool-sqrt/halo-2x2"] == 4 * 2 * (19 * 19 - 17 * 17) * 4
    # Pooled maps are 34 square: tiles of 17, windows of 5.
    assert halos(made)["stage-0/contrast/halo-4x4"] == 4 * 2 * (21 * 21 - 17 * 17) * 4


@pytest.mark.parametrize("chips", [2, 4, 9])
def test_macs_are_dealt_out(chips):
    graph = a.workload("le2012-autoencoder", **LOCAL)
    whole, part = (sum(op.macs for op in each.ops) for each in (graph, split_space(graph, chips)))
    assert whole <= chips * part < 1.02 * whole
    weights = sum(t.elements for t in graph.weights)
    assert weights <= chips * sum(t.elements for t in split_space(graph, chips).weights) < 1.02 * weights


def test_training_sends_every_halo_back():
    made = training(split_space(a.workload("le2012-autoencoder", **LOCAL), 4))
    forward = {name: size for name, size in halos(made).items() if not name.endswith("dgrad")}
    back = {name.removesuffix("/dgrad"): size for name, size in halos(made).items() if name.endswith("dgrad")}
    assert forward == back and len(back) >= 6


def test_a_convolutional_network_shares_its_filters():
    graph = a.workload("vgg16", batch=2)
    made = split_space(graph, 4)
    part, whole = (sum(op.macs for op in each.ops if op.kind == "conv") for each in (made, graph))
    assert part == pytest.approx(whole / 4, rel=0.02)
    assert sum(t.elements for t in made.weights) == sum(t.elements for t in graph.weights)
    assert any(name.endswith("all-gather") for name in halos(made)), "behind the last pool all have all"
    first = next(op for op in graph.ops if op.kind == "conv")
    assert made.tensors[f"{first.outputs[0]}"].elements == graph.tensors[first.outputs[0]].elements // 4


def test_what_has_no_places_is_refused():
    graph = a.workload("bert-base")
    assert split_space(graph, 1) is graph
    with pytest.raises(UnsupportedError, match=r"0 % of the MACs of 'bert.*' lie on pictures of at least 4 pixels"):
        split_space(graph, 4)
