"""Shapes and work of NIR primitives, one timestep at a time; shapes are without the batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from archsim.errors import ImportFormatError
from archsim.frontends.nir.describe import Array
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
    weight : Array or None
        Synaptic weights, or factors.
    layout : tuple of int
        Shape of the weights in archsim's order.
    bias : bool
        Whether there is a bias per output.
    apart : bool
        Of a pool: whether every input lies in one window.
    """

    shape: Shape
    work: Work | None = None
    weight: Array | None = None
    layout: Shape = ()
    bias: bool = False
    apart: bool = False


def plan(node: Node, shape: Shape | None, batch: int) -> Planned:
    """Work out what `node` does with an input of `shape`; None where that is not known.

    Raises
    ------
    ImportFormatError
        The input does not fit, or its shape is needed and nothing says it.
    """
    kind, parameters = node.kind, node.parameters
    if kind in SPIKING | INTEGRATING:
        return Planned(_neurons(node, shape))
    if kind in ("Input", "Output"):
        return Planned(shape or parameters.shape("input_type" if kind == "Input" else "output_type"))
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
        factors = parameters.array("scale")
        return Planned(shape, Elementwise("multiply", elements, *elementwise("multiply")), factors, factors.shape)
    return Planned(shape, Move("delay", elements))


def plan_all(nodes: Mapping[str, Node], batch: int) -> dict[str, Planned]:
    """Plan all nodes, given in execution order; errors as in `plan`."""
    planned: dict[str, Planned] = {}
    for node in nodes.values():
        planned[node.name] = plan(node, arriving(node, nodes, planned), batch)
    return planned


def arriving(node: Node, nodes: Mapping[str, Node], planned: Mapping[str, Planned]) -> Shape | None:
    """Shape of a node's input; of neurons that come later in a loop, what their parameters say."""
    for name in (*node.inputs, *node.previous):
        shape = planned[name].shape if name in planned else own_shape(nodes[name])
        if shape is not None:
            return shape
    return None


def own_shape(node: Node) -> Shape | None:
    """Shape of a group of neurons as its parameters give it; None where one number serves all."""
    parameter = "threshold" if node.kind == "Threshold" else "v_threshold" if node.kind in SPIKING else "r"
    own = node.parameters.array(parameter)
    return own.shape if own.elements > 1 else None


def _neurons(node: Node, shape: Shape | None) -> Shape:
    own = own_shape(node)
    if shape is None and own is None:
        raise ImportFormatError(f"nothing says how many neurons {node.name!r} has")
    if shape is not None and own is not None and math.prod(own) != math.prod(shape):
        raise ImportFormatError(f"{node.name!r} has parameters for {own}, but its input has the shape {shape}")
    return shape or own or ()


def _linear(node: Node, shape: Shape, batch: int) -> Planned:
    weight = node.parameters.array("weight")
    if len(weight.shape) != 2 or not weight.elements:
        raise ImportFormatError(f"the weight of {node.name!r} has the shape {weight.shape}", hint="two axes are read")
    features, k = weight.shape
    if shape[-1] != k and math.prod(shape) != k:
        raise ImportFormatError(f"{node.name!r} takes {k} inputs, but gets the shape {shape}")
    # Exporters leave out a Flatten in front; all features then arrive as one row.
    out = (*shape[:-1], features) if shape[-1] == k else (features,)
    bias = node.kind == "Affine"
    work = MatMul(1, batch * (math.prod(shape) // k), features, k, bias=bias)
    return Planned(out, work, weight, (k, features), bias)


def _conv(node: Node, shape: Shape, batch: int) -> Planned:
    flat, weight = node.kind == "Conv1d", node.parameters.array("weight")
    sizes = weight.shape
    if flat:
        sizes, shape = (*sizes[:2], 1, *sizes[2:]), (shape[0], 1, *shape[1:])
    if len(sizes) != 4 or len(shape) != 3 or not weight.elements:
        raise ImportFormatError(f"{node.name!r} has a weight of shape {weight.shape} and an input of shape {shape}")
    features, inner, tall, wide = sizes
    groups = node.parameters.integers("groups")[0]
    if groups < 1 or shape[0] != inner * groups or features % groups:
        raise ImportFormatError(
            f"{node.name!r} takes {inner * groups} channels in {groups} groups, but gets {shape[0]}"
        )
    stride, dilation = node.parameters.pair("stride", flat=flat), node.parameters.pair("dilation", flat=flat)
    word = node.parameters.word("padding")
    padding = (0 if word == "valid" else word) if word else node.parameters.pair("padding", flat=flat, outer=0)
    edge = pads(padding, (tall, wide), stride, dilation, (shape[1], shape[2]))
    height = window_size(shape[1], tall, stride[0], dilation[0], edge[0] + edge[1])
    width = window_size(shape[2], wide, stride[1], dilation[1], edge[2] + edge[3])
    bias = node.parameters.has("bias")
    work = Conv(
        batch,
        shape[0],
        features,
        shape[1],
        shape[2],
        height,
        width,
        tall,
        wide,
        stride,
        dilation,
        edge,
        groups,
        bias,
    )
    return Planned((features, width) if flat else (features, height, width), work, weight, sizes, bias)


def _pool(node: Node, shape: Shape, batch: int) -> Planned:
    if len(shape) != 3:
        raise ImportFormatError(f"{node.name!r} pools channels, height and width, but gets the shape {shape}")
    taps, stride, edge = (node.parameters.pair(key) for key in ("kernel_size", "stride", "padding"))
    height = window_size(shape[1], taps[0], stride[0], 1, 2 * edge[0])
    width = window_size(shape[2], taps[1], stride[1], 1, 2 * edge[1])
    out = (shape[0], height, width)
    function = "sum" if node.kind == "SumPool2d" else "mean"
    apart = taps == stride and edge == (0, 0) and (height * taps[0], width * taps[1]) == shape[1:]
    return Planned(out, Reduce(function, batch * math.prod(out), taps[0] * taps[1]), apart=apart)


def _flat(node: Node, shape: Shape) -> Shape:
    rank = len(shape)
    first, last = node.parameters.integers("start_dim")[0], node.parameters.integers("end_dim")[0]
    first, last = min(max(first, 0), rank - 1), last % rank if -rank <= last < rank else rank - 1
    if last < first:
        raise ImportFormatError(f"{node.name!r} flattens from axis {first} to {last}")
    return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
