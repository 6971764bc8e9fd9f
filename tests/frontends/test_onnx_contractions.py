"""Products and convolutions, in floats and integers: sizes and MACs counted by hand."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_samples import Sketch, hand_count, single, works

from archsim.errors import ImportFormatError
from archsim.frontends.onnx import load_onnx
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Conv, Elementwise, MatMul, Move, Reduce

INT8, UINT8, INT32 = np.int8, np.uint8, np.int32


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
        ((5, 8), (4, 8, 7), "a", MatMul(1, 28, 5, 8)),
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
    assert op.work == expected
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
