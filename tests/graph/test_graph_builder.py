"""The builder: shapes, weights, reads, names."""

import pytest

from archsim.errors import GraphError, UnknownNameError
from archsim.graph import GraphBuilder, Op, Role, Tensor
from archsim.graph.counts import count, macs_by_kind, parameters_of
from archsim.graph.work import MatMul


def test_linear_and_tied_weights_counted_once():
    b = GraphBuilder("tied", dtype="fp16")
    tokens = b.input("tokens", (2, 5), dtype="int32")
    table = b.weight("embedding", (100, 16))
    x = b.gather(table, tokens)
    assert x.shape == (2, 5, 16)
    y = b.linear(x, 100, weight=table, bias=False)
    assert y.shape == (2, 5, 100)
    counts = count(b.build())
    assert counts.parameters == 1600
    assert counts.weight_bytes == 3200
    assert counts.macs == 2 * 5 * 16 * 100
    assert counts.activations == 2 * 5 * 16 + 2 * 5 * 100


def test_gather_reads_no_more_than_it_needs():
    b = GraphBuilder("gather")
    table = b.weight("table", (1000, 8))
    b.gather(table, b.input("few", (3,), dtype="int32"), name="few")
    b.gather(table, b.input("many", (5000,), dtype="int32"), name="many")
    graph = b.build()
    few, many = graph.ops
    assert few.elements_read(graph.tensors) == {"table": 24, "few": 3}
    assert many.elements_read(graph.tensors) == {"table": 8000, "many": 5000}


def test_slices_are_read_in_part_and_never_beyond_the_whole():
    b = GraphBuilder("slices")
    x = b.input("x", (4, 30))
    left, right = b.part(x, 1, 10), b.part(x, 1, 25)
    b.elementwise("relu", left)
    b.op("both", MatMul(1, 4, 1, 1), [left, right], (4, 1))
    graph = b.build()
    assert graph.ops[0].elements_read(graph.tensors) == {"x": 40}
    assert graph.ops[1].reads == (40, 100)
    assert graph.ops[1].elements_read(graph.tensors) == {"x": 120}


def test_reshape_is_free():
    b = GraphBuilder("reshape")
    x = b.input("x", (4, 30))
    y = b.linear(b.reshape(x, (2, 2, 30)), 7)
    assert y.shape == (2, 2, 7)
    graph = b.build()
    assert len(graph.ops) == 1
    assert graph.ops[0].reads == ()
    with pytest.raises(GraphError, match="120 elements"):
        b.reshape(x, (7, 7))


def test_conv_shapes():
    b = GraphBuilder("convs")
    x = b.input("x", (2, 6, 15, 20))
    assert b.conv(x, 8, 3, stride=2, padding=1).shape == (2, 8, 8, 10)
    assert b.conv(x, 8, (3, 1), padding=(1, 0), groups=2).shape == (2, 8, 15, 20)
    assert b.conv(x, 8, 5, stride=3, padding="same").shape == (2, 8, 5, 7)
    assert b.conv(x, 8, 3, dilation=2).shape == (2, 8, 11, 16)
    assert b.conv(x, 8, 2, stride=2, transposed=True).shape == (2, 8, 30, 40)
    assert b.conv(x, 8, 3, stride=2, padding="same", transposed=True).shape == (2, 8, 30, 40)
    assert b.conv(x, 8, 1, padding=(1, 2, 3, 4)).shape == (2, 8, 18, 27)
    shared = b.weight("shared", (6, 6, 3, 3))
    first = b.conv(x, 6, 3, padding=1, weight=shared)
    b.conv(first, 6, 3, padding=1, weight=shared)
    graph = b.build()
    assert graph.ops[1].work.macs == 2 * 8 * 15 * 20 * 3 * 3
    assert sum(tensor.name == "shared" for tensor in graph.weights) == 1


def test_broadcast():
    b = GraphBuilder("broadcast")
    a, c = b.input("a", (4, 1, 5)), b.input("c", (3, 1))
    assert b.elementwise("add", a, c).shape == (4, 3, 5)
    m = b.matmul(b.input("m", (1, 8, 6, 5)), b.input("n", (2, 1, 5, 7)))
    assert m.shape == (2, 8, 6, 7)
    assert b.matmul(m, b.input("t", (9, 7)), transpose_b=True).shape == (2, 8, 6, 9)
    graph = b.build()
    assert graph.ops[0].flops == 60
    assert graph.ops[1].macs == 16 * 6 * 7 * 5


def test_functions_of_two_operands_chain_and_others_do_not():
    b = GraphBuilder("operands")
    x, y, z = (b.input(name, (10,)) for name in "xyz")
    b.elementwise("add", x, y, z)
    b.elementwise("rotary", x, y, z)
    b.elementwise("select", x, y, z)
    add, rotary, select = b.build().ops
    assert (add.flops, rotary.flops, select.flops) == (20, 30, 10)


def test_normalise_rows():
    b = GraphBuilder("norms")
    x = b.input("x", (2, 64, 6, 6))
    for function, rows, length, weights in [
        ("batch_norm", 64, 72, 128),
        ("group_norm", 2 * 32, 72, 128),
        ("instance_norm", 128, 36, 128),
        ("layer_norm", 2 * 64 * 6, 6, 12),
        ("rms_norm", 2 * 64 * 6, 6, 6),
        ("softmax", 2 * 64 * 6, 6, 0),
    ]:
        y = b.normalise(function, x)
        assert y.shape == x.shape
        op = b._ops[-1]
        assert (op.work.rows, op.work.length) == (rows, length), function
        assert parameters_of(op, b._tensors) == weights
    channels_first = b.normalise("layer_norm", x, axis=1)
    assert channels_first.shape == x.shape
    assert b._ops[-1].work.length == 64
    with pytest.raises(GraphError, match="64 channels do not divide into 7 groups"):
        b.normalise("group_norm", x, groups=7)


def test_pool_reduce_concat_and_the_rest():
    b = GraphBuilder("rest")
    x = b.input("x", (2, 8, 112, 112))
    assert b.pool(x, 3, stride=2, ceil=True).shape == (2, 8, 56, 56)
    assert b.pool(x, 3, stride=2, padding=1).shape == (2, 8, 56, 56)
    assert b.pool(x, 2, ceil=True).shape == (2, 8, 56, 56)
    assert b.reduce("mean", x, (2, -1)).shape == (2, 8)
    assert b.concat([x, x], 1).shape == (2, 16, 112, 112)
    assert b.fft(b.input("signal", (3, 256))).shape == (3, 256)
    memory = b.state("list", (1000,), dtype="int4")
    assert b.chase(memory, loads=10).shape == (1,)
    assert b.collective("all_reduce", memory, 4).shape == (1000,)
    rows = b.scatter(b.input("rows", (10, 4)), b.input("to", (10,), dtype="int32"), 7)
    assert rows.shape == (7, 4)
    graph = b.build()
    assert graph.ops[-3].work.footprint == graph.ops[-2].work.payload == 500
    assert count(graph).state_bytes == 500
    assert graph.ops[3].flops == 2 * 8 * 112 * 112


def test_attention_layer():
    b = GraphBuilder("attention")
    q, kv = b.input("q", (2, 5, 64)), b.input("kv", (2, 9, 16))
    y = b.attention(q, kv, kv, heads=8, kv_heads=2, causal=True)
    assert y.shape == (2, 5, 64)
    graph = b.build()
    assert graph.ops[0].macs == 2 * 8 * 5 * 9 * 16
    assert macs_by_kind(graph) == {"attention": graph.ops[0].macs}


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda b, x: b.conv(x, 8, 99), "does not fit"),
        (lambda b, x: b.conv(x, 9, 3, groups=2), "do not divide into 2 groups"),
        (lambda b, x: b.conv(x, 8, 3, groups=0), "do not divide into 0 groups"),
        (lambda b, x: b.conv(x, 8, 3, stride=0), "cannot move"),
        (lambda b, x: b.conv(x, 8, 3, padding="valid"), "'valid' is not known"),
        (lambda b, x: b.conv(x, 8, 1, padding=9, transposed=True), "leaves nothing"),
        (lambda b, x: b.conv(b.reshape(x, (2, 6, 64)), 8, 3), "give it 4 axes"),
        (lambda b, x: b.conv(x, 8, 3, weight=b.weight("w", (8, 8, 3, 3))), "needs a weight of shape"),
        (lambda b, x: b.linear(x, 5, weight=b.weight("w", (5, 5))), "maps 8 features to 5"),
        (lambda b, x: b.linear(b.input("scalar", ()), 5), "works along axis -1"),
        (lambda b, x: b.matmul(x, b.input("y", (7, 7))), "do not fit together"),
        (lambda b, x: b.matmul(x, b.input("y", (3, 6, 8, 8))), "do not fit together"),
        (lambda b, x: b.elementwise("add", x, b.input("y", (7,))), "do not fit together"),
        (lambda b, x: b.elementwise("add"), "no inputs"),
        (lambda b, x: b.concat([x, b.input("y", (2, 6, 8, 9))], 1), "differ beside axis 1"),
        (lambda b, x: b.concat([], 0), "no inputs"),
        (lambda b, x: b.move("copy"), "no inputs"),
        (lambda b, x: b.reduce("sum", x, (4,)), "works along axis 4"),
        (lambda b, x: b.part(x, 1, 7), "no slice of 7"),
        (lambda b, x: b.scatter(x, b.input("i", (5,)), 3), "does not divide"),
        (lambda b, x: b.attention(x, x, x, heads=2), "give it 3 axes"),
        (lambda b, x: b.attention(*[b.reshape(x, (2, 48, 8))] * 3, heads=3), "do not divide"),
        (
            lambda b, x: b.attention(
                b.input("q", (2, 4, 8)), b.input("k", (2, 4, 4)), b.input("v", (2, 4, 8)), heads=2
            ),
            "do not fit together",
        ),
        (lambda b, x: b.elementwise("relu", GraphBuilder("other").input("foreign", (3,))), "'foreign'"),
        (lambda b, x: b.add_op(Op("hand", MatMul(1, 1, 1, 1), ("x",), ()), [Tensor("x", (9,))]), "two tensors"),
    ],
)
def test_layers_say_what_does_not_fit(draw, message):
    b = GraphBuilder("bad")
    x = b.input("x", (2, 6, 8, 8))
    with pytest.raises(GraphError, match=message):
        draw(b, x)


def test_unknown_names():
    b = GraphBuilder("names")
    x = b.input("x", (3,))
    with pytest.raises(UnknownNameError, match="did you mean 'relu'"):
        b.elementwise("rellu", x)
    with pytest.raises(UnknownNameError, match="'layer_norm'"):
        b.normalise("layernorm", x)
    with pytest.raises(UnknownNameError, match="number format 'fp17'"):
        GraphBuilder("names", dtype="fp17")


def test_names_scopes_outputs_notes():
    b = GraphBuilder("names", items=4, item="image", parameters={"batch": 4})
    x = b.input("x", (4, 8))
    with b.scope("block"):
        first = b.linear(x, 8)
        second = b.linear(first, 8)
    b.note("assumed")
    b.note("assumed")
    graph = b.build()
    assert [op.name for op in graph.ops] == ["block/linear", "block/linear_2"]
    assert graph.outputs == (second.name,)
    assert graph.notes == ("assumed",)
    assert (graph.items, graph.item, graph.parameters["batch"]) == (4, "image", 4)
    b.output(first)
    assert b.build().outputs == ("block/linear",)
    assert {tensor.role for tensor in graph.weights} == {Role.WEIGHT}


def test_names_never_collide():
    b = GraphBuilder("names")
    x = b.input("add_2", (3,))
    made = [b.elementwise("add", x, x) for _ in range(3)]
    assert len({tensor.name for tensor in [x, *made]}) == 4
    b.build()
