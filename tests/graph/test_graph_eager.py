"""Kernel for kernel what eager frameworks launch, against the sequences that traces of the libraries show."""

import pytest

from archsim.errors import GraphError, UnknownNameError
from archsim.graph import GraphBuilder, check_graph
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.eager import STYLES, Style, eager, style
from archsim.graph.fusion import fuse
from archsim.graph.work import Attention, AttentionGradient, Elementwise, MatMul
from archsim.workloads import workload

GELU_NEW = ["multiply", "cube", "multiply", "add", "multiply", "tanh", "add", "multiply"]

# One layer of traces of the Transformers library (torch.fx, views left out), copies inside matmul aside.
GPT2 = [
    "layer_norm", "matmul", "bmm", "multiply", "masked", "softmax", "bmm", "copy", "matmul", "add",
    "layer_norm", "matmul", *GELU_NEW, "matmul", "add",
]  # fmt: skip
BERT = [
    "matmul", "matmul", "matmul", "bmm", "multiply", "add", "softmax", "bmm", "copy", "matmul", "add", "layer_norm",
    "matmul", "gelu", "matmul", "add", "layer_norm",
]  # fmt: skip
OPT = [
    "layer_norm", "matmul", "matmul", "matmul", "multiply", "copy", "copy", "copy", "bmm", "add", "maximum", "softmax",
    "bmm", "copy", "matmul", "add", "layer_norm", "matmul", "relu", "matmul", "add",
]  # fmt: skip
T5 = [
    "square", "mean", "add", "rsqrt", "multiply", "multiply", "matmul", "matmul", "matmul", "bmm", "add", "softmax",
    "bmm", "copy", "matmul", "add",
    "square", "mean", "add", "rsqrt", "multiply", "multiply", "matmul", "relu", "matmul", "add",
]  # fmt: skip


# PyTorch 1.8's own encoder layer: `linear` of three axes adds its bias apart, heads lie apart by strides.
TORCH = [
    "matmul", "add", "multiply", "copy", "copy", "bmm", "softmax", "dropout", "bmm", "copy", "matmul", "add", "dropout",
    "add", "layer_norm", "matmul", "add", "relu", "dropout", "matmul", "add", "dropout", "add", "layer_norm",
]  # fmt: skip


def kernel(op):
    if isinstance(op.work, MatMul):
        return "bmm" if op.work.dynamic else "matmul"
    return "copy" if op.kind == "move" else op.work.function


def layer(name, how, scope, **parameters):
    graph = workload(name, dtype="fp32", **parameters)
    made = eager(graph, style(how))
    check_graph(made)
    assert count(made).macs == count(graph).macs
    assert count(made).parameters == count(graph).parameters
    return [kernel(op) for op in made.ops if op.name.startswith(scope)]


@pytest.mark.parametrize(
    ("name", "how", "scope", "parameters", "expected"),
    [
        ("gpt2-large", "gpt2", "layer-7/", {}, GPT2),
        ("bert-large", "bert", "layer-7/", {"packed": False}, BERT),
        ("opt-1.3b", "opt", "layer-7/", {}, OPT),
        ("t5-large", "t5", "encoder/layer-7/", {}, T5),
    ],
)
def test_one_layer_is_the_sequence_of_the_library(name, how, scope, parameters, expected):
    assert layer(name, how, scope, **parameters) == expected


def test_the_encoder_layer_of_pytorch_adds_biases_apart():
    graph = workload("bert-large-layer", activation="relu", inner_dropout=True)
    made = eager(graph, style("torch"), dropout=True)
    check_graph(made)
    assert count(made).macs == count(graph).macs
    assert [kernel(op) for op in made.ops] == TORCH
    flat = GraphBuilder("flat")
    flat.linear(flat.input("x", (8, 16)), 4)
    assert [kernel(op) for op in eager(flat.build(), style("torch")).ops] == ["matmul"]


@pytest.mark.parametrize(("name", "how", "more"), [("gpt2-large", "gpt2", 3), ("opt-1.3b", "opt", 0)])
def test_heads_of_several_items_are_copied_apart(name, how, more):
    one, two = layer(name, how, "layer-7/"), layer(name, how, "layer-7/", batch=2)
    assert len(two) == len(one) + more
    assert two.count("copy") == one.count("copy") + more


def test_llama_rotates_in_five_kernels_and_repeats_shared_heads():
    made = layer("llama-3-8b", "transformers", "layer-7/", sequence=128)
    assert made.count("negate") == made.count("concat") + made.count("copy") - 3 == 2  # keys, values, heads together
    assert len(made) == 6 + 3 + 2 * 5 + 2 + 6 + 1 + 6 + 5 + 2


def test_copies_move_every_byte_of_their_part():
    made = eager(workload("gpt2-small", batch=2, sequence=64), style("gpt2"))
    op = next(op for op in made.ops if op.name == "layer-0/attention/key-heads")
    elements = 2 * 64 * 768
    assert op.elements_read(made.tensors) == {"layer-0/query-key-value": elements}
    assert made.tensors[op.outputs[0]].shape == (2 * 12, 64, 64)


def attention_op(batch=2, tokens=6, keys=6, more=(), **parts):
    b = GraphBuilder("attention")
    x = b.input("x", (batch, tokens, 32))
    q = b.linear(x, 32, name="q")
    k, v = b.state("k", (batch, keys, 32)), b.state("v", (batch, keys, 32))
    extra = [b.weight(f"extra{index}", shape) for index, shape in enumerate(more)]
    reads = parts.get("reads")
    work = Attention(batch, 4, 4, tokens, keys, 8, 8, causal=parts.get("causal", False))
    b.op("attention", work, [q, k, v, *extra], (batch, tokens, 32), reads=reads or ())
    return b.build()


def test_biases_are_added_one_by_one_instead_of_the_mask():
    made = eager(attention_op(more=[(4, 6, 6), (2, 1, 6, 6)], causal=True), Style())
    assert [op.name for op in made.ops if "bias" in op.name and "attention" in op.name] == [
        "attention/bias-1", "attention/bias-2",
    ]  # fmt: skip
    assert not any(op.name.endswith("/mask") for op in made.ops)


def test_a_mask_is_applied_where_something_is_hidden_or_the_library_always_does():
    def masks(how, causal):
        return sum(op.name.endswith("/mask") for op in eager(attention_op(causal=causal), how).ops)

    assert [masks(Style(), False), masks(Style(), True), masks(Style(always=True), False)] == [0, 1, 1]


def test_a_cache_is_read_with_the_new_keys_and_not_copied():
    graph = workload("llama-2-7b-decode", sequence=64)
    made = eager(graph)
    check_graph(made)
    assert count(made).macs == count(graph).macs
    scores = next(op for op in made.ops if op.name == "layer-0/attention/scores")
    assert set(scores.inputs) == {"layer-0/rotary-query", "layer-0/key-cache", "layer-0/append-key"}
    assert not any("key-heads" in op.name for op in made.ops)


def test_writing_out_twice_changes_nothing():
    once = eager(workload("llama-2-7b", sequence=64, layers=1))
    assert eager(once).ops == once.ops


def test_a_training_step_keeps_the_scores_and_drops_shares():
    how = style("gpt2")
    forward = eager(workload("gpt2-small", layers=1, sequence=64, dropout=True, dtype="fp32"), how, dropout=True)
    step = eager(training(forward), how)
    check_graph(step)
    assert not any(isinstance(op.work, Attention) for op in step.ops)
    assert count(step).macs == 3 * count(forward).macs  # the look-up in front has no gradient to be computed
    names = [op.name for op in step.ops]
    assert sum("dropout/dgrad" in name for name in names) == 4  # embedding, shares, both halves
    # x^3 goes back as 3 x^2 times the gradient, in three kernels.
    cube = [op.work.function for op in step.ops if "cube/dgrad" in op.name]
    assert cube == ["square", "multiply", "multiply"]
    masked = next(op for op in step.ops if op.name.endswith("attention/mask/dgrad"))
    assert len(masked.inputs) == 1  # of the mask no more than a constant is kept


def test_gradients_of_whole_attention_are_expanded():
    made = eager(training(attention_op()))
    assert not any(isinstance(op.work, AttentionGradient) for op in made.ops)


def test_formulas_do_the_arithmetic_of_the_function():
    b = GraphBuilder("gelu")
    b.elementwise("gelu_tanh", b.input("x", (4, 8)))
    graph = b.build()
    made = eager(graph)
    assert [op.work.function for op in made.ops] == GELU_NEW
    assert count(made).special == count(graph).special
    assert count(made).flops == count(graph).flops + 32  # x^3 as two products, where the function counts one reuse
    assert made.ops[-1].outputs == graph.ops[-1].outputs


def test_sums_of_many_and_biases_of_convolutions_are_kernels_of_their_own():
    b = GraphBuilder("sums")
    x = b.input("x", (1, 3, 8, 8))
    y = b.conv(x, 4, 3, padding=1, bias=True)
    b.elementwise("add", y, y, b.input("z", (1, 4, 8, 8)))
    made = eager(b.build())
    check_graph(made)
    assert [kernel(op) if op.kind != "conv" else "conv" for op in made.ops] == ["conv", "add", "add", "add"]
    assert set(made.ops[0].inputs) == {"x", "conv/weight"}
    assert made.ops[1].inputs == ("conv/product", "conv/bias")
    assert count(made).flops == count(b.build()).flops


def test_attention_may_stay_one_kernel():
    graph = workload("deit-ti", batch=2)
    made = eager(graph, attention_kernel=True)
    assert sum(isinstance(op.work, Attention) for op in made.ops) == 12
    assert len(made.ops) == len(graph.ops) + 1  # the bias of the patches' convolution


def test_the_policy_is_the_generic_style():
    graph = workload("gpt2-small", layers=1, sequence=64)
    assert fuse(graph, "eager").ops == eager(graph).ops
    assert fuse(graph, "eager", attention_kernel=False).ops == eager(graph).ops


def test_styles_are_known_by_name():
    assert set(STYLES) >= {"transformers", "gpt2", "bert", "opt", "t5", "timm"}
    with pytest.raises(UnknownNameError, match="did you mean 'bert'"):
        style("brt")


def test_what_cannot_be_written_out():
    graph = fuse(workload("resnet18"), "full")
    with pytest.raises(GraphError, match="is fused already"):
        eager(graph)
    b = GraphBuilder("broken")
    x = b.input("x", (1, 4, 8))
    b.op("attention", Attention(1, 1, 1, 4, 4, 8, 8), [x], (1, 4, 8))
    with pytest.raises(GraphError, match="reads 1 tensors"):
        eager(b.build())


@pytest.mark.parametrize(
    "name", ["swin-v2-t", "maxvit-t", "mamba-130m", "mixtral-8x7b", "capsnet", "gat-cora", "t5-small"]
)
def test_every_kind_of_network_stays_legal(name):
    graph = workload(name)
    made = eager(graph)
    check_graph(made)
    assert count(made).macs == count(graph).macs
    assert all(isinstance(op.work, Elementwise) or op.kind != "attention" for op in made.ops)
