"""Which results may lie apart on several chips, each with some of the features, and which must be whole.

A result may lie apart if everything that reads it works on parts, or is a layer, which sums over them, or is outside.
What works on parts: pointwise functions, copies, norms of rows that stay together, attention over heads of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, Elementwise, MatMul, Move, Normalise

WHOLE: Final = 1
"""Parts of a tensor that every chip has as a whole."""


def is_layer(op: Op, tensors: Mapping[str, Tensor]) -> bool:
    """Whether an op multiplies one computed tensor by a weight."""
    work = op.work
    if not isinstance(work, MatMul) or work.dynamic or op.steps > 1 or len(op.inputs) < 2:
        return False
    roles = [tensors[name].role for name in op.inputs]
    return roles[0] is not Role.WEIGHT and all(role is Role.WEIGHT for role in roles[1:])


def by_head(op: Op, tensors: Mapping[str, Tensor]) -> bool:
    """Whether a layer multiplies each head by a matrix of its own, all cut from one weight."""
    return isinstance(op.work, MatMul) and op.work.batch > 1 and len(tensors[op.inputs[1]].shape) == 2


def kv_parts(work: Attention, chips: int) -> int:
    """Into how many parts keys and values lie apart: by heads; chips share a head where there are fewer heads."""
    if work.kv_heads % chips == 0:
        return chips
    return work.kv_heads if chips % work.kv_heads == 0 else WHOLE


def works_on_parts(op: Op, ways: int, tensors: Mapping[str, Tensor]) -> bool:
    """Whether an op that is no layer may run on that many parts of its tensors, each by itself."""
    work = op.work
    if op.steps > 1 or len(op.outputs) != 1 or tensors[op.outputs[0]].elements % ways:
        return False
    if type(work) is Attention:
        return work.heads % ways == 0
    if isinstance(work, Elementwise | Move):
        return work.elements % ways == 0
    if isinstance(work, Normalise):
        shape = tensors[op.inputs[0]].shape
        return work.rows % ways == 0 and bool(shape) and shape[-1] % (ways * work.length) == 0
    return False


def apart(graph: Graph, chips: int) -> dict[str, int]:
    """Return into how many parts each computed tensor may lie apart over a group of chips, `WHOLE` if not at all."""
    found: dict[str, int] = {}
    outputs = set(graph.outputs)
    for op in reversed(graph.ops):
        for name in op.outputs:
            answers = {_answer(graph, reader, name, chips, found) for reader in graph.consumers.get(name, ())}
            if name in outputs:
                answers.add(chips)
            ways = answers.pop() if len(answers) == 1 else WHOLE
            fits = graph.tensors[name].elements % ways == 0
            found[name] = ways if fits and (not isinstance(op.work, MatMul) or op.work.n % ways == 0) else WHOLE
    return found


def _answer(graph: Graph, reader: Op, name: str, chips: int, found: Mapping[str, int]) -> int:
    """Into how many parts a tensor may lie apart as far as one reader is concerned."""
    work: Any = reader.work
    if is_layer(reader, graph.tensors):
        size = work.batch if by_head(reader, graph.tensors) else work.k
        return chips if size % chips == 0 and name == reader.inputs[0] else WHOLE
    behind = found.get(reader.outputs[0], WHOLE) if reader.outputs else WHOLE
    if behind == WHOLE or not works_on_parts(reader, behind, graph.tensors):
        return WHOLE
    if not isinstance(work, Attention) or (reader.inputs.count(name) == 1 and name == reader.inputs[0]):
        return behind
    keys = kv_parts(work, chips)
    return keys if name != reader.inputs[0] or keys == behind else WHOLE
