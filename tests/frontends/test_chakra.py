"""Chakra traces: what each node becomes, the order of dependencies, and bytes named in errors."""

from __future__ import annotations

import pytest
from chakra_samples import attribute, message, node, number, sample, trace, varint

from archsim.errors import ImportFormatError, UsageError
from archsim.frontends.chakra import load_chakra
from archsim.graph.work import Collective, Move, Opaque


@pytest.fixture
def written(tmp_path):
    def write(content):
        path = tmp_path / "rank.0.et"
        path.write_bytes(content)
        return path

    return write


def test_nodes_become_ops_in_the_order_of_their_dependencies(written):
    graph = load_chakra(written(sample()), participants=8)
    assert [op.name for op in graph.ops] == [
        "weights/load", "gemm/compute", "gradients/collective", "next-stage/send", "note/metadata",
    ]  # fmt: skip
    load, gemm, reduce, send, note = graph.ops
    assert gemm.flops == 1 << 30
    assert gemm.inputs == ("weights/load", "gemm/data")
    assert graph.tensors["gemm/data"].bytes == 1 << 20
    assert load.work == Move("load", 2048)
    assert reduce.work == Collective("all_reduce", 8, 1_000_001)
    assert send.work == Move("send", 32)
    assert send.inputs[0] == "gradients/collective"
    assert note.flops == 0
    assert graph.parameters["schema"] == "0.0.4"


def test_number_formats_and_kinds_of_attributes(written):
    content = trace(
        node(0, "a", 4, attribute("num_ops", 100.0, "double"), attribute("tensor_size", 64, "sint64")),
        node(1, "b", 4, attribute("num_ops", 8.0, "float"), attribute("op", "mul", "string")),
        node(2, "b", 4, attribute("tensor_size", 12)),
    )
    graph = load_chakra(written(content), dtype="fp32")
    assert [op.flops for op in graph.ops] == [100, 8, 0]
    assert graph.tensors["a/data"].elements == 16
    assert graph.ops[2].work == Opaque("b", 3)
    assert graph.ops[2].name == "b_2/compute"


def test_collectives_need_a_number_of_participants(written):
    with pytest.raises(UsageError, match="does not say over how many machines; give participants=8"):
        load_chakra(written(sample()))
    with pytest.raises(UsageError, match="participants=0"):
        load_chakra(written(sample()), participants=0)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\xff" * 40, "a number is longer than 64 bit at byte 0"),
        (sample()[:30], r"bytes are announced and \d+ are left at byte 8"),
        (trace(number(1, 1) + b"\x1b"), "a field is of the unknown kind 3 at byte"),
        (trace(b"\x00\x01"), "a field has no number at byte"),
        (trace(node(0, "a", 77)), "'a' is of the unknown type 77"),
        (trace(number(1, 1) + number(2, 5) + number(3, 4)), "a number stands where text or a message belongs"),
        (trace(message(1, "x")), "something else stands where a number belongs"),
        (trace(node(0, b"\xff\xfe", 4)), "a name is not text"),
        (trace(), "has no nodes"),
        (trace(node(1, "a", 4), node(1, "b", 4)), "two nodes have the number 1"),
        (trace(node(1, "a", 4, data=(7,))), "needs node 7, which is not there"),
        (trace(node(1, "a", 4, data=(2,)), node(2, "b", 4, data=(1,))), "2 nodes wait for one another"),
        (trace(node(1, "a", 4, attribute("num_ops", -5))), "num_ops = -5"),
        (trace(node(1, "a", 7, attribute("comm_type", 55))), "unknown comm_type 55"),
        (varint(3) + b"\x0a\x01a" + varint(9), "9 bytes are announced and 0 are left at byte 4"),
    ],
)
def test_malformed_traces_are_refused_with_the_byte(written, content, said):
    with pytest.raises(ImportFormatError, match=said):
        load_chakra(written(content), participants=2)
