"""Attention as one op, and rotary position embedding: ONNX's own operators and ONNX Runtime's."""

from __future__ import annotations

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node, Unmapped
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph import functions
from archsim.graph.work import Attention, Elementwise


def attend(
    node: Node,
    emit: Emitter,
    work: Attention,
    operands: tuple[Value, Value, Value],
    *,
    past: tuple[Value | None, Value | None] = (None, None),
    masks: tuple[Value | None, ...] = (),
    shape: tuple[int, ...],
) -> Results:
    """Add attention over `operands` (queries, keys, values) and return its result and the caches after it.

    A cache handed in as `past` is updated in place, as the kernels do it: attention reads it and the new rows, and the
    cache handed on is the same tensor.

    Raises
    ------
    Unmapped
        Somebody reads the scores, which a fused kernel never writes.
    """
    if any(slot.used for slot in node.outputs[3:]):
        raise Unmapped("its score matrix is read by another node")
    query, *new = operands
    stored = [cache if cache is not None and cache.elements else None for cache in past]
    keys, values = (old or fresh for old, fresh in zip(stored, new, strict=True))
    rest = [fresh for old, fresh in zip(stored, new, strict=True) if old is not None]
    node.outputs = node.outputs[:1]
    results = emit.node(node, work, [query, keys, values, *rest, *masks], shape=shape, code=query.code)
    caches = [
        (work.batch, work.kv_heads, work.key_length, size) for size in (work.head_size, work.value_size)
    ]  # fmt: skip
    return [*results, emit.view(keys, caches[0]), emit.view(values, caches[1])]


def past_length(cache: Value | None) -> int:
    """Rows already in a (batch, heads, length, size) cache."""
    return 0 if cache is None or cache.rank != 4 else cache.shape[2]


def _standard(node: Node, emit: Emitter) -> Results:
    """Attention of operator set 23 and later: heads as an axis, or folded into the features."""
    q, k, v = node.need(0), node.need(1), node.need(2)
    past = (node.get(4), node.get(5))
    shape: tuple[int, ...]
    if q.rank == 4:
        batch, heads, query_length, head_size = q.shape
        kv_heads, new_length, value_size = k.shape[1], k.shape[2], v.shape[3]
        shape = (batch, heads, query_length, value_size)
    else:
        heads = node.integer("q_num_heads")
        kv_heads = node.integer("kv_num_heads")
        if q.rank != 3 or heads < 1 or kv_heads < 1:
            raise ImportFormatError(f"node {node.name!r} (Attention): {q.shape} needs q_num_heads and kv_num_heads")
        batch, query_length, width = q.shape
        new_length, head_size, value_size = k.shape[1], width // heads, v.shape[2] // kv_heads
        shape = (batch, query_length, heads * value_size)
    causal = bool(node.integer("is_causal"))
    total = past_length(past[0]) + new_length
    work = Attention(batch, heads, kv_heads, query_length, total, head_size, value_size, causal)
    return attend(node, emit, work, (q, k, v), past=past, masks=(node.get(3),), shape=shape)


def rotate(node: Node, emit: Emitter, x: Value, tables: list[Value | None], part: str) -> Value:
    """Rotate pairs of features by their position; the tables of cosines and sines are kept, not trained."""
    cost = functions.elementwise("rotary")
    work = Elementwise("rotary", x.elements, cost.flops, cost.special)
    kept = [emit.state(table) for table in tables]
    return emit.inner(node, part, work, [x, *kept], x.shape, reads=_rows(x, kept))


def _rows(x: Value, tables: list[Value | None]) -> list[int]:
    """Elements read: all of `x`, and of a table no more than `x` has."""
    return [x.elements, *(0 if table is None else min(table.elements, x.elements) for table in tables)]


def _rotary(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    cost = functions.elementwise("rotary")
    tables = [emit.state(value) for value in node.inputs[1:4]]
    work = Elementwise("rotary", x.elements, cost.flops, cost.special)
    return emit.node(node, work, [x, *tables], shape=x.shape, reads=_rows(x, tables))


RULES: dict[str, Mapper] = {"Attention": _standard, "RotaryEmbedding": _rotary}
