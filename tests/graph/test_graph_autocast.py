"""Automatic casting: which kernels read and write what, and the casts between them."""

from collections import Counter

import pytest

from archsim.errors import GraphError
from archsim.graph import GraphBuilder, check_graph
from archsim.graph.autocast import autocast
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.eager import eager
from archsim.graph.fusion import fuse
from archsim.graph.op import Phase
from archsim.graph.work import Elementwise
from archsim.workloads import workload


def casts(graph):
    return [op for op in graph.ops if isinstance(op.work, Elementwise) and op.work.function == "cast"]


def formats(graph):
    return {op.name: graph.tensors[op.outputs[0]].dtype for op in graph.ops}


def block():
    b = GraphBuilder("block", dtype="fp32")
    x = b.input("x", (2, 4, 8))
    y = b.linear(b.normalise("layer_norm", x, name="norm"), 16, name="up")
    y = b.linear(b.elementwise("gelu", y), 8, name="down")
    b.normalise("softmax", b.elementwise("add", x, y, name="residual"), name="shares")
    return b.build()


def test_a_transformer_block():
    graph = block()
    made = autocast(graph)
    check_graph(made)
    assert formats(made) == {
        "norm": "fp32",
        "up/cast-0": "fp16", "up/weight/cast": "fp16", "up/bias/cast": "fp16", "up": "fp16",
        "gelu": "fp16",
        "down/weight/cast": "fp16", "down/bias/cast": "fp16", "down": "fp16",
        "residual": "fp32",  # fp32 + fp16, converted inside the kernel
        "shares": "fp32",
    }  # fmt: skip
    assert count(made).macs == count(graph).macs
    assert count(made).parameters == count(graph).parameters
    assert all(made.tensors[tensor.name].dtype == "fp32" for tensor in graph.weights)
    up = next(op for op in made.ops if op.name == "up")
    assert up.inputs == ("up/cast-0", "up/weight/cast", "up/bias/cast")
    assert up.work.dynamic


def test_a_residual_network_stays_narrow_behind_its_first_convolution():
    made = autocast(workload("resnet18", batch=2))
    maps = [dtype for name, dtype in formats(made).items() if "cast" not in name]
    assert set(maps) == {"fp16"}
    activations = [op for op in casts(made) if not op.inputs[0].endswith(("weight", "bias"))]
    assert [op.inputs[0] for op in activations] == ["image"]


def test_weights_are_cast_once_and_activations_once_per_reader():
    b = GraphBuilder("tied", dtype="fp32")
    x = b.normalise("layer_norm", b.input("x", (2, 8)))
    w = b.weight("w", (8, 8))
    b.linear(x, 8, bias=False, name="first", weight=w)
    b.linear(x, 8, bias=False, name="second", weight=w)
    made = autocast(b.build())
    assert Counter(op.inputs[0] for op in casts(made)) == {"w": 1, "layer_norm": 2}


def test_slices_are_cast_as_much_as_is_read():
    b = GraphBuilder("slice", dtype="fp32")
    x = b.normalise("layer_norm", b.input("x", (2, 4, 8)))
    b.linear(b.part(x, 1, 1), 8, bias=False)
    made = autocast(b.build())
    check_graph(made)
    (cast,) = [op for op in casts(made) if op.inputs == ("layer_norm",)]
    assert made.tensors[cast.outputs[0]].elements == 16
    assert cast.elements_read(made.tensors) == {"layer_norm": 16}


def test_softmax_inside_attention_runs_wide_when_written_out():
    graph = workload("deit-ti", batch=2, layers=1)
    whole = autocast(eager(graph, attention_kernel=True))
    apart = autocast(eager(graph))
    assert formats(whole)["layer1/attention"] == "fp16"
    assert [formats(apart)[f"layer1/attention/{name}"] for name in ("scores", "softmax", "values")] == [
        "fp16", "fp32", "fp16",
    ]  # fmt: skip


def test_gradients_pass_the_casts_backwards():
    step = training(autocast(block()))
    check_graph(step)
    weight = next(op for op in step.ops if op.name == "up/weight/update")
    gradient = step.tensors[weight.inputs[0]]
    assert gradient.dtype == "fp32"
    made = step.producer[gradient.name]
    assert (made.work.function, step.tensors[made.inputs[0]].dtype) == ("cast_gradient", "fp16")
    assert sum(op.phase is Phase.UPDATE for op in step.ops) == 5


def test_formats_that_narrow_nothing_and_graphs_that_are_fused():
    with pytest.raises(GraphError, match="write fp16 or bf16"):
        autocast(block(), "fp32")
    with pytest.raises(GraphError, match="cast first"):
        autocast(fuse(block(), "full"))


def test_a_compiler_takes_the_casts_into_its_chains():
    made = fuse(autocast(block()), "streams")
    norm = next(op for op in made.ops if op.name == "norm")
    assert [op.work.function for op in norm.epilogue] == ["cast"]
    assert [made.tensors[name].dtype for name in norm.outputs] == ["fp16"]
