"""The graph every machine runs: tensors, ops, exact counts, legality, fusion."""

from __future__ import annotations

from archsim.graph.builder import GraphBuilder
from archsim.graph.check import check_graph
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor

__all__ = ["Graph", "GraphBuilder", "Op", "Phase", "Role", "Tensor", "check_graph"]
