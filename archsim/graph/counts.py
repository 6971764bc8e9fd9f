"""Exact counts of a whole graph: what people publish about a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor


@dataclass(frozen=True)
class Counts:
    """Totals of one run of a graph.

    Attributes
    ----------
    macs : int
        Multiply-accumulates of matmul, conv and attention.
    flops : float
        All arithmetic, FLOP: two per MAC, and the rest.
    special : float
        Special-function evaluations, OP.
    parameters : int
        Elements of distinct weight tensors.
    weight_bytes, state_bytes : float
        Dense storage of weights and of state, byte.
    activations : int
        Elements that ops write.
    activation_bytes : float
        Their storage, byte.
    """

    macs: int
    flops: float
    special: float
    parameters: int
    weight_bytes: float
    state_bytes: float
    activations: int
    activation_bytes: float


def count(graph: Graph) -> Counts:
    """Count a graph; integers are exact."""
    written = [graph.tensors[name] for op in graph.ops for name in op.outputs]
    state = [tensor for tensor in graph.tensors.values() if tensor.role is Role.STATE]
    return Counts(
        macs=sum(op.macs for op in graph.ops),
        flops=sum(op.flops for op in graph.ops),
        special=sum(op.special for op in graph.ops),
        parameters=sum(tensor.elements for tensor in graph.weights),
        weight_bytes=sum(tensor.bytes for tensor in graph.weights),
        state_bytes=sum(tensor.bytes for tensor in state),
        activations=sum(tensor.elements for tensor in written),
        activation_bytes=sum(tensor.bytes for tensor in written),
    )


def macs_by_kind(graph: Graph) -> dict[str, int]:
    """MACs per op kind, kinds without any left out."""
    shares: dict[str, int] = {}
    for op in graph.ops:
        if op.macs:
            shares[op.kind] = shares.get(op.kind, 0) + op.macs
    return shares


def parameters_of(op: Op, tensors: Mapping[str, Tensor]) -> int:
    """Elements of the distinct weights one op reads."""
    return sum(tensors[name].elements for name in dict.fromkeys(op.inputs) if tensors[name].role is Role.WEIGHT)
