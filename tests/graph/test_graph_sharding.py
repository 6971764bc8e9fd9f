"""Tensor parallelism: work divides, sums are whole again, and the graph of one chip is legal."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim import workload
from archsim.errors import UnsupportedError
from archsim.graph import GraphBuilder
from archsim.graph.backward import training
from archsim.graph.fusion import POLICIES, fuse
from archsim.graph.memory import memory
from archsim.graph.sharding import shard
from archsim.graph.work import Collective, MatMul

SMALL = {"layers": 2, "width": 256, "heads": 8, "vocabulary": 16384, "tied": False, "sequence": 32}


def collectives(graph):
    return Counter(op.work.function for op in graph.ops if isinstance(op.work, Collective))


def macs(graph):
    return sum(op.macs for op in graph.ops)


def perceptron(width=64, inner=128, layers=1):
    b = GraphBuilder("perceptron", dtype="fp16")
    x = b.input("x", (4, width))
    for index in range(layers):
        x = b.linear(b.elementwise("relu", b.linear(x, inner, name=f"up-{index}")), width, name=f"down-{index}")
    return b.build()


def test_one_chip_is_left_alone():
    graph = perceptron()
    assert shard(graph, 1) is graph


def test_columns_then_rows_then_a_sum():
    graph = shard(perceptron(), 4)
    assert [op.name for op in graph.ops] == ["up-0", "relu", "down-0", "down-0/all-reduce"]
    up, down = graph.ops[0].work, graph.ops[2].work
    assert (up.n, up.k) == (32, 64) and (down.n, down.k) == (64, 32)
    assert graph.tensors["up-0/weight"].shape == (64, 32) and graph.tensors["down-0/weight"].shape == (32, 64)
    assert graph.tensors["up-0/bias"].shape == (32,) and graph.tensors["down-0/bias"].shape == (64,)
    assert graph.ops[3].work == Collective("all_reduce", 4, 4 * 64 * 2)
    assert graph.parameters["tensor_parallel"] == 4


@given(st.integers(1, 4), st.sampled_from((2, 4, 8)), st.integers(0, 2**32 - 1))
def test_the_parts_compute_what_the_whole_computes(layers, chips, seed):
    """The split network run on numbers, chip by chip, with real all-reduces, gives the outputs of the whole one."""
    graph = perceptron(16, 32, layers)
    split = shard(graph, chips)
    random = np.random.default_rng(seed)
    stored = {t.name: random.integers(-3, 4, t.shape).astype(float) for t in graph.tensors.values()}
    whole = dict(stored)
    for op in graph.ops:
        whole[op.outputs[0]] = apply(op, whole)
    parts = [{name: part(stored[name], split.tensors[name].shape, chip) for name in stored} for chip in range(chips)]
    for op in split.ops:
        if isinstance(op.work, Collective):
            # The bias of a sum is added once: by the first chip.
            total = sum(each[op.inputs[0]] for each in parts)
            for each in parts:
                each[op.outputs[0]] = total
        else:
            for chip, each in enumerate(parts):
                each[op.outputs[0]] = apply(op, each, first=chip == 0 or op.name.startswith("up"))
    for each in parts:
        np.testing.assert_array_equal(each[graph.outputs[0]], whole[graph.outputs[0]])


def part(value, shape, chip):
    """The slice of one chip: of the one axis that is shorter."""
    for axis, (size, wanted) in enumerate(zip(value.shape, shape, strict=True)):
        if wanted != size:
            return value.take(range(chip * wanted, (chip + 1) * wanted), axis=axis)
    return value


def apply(op, values, *, first=True):
    operands = [values[name] for name in op.inputs]
    if isinstance(op.work, MatMul):
        return operands[0] @ operands[1] + (operands[2] if first else 0)
    return np.maximum(operands[0], 0)


@pytest.mark.parametrize("phase", ["prefill", "decode"])
@pytest.mark.parametrize("chips", [2, 4, 8])
def test_a_transformer_needs_two_sums_a_layer(phase, chips):
    graph = workload("transformer", phase=phase, **SMALL)
    split = shard(graph, chips)
    assert macs(split) * chips == macs(graph)
    # Two a layer and one for the table; the logits come together at the end.
    assert collectives(split) == {"all_reduce": 2 * 2 + 1, "all_gather": 1}
    assert memory(split).state * chips == memory(graph).state
    small = sum(t.bytes for t in split.weights if t.bytes == graph.tensors[t.name].bytes)
    assert (memory(split).weights - small) * chips == memory(graph).weights - small
    assert small < 0.01 * memory(graph).weights or chips * small < memory(graph).weights
    assert split.items == graph.items and split.notes == graph.notes


def test_payloads_are_whole_activations():
    split = shard(workload("transformer", **SMALL), 4)
    payloads = {op.work.payload for op in split.ops if op.kind == "collective" and op.work.function == "all_reduce"}
    assert payloads == {32 * 256 * 2}


def test_keys_and_values_are_shared_where_there_are_fewer_heads():
    graph = workload("transformer", phase="decode", kv_heads=2, **SMALL)
    split = shard(graph, 8)
    assert memory(split).state * 2 == memory(graph).state
    attention = next(op.work for op in split.ops if op.kind == "attention")
    assert (attention.heads, attention.kv_heads) == (1, 1)


def test_experts_are_summed_behind_their_combination():
    graph = workload("transformer", experts=4, experts_per_token=2, **SMALL)
    split = shard(graph, 4)
    after = [op.inputs[0].removesuffix("/partial") for op in split.ops if op.kind == "collective"]
    assert sum("combine" in name for name in after) == 2 and not any("experts/down" in name for name in after)
    assert macs(split) < 1.01 * macs(graph) / 4


def test_a_tied_table_is_split_once():
    graph = workload("transformer", **{**SMALL, "tied": True})
    split = shard(graph, 4)
    assert split.tensors["embedding"].shape == (16384 // 4, 256)
    assert macs(split) * 4 == macs(graph)


def test_an_odd_vocabulary_is_padded():
    graph = workload("transformer", **{**SMALL, "vocabulary": 16385})
    split = shard(graph, 4)
    head = next(op for op in split.ops if op.name == "head")
    assert head.work.n == math.ceil(16385 / 4)


@pytest.mark.parametrize("name", ["bert-base", "gpt2-small", "t5-small", "vit-b-16", "mixtral-8x7b", "qwen3-0.6b"])
@pytest.mark.parametrize("fusion", POLICIES)
def test_split_graphs_can_be_fused(name, fusion):
    sizes = {"layers": 2} if name not in ("t5-small",) else {}
    graph = workload(name, **sizes)
    split = shard(graph, 2)
    assert 0.5 <= macs(split) / macs(graph) < 0.6
    assert sum(op.macs for op in fuse(split, fusion).ops) == pytest.approx(macs(split), rel=1e-3)


def test_a_training_step_sends_as_much_back_as_forward():
    split = training(shard(perceptron(layers=2), 4))
    assert collectives(split)["all_reduce"] == 2 + 2


def test_what_cannot_be_split_is_refused():
    with pytest.raises(UnsupportedError, match="0 % of the MACs of 'resnet50' can be split over 8 chips") as refusal:
        shard(workload("resnet50"), 8)
    assert refusal.value.exit_code == 4 and "run a copy on each chip" in str(refusal.value)
    with pytest.raises(UnsupportedError, match="write tensor_parallel=4"):
        shard(workload("transformer", layers=1, width=252, heads=12, vocabulary=100), 8)


def test_what_every_chip_does_is_told():
    graph = workload("qwen2-7b", layers=2, phase="decode")
    (note,) = shard(graph, 8).notes
    assert "cannot be split over 8 chips: each does them all" in note
