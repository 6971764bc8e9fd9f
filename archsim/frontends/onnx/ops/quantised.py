"""Integer arithmetic: quantise and dequantise, and contractions of integers."""

from __future__ import annotations

import math

import numpy as np

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.formats import INT8, INT32, UINT8
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.contracting import product, swapped
from archsim.frontends.onnx.ops.convolving import convolution
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph import functions
from archsim.graph.work import Elementwise, Move, Reduce

_FLOAT = 1


def _element(function: str, elements: int) -> Elementwise:
    cost = functions.elementwise(function)
    return Elementwise(function, elements, cost.flops, cost.special)


def _quantise(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    scales = [emit.state(value) for value in node.inputs[1:3]]
    point = node.get(2)
    code = node.outputs[0].code or (point.code if point is not None else UINT8)
    return emit.node(node, _element("quantise", x.elements), [x, *scales], shape=x.shape, code=code)


def _dequantise(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    scales = [emit.state(value) for value in node.inputs[1:3]]
    code = node.outputs[0].code or _FLOAT
    return emit.node(node, _element("dequantise", x.elements), [x, *scales], shape=x.shape, code=code)


def _quantise_dynamic(node: Node, emit: Emitter) -> Results:
    """Find the range of the whole tensor, then quantise with it."""
    x = node.need(0)
    limits = emit.inner(node, "range", Reduce("min_max", 2, x.elements), [x], (2,))
    result = emit.inner(node, "quantise", _element("quantise", x.elements), [x, limits], x.shape, code=UINT8)
    return emit.last(node, result, emit.view(limits, ()), emit.view(limits, (), UINT8))


def _matmul_integer(node: Node, emit: Emitter) -> Results:
    points = [emit.state(value) for value in node.inputs[2:4]]
    work, operands = product(emit, node.need(0), node.need(1))
    return emit.node(node, work, [*operands, *points], code=INT32)


def _conv_integer(node: Node, emit: Emitter) -> Results:
    x, weight = node.need(0), node.need(1)
    emit.weight(weight)
    points = [emit.state(value) for value in node.inputs[2:4]]
    work, shape = convolution(node, x, weight, bias=False)
    return emit.node(node, work, [x, weight, *points], shape=shape, code=INT32)


def _requantised(node: Node, emit: Emitter, sums: Value, position: int) -> Results:
    """Bring 32-bit sums back to eight bits with the scales of the output."""
    scales = [emit.state(value) for value in (node.get(position), node.get(position + 1)) if value is not None]
    point = node.get(position + 1)
    code = node.outputs[0].code or (point.code if point is not None else INT8)
    return emit.node(node, _element("quantise", sums.elements), [sums, *scales], shape=sums.shape, code=code)


def _qlinear_conv(node: Node, emit: Emitter) -> Results:
    x, weight, bias = node.need(0), node.need(3), emit.weight(node.get(8))
    emit.weight(weight)
    points = [emit.state(node.get(position)) for position in (1, 2, 4, 5)]
    work, shape = convolution(node, x, weight, bias=bias is not None)
    sums = emit.inner(node, "conv", work, [x, weight, bias, *points], shape, code=INT32)
    return _requantised(node, emit, sums, 6)


def _qlinear_matmul(node: Node, emit: Emitter) -> Results:
    a, b = node.need(0), node.need(3)
    points = [emit.state(node.get(position)) for position in (1, 2, 4, 5)]
    work, operands = product(emit, a, b)
    sums = emit.inner(node, "matmul", work, [*operands, *points], _product_shape(a, b), code=INT32)
    return _requantised(node, emit, sums, 6)


def _qgemm(node: Node, emit: Emitter) -> Results:
    a, b, bias = node.need(0), node.need(3), emit.weight(node.get(6))
    left = swapped(a.shape) if node.integer("transA") else a.shape
    right = swapped(b.shape) if node.integer("transB") else b.shape
    points = [emit.state(node.get(position)) for position in (1, 2, 4, 5)]
    work, operands = product(emit, a, b, a_shape=left, b_shape=right, bias=bias is not None)
    sums = emit.inner(node, "matmul", work, [*operands, bias, *points], (left[0], right[1]), code=INT32)
    return _requantised(node, emit, sums, 7)


def _integer_to_float(node: Node, emit: Emitter) -> Results:
    """MatMulIntegerToFloat and DynamicQuantizeMatMul: an integer product, scaled to floats."""
    a, b = node.need(0), node.need(1)
    points = [emit.state(value) for value in node.inputs[2:]]
    shape = _product_shape(a, b)
    if node.op == "DynamicQuantizeMatMul":
        limits = emit.inner(node, "range", Reduce("min_max", 2, a.elements), [a], (2,))
        a = emit.inner(node, "quantise", _element("quantise", a.elements), [a, limits], a.shape, code=UINT8)
    work, operands = product(emit, a, b)
    sums = emit.inner(node, "matmul", work, list(operands), shape, code=INT32)
    return emit.node(node, _element("dequantise", sums.elements), [sums, *points], shape=shape, code=_FLOAT)


def _qlinear_pointwise(function: str, others: tuple[int, ...]) -> Mapper:
    """Dequantise, compute, quantise again: one pass over the elements."""

    def rule(node: Node, emit: Emitter) -> Results:
        operands = [node.need(position) for position in others]
        scales = [emit.state(value) for place, value in enumerate(node.inputs) if place not in others]
        shape = tuple(np.broadcast_shapes(*(value.shape for value in operands)))
        parts = [functions.elementwise(name) for name in ("dequantise",) * len(operands) + (function, "quantise")]
        flops, special = sum(part.flops for part in parts), sum(part.special for part in parts)
        work = Elementwise(function, math.prod(shape), flops, special)
        return emit.node(node, work, [*operands, *scales], shape=shape, code=operands[0].code)

    return rule


def _qlinear_pool(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    axes = range(1, x.rank - 1) if node.integer("channels_last") else range(2, x.rank)
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(x.shape))
    work = Reduce("average_pool", math.prod(shape), x.elements // max(math.prod(shape), 1))
    return emit.node(node, work, [x], shape=shape, code=x.code)


def _qlinear_concat(node: Node, emit: Emitter) -> Results:
    parts = [node.need(position) for position in range(2, len(node.inputs), 3)]
    axis = node.integer("axis")
    shape = list(parts[0].shape)
    shape[axis] = sum(part.shape[axis] for part in parts)
    return emit.node(node, Move("concat", math.prod(shape)), list(parts), shape=shape, code=parts[0].code)


def _product_shape(a: Value, b: Value) -> tuple[int, ...]:
    return (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])


RULES: dict[str, Mapper] = {
    "QuantizeLinear": _quantise,
    "DequantizeLinear": _dequantise,
    "DynamicQuantizeLinear": _quantise_dynamic,
    "MatMulInteger": _matmul_integer,
    "ConvInteger": _conv_integer,
    "QLinearConv": _qlinear_conv,
    "QLinearMatMul": _qlinear_matmul,
    "QGemm": _qgemm,
    "MatMulIntegerToFloat": _integer_to_float,
    "DynamicQuantizeMatMul": _integer_to_float,
    "QLinearAdd": _qlinear_pointwise("add", (0, 3)),
    "QLinearMul": _qlinear_pointwise("multiply", (0, 3)),
    "QLinearSigmoid": _qlinear_pointwise("sigmoid", (0,)),
    "QLinearLeakyRelu": _qlinear_pointwise("leaky_relu", (0,)),
    "QLinearGlobalAveragePool": _qlinear_pool,
    "QLinearConcat": _qlinear_concat,
}
