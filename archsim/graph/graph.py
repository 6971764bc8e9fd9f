"""The graph: ops joined by tensors, in an order that can be executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class Graph:
    """A workload.

    Attributes
    ----------
    name : str
        Name shown in results.
    ops : tuple of Op
        In execution order.
    tensors : mapping of str to Tensor
        Every tensor any op names.
    outputs : tuple of str
        Tensors somebody outside reads.
    items : float
        How many items (images, tokens, sequences) one run completes; throughput is items over latency.
    item : str
        What one item is.
    parameters : mapping
        The generator's or importer's arguments, for the record.
    notes : tuple of str
        What an importer had to assume; shown as warnings in results.
    """

    name: str
    ops: tuple[Op, ...]
    tensors: Mapping[str, Tensor]
    outputs: tuple[str, ...] = ()
    items: float = 1
    item: str = "item"
    parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        values = {slot.name: getattr(self, slot.name) for slot in fields(self)}
        return values | {"tensors": dict(self.tensors), "parameters": dict(self.parameters)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            self.__dict__[name] = MappingProxyType(value) if name in ("tensors", "parameters") else value

    def replace(self, **changes: Any) -> Graph:
        """Return a copy with some attributes changed."""
        return replace(self, **changes)

    @cached_property
    def producer(self) -> Mapping[str, Op]:
        """Which op a tensor comes from.

        Weights and state stand there before the first op: where one is read before it is written, as a weight is
        before its update, its readers see the value of the run before and it comes from no op.
        """
        writers: dict[str, Op] = {}
        read: set[str] = set()
        standing = {tensor.name for tensor in self.tensors.values() if tensor.role is not Role.ACTIVATION}
        for op in self.ops:
            read.update(op.inputs)
            for name in op.outputs:
                if name not in read or name not in standing:
                    writers[name] = op
        return writers

    @cached_property
    def rewritten(self) -> Mapping[str, Op]:
        """Which op writes each weight or state tensor in place."""
        return {name: op for op in self.ops for name in op.outputs if self.tensors[name].role is not Role.ACTIVATION}

    @cached_property
    def consumers(self) -> Mapping[str, tuple[Op, ...]]:
        """Which ops read each tensor, in execution order."""
        readers: dict[str, list[Op]] = {}
        for op in self.ops:
            for name in dict.fromkeys(op.inputs):
                readers.setdefault(name, []).append(op)
        return {name: tuple(ops) for name, ops in readers.items()}

    @cached_property
    def weights(self) -> tuple[Tensor, ...]:
        """Distinct weight tensors; a tied embedding appears once."""
        return tuple(tensor for tensor in self.tensors.values() if tensor.role is Role.WEIGHT)

    def networkx(self) -> networkx.DiGraph:
        """Return the ops as a directed graph: nodes are op names, edges carry the tensor between them."""
        import networkx

        directed = networkx.DiGraph(name=self.name)
        for op in self.ops:
            directed.add_node(op.name, op=op)
        for op in self.ops:
            for name in op.inputs:
                source = self.producer.get(name)
                if source is not None:
                    directed.add_edge(source.name, op.name, tensor=name)
        return directed
