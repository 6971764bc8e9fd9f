"""Order of the channels: tensor-core convolutions read channels last, so maps stored channels first are turned around.

A library's convolution on maps with channels first runs three kernels: one that turns the input around, the product,
and one that turns the result back (cuDNN's ``nchwToNhwc`` and ``nhwcToNchw``). A 1x1 convolution is a matrix product in
either order, and depthwise and grouped convolutions have kernels of their own in either order: these are left alone.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from types import MappingProxyType

from archsim.graph.dtypes import DTYPES
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor
from archsim.graph.work import Conv, Move

NARROW = 16.0
"""Bits up to which convolutions run on tensor cores whatever the library is told."""


def channels_first(graph: Graph) -> Graph:
    """Return the graph with the kernels that turn maps around for dense convolutions of narrow formats.

    Call it on the forward graph, behind `archsim.graph.autocast.autocast` where there is one; in a training step the
    gradients then pass the same kernels.
    """
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    for op in graph.ops:
        ops += _turned(op, op.work, tensors) if isinstance(op.work, Conv) and _dense(op, tensors) else [op]
    return graph.replace(ops=tuple(ops), tensors=MappingProxyType(tensors))


def _dense(op: Op, tensors: dict[str, Tensor]) -> bool:
    work = op.work
    if not isinstance(work, Conv) or work.groups > 1 or op.epilogue:
        return False
    pointwise = work.kernel_height == work.kernel_width == 1
    return not pointwise and DTYPES[tensors[op.inputs[0]].dtype].bits <= NARROW


def _turned(op: Op, work: Conv, tensors: dict[str, Tensor]) -> list[Op]:
    source, target = tensors[op.inputs[0]], tensors[op.outputs[0]]
    read = op.reads[0] if op.reads else source.elements
    shape = source.shape if read == source.elements else (read,)
    there = Tensor(f"{op.name}/channels-last", shape, source.dtype)
    back = replace(target, name=f"{op.name}/result")
    tensors |= {there.name: there, back.name: back}
    reads = () if read == source.elements else (read,)
    into = Op(there.name, Move("turn", prod(shape)), (source.name,), (there.name,), op.phase, op.steps, reads)
    whole = all(tensors[name].elements == count for name, count in zip(op.inputs[1:], op.reads[1:], strict=False))
    product = replace(
        op, name=back.name, work=work, inputs=(there.name, *op.inputs[1:]), outputs=(back.name, *op.outputs[1:]),
        reads=() if whole else (read, *op.reads[1:]),
    )  # fmt: skip
    out = Op(op.name, Move("turn", target.elements), (back.name,), (target.name,), op.phase, op.steps)
    return [into, product, out]
