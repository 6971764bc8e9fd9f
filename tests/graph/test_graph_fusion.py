"""Fusion: legal under every policy, conserves all work, and makes intermediate bytes vanish."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import UnknownNameError
from archsim.graph import GraphBuilder, Op, Phase, Role, Tensor, check_graph
from archsim.graph.attention import expand_attention
from archsim.graph.counts import count
from archsim.graph.fusion import POLICIES, fuse
from archsim.graph.work import Elementwise


def flat(graph):
    return [inner.name for op in graph.ops for inner in (op, *op.epilogue)]


def conserved(graph, policy):
    made = fuse(graph, policy)
    check_graph(made)
    before, after = count(graph), count(made)
    assert after.macs == before.macs
    if policy != "eager":  # which writes formulas out and copies heads
        assert after.flops == pytest.approx(before.flops, rel=1e-12)
        assert after.special == pytest.approx(before.special, rel=1e-12)
        whole = graph if policy in ("attention", "full", "streams") else expand_attention(graph)
        assert after.activation_bytes <= count(whole).activation_bytes
    for name in graph.outputs:
        assert any(name in op.outputs for op in made.ops)
    return made


def conv_block():
    b = GraphBuilder("block", dtype="fp16")
    x = b.input("x", (1, 8, 6, 6))
    y = b.elementwise("relu", b.normalise("batch_norm", b.conv(x, 8, 3, padding=1)))
    b.pool(y, 2)
    return b.build()


def test_epilogue_takes_pointwise_work_in():
    graph = conv_block()
    made = conserved(graph, "epilogue")
    assert [op.name for op in made.ops] == ["conv", "max_pool"]
    assert [op.name for op in made.ops[0].epilogue] == ["batch_norm", "relu"]
    assert made.ops[0].outputs == ("relu",)
    assert set(made.ops[0].inputs) == {"x", "conv/weight", "batch_norm/scale_shift", "batch_norm/statistics"}
    pixels = 8 * 36
    assert count(graph).activation_bytes - count(made).activation_bytes == 2 * pixels * 2  # conv and batch norm


def test_streams_leave_contractions_to_the_library():
    graph = conv_block()
    made = conserved(graph, "streams")
    assert [op.name for op in made.ops] == ["conv", "batch_norm", "max_pool"]
    assert [op.name for op in made.ops[1].epilogue] == ["relu"]
    pixels = 8 * 36
    assert count(graph).activation_bytes - count(made).activation_bytes == pixels * 2  # batch norm alone


def test_none_changes_nothing_without_attention():
    graph = conv_block()
    assert fuse(graph, "none") is graph


def test_unknown_policy():
    with pytest.raises(UnknownNameError, match="did you mean 'epilogue'"):
        fuse(conv_block(), "epilog")


def test_a_result_somebody_else_reads_is_still_written():
    b = GraphBuilder("residual")
    x = b.input("x", (4, 16))
    y = b.linear(x, 16)
    z = b.elementwise("relu", y)
    b.elementwise("add", z, y)
    made = conserved(b.build(), "epilogue")
    assert [op.name for op in made.ops] == ["linear"]
    assert made.ops[0].outputs == ("add",)

    b = GraphBuilder("shared")
    y = b.linear(b.input("x", (4, 16)), 16)
    z = b.elementwise("relu", y)
    b.linear(z, 4, name="left")
    b.linear(y, 4, name="right")
    made = conserved(b.build(), "full")
    assert made.ops[0].outputs == ("linear", "relu")


def test_residual_join_waits_for_the_later_branch():
    b = GraphBuilder("residual")
    x = b.elementwise("relu", b.linear(b.input("x", (4, 16)), 16, name="stem"))
    left = b.linear(x, 16, name="left")
    right = b.linear(left, 16, name="right")
    joined = b.elementwise("add", left, right)
    b.linear(joined, 2, name="head")
    made = conserved(b.build(), "full")
    assert [op.name for op in made.ops] == ["stem", "left", "right", "head"]
    assert [op.name for op in made.ops[2].epilogue] == ["add"]
    assert "left" in made.ops[2].inputs


def test_full_chains_streams_and_attention_stays_whole():
    b = GraphBuilder("chain")
    x = b.input("x", (2, 6, 8))
    y = b.attention(x, x, x, heads=2)
    y = b.elementwise("gelu", b.normalise("layer_norm", b.elementwise("add", x, y)))
    b.reduce("sum", y, (1,))
    graph = b.build()
    assert [op.kind for op in conserved(graph, "attention").ops] == ["attention", "normalise", "elementwise", "reduce"]
    assert [op.kind for op in conserved(graph, "full").ops] == ["attention", "normalise", "reduce"]
    assert [op.kind for op in fuse(graph, "none").ops][:3] == ["matmul", "normalise", "matmul"]
    assert "attention" not in {op.kind for op in fuse(graph, "full", attention_kernel=False).ops}


def test_reads_of_two_slices_survive():
    b = GraphBuilder("slices")
    x = b.input("x", (4, 30))
    y = b.elementwise("relu", b.part(x, 1, 10))
    b.elementwise("add", y, b.part(x, 1, 10))
    made = conserved(b.build(), "full")
    assert len(made.ops) == 1
    assert made.ops[0].elements_read(made.tensors) == {"x": 80}


def test_steps_and_phases_are_not_mixed():
    b = GraphBuilder("steps")
    y = b.linear(b.input("x", (4, 16)), 16, steps=3)
    b.elementwise("relu", y)
    assert len(conserved(b.build(), "full").ops) == 2
    b = GraphBuilder("phases")
    y = b.linear(b.input("x", (4, 16)), 16)
    b.op("relu", Elementwise("relu", 64), [y], None, phase=Phase.DGRAD)
    assert len(conserved(b.build(), "full").ops) == 2


def test_a_group_does_not_move_past_the_rewriting_of_its_state():
    b = GraphBuilder("state")
    memory = b.state("memory", (4, 16))
    x = b.input("x", (4, 16))
    y = b.elementwise("add", x, memory)
    b.add_op(Op("write", Elementwise("relu", 64), ("x",), ("memory",)), [])
    b.elementwise("relu", y)
    made = conserved(b.build(), "full")
    assert [op.name for op in made.ops] == ["add", "write", "relu"]


def test_state_written_in_place_stays_an_output():
    b = GraphBuilder("state")
    x = b.input("x", (4, 16))
    b.state("memory", (4, 16))
    b.add_op(Op("first", Elementwise("relu", 64), ("x", "memory"), ("y", "memory")), [Tensor("y", (4, 16))])
    b.elementwise("relu", b.elementwise("add", x, Tensor("y", (4, 16))))
    made = conserved(b.build(), "full")
    assert len(made.ops) == 1
    assert "memory" in made.ops[0].outputs
    assert made.tensors["memory"].role is Role.STATE


def test_a_group_may_rewrite_the_state_it_reads():
    b = GraphBuilder("state")
    memory = b.state("memory", (4, 16))
    y = b.elementwise("add", b.input("x", (4, 16)), memory)
    z = Tensor("z", (4, 16))
    b.add_op(Op("step", Elementwise("tanh", 64), (y.name,), ("z", "memory")), [z])
    b.elementwise("relu", z)
    made = conserved(b.build(), "full")
    assert [op.name for op in made.ops] == ["add"]
    assert set(made.ops[0].outputs) == {"memory", "relu"}


@st.composite
def nets(draw):
    """Random graphs of equal shapes with several readers, branches, attention and slices."""
    b = GraphBuilder("random")
    known = [b.input("x", (1, 4, 8))]
    for _ in range(draw(st.integers(1, 14))):
        kind = draw(st.sampled_from(["relu", "gelu", "add", "linear", "layer_norm", "softmax", "move", "attention"]))
        pick = st.sampled_from(known)
        x = draw(pick)
        if kind in ("relu", "gelu"):
            y = b.elementwise(kind, x)
        elif kind == "add":
            y = b.elementwise("add", x, draw(pick))
        elif kind == "linear":
            y = b.linear(x, 8)
        elif kind == "move":
            y = b.move("transpose", x)
        elif kind == "attention":
            y = b.attention(x, draw(pick), draw(pick), heads=2)
        else:
            y = b.normalise(kind, x)
        known.append(y)
        if draw(st.booleans()):
            b.output(y)
    return b.build()


@settings(max_examples=200, deadline=None)
@given(graph=nets(), policy=st.sampled_from(POLICIES))
def test_random_graphs_stay_legal_and_conserve_work(graph, policy):
    made = conserved(graph, policy)
    assert len(flat(made)) == len(set(flat(made)))
    if policy in ("attention", "full", "streams"):
        assert sorted(flat(made)) == sorted(op.name for op in graph.ops)
