"""Convolutions of any rank, plain and transposed."""

from __future__ import annotations

import math

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph.work import Conv, Elementwise

Pads = tuple[int, int, int, int]


def convolution(
    node: Node, x: Value, weight: Value, *, bias: bool, transposed: bool = False, out: tuple[int, ...] | None = None
) -> tuple[Conv, tuple[int, ...]]:
    """Work of a convolution, and the shape it writes.

    One spatial axis becomes the width of a picture of height one. Of three and more, all but the last two are unrolled:
    every output position along them is a picture of its own, every kernel position along them a set of channels. The
    MACs are those of the original.

    Raises
    ------
    ImportFormatError
        The shapes do not fit together.
    """
    group = node.integer("group", 1)
    rank = x.rank - 2
    if rank < 1 or weight.rank != x.rank or group < 1:
        raise ImportFormatError(f"{node.label} {node.name!r}: {x.name} {x.shape} and {weight.name} {weight.shape}")
    kernel = node.integers("kernel_shape") or weight.shape[2:]
    stride = node.integers("strides") or (1,) * rank
    dilation = node.integers("dilations") or (1,) * rank
    channels = weight.shape[1] * group if transposed else weight.shape[0]
    if x.shape[1] != (weight.shape[0] if transposed else weight.shape[1] * group) or channels % group:
        raise ImportFormatError(
            f"{node.label} {node.name!r}: {x.shape[1]} channels do not fit the kernel {weight.shape} in {group} groups"
        )
    edge = _edges(node, x.shape[2:], kernel, stride, dilation)
    shape = out or node.outputs[0].shape
    if shape is None:
        shape = (x.shape[0], channels, *_window(x.shape[2:], kernel, stride, dilation, edge))
    image, result = (1, *x.shape[2:])[-2:], (1, *shape[2:])[-2:]
    flat_kernel = (1, *kernel)[-2:]
    outer, taps = (x.shape if transposed else shape)[2:-2], math.prod(kernel[:-2])
    work = Conv(
        batch=x.shape[0] * math.prod(outer),
        in_channels=x.shape[1] * (1 if transposed else taps),
        out_channels=channels * (taps if transposed else 1),
        in_height=image[0],
        in_width=image[1],
        out_height=result[0],
        out_width=result[1],
        kernel_height=flat_kernel[0],
        kernel_width=flat_kernel[1],
        stride=_pair(stride),
        dilation=_pair(dilation),
        padding=_flat(edge),
        groups=group,
        bias=bias,
        transposed=transposed,
        dynamic=not (weight.constant or x.constant),
    )
    return work, shape


def _conv(node: Node, emit: Emitter) -> Results:
    return _emit(node, emit, transposed=False)


def _transposed(node: Node, emit: Emitter) -> Results:
    return _emit(node, emit, transposed=True)


def _emit(node: Node, emit: Emitter, *, transposed: bool) -> Results:
    x, weight, bias = node.need(0), node.need(1), emit.weight(node.get(2))
    emit.weight(weight)
    out = node.shape if transposed else None
    work, shape = convolution(node, x, weight, bias=bias is not None, transposed=transposed, out=out)
    return emit.node(node, work, [x, weight, bias], shape=shape)


def _fused(node: Node, emit: Emitter) -> Results:
    """ONNX Runtime's convolution with an activation, and perhaps a sum before it."""
    x, weight, bias, added = node.need(0), node.need(1), emit.weight(node.get(2)), node.get(3)
    emit.weight(weight)
    work, shape = convolution(node, x, weight, bias=bias is not None)
    result = emit.inner(node, "conv", work, [x, weight, bias], shape)
    if added is not None:
        result = emit.inner(node, "add", Elementwise("add", result.elements), [result, added], shape)
    function = node.text("activation", "relu").lower()
    return emit.node(node, Elementwise(function, result.elements), [result], shape=shape)


def _edges(
    node: Node, size: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> list[tuple[int, int]]:
    """Padding before and after, per spatial axis."""
    rank = len(size)
    rule = node.text("auto_pad", "NOTSET")
    if rule in ("SAME_UPPER", "SAME_LOWER"):
        edges = []
        for length, taps, step, spread in zip(size, kernel, stride, dilation, strict=True):
            total = max((-(-length // step) - 1) * step + (taps - 1) * spread + 1 - length, 0)
            small, large = total // 2, total - total // 2
            edges.append((small, large) if rule == "SAME_UPPER" else (large, small))
        return edges
    pads = node.integers("pads")
    if rule == "VALID" or len(pads) != 2 * rank:
        return [(0, 0)] * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


def _window(
    size: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    edge: list[tuple[int, int]],
) -> tuple[int, ...]:
    spans = zip(size, kernel, stride, dilation, edge, strict=True)
    return tuple((length + sum(pad) - spread * (taps - 1) - 1) // step + 1 for length, taps, step, spread, pad in spans)


def _pair(sizes: tuple[int, ...]) -> tuple[int, int]:
    return (1, *sizes)[-2], sizes[-1]


def _flat(edge: list[tuple[int, int]]) -> Pads:
    top, left = [(0, 0), *edge][-2:]
    return (*top, *left)


RULES: dict[str, Mapper] = {"Conv": _conv, "ConvTranspose": _transposed, "FusedConv": _fused}
