"""The bytes that fusion spares: what lies inside a kernel and would otherwise be written and read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from archsim.graph.attention import expand_attention
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Tensor
from archsim.graph.work import Attention


def spared(graph: Graph) -> dict[str, float]:
    """Return the bytes each fused op spares by kind: ``epilogue`` and ``attention``; those of nothing are left out.

    Parameters
    ----------
    graph : Graph
        As a machine runs it, see `archsim.graph.fusion`.

    Returns
    -------
    dict of str to float
        Written once and read as often as they are, B.
    """
    found: dict[str, float] = {}
    for op in graph.ops:
        if op.epilogue:
            members = (replace(op, epilogue=()), *op.epilogue)
            _add(found, "epilogue", _between(members, graph.tensors, op))
        if isinstance(op.work, Attention):
            whole = replace(op, epilogue=(), outputs=op.outputs[:1] if op.epilogue else op.outputs)
            pieces = expand_attention(graph.replace(ops=(whole,)))
            _add(found, "attention", _between(pieces.ops, pieces.tensors, op))
    return found


def _add(found: dict[str, float], kind: str, amount: float) -> None:
    if amount:
        found[kind] = found.get(kind, 0.0) + amount


def _between(members: tuple[Op, ...], tensors: Mapping[str, Tensor], whole: Op) -> float:
    """Return what ops write for one another only, and what they read of one another, B."""
    made = {name for op in members for name in (*op.inputs, *op.outputs)} - {*whole.inputs}
    written = sum(tensors[name].bytes for name in sorted(made - {*whole.outputs}))
    return written + sum(tensors[name].bytes for op in members for name in dict.fromkeys(op.inputs) if name in made)
