"""Shapes and work of NIR primitives, one timestep at a time; shapes are without the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from archsim.errors import ImportFormatError
from archsim.frontends.nir.network import INTEGRATING, SPIKING, Node
from archsim.graph.functions import elementwise
from archsim.graph.shapes import pads, window_size
from archsim.graph.work import Conv, Elementwise, MatMul, Move, Reduce, Work

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Planned:
    """What a primitive does in one timestep.

    Attributes
    ----------
    shape : tuple of int
        Of its output.
    work : Work or None
        None where nothing is computed: ends, views, and neurons, whose work spans all timesteps.
    weight : array or None
        Synaptic weights, in archsim's layout.
    bias : bool
        Whether there is a bias per output.
    """

    shape: Shape
    work: Work | None = None
    weight: Any = None
    bias: bool = False


def plan(node: Node, shape: Shape | None, batch: int) -> Planned:
    """Work out what `node` does with an input of `shape`; None where that is not known.

    Raises
    ------
    ImportFormatError
        The input does not fit, or its shape is needed and nothing says it.
    """
    source, kind = node.source, node.kind
    if kind in SPIKING | INTEGRATING:
        return Planned(_neurons(node, shape))
    if kind in ("Input", "Output"):
        declared = source.input_type if kind == "Input" else source.output_type
        return Planned(shape or _sizes(node, next(iter(declared.values()), None)))
    if shape is None:
        raise ImportFormatError(
            f"nothing says what shape the input of {node.name!r} has", hint="give the graph an Input"
        )
    if kind in ("Linear", "Affine"):
        return _linear(node, shape, batch)
    if kind in ("Conv1d", "Conv2d"):
        return _conv(node, shape, batch)
    if kind in ("SumPool2d", "AvgPool2d"):
        return _pool(node, shape, batch)
    if kind == "Flatten":
        return Planned(_flat(node, shape))
    elements = batch * math.prod(shape)
    if kind == "Scale":
        return Planned(shape, Elementwise("multiply", elements, *elementwise("multiply")), np.asarray(source.scale))
    return Planned(shape, Move("delay", elements))


def _sizes(node: Node, value: Any) -> Shape:
    if value is None:
        raise ImportFormatError(f"{node.name!r} says no shape", hint="give the Input its shape")
    sizes = tuple(int(size) for size in np.atleast_1d(np.asarray(value)).ravel())
    if not sizes or min(sizes) < 1:
        raise ImportFormatError(f"{node.name!r} has the shape {sizes}", hint="every size is at least 1")
    return sizes


def own_shape(node: Node) -> Shape | None:
    """Shape of a group of neurons as its parameters give it; None where one number serves all."""
    parameter = "threshold" if node.kind == "Threshold" else "v_threshold" if node.kind in SPIKING else "r"
    own = tuple(int(size) for size in np.shape(getattr(node.source, parameter)))
    return own if math.prod(own) > 1 else None


def _neurons(node: Node, shape: Shape | None) -> Shape:
    own = own_shape(node)
    if shape is None and own is None:
        raise ImportFormatError(f"nothing says how many neurons {node.name!r} has")
    if shape is not None and own is not None and math.prod(own) != math.prod(shape):
        raise ImportFormatError(f"{node.name!r} has parameters for {own}, but its input has the shape {shape}")
    return shape or own or ()


def _linear(node: Node, shape: Shape, batch: int) -> Planned:
    weight = np.asarray(node.source.weight)
    *lead, features, k = weight.shape
    if lead:
        raise ImportFormatError(f"the weight of {node.name!r} has {weight.ndim} axes", hint="two are read")
    rows = math.prod(shape) // k if k else 0
    if not k or (shape[-1] != k and math.prod(shape) != k):
        raise ImportFormatError(f"{node.name!r} takes {k} inputs, but gets the shape {shape}")
    bias = node.kind == "Affine"
    # Exporters leave out a Flatten in front; all features then arrive as one row.
    out = (*shape[:-1], features) if shape[-1] == k else (features,)
    return Planned(out, MatMul(1, batch * rows, features, k, bias=bias), weight.T, bias)


def _conv(node: Node, shape: Shape, batch: int) -> Planned:
    source, flat = node.source, node.kind == "Conv1d"
    weight = np.asarray(source.weight)
    if flat:
        weight = weight[:, :, None, :] if weight.ndim == 3 else weight
        shape = (shape[0], 1, *shape[1:])
    if weight.ndim != 4 or len(shape) != 3:
        raise ImportFormatError(f"{node.name!r} has a weight of {weight.ndim} axes and an input of {len(shape)}")
    features, inner, tall, wide = (int(size) for size in weight.shape)
    groups = int(source.groups)
    if groups < 1 or shape[0] != inner * groups or features % groups:
        raise ImportFormatError(
            f"{node.name!r} takes {inner * groups} channels in {groups} groups, but gets {shape[0]}"
        )
    stride, dilation = _pair(node, source.stride, flat=flat), _pair(node, source.dilation, flat=flat)
    edge = _edge(node, (tall, wide), stride, dilation, shape)
    height = window_size(shape[1], tall, stride[0], dilation[0], edge[0] + edge[1])
    width = window_size(shape[2], wide, stride[1], dilation[1], edge[2] + edge[3])
    has_bias = source.bias is not None and np.size(source.bias) > 0
    work = Conv(batch, shape[0], features, shape[1], shape[2], height, width, tall, wide,
                stride, dilation, edge, groups, has_bias)  # fmt: skip
    return Planned((features, width) if flat else (features, height, width), work, weight, has_bias)


def _edge(
    node: Node, taps: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int], shape: Shape
) -> tuple[int, int, int, int]:
    value = node.source.padding
    word = value.decode() if isinstance(value, bytes) else value
    if isinstance(word, str):
        padding: Any = 0 if word == "valid" else word
    else:
        padding = _pair(node, word, flat=node.kind == "Conv1d", outer=0)
    return pads(padding, taps, stride, dilation, (shape[1], shape[2]))


def _pool(node: Node, shape: Shape, batch: int) -> Planned:
    if len(shape) != 3:
        raise ImportFormatError(f"{node.name!r} pools channels, height and width, but gets the shape {shape}")
    taps = _pair(node, node.source.kernel_size)
    stride = _pair(node, node.source.stride)
    edge = _pair(node, node.source.padding)
    height = window_size(shape[1], taps[0], stride[0], 1, 2 * edge[0])
    width = window_size(shape[2], taps[1], stride[1], 1, 2 * edge[1])
    out = (shape[0], height, width)
    function = "sum" if node.kind == "SumPool2d" else "mean"
    return Planned(out, Reduce(function, batch * math.prod(out), taps[0] * taps[1]))


def _flat(node: Node, shape: Shape) -> Shape:
    rank = len(shape)
    first, last = int(node.source.start_dim), int(node.source.end_dim)
    first, last = min(max(first, 0), rank - 1), last % rank if -rank <= last < rank else rank - 1
    if last < first:
        raise ImportFormatError(f"{node.name!r} flattens from axis {first} to {last}")
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])


def _pair(node: Node, value: Any, *, flat: bool = False, outer: int = 1) -> tuple[int, int]:
    """Height and width from one number or two; a one-dimensional layer has height `outer`."""
    numbers = [int(number) for number in np.atleast_1d(np.asarray(value)).ravel()]
    if len(numbers) not in (1, 2) or (flat and len(numbers) != 1):
        raise ImportFormatError(f"{node.name!r} has {len(numbers)} numbers where one or two belong")
    return (outer, numbers[0]) if flat else (numbers[0], numbers[-1])
