"""The same graph in another number format."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from archsim.graph.dtypes import FLOATS, dtype
from archsim.graph.graph import Graph


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
