"""The bookkeeping of a graph in the making: names, scopes, tensors, ops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from archsim.errors import GraphError, did_you_mean
from archsim.graph.check import check_graph
from archsim.graph.dtypes import dtype as number_format
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Work


class Recorder:
    """Base of `GraphBuilder`: collects tensors and ops under unique names; `build` checks them."""

    def __init__(
        self,
        name: str,
        *,
        dtype: str = "fp16",
        items: float = 1,
        item: str = "item",
        parameters: dict[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.dtype = number_format(dtype).name
        self.items = items
        self.item = item
        self.parameters = dict(parameters or {})
        self.notes: list[str] = []
        self._ops: list[Op] = []
        self._tensors: dict[str, Tensor] = {}
        self._outputs: list[str] = []
        self._scope = ""
        self._used: dict[str, int] = {}

    @contextmanager
    def scope(self, name: str) -> Iterator[None]:
        """Put ``name/`` before every op and tensor made inside."""
        outer, self._scope = self._scope, f"{self._scope}{name}/"
        try:
            yield
        finally:
            self._scope = outer

    def unique(self, name: str) -> str:
        """Return the scoped `name`, with a number behind it when it is taken."""
        full = self._scope + name
        seen = self._used.get(full, 0)
        self._used[full] = seen + 1
        return full if not seen else self.unique(f"{name}_{seen + 1}")

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        role: Role = Role.ACTIVATION,
        *,
        dtype: str | None = None,
        density: float = 1.0,
        structure: str = "dense",
    ) -> Tensor:
        """Register a tensor under a unique, scoped name."""
        made = Tensor(self.unique(name), tuple(shape), dtype or self.dtype, role, density, structure)
        self._tensors[made.name] = made
        return made

    def input(self, name: str, shape: Sequence[int], *, dtype: str | None = None) -> Tensor:
        """Add an input of the network."""
        return self.tensor(name, shape, Role.INPUT, dtype=dtype)

    def weight(
        self,
        name: str,
        shape: Sequence[int],
        *,
        dtype: str | None = None,
        density: float = 1.0,
        structure: str = "dense",
    ) -> Tensor:
        """Add a trained tensor; give the same object to several layers to tie them."""
        return self.tensor(name, shape, Role.WEIGHT, dtype=dtype, density=density, structure=structure)

    def state(self, name: str, shape: Sequence[int], *, dtype: str | None = None) -> Tensor:
        """Add a tensor that is kept between runs, such as a KV cache or running statistics."""
        return self.tensor(name, shape, Role.STATE, dtype=dtype)

    def op(
        self,
        name: str,
        work: Work,
        inputs: Sequence[Tensor],
        shape: Sequence[int] | None,
        *,
        dtype: str | None = None,
        density: float = 1.0,
        structure: str = "dense",
        sources: int = 1,
        steps: int = 1,
        phase: Phase = Phase.FORWARD,
        reads: Sequence[int] = (),
    ) -> Tensor:
        """Add an op with one output of `shape` (the first input's if None) and return that output.

        `reads` says how many elements of each input are read when that is not what the handles show.
        """
        for tensor in inputs:
            if tensor.name not in self._tensors:
                raise GraphError(
                    f"op {name!r} reads {tensor.name!r}, which {self.name!r} does not have",
                    hint=did_you_mean(tensor.name, self._tensors) or "build it with the same GraphBuilder",
                )
        full = self.unique(name)
        like = inputs[0].dtype if inputs else self.dtype
        sizes = tuple(inputs[0].shape if shape is None else shape)
        out = Tensor(full, sizes, dtype or like, Role.ACTIVATION, density, structure, sources)
        self._tensors[full] = out
        names = tuple(tensor.name for tensor in inputs)
        if not reads and any(tensor.elements != self._tensors[tensor.name].elements for tensor in inputs):
            reads = [tensor.elements for tensor in inputs]
        self._ops.append(Op(full, work, names, (full,), phase, steps, tuple(reads)))
        return out

    def add_op(self, op: Op, outputs: Sequence[Tensor]) -> None:
        """Add an op made by hand, together with the tensors it writes."""
        if op.name in self._used and any(op.name == other.name for other in self._ops):
            raise GraphError(f"two ops are called {op.name!r}", hint="give each op a name of its own")
        for tensor in outputs:
            known = self._tensors.get(tensor.name)
            if known is not None and known != tensor:
                raise GraphError(f"two tensors are called {tensor.name!r}", hint="give each tensor a name of its own")
        self._used[op.name] = self._used.get(op.name, 0) + 1
        self._ops.append(op)
        for tensor in outputs:
            self._tensors[tensor.name] = tensor
            self._used.setdefault(tensor.name, 1)

    def output(self, tensor: Tensor) -> None:
        """Mark a tensor as an output of the network."""
        self._outputs.append(tensor.name)

    def note(self, text: str) -> None:
        """Record something that had to be assumed; results show it as a warning."""
        if text not in self.notes:
            self.notes.append(text)

    def build(self) -> Graph:
        """Check the graph and return it.

        Raises
        ------
        GraphError
            The graph is empty or not legal.
        """
        graph = Graph(
            self.name,
            tuple(self._ops),
            MappingProxyType(self._tensors),
            tuple(self._outputs) or self._loose_ends(),
            self.items,
            self.item,
            MappingProxyType(self.parameters),
            tuple(self.notes),
        )
        check_graph(graph)
        return graph

    def _loose_ends(self) -> tuple[str, ...]:
        read = {name for op in self._ops for name in op.inputs}
        return tuple(name for op in self._ops for name in op.outputs if name not in read)
