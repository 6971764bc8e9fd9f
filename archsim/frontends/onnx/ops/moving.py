"""Operators that copy elements into another place or order, and compute nothing."""

from __future__ import annotations

import math

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.graph.work import Move


def _copy(function: str) -> Mapper:
    """Move the first input; it is free when nothing changes."""

    def rule(node: Node, emit: Emitter) -> Results:
        x, shape = node.need(0), node.shape
        if shape == x.shape and function != "reverse":
            return emit.free(node, x)
        elements = math.prod(shape)
        return emit.node(node, Move(function, elements), [x], reads=[min(x.elements, elements)])

    return rule


def _transpose(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    order = node.integers("perm") or tuple(range(x.rank))[::-1]
    # Sizes of one may move anywhere without any element changing its address.
    long_axes = [axis for axis in order if x.shape[axis] != 1]
    shape = tuple(x.shape[axis] for axis in order)
    if long_axes == sorted(long_axes):
        return [emit.view(x, shape)]
    return emit.node(node, Move("transpose", x.elements), [x], shape=shape)


def _concat(node: Node, emit: Emitter) -> Results:
    parts = [value for value in node.given if value.elements]
    axis = node.integer("axis")
    if len(parts) == 1:
        return emit.free(node, parts[0])
    total = sum(value.elements for value in parts)
    if not parts:
        return emit.node(node, Move("concat", 0), [])
    shape = list(parts[0].shape)
    shape[axis] = sum(value.shape[axis] for value in parts)
    return emit.node(node, Move("concat", total), list(parts), shape=node.outputs[0].shape or shape)


def _split(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    written = sum(math.prod(slot.shape or ()) for slot in node.outputs if slot.used)
    if len(node.outputs) == 1:
        return emit.free(node, x)
    return emit.node(node, Move("split", written), [x], reads=[min(written, x.elements)])


def _space_depth(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    return emit.node(node, Move("space_to_depth" if node.op == "SpaceToDepth" else "depth_to_space", x.elements), [x])


RULES: dict[str, Mapper] = {
    "Transpose": _transpose,
    "Concat": _concat,
    "Split": _split,
    "Slice": _copy("slice"),
    "Pad": _copy("pad"),
    "Expand": _copy("expand"),
    "Tile": _copy("tile"),
    "CenterCropPad": _copy("pad"),
    "ReverseSequence": _copy("reverse"),
    "Col2Im": _copy("col2im"),
    "Im2Col": _copy("im2col"),
    "DepthToSpace": _space_depth,
    "SpaceToDepth": _space_depth,
    "MaxUnpool": _copy("unpool"),
}
