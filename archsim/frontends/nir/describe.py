"""A NIR graph as plain values: kinds, shapes, small numbers, and how many weights are not zero; never the weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_VALUES: Final = 64
"""Arrays up to this size keep their numbers: strides, paddings, kernel sizes."""


@dataclass(frozen=True)
class Array:
    """What is kept of an array.

    Attributes
    ----------
    shape : tuple of int
        Its sizes.
    nonzero : int
        How many of its elements are not zero.
    largest : float
        The largest element; 0 of none.
    values : tuple of float
        All elements, in order; empty when there are more than `MOST_VALUES`.
    """

    shape: tuple[int, ...]
    nonzero: int
    largest: float
    values: tuple[float, ...]

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def density(self) -> float:
        """Share of elements that are not zero; 1 of none."""
        return self.nonzero / self.elements if self.elements else 1.0


def describe(graph: Any) -> dict[str, Any]:
    """Return a ``NIRGraph``, subgraphs included, as values that JSON can hold."""
    nodes = {
        str(name): describe(node) if hasattr(node, "nodes") else {"type": type(node).__name__, **_fields(node)}
        for name, node in graph.nodes.items()
    }
    return {"type": "NIRGraph", "nodes": nodes, "edges": [[str(tail), str(head)] for tail, head in graph.edges]}


def array(value: Any) -> Array | str | None:
    """Read back what `describe` made of one parameter."""
    if isinstance(value, dict):
        return Array(tuple(value["shape"]), value["nonzero"], value["largest"], tuple(value["values"]))
    return value if value is None else str(value)


def _fields(node: Any) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in vars(node).items():
        if name != "metadata":
            # Types of inputs and outputs are mappings with one entry, a shape.
            made[name] = _plain(next(iter(value.values()), None) if isinstance(value, Mapping) else value)
    return made


def _plain(value: Any) -> Any:
    import numpy as np

    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode()
    held = np.asarray(value)
    if held.dtype.kind not in "biuf":
        return str(value)
    # JSON has no infinity; a parameter that is not finite is no size and no delay.
    whole = np.nan_to_num(held.astype(np.float64).ravel(), posinf=1e308, neginf=-1e308)
    return {
        "shape": [int(size) for size in held.shape],
        "nonzero": int(np.count_nonzero(held)),
        "largest": float(whole.max()) if whole.size else 0.0,
        "values": whole.tolist() if whole.size <= MOST_VALUES else [],
    }
