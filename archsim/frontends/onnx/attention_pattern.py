"""Recognise attention that an exporter took apart: matmul, scale, mask, softmax, matmul.

One op stands for the whole afterwards; the fusion policy, or a machine without the kernel, takes it apart again. MACs
and parameters are conserved exactly. Of the arithmetic on the scores, the attention op counts the softmax and one
operation more (see `archsim.graph.work.Attention`), whatever chain of scales, masks and casts the file has.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from archsim.graph import Graph, Op
from archsim.graph.work import Attention, Elementwise, MatMul, Move, Normalise


@dataclass
class _Match:
    """Ops that one attention op replaces."""

    scores: Op
    values: Op
    inside: dict[str, Op]
    masks: list[str]


def recognise_attention(graph: Graph) -> Graph:
    """Return `graph` with every decomposed attention folded into one op.

    Folded is only what leaves nothing visible: no tensor in between is read elsewhere or is an output of the network.
    """
    matches = [match for op in graph.ops if (match := _match(graph, op)) is not None]
    if not matches:
        return graph
    gone: dict[str, Op | None] = {}
    for match in matches:
        gone.update(dict.fromkeys(match.inside))
        gone[match.scores.name] = None
        gone[match.values.name] = None
    for match in matches:
        gone[match.values.name] = _attention(graph, match, gone)
    ops = [op for old in graph.ops if (op := gone.get(old.name, old)) is not None]
    named = {name for op in ops for name in (*op.inputs, *op.outputs)} | set(graph.outputs)
    tensors = {name: tensor for name, tensor in graph.tensors.items() if name in named}
    return graph.replace(ops=tuple(ops), tensors=MappingProxyType(tensors))


def _match(graph: Graph, softmax: Op) -> _Match | None:
    work = softmax.work
    if not isinstance(work, Normalise) or work.function != "softmax" or softmax.steps != 1:
        return None
    elements = work.rows * work.length
    inside = {softmax.name: softmax}
    scores = _backward(graph, softmax, elements, inside)
    values = _forward(graph, softmax, elements, inside) if scores is not None else None
    if scores is None or values is None or not _fit(scores, values, work):
        return None
    written = {name for op in (scores, *inside.values()) for name in op.outputs}
    if written & set(graph.outputs):
        return None
    names = {*inside, values.name}
    if any(reader.name not in names for name in written for reader in graph.consumers.get(name, ())):
        return None
    masks = [name for op in inside.values() for name in op.inputs if name not in written]
    return _Match(scores, values, inside, list(dict.fromkeys(masks)))


def _backward(graph: Graph, op: Op, elements: int, inside: dict[str, Op]) -> Op | None:
    """Follow the scores from the softmax back to the product that makes them; collect what lies between."""
    while True:
        makers = [
            graph.producer[name]
            for name in op.inputs
            if name in graph.producer and graph.tensors[name].elements == elements
        ]
        products = [maker for maker in makers if _dynamic(maker)]
        if products:
            return products[0] if len(products) == 1 else None
        chains = [maker for maker in makers if _pointwise(maker)]
        if len(chains) != 1:
            return None
        op = chains[0]
        inside[op.name] = op


def _forward(graph: Graph, softmax: Op, elements: int, inside: dict[str, Op]) -> Op | None:
    """Follow the weights from the softmax to the one product that reads them; collect what lies between."""
    last: Op | None = None
    frontier = [softmax]
    while frontier:
        op = frontier.pop()
        for reader in graph.consumers.get(op.outputs[0], ()):
            if _dynamic(reader) and reader.inputs[0] == op.outputs[0] and last in (None, reader):
                last = reader
            elif _pointwise(reader) and graph.tensors[reader.outputs[0]].elements == elements:
                if reader.name not in inside:
                    inside[reader.name] = reader
                    frontier.append(reader)
            else:
                return None
    return last


def _dynamic(op: Op) -> bool:
    return isinstance(op.work, MatMul) and op.work.dynamic and len(op.inputs) == 2 and op.steps == 1


def _pointwise(op: Op) -> bool:
    return isinstance(op.work, Elementwise) and op.steps == 1 and len(op.outputs) == 1


def _fit(scores: Op, values: Op, softmax: Normalise) -> bool:
    first, last = scores.work, values.work
    if not isinstance(first, MatMul) or not isinstance(last, MatMul):
        return False
    return (
        first.batch == last.batch
        and first.m == last.m
        and first.n == last.k == softmax.length
        and softmax.rows == first.batch * first.m
    )


def _attention(graph: Graph, match: _Match, gone: dict[str, Op | None]) -> Op:
    first, last = match.scores.work, match.values.work
    if not isinstance(first, MatMul) or not isinstance(last, MatMul):
        raise TypeError(f"{match.scores.name} is not a matmul")
    stored = graph.tensors[match.scores.outputs[0]].shape
    batch = stored[0] if len(stored) == 4 and stored[0] * stored[1] == first.batch else 1
    heads = first.batch // batch
    query, keys = match.scores.inputs
    values = match.values.inputs[1]
    elements = {name: graph.tensors[name].elements for name in (query, keys, values)}
    for op in (match.scores, match.values):
        for name, read in zip(op.inputs, op.reads, strict=False):
            elements[name] = read
    kv_heads, keys, values = _shared_heads(graph, heads, keys, values, gone)
    names = (query, keys, values, *match.masks)
    reads = tuple(elements.get(name, graph.tensors[name].elements) for name in names)
    whole = all(graph.tensors[name].elements == read for name, read in zip(names, reads, strict=True))
    work = Attention(batch, heads, kv_heads, first.m, first.n, first.k, last.n)
    return Op(match.values.name, work, names, match.values.outputs, match.values.phase, 1, () if whole else reads)


def _shared_heads(graph: Graph, heads: int, keys: str, values: str, gone: dict[str, Op | None]) -> tuple[int, str, str]:
    """Look through copies of keys and values made only to give every query head its own."""
    found = [_before_expand(graph, name) for name in (keys, values)]
    if found[0] is None or found[1] is None or found[0][1] != found[1][1] or heads % found[0][1]:
        return heads, keys, values
    for _, _, copies in (found[0], found[1]):
        gone.update(dict.fromkeys(op.name for op in copies))
    return heads // found[0][1], found[0][0], found[1][0]


def _before_expand(graph: Graph, name: str) -> tuple[str, int, list[Op]] | None:
    """Tensor before the expansion, how many copies it makes, and the ops that make them; each read by one op only."""
    copies: list[Op] = []
    while (op := graph.producer.get(name)) is not None and isinstance(op.work, Move):
        if len(graph.consumers.get(name, ())) != 1 or name in graph.outputs or len(op.inputs) != 1:
            return None
        copies.append(op)
        if op.work.function == "expand":
            before, after = graph.tensors[op.inputs[0]].elements, graph.tensors[name].elements
            return (op.inputs[0], after // before, copies) if after % before == 0 and not op.reads else None
        if op.work.function != "transpose":
            return None
        name = op.inputs[0]
    return None
