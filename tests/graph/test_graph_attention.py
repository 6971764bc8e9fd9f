"""Attention taken apart: the same MACs, every tensor through memory."""

import pytest

from archsim.errors import GraphError
from archsim.graph import Graph, GraphBuilder, Op, check_graph
from archsim.graph.attention import expand_attention
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.fusion import fuse
from archsim.graph.work import Attention


def attention(heads=8, kv_heads=2, causal=False, steps=1, extra=False):
    b = GraphBuilder("attention")
    x = b.input("x", (2, 6, 64))
    joint = b.linear(x, 64 + 2 * 8 * kv_heads, bias=False, name="joint")
    q, kv = b.part(joint, 2, 64), b.part(joint, 2, 8 * kv_heads)
    inputs = [q, kv, kv]
    if extra:
        inputs.append(b.weight("bias", (heads, 6, 6)))
    work = Attention(2, heads, kv_heads, 6, 6, 8, 8, causal)
    y = b.op("attention", work, inputs, (2, 6, 64), steps=steps)
    b.elementwise("relu", y)
    return b.build()


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("kv_heads", [1, 2, 8])
@pytest.mark.parametrize("extra", [False, True])
def test_expansion_conserves_work_without_a_mask(kv_heads, steps, extra):
    graph = attention(kv_heads=kv_heads, steps=steps, extra=extra)
    made = expand_attention(graph)
    check_graph(made)
    before, after = count(graph), count(made)
    assert after.macs == before.macs
    assert after.flops == before.flops
    assert after.special == before.special
    assert [op.kind for op in made.ops] == ["matmul", "matmul", "normalise", "matmul", "elementwise"]


def test_reads_of_packed_heads_survive():
    made = expand_attention(attention())
    scores, softmax, values = made.ops[1:4]
    assert scores.elements_read(made.tensors) == {"joint": 2 * 6 * (64 + 16)}
    assert values.elements_read(made.tensors) == {"attention/softmax": 2 * 8 * 36, "joint": 2 * 6 * 16}
    assert softmax.inputs == ("attention/scores",)
    assert made.tensors["attention/scores"].shape == (2, 8, 6, 6)


def test_a_causal_mask_saves_nothing_here():
    graph = attention(causal=True)
    made = expand_attention(graph)
    assert count(made).macs == count(graph).macs
    assert count(made).flops > count(graph).flops


def test_a_bias_is_read_by_the_softmax():
    made = expand_attention(attention(extra=True))
    assert made.ops[2].inputs == ("attention/scores", "bias")


def test_gradient_expands_to_five_matmuls():
    graph = training(attention(extra=True))
    made = expand_attention(graph)
    check_graph(made)
    assert count(made).macs == count(graph).macs
    back = [op for op in made.ops if op.name.startswith("attention/dgrad")]
    assert [op.kind for op in back] == ["matmul", "normalise", "matmul", "matmul", "normalise", "matmul", "matmul"]
    assert {op.phase for op in back} == {graph.ops[-1].phase.DGRAD}
    assert not any(op.kind == "attention" for op in made.ops)
    # The bias's gradient comes out of the softmax's gradient, the row sums of the forward pass out of its softmax.
    assert any(name.startswith("attention/dgrad/") for name in back[4].outputs)
    assert "attention/row-sums" in made.ops[2].outputs


def test_keeping_the_scores_saves_a_matmul():
    graph = attention(kv_heads=8)
    recomputed, kept = training(graph), training(expand_attention(graph))
    scores = 2 * 8 * 36 * 8
    assert count(recomputed).macs - count(kept).macs == scores


def test_fused_attention_is_not_taken_apart():
    fused = fuse(attention(), "attention")
    assert len(fused.ops) == 2
    with pytest.raises(GraphError, match="'attention' is fused already"):
        expand_attention(fused)


def test_attention_without_keys():
    graph = attention()
    op = graph.ops[1]
    broken = Graph("net", (Op("a", op.work, op.inputs[:2], op.outputs),), graph.tensors)
    with pytest.raises(GraphError, match="'a' reads 2 tensors"):
        expand_attention(broken)


def test_nothing_to_expand():
    b = GraphBuilder("plain")
    b.linear(b.input("x", (2, 3)), 4)
    graph = b.build()
    assert expand_attention(graph) is graph
