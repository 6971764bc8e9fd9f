"""Experts dealt out to chips: MACs stay, weights shrink, tokens travel there and back."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.errors import UnsupportedError
from archsim.graph.backward import training
from archsim.graph.experts import expert_weights, split_experts, works_for_experts
from archsim.graph.work import Collective, MatMul

SIZES = {"layers": 2, "width": 64, "heads": 4, "feed_forward": 96, "vocabulary": 100, "experts": 8,
         "experts_per_token": 2, "sequence": 21, "context": 64}  # fmt: skip


def mixture(**sizes):
    return a.workload("transformer", **{**SIZES, **sizes})


def macs(graph):
    return sum(op.macs for op in graph.ops)


@pytest.mark.parametrize("chips", [2, 4, 8])
@pytest.mark.parametrize("sequence", [1, 3, 21, 64])
def test_macs_stay_and_weights_shrink(chips, sequence):
    graph = mixture(sequence=sequence)
    made = split_experts(graph, chips)
    assert macs(made) == macs(graph) and made.items == graph.items
    before, after = ({t.name: t.elements for t in each.weights} for each in (graph, made))
    experts = expert_weights(graph)
    assert experts == {name for name in before if "/experts/" in name} and experts == expert_weights(made)
    assert all(after[name] == before[name] // (chips if name in experts else 1) for name in before)
    for op in made.ops:
        if isinstance(op.work, MatMul) and not experts.isdisjoint(op.inputs):
            held = next(made.tensors[name].shape[0] for name in op.inputs if name in experts)
            assert op.work.batch <= held == 8 // chips


def test_every_token_travels_there_and_back():
    made = split_experts(mixture(), 4)
    moved = [op for op in made.ops if isinstance(op.work, Collective)]
    rows = 21 * 2 * 64 * 2  # tokens, experts of each, width, bytes
    assert [(op.work.function, op.work.payload, op.work.axis) for op in moved] == [("all_to_all", rows, "experts")] * 4
    inside = works_for_experts(made)
    assert all(("experts" in name) or ("multiply" in name) or ("gelu" in name) for name in inside)
    for op in made.ops:
        if op.name not in inside and not isinstance(op.work, Collective):
            assert not any(name.endswith("/there") for name in op.inputs)


def test_training_sends_gradients_the_same_ways():
    graph = mixture()
    made = training(split_experts(graph, 4))
    assert macs(made) == macs(training(graph))
    assert sum(op.work.axis == "experts" for op in made.ops if isinstance(op.work, Collective)) == 8


def test_what_cannot_be_dealt_out_is_told():
    assert split_experts(mixture(), 1).ops == mixture().ops
    with pytest.raises(UnsupportedError, match="the 8 experts of 'layer-0/experts/up' cannot be dealt to 3 chips"):
        split_experts(mixture(), 3)
    with pytest.raises(UnsupportedError, match="'resnet50' has no experts"):
        split_experts(a.workload("resnet50"), 2)
    # A layer whose filters differ from place to place has such weights, but nothing is routed to it.
    with pytest.raises(UnsupportedError, match="no experts"):
        split_experts(a.workload("le2012-autoencoder", size=40, maps=2, field=5), 2)
