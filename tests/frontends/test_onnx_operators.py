"""One operator at a time: the work each becomes, counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import Sketch, hand_count

from archsim.errors import ImportFormatError
from archsim.frontends.onnx import import_onnx, load_onnx
from archsim.frontends.onnx.ops import mapper, operators
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Attention, Conv, Elementwise, Fft, Gather, MatMul, Move, Normalise, Reduce, Scatter

INT8, UINT8, INT32 = np.int8, np.uint8, np.int32


def single(tmp_path, build, opset=17, domains=(), **options):
    """Import a file with what `build` makes; returns the import."""
    s = Sketch(opset, domains)
    for result in build(s):
        s.output(result)
    return import_onnx(s.save(tmp_path), **options)


def works(imported):
    return [op.work for op in imported.graph.ops]


@pytest.mark.parametrize(
    ("shape", "kernel", "attributes"),
    [
        ((2, 6, 20), (4, 6, 5), {}),
        ((2, 6, 20, 18), (8, 3, 3, 3), {"group": 2, "pads": [1, 0, 2, 1], "strides": [2, 1]}),
        ((1, 4, 17, 17), (4, 1, 5, 5), {"group": 4, "auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ((1, 4, 17, 17), (4, 4, 3, 3), {"dilations": [2, 3]}),
        ((2, 3, 8, 16, 16), (5, 3, 3, 3, 3), {"pads": [1] * 6, "strides": [2, 2, 2]}),
    ],
)
def test_convolutions_of_any_rank(tmp_path, shape, kernel, attributes):
    s = Sketch()
    s.output(s.node("Conv", s.input("x", shape), s.weight("w", kernel), s.weight("b", kernel[:1]), **attributes))
    path = s.save(tmp_path)
    graph = load_onnx(path)
    assert count(graph).macs == hand_count(path)
    assert count(graph).parameters == np.prod(kernel) + kernel[0]
    (op,) = graph.ops
    assert op.work.flops == graph.tensors[op.outputs[0]].elements


def test_padding_is_top_bottom_left_right(tmp_path):
    imported = single(
        tmp_path, lambda s: [s.node("Conv", s.input("x", (1, 1, 9, 9)), s.weight("w", (1, 1, 3, 3)), pads=[1, 2, 3, 4])]
    )
    assert imported.graph.ops[0].work.padding == (1, 3, 2, 4)


def test_a_transposed_convolution_scatters_its_input(tmp_path):
    imported = single(
        tmp_path,
        lambda s: [s.node("ConvTranspose", s.input("x", (2, 6, 5, 7)), s.weight("w", (6, 4, 3, 3)), strides=[2, 2])],
    )
    assert imported.graph.ops[0].work == Conv(2, 6, 4, 5, 7, 11, 15, 3, 3, (2, 2), transposed=True)
    assert count(imported.graph).macs == 2 * 5 * 7 * 6 * 4 * 9


@pytest.mark.parametrize(
    ("a", "b", "weight", "expected"),
    [
        ((3, 5, 8), (8, 7), "b", MatMul(1, 15, 7, 8)),
        ((3, 5, 8), (8, 7), "", MatMul(1, 15, 7, 8, dynamic=True)),
        ((2, 3, 5, 8), (2, 3, 8, 7), "", MatMul(6, 5, 7, 8, dynamic=True)),
        ((2, 3, 5, 8), (3, 8, 7), "", MatMul(6, 5, 7, 8, dynamic=True)),
        ((5, 8), (8, 7), "a", MatMul(1, 7, 5, 8)),
        ((5, 8), (4, 8, 7), "a", MatMul(4, 7, 5, 8)),
        ((4, 5, 8), (4, 8, 7), "b", MatMul(4, 5, 7, 8)),
        ((8,), (8, 7), "b", MatMul(1, 1, 7, 8)),
        ((5, 8), (8,), "b", MatMul(1, 5, 1, 8)),
    ],
)
def test_products_put_the_weight_second(tmp_path, a, b, weight, expected):
    def build(s):
        x = s.weight("a", a) if weight == "a" else s.input("a", a)
        y = s.weight("b", b) if weight == "b" else s.input("b", b)
        return [s.node("MatMul", x, y)]

    imported = single(tmp_path, build)
    (op,) = imported.graph.ops
    assert op.work.macs == expected.macs
    assert op.work.dynamic == expected.dynamic
    assert (op.work.n, op.work.k) == (expected.n, expected.k) or op.work == expected
    if weight:
        assert imported.graph.tensors[op.inputs[1]].role is Role.WEIGHT


@pytest.mark.parametrize("flags", [{}, {"transB": 1}, {"transA": 1}])
def test_gemm(tmp_path, flags):
    a = (8, 5) if flags.get("transA") else (5, 8)
    b = (7, 8) if flags.get("transB") else (8, 7)
    imported = single(
        tmp_path, lambda s: [s.node("Gemm", s.input("x", a), s.weight("w", b), s.weight("c", (7,)), **flags)]
    )
    assert works(imported) == [MatMul(1, 5, 7, 8, bias=True)]
    assert count(imported.graph).parameters == 63


@pytest.mark.parametrize(
    ("equation", "a", "b", "expected"),
    [
        ("bhqd,bhkd->bhqk", (2, 3, 4, 8), (2, 3, 5, 8), MatMul(6, 4, 5, 8, dynamic=True)),
        ("abc,cde->abde", (2, 3, 4), (4, 5, 6), MatMul(1, 6, 30, 4, dynamic=True)),
        ("...ij,...jk->...ik", (2, 4, 8), (2, 8, 3), MatMul(2, 4, 3, 8, dynamic=True)),
        ("ij,jk", (4, 8), (8, 3), MatMul(1, 4, 3, 8, dynamic=True)),
        ("ij,ij->ij", (4, 8), (4, 8), Elementwise("multiply", 32)),
        ("i,j->ij", (4,), (8,), Elementwise("multiply", 32)),
    ],
)
def test_einsum_of_two(tmp_path, equation, a, b, expected):
    imported = single(tmp_path, lambda s: [s.node("Einsum", s.input("a", a), s.input("b", b), equation=equation)])
    assert works(imported) == [expected]


def test_einsum_of_one_and_of_three(tmp_path):
    one = single(tmp_path, lambda s: [s.node("Einsum", s.input("a", (4, 8)), equation="ij->ji")])
    assert works(one) == [Move("transpose", 32)]
    total = single(tmp_path, lambda s: [s.node("Einsum", s.input("a", (4, 8)), equation="ij->i")])
    assert works(total) == [Reduce("sum", 4, 8)]
    inputs = lambda s: [s.node("Einsum", *(s.input(name, (4, 4)) for name in "abc"), equation="ij,jk,kl->il")]  # noqa: E731
    with pytest.raises(ImportFormatError, match="Einsum of 3 operands"):
        single(tmp_path, inputs)
    assert single(tmp_path, inputs, unknown="opaque").coverage.opaque["Einsum"] == 1


def test_quantised_convolution(tmp_path):
    def build(s):
        x, scale, zero = s.input("x", (1, 3, 8, 8), TensorProto.UINT8), s.weight("xs", ()), s.weight("xz", (), UINT8)
        w, ws, wz = s.weight("w", (4, 3, 3, 3), INT8), s.weight("ws", (4,)), s.weight("wz", (4,), INT8)
        ys, yz, b = s.weight("ys", ()), s.weight("yz", (), UINT8), s.weight("b", (4,), INT32)
        return [s.node("QLinearConv", x, scale, zero, w, ws, wz, ys, yz, b)]

    imported = single(tmp_path, build)
    conv, scaled = imported.graph.ops
    assert conv.work.macs == 4 * 6 * 6 * 27
    assert scaled.work.function == "quantise"
    formats = {name: (tensor.dtype, tensor.role) for name, tensor in imported.graph.tensors.items()}
    assert formats["w"] == ("int8", Role.WEIGHT)
    assert formats["b"] == ("int32", Role.WEIGHT)
    assert formats["ws"] == ("fp32", Role.STATE)
    assert formats[conv.outputs[0]] == ("int32", Role.ACTIVATION)
    assert formats[scaled.outputs[0]] == ("int8", Role.ACTIVATION)
    assert count(imported.graph).parameters == 4 * 27 + 4


def test_integer_products_and_dynamic_quantisation(tmp_path):
    def build(s):
        y, scale, zero = s.node("DynamicQuantizeLinear", s.input("x", (5, 8)), outputs=3)
        total = s.node("MatMulInteger", y, s.weight("w", (8, 7), INT8), zero)
        return [s.node("Mul", s.node("Cast", total, to=TensorProto.FLOAT), scale)]

    imported = single(tmp_path, build)
    assert works(imported)[0] == Reduce("min_max", 2, 40)
    assert [op.kind for op in imported.graph.ops] == ["reduce", "elementwise", "matmul", "elementwise", "elementwise"]
    assert imported.graph.tensors[imported.graph.ops[2].inputs[0]].dtype == "int8"
    assert count(imported.graph).macs == 5 * 7 * 8


def test_weights_dequantised_in_the_file_are_read_as_stored(tmp_path):
    def build(s):
        w = s.node(
            "DequantizeLinear", s.weight("w", (8, 7), INT8), s.weight("s", (7,)), s.weight("z", (7,), INT8), axis=1
        )
        return [s.node("MatMul", s.input("x", (5, 8)), w)]

    imported = single(tmp_path, build)
    assert works(imported) == [MatMul(1, 5, 7, 8)]
    assert imported.graph.tensors["w"].dtype == "int8"
    assert imported.graph.tensors["w"].role is Role.WEIGHT
    assert any("integers" in note for note in imported.graph.notes)


def test_packed_weights_of_four_bits(tmp_path):
    def build(s):
        packed = s.weight("w", (64, 2, 8), UINT8)
        return [
            s.node(
                "MatMulNBits",
                s.input("x", (3, 5, 32)),
                packed,
                s.weight("s", (128,)),
                K=32,
                N=64,
                bits=4,
                block_size=16,
                domain="com.microsoft",
            )
        ]

    imported = single(tmp_path, build, domains=["com.microsoft"])
    assert works(imported) == [MatMul(1, 15, 64, 32)]
    assert imported.graph.tensors["w"].dtype == "int4"
    assert count(imported.graph).parameters == 32 * 64
    assert imported.graph.tensors[imported.graph.ops[0].outputs[0]].shape == (3, 5, 64)


def test_batch_norm_statistics_are_state(tmp_path):
    names = ("scale", "shift", "mean", "variance")
    imported = single(
        tmp_path,
        lambda s: [s.node("BatchNormalization", s.input("x", (2, 6, 4, 4)), *(s.weight(n, (6,)) for n in names))],
    )
    assert count(imported.graph).parameters == 12
    assert imported.graph.tensors["mean"].role is imported.graph.tensors["variance"].role is Role.STATE
    assert works(imported)[0].rows == 6


@pytest.mark.parametrize(("opset", "rows", "length"), [(11, 2, 20), (13, 8, 5)])
def test_softmax_meant_all_trailing_axes_before_operator_set_13(tmp_path, opset, rows, length):
    attributes = {} if opset == 11 else {"axis": -1}
    imported = single(tmp_path, lambda s: [s.node("Softmax", s.input("x", (2, 4, 5)), **attributes)], opset)
    (work,) = works(imported)
    assert isinstance(work, Normalise)
    assert (work.rows, work.length) == (rows, length)


def pooled(s, op, **attributes):
    return [s.node(op, s.input("x", (2, 3, 8, 8)), **attributes)]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda s: pooled(s, "MaxPool", kernel_shape=[2, 2], strides=[2, 2]), Reduce("max_pool", 96, 4)),
        (
            lambda s: pooled(s, "AveragePool", kernel_shape=[3, 3], ceil_mode=1, strides=[2, 2]),
            Reduce("average_pool", 96, 9),
        ),
        (lambda s: pooled(s, "GlobalAveragePool"), Reduce("average_pool", 6, 64)),
        (lambda s: pooled(s, "ReduceMean", axes=[2, 3], keepdims=0), Reduce("mean", 6, 64)),
        (lambda s: pooled(s, "ReduceMax"), Reduce("max", 1, 384)),
        (lambda s: pooled(s, "ArgMax", axis=1), Reduce("arg_max", 128, 3)),
        (lambda s: pooled(s, "LRN", size=3), Normalise("local_response_norm", 128, 3, 1, 9.0, 2)),
        (lambda s: pooled(s, "LpNormalization"), Normalise("l2_norm", 48, 8, 2, 3, 0, 2)),
        (lambda s: pooled(s, "DepthToSpace", blocksize=1), Move("depth_to_space", 384)),
        (lambda s: [s.node("TopK", s.input("x", (4, 10)), s.number([3]), outputs=2)[0]], Reduce("top_k", 4, 10)),
        (lambda s: [s.node("CumSum", s.input("x", (4, 10)), s.number(1))], Elementwise("add", 40)),
        (lambda s: [s.node("Pow", s.input("x", (4,)), s.number(2, np.float32))], Elementwise("square", 4)),
        (
            lambda s: [s.node("Sum", *(s.input(n, (4, 1)) for n in "ab"), s.input("c", (4, 9)))],
            Elementwise("add", 36, 2),
        ),
        (lambda s: [s.node("Transpose", s.input("x", (4, 9)))], Move("transpose", 36)),
        (
            lambda s: [s.node("Slice", s.input("x", (4, 9)), s.number([0]), s.number([2]), s.number([1]))],
            Move("slice", 8),
        ),
        (lambda s: [s.node("Pad", s.input("x", (4, 9)), s.number([1, 0, 0, 1]))], Move("pad", 50)),
        (
            lambda s: [s.node("Resize", s.input("x", (1, 2, 4, 4)), "", s.number([1, 1, 2, 2], np.float32))],
            Move("resize_nearest", 128),
        ),
        (
            lambda s: [s.node("Resize", s.input("x", (1, 2, 4, 4)), "", "", s.number([1, 2, 8, 8]), mode="linear")],
            Elementwise("resize_linear", 128, 7.0),
        ),
        (lambda s: [s.node("DFT", s.input("x", (3, 16, 2)), axis=1)], Fft(3, 16)),
        (lambda s: [s.node("Gather", s.weight("w", (50, 8)), s.input("i", (2, 3), TensorProto.INT64))], Gather(6, 8)),
        (lambda s: [s.node("Gather", s.input("x", (2, 5, 8)), s.number(0), axis=1)], Move("slice", 16)),
        (
            lambda s: [s.node("GatherElements", s.input("x", (4, 9)), s.input("i", (4, 2), TensorProto.INT64), axis=1)],
            Gather(8, 1),
        ),
        (
            lambda s: [s.node("GatherND", s.input("x", (4, 9, 5)), s.input("i", (7, 2), TensorProto.INT64))],
            Gather(7, 5),
        ),
        (
            lambda s: [
                s.node("ScatterND", s.input("x", (4, 9)), s.input("i", (3, 1), TensorProto.INT64), s.input("u", (3, 9)))
            ],
            Scatter(3, 9),
        ),
        (
            lambda s: [
                s.node("Where", s.input("c", (4, 1), TensorProto.BOOL), s.input("x", (4, 9)), s.number(0, np.float32))
            ],
            Elementwise("select", 36),
        ),
    ],
)
def test_single_operators(tmp_path, build, expected):
    assert works(single(tmp_path, build)) == [expected]


@pytest.mark.parametrize("op", ["Identity", "Flatten", "Dropout"])
def test_views_cost_nothing(tmp_path, op):
    def build(s):
        return [s.node("Relu", s.node(op, s.input("x", (2, 3, 4))))]

    imported = single(tmp_path, build)
    assert works(imported) == [Elementwise("relu", 24)]
    assert imported.coverage.folded[op] == 1
    assert imported.graph.ops[0].inputs == ("x",)


def test_moving_sizes_of_one_is_a_view(tmp_path):
    imported = single(
        tmp_path, lambda s: [s.node("Relu", s.node("Transpose", s.input("x", (1, 7, 1, 5)), perm=[1, 0, 3, 2]))]
    )
    assert [op.kind for op in imported.graph.ops] == ["elementwise"]


def test_split_writes_every_part(tmp_path):
    imported = single(tmp_path, lambda s: s.node("Split", s.input("x", (4, 9)), s.number([4, 5]), outputs=2, axis=1))
    (op,) = imported.graph.ops
    assert op.work == Move("split", 36)
    assert [imported.graph.tensors[name].shape for name in op.outputs] == [(4, 4), (4, 5)]


@pytest.mark.parametrize(("op", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_run_in_steps(tmp_path, op, gates, directions):
    length, batch, width, hidden = 7, 2, 6, 5

    def build(s):
        x = s.input("x", (length, batch, width))
        w, r = s.weight("w", (directions, gates * hidden, width)), s.weight("r", (directions, gates * hidden, hidden))
        b = s.weight("b", (directions, 2 * gates * hidden))
        way = "bidirectional" if directions == 2 else "forward"
        return s.node(op, x, w, r, b, outputs=2, hidden_size=hidden, direction=way)

    imported = single(tmp_path, build)
    graph = imported.graph
    assert count(graph).macs == directions * length * batch * gates * hidden * (width + hidden)
    assert count(graph).parameters == directions * gates * hidden * (width + hidden + 2)
    assert sorted({op.steps for op in graph.ops}) == [1, length]
    assert graph.tensors[graph.ops[-1].outputs[0]].shape == (length, directions, batch, hidden)
    assert imported.coverage.covered == 1.0


def test_attention_of_operator_set_23(tmp_path):
    def build(s):
        q, k, v = s.input("q", (2, 10, 64)), s.input("k", (2, 10, 32)), s.input("v", (2, 10, 32))
        return [s.node("Attention", q, k, v, q_num_heads=8, kv_num_heads=4, is_causal=1)]

    imported = single(tmp_path, build, 23)
    assert works(imported) == [Attention(2, 8, 4, 10, 10, 8, 8, causal=True)]


def test_group_query_attention_with_a_cache(tmp_path):
    def build(s):
        q, k, v = s.input("q", (2, 1, 64)), s.input("k", (2, 1, 32)), s.input("v", (2, 1, 32))
        past = [s.input(f"past_{name}", (2, 4, 31, 8)) for name in ("key", "value")]
        lengths, total = s.input("lengths", (2,), TensorProto.INT32), s.input("total", (1,), TensorProto.INT32)
        tables = [s.weight(name, (128, 4)) for name in ("cosine", "sine")]
        return s.node(
            "GroupQueryAttention",
            q,
            k,
            v,
            *past,
            lengths,
            total,
            *tables,
            outputs=3,
            num_heads=8,
            kv_num_heads=4,
            do_rotary=1,
            domain="com.microsoft",
        )

    imported = single(tmp_path, build, domains=["com.microsoft"])
    rotations, attention = works(imported)[:2], works(imported)[2]
    assert [work.function for work in rotations] == ["rotary", "rotary"]
    assert attention == Attention(2, 8, 4, 1, 32, 8, 8, causal=True)
    assert imported.graph.ops[2].inputs[1:3] == ("past_key", "past_value")
    assert imported.graph.tensors["past_key"].role is Role.STATE
    assert count(imported.graph).parameters == 0


def test_fused_blocks_of_onnx_runtime(tmp_path):
    width, length = 32, 10

    def build(s):
        ids = s.input("ids", (1, length), TensorProto.INT32)
        tables = [s.weight(name, (rows, width)) for name, rows in (("words", 50), ("places", 16))]
        norm = [s.weight("n.scale", (width,)), s.weight("n.bias", (width,))]
        (x, _) = s.node("EmbedLayerNormalization", ids, "", *tables, "", *norm, outputs=2, domain="com.microsoft")
        a = s.node(
            "Attention",
            x,
            s.weight("qkv", (width, 3 * width)),
            s.weight("qkv.b", (3 * width,)),
            num_heads=4,
            domain="com.microsoft",
        )
        x = s.node("SkipLayerNormalization", a, x, *norm, domain="com.microsoft")
        up = s.node("MatMul", x, s.weight("up", (width, 64)))
        return [s.node("BiasGelu", up, s.weight("up.b", (64,)), domain="com.microsoft")]

    imported = single(tmp_path, build, domains=["com.microsoft"])
    assert imported.coverage.covered == 1.0
    assert Attention(1, 4, 4, length, length, 8, 8) in works(imported)
    assert count(imported.graph).macs == length * width * (3 * width + 64) + 2 * length * length * width
    assert count(imported.graph).parameters == 66 * width + 2 * width + 3 * width * (width + 1) + width * 64 + 64


def test_multi_head_attention_and_fused_products(tmp_path):
    def build(s):
        q, k, v = (s.input(name, (2, 6, 16)) for name in "qkv")
        a = s.node("MultiHeadAttention", q, k, v, num_heads=2, domain="com.microsoft")
        return [s.node("FusedMatMul", a, s.input("b", (2, 6, 16)), transB=1, alpha=0.5, domain="com.microsoft")]

    imported = single(tmp_path, build, domains=["com.microsoft"])
    assert works(imported) == [Attention(2, 2, 2, 6, 6, 8, 8), MatMul(2, 6, 6, 16, dynamic=True)]


def test_sparse_weights_carry_their_density(tmp_path):
    s = Sketch()
    s.output(s.node("MatMul", s.input("x", (5, 8)), "w"))
    model = s.model()
    values = numpy_helper.from_array(np.ones(14, dtype=np.float32), "w")
    indices = numpy_helper.from_array(np.arange(14, dtype=np.int64), "w_indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [8, 7]))
    onnx.save(model, tmp_path / "sparse.onnx")
    tensor = load_onnx(tmp_path / "sparse.onnx").tensors["w"]
    assert (tensor.role, tensor.density) == (Role.WEIGHT, 0.25)


def test_functions_of_the_file_are_put_in_line(tmp_path):
    s = Sketch(domains=["mine"])
    s.output(s.node("Twice", s.input("x", (4, 8)), domain="mine"), (4, 8))
    body = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Add", ["b", "b"], ["c"])]
    model = s.model()
    model.functions.append(helper.make_function("mine", "Twice", ["a"], ["c"], body, [helper.make_opsetid("", 17)]))
    onnx.save(model, tmp_path / "function.onnx")
    assert [op.kind for op in load_onnx(tmp_path / "function.onnx").ops] == ["elementwise", "elementwise"]


def test_the_table_of_operators():
    names = operators()
    assert {"Conv", "MatMul", "LSTM", "com.microsoft::GroupQueryAttention"} <= set(names)
    assert len(names) > 250
    assert mapper("ai.onnx", "Conv") is mapper("", "Conv")
    assert mapper("mine", "Conv") is None
