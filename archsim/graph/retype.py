"""The same graph in other number formats."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from types import MappingProxyType

from archsim.graph.dtypes import DTYPES, FLOATS, dtype
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role


def with_precision(graph: Graph, precision: str) -> Graph:
    """Give every floating-point tensor the format `precision`; integer tensors, such as indices, stay.

    Raises
    ------
    UnknownNameError
        No such format.
    """
    name = dtype(precision).name
    tensors = {
        key: replace(t, dtype=name) if t.dtype in FLOATS and t.dtype != name else t for key, t in graph.tensors.items()
    }
    return graph.replace(tensors=MappingProxyType(tensors))


def as_stored(graph: Graph, formats: Collection[str]) -> Graph:
    """Give tensors the formats a machine stores them in: what it computes on in a wider format, it stores in that.

    Weights narrower than what they are multiplied with stay as they are: they are widened on the way.

    Parameters
    ----------
    graph : Graph
        As it will run.
    formats : collection of str
        Formats the machine computes in; empty: all.
    """
    asked = {_computed(op, graph) for op in graph.ops} - set(formats)
    wider = {name: next((other for other in DTYPES[name].wider if other in formats), name) for name in asked}
    if not formats or not wider:
        return graph
    tensors = {key: replace(t, dtype=wider.get(t.dtype, t.dtype)) for key, t in graph.tensors.items()}
    return graph.replace(tensors=MappingProxyType(tensors))


def _computed(op: Op, graph: Graph) -> str:
    """Return the format of an op's first operand that is no weight, else of its first."""
    stored = [graph.tensors[name] for name in (*op.inputs, *op.outputs)]
    return next((tensor for tensor in stored[: len(op.inputs)] if tensor.role is not Role.WEIGHT), stored[0]).dtype
