"""Mixed precision as a framework's automatic casting runs it: parameters stay wide, products run narrow.

The rules are those of PyTorch's ``torch.autocast`` on CUDA: products cast what they read; normalisation, softmax and a
few functions that lose digits run in fp32 and write fp32; everything else computes in the widest format it reads, the
conversion inside its own kernel. Batch norm takes narrow maps with wide parameters and writes what it read. A weight is
cast once per run, everything else once per reader. Casts are kernels and stand in the graph.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from archsim.errors import GraphError
from archsim.graph.dtypes import DTYPES, FLOATS
from archsim.graph.dtypes import dtype as number_format
from archsim.graph.functions import elementwise
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.retype import with_precision
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, Conv, Elementwise, MatMul, Normalise

WIDE: Final = "fp32"
NARROWED: Final = (MatMul, Conv, Attention)
WIDENED: Final = frozenset({"cube", "exp", "log", "power", "reciprocal", "rsqrt", "softplus"})
"""Pointwise functions in the list that runs in fp32."""


def autocast(graph: Graph, narrow: str = "fp16") -> Graph:
    """Return the forward graph with its casts: parameters and inputs in fp32, products in `narrow`.

    Call it on the graph that `archsim.graph.eager.eager` returns, so that a softmax inside attention is seen; for a
    training step before `archsim.graph.backward.training`, whose gradients then pass the casts backwards.

    Raises
    ------
    GraphError
        A fused op, or a `narrow` that is no float narrower than fp32.
    """
    if number_format(narrow).name not in FLOATS or DTYPES[narrow].bits >= DTYPES[WIDE].bits:
        raise GraphError(f"nothing is narrowed by casting to {narrow!r}", hint="write fp16 or bf16")
    graph = with_precision(graph, WIDE)
    casts = _Casts(dict(graph.tensors), narrow)
    for op in graph.ops:
        if op.epilogue:
            raise GraphError(f"op {op.name!r} is fused already", hint="cast first, then fuse")
        casts.take(op)
    return graph.replace(ops=tuple(casts.ops), tensors=MappingProxyType(casts.tensors))


class _Casts:
    def __init__(self, tensors: dict[str, Tensor], narrow: str) -> None:
        self.tensors = tensors
        self.narrow = narrow
        self.ops: list[Op] = []
        self._weights: dict[str, str] = {}

    def take(self, op: Op) -> None:
        """Append `op` as it runs, its casts in front of it."""
        runs = self._format(op)
        if isinstance(op.work, NARROWED) or (runs == WIDE and self._widens(op)):
            op = self._cast_inputs(op, runs)
        for name in op.outputs:
            made = self.tensors[name]
            if made.dtype != runs and made.dtype in FLOATS and made.role is Role.ACTIVATION:
                self.tensors[name] = replace(made, dtype=runs)
        self.ops.append(op)

    def _format(self, op: Op) -> str:
        if isinstance(op.work, NARROWED):
            return self.narrow
        if self._widens(op):
            return WIDE
        read = [self.tensors[name] for name in op.inputs]
        if isinstance(op.work, Normalise):
            read = read[:1]
        floats = [tensor.dtype for tensor in read if tensor.dtype in FLOATS]
        return max(floats, key=lambda name: DTYPES[name].bits) if floats else WIDE

    @staticmethod
    def _widens(op: Op) -> bool:
        if isinstance(op.work, Normalise):
            return op.work.function != "batch_norm"
        return isinstance(op.work, Elementwise) and op.work.function in WIDENED

    def _cast_inputs(self, op: Op, wanted: str) -> Op:
        reads = list(op.reads or (self.tensors[name].elements for name in op.inputs))
        names = list(op.inputs)
        for index, name in enumerate(op.inputs):
            tensor = self.tensors[name]
            if tensor.dtype not in FLOATS or tensor.dtype == wanted or (tensor.role is Role.STATE):
                continue
            if isinstance(op.work, Normalise) and index:
                continue  # scale and shift stay as they are
            if tensor.role is Role.WEIGHT:
                names[index] = self._weight(op, tensor, wanted)
                continue
            part = tensor if reads[index] == tensor.elements else replace(tensor, shape=(reads[index],))
            names[index] = self._cast(f"{op.name}/cast-{index}", part, wanted, op)
        whole = all(self.tensors[name].elements == read for name, read in zip(names, reads, strict=True))
        work = op.work
        if isinstance(work, MatMul | Conv) and tuple(names[1:]) != op.inputs[1:]:
            work = replace(work, dynamic=True)  # a weight that was cast is computed, like any other operand
        return replace(op, work=work, inputs=tuple(names), reads=() if whole else tuple(reads))

    def _weight(self, op: Op, tensor: Tensor, wanted: str) -> str:
        if tensor.name not in self._weights:
            self._weights[tensor.name] = self._cast(f"{tensor.name}/cast", tensor, wanted, op)
        return self._weights[tensor.name]

    def _cast(self, name: str, tensor: Tensor, wanted: str, op: Op) -> str:
        each = elementwise("cast")
        self.tensors[name] = Tensor(name, tensor.shape, wanted, Role.ACTIVATION, tensor.density, tensor.structure)
        work = Elementwise("cast", tensor.elements, each.flops, each.special)
        stored = self.tensors[tensor.name]
        reads = () if tensor.elements == stored.elements else (tensor.elements,)
        self.ops.append(Op(name, work, (tensor.name,), (name,), op.phase, 1, reads))
        return name
