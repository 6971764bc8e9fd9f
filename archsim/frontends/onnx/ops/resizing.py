"""Resampling of pictures, and Fourier transforms of signals."""

from __future__ import annotations

import math

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node, Unmapped
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.graph.work import Elementwise, Fft, Move


def _resize(node: Node, emit: Emitter) -> Results:
    """Nearest neighbour copies; linear and cubic blend two or four neighbours along every axis that changes."""
    x, shape = node.need(0), node.shape
    if shape == x.shape:
        return emit.free(node, x)
    reach = {"linear": 2, "bilinear": 2, "cubic": 4}.get(node.text("mode", "nearest"), 1)
    elements = math.prod(shape)
    if reach == 1:
        return emit.node(node, Move("resize_nearest", elements), [x])
    changed = sum(old != new for old, new in zip(x.shape, shape, strict=True))
    taps = reach**changed
    return emit.node(node, Elementwise(f"resize_{node.text('mode')}", elements, 2.0 * taps - 1), [x])


def _fourier(node: Node, emit: Emitter) -> Results:
    """Discrete Fourier transform along one axis of (..., length, ..., 1 or 2)."""
    x, shape = node.need(0), node.shape
    axis = node.get(2)
    numbers = None if axis is None else axis.integers()
    place = numbers[0] if numbers else node.integer("axis", 1 if node.version < 20 else -2)
    if x.rank < 2 or len(shape) != x.rank:
        raise Unmapped(f"a transform of shape {x.shape}")
    length = max(x.shape[place], shape[place])
    return emit.node(node, Fft(max(math.prod(x.shape[:-1]) // max(x.shape[place], 1), 1), length), [x])


RULES: dict[str, Mapper] = {"Resize": _resize, "Upsample": _resize, "DFT": _fourier}
