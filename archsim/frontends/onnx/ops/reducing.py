"""Many elements into few: Reduce*, pooling, ArgMax, TopK."""

from __future__ import annotations

import math

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph.work import Normalise, Reduce


def _reduce(function: str) -> Mapper:
    def rule(node: Node, emit: Emitter) -> Results:
        x, shape = node.need(0), node.shape
        if shape and math.prod(shape) == x.elements:
            return emit.free(node, x)
        return emit.node(node, _over(function, x, shape), [x])

    return rule


def _over(function: str, x: Value, shape: tuple[int, ...]) -> Reduce:
    outputs = math.prod(shape)
    return Reduce(function, outputs, x.elements // max(outputs, 1))


def _log_sum_exp(node: Node, emit: Emitter) -> Results:
    x, outputs = node.need(0), max(math.prod(node.shape), 1)
    # Subtract the maximum, exponentiate, add up; one logarithm per row.
    work = Normalise("log_sum_exp", outputs, x.elements // outputs, 2, 3.0, 1.0, 1.0)
    return emit.node(node, work, [x])


def _pool(function: str) -> Mapper:
    def rule(node: Node, emit: Emitter) -> Results:
        x = node.need(0)
        work = Reduce(function, math.prod(node.shape), math.prod(node.integers("kernel_shape")))
        return emit.node(node, work, [x])

    return rule


def _global_pool(function: str) -> Mapper:
    def rule(node: Node, emit: Emitter) -> Results:
        x = node.need(0)
        shape = (*x.shape[:2], *(1 for _ in x.shape[2:]))
        return emit.node(node, _over(function, x, shape), [x], shape=shape)

    return rule


def _arg(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    return emit.node(node, _over("arg_max" if node.op == "ArgMax" else "arg_min", x, node.shape), [x])


def _top(node: Node, emit: Emitter) -> Results:
    """Select the largest: one comparison per element is the least any selection needs."""
    x = node.need(0)
    length = max(x.shape[node.integer("axis", -1)], 1)
    return emit.node(node, Reduce("top_k", x.elements // length, length), [x])


RULES: dict[str, Mapper] = {
    "ReduceSum": _reduce("sum"),
    "ReduceMean": _reduce("mean"),
    "ReduceMax": _reduce("max"),
    "ReduceMin": _reduce("min"),
    "ReduceProd": _reduce("product"),
    "ReduceL1": _reduce("l1"),
    "ReduceL2": _reduce("l2"),
    "ReduceSumSquare": _reduce("sum_square"),
    "ReduceLogSum": _reduce("log_sum"),
    "ReduceLogSumExp": _log_sum_exp,
    "MaxPool": _pool("max_pool"),
    "AveragePool": _pool("average_pool"),
    "LpPool": _pool("lp_pool"),
    "GlobalMaxPool": _global_pool("max_pool"),
    "GlobalAveragePool": _global_pool("average_pool"),
    "GlobalLpPool": _global_pool("lp_pool"),
    "ArgMax": _arg,
    "ArgMin": _arg,
    "TopK": _top,
}
