"""Operators that give the same bytes another shape or name: free."""

from __future__ import annotations

import math

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Source, Value
from archsim.graph import functions
from archsim.graph.work import Elementwise

_BOOL = 9


def _reshape(node: Node, emit: Emitter) -> Results:
    value, shape = node.need(0), node.shape
    if math.prod(shape) != value.elements:
        raise ImportFormatError(
            f"node {node.name!r} ({node.label}) cannot see {value.name} of shape {value.shape} as {shape}",
            hint="a size is written into the file as a number; export it as dynamic, or keep the size it was made for",
        )
    return emit.free(node, value)


def _identity(node: Node, emit: Emitter) -> Results:
    return emit.free(node, node.need(0))


def _dropout(node: Node, emit: Emitter) -> Results:
    """Nothing at inference; drawn and applied when the file says training."""
    x = node.need(0)
    flag = node.get(2)
    if flag is not None and flag.scalar():
        cost = functions.elementwise("dropout")
        return emit.node(node, Elementwise("dropout", x.elements, cost.flops, cost.special), [x], shape=x.shape)
    mask = Value(f"{node.name}/mask", x.shape, _BOOL, True, source=Source(f"{node.name}/mask", x.shape, _BOOL))
    return emit.free(node, x, mask)


RULES: dict[str, Mapper] = {
    "Reshape": _reshape,
    "Flatten": _reshape,
    "Squeeze": _reshape,
    "Unsqueeze": _reshape,
    "Identity": _identity,
    "BitCast": _identity,
    "Dropout": _dropout,
}
