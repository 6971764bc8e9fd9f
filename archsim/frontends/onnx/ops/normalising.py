"""Normalising operators: rows are read, summed up and rescaled."""

from __future__ import annotations

import math

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph import functions
from archsim.graph.work import Normalise


def rows(function: str, value: Value, length: int, *, more_flops: float = 0.0) -> Normalise:
    """Work of normalising `value` in rows of `length` elements."""
    cost = functions.normalise(function)
    length = max(length, 1)
    many = value.elements // length
    flops = cost.flops + more_flops
    return Normalise(function, many, length, cost.passes, flops, cost.special, cost.special_per_row)


def _batch_norm(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    channels = x.shape[1] if x.rank > 1 else 1
    learned = [emit.weight(node.get(1)), emit.weight(node.get(2))]
    statistics = [emit.state(node.get(3)), emit.state(node.get(4))]
    work = rows("batch_norm", x, x.elements // max(channels, 1))
    return emit.node(node, work, [x, *learned, *statistics], shape=x.shape)


def _layer_norm(node: Node, emit: Emitter) -> Results:
    return _scaled(node, emit, "layer_norm")


def _rms_norm(node: Node, emit: Emitter) -> Results:
    return _scaled(node, emit, "rms_norm")


def _scaled(node: Node, emit: Emitter, function: str) -> Results:
    x = node.need(0)
    axis = node.integer("axis", -1) % max(x.rank, 1)
    learned = [emit.weight(value) for value in node.inputs[1:3]]
    return emit.node(node, rows(function, x, math.prod(x.shape[axis:])), [x, *learned], shape=x.shape)


def _instance_norm(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    learned = [emit.weight(value) for value in node.inputs[1:3]]
    return emit.node(node, rows("instance_norm", x, math.prod(x.shape[2:])), [x, *learned], shape=x.shape)


def _group_norm(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    groups = node.integer("num_groups", 0) or node.integer("groups", 1)
    learned = [emit.weight(value) for value in node.inputs[1:3]]
    length = math.prod(x.shape[1:]) // max(groups, 1)
    return emit.node(node, rows("group_norm", x, length), [x, *learned], shape=x.shape)


def _local_response(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    cost = functions.normalise("local_response_norm")
    # Per element: `size` squares and size - 1 sums, scale and offset, and the product with the power.
    flops = 2.0 * node.integer("size", 5) + 3
    work = Normalise("local_response_norm", x.elements // x.shape[1], x.shape[1], cost.passes, flops, cost.special)
    return emit.node(node, work, [x], shape=x.shape)


def _lp_norm(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    return emit.node(node, rows("l2_norm", x, x.shape[node.integer("axis", -1)]), [x], shape=x.shape)


def _mean_variance(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    axes = node.integers("axes", (0, 2, 3))
    return emit.node(node, rows("layer_norm", x, math.prod(x.shape[axis] for axis in axes)), [x], shape=x.shape)


def _softmax(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    function = "log_softmax" if node.op == "LogSoftmax" else "softmax"
    if node.version < 13 and not node.domain:
        # Before operator set 13 everything from the axis on was one row.
        length = math.prod(x.shape[node.integer("axis", 1) % max(x.rank, 1) :])
    else:
        length = x.shape[node.integer("axis", -1)]
    return emit.node(node, rows(function, x, length), [x], shape=x.shape)


RULES: dict[str, Mapper] = {
    "BatchNormalization": _batch_norm,
    "LayerNormalization": _layer_norm,
    "RMSNormalization": _rms_norm,
    "SimplifiedLayerNormalization": _rms_norm,
    "InstanceNormalization": _instance_norm,
    "GroupNormalization": _group_norm,
    "GroupNorm": _group_norm,
    "LRN": _local_response,
    "LpNormalization": _lp_norm,
    "MeanVarianceNormalization": _mean_variance,
    "Softmax": _softmax,
    "LogSoftmax": _softmax,
}
