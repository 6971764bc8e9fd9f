"""Fused operators of ONNX Runtime's `com.microsoft` domain, which ONNX defines no shapes for."""

from __future__ import annotations

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node, Unmapped
from archsim.frontends.onnx.ops.attending import attend, past_length, rotate
from archsim.frontends.onnx.ops.normalising import rows
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph import functions
from archsim.graph.work import Attention, Elementwise, Gather, MatMul


def _heads(node: Node, name: str = "num_heads") -> int:
    heads = node.integer(name)
    if heads < 1:
        raise ImportFormatError(f"node {node.name!r} ({node.label}) has no attribute {name}")
    return heads


def _attention(node: Node, emit: Emitter) -> Results:
    """Project to queries, keys and values with one matrix, then attend."""
    x, weight, bias = node.need(0), node.need(1), emit.weight(node.get(2))
    heads = _heads(node)
    if x.rank != 3 or weight.rank != 2:
        raise Unmapped(f"operands of shape {x.shape} and {weight.shape}")
    batch, length, width = x.shape
    total = weight.shape[1]
    sizes = node.integers("qkv_hidden_sizes") or (total // 3,) * 3
    emit.weight(weight)
    work = MatMul(1, batch * length, total, width, bias=bias is not None)
    projected = emit.inner(node, "projection", work, [x, weight, bias], (batch, length, total))
    q, k, v = (emit.view(projected, (batch, length, size)) for size in sizes)
    past = node.get(4)
    # This operator keeps keys and values in one (2, batch, heads, length, size) tensor.
    halves = None if past is None or past.rank != 5 else emit.view(past, past.shape[1:])
    key_length = length + past_length(halves)
    causal = bool(node.integer("unidirectional"))
    attention = Attention(batch, heads, heads, length, key_length, sizes[1] // heads, sizes[2] // heads, causal)
    masks = (node.get(3), node.get(5))
    result = attend(
        node, emit, attention, (q, k, v), past=(halves, halves), masks=masks, shape=(batch, length, sizes[2])
    )
    source = projected if past is None or not past.elements else past
    present = emit.view(source, (2, batch, heads, key_length, attention.head_size))
    return [result[0], present]


def _multi_head(node: Node, emit: Emitter) -> Results:
    """Attention over projected operands, apart or packed into the first."""
    heads, first = _heads(node), node.need(0)
    q, k, v = _operands(node, emit, first)
    batch, length, width = q.shape
    past = (node.get(6), node.get(7))
    key_length = past_length(past[0]) + (k.shape[2] if k.rank == 4 else k.shape[1])
    value_width = v.shape[1] * v.shape[3] if v.rank == 4 else v.shape[2]
    if (bias := emit.weight(node.get(3))) is not None:
        q = emit.inner(node, "bias", Elementwise("add", first.elements), [q, bias], q.shape)
    causal = bool(node.integer("unidirectional"))
    work = Attention(batch, heads, heads, length, key_length, width // heads, value_width // heads, causal)
    masks = (node.get(4), node.get(5))
    return attend(node, emit, work, (q, k, v), past=past, masks=masks, shape=(batch, length, value_width))


def _operands(node: Node, emit: Emitter, first: Value) -> tuple[Value, Value, Value]:
    key, value = node.get(1), node.get(2)
    if first.rank == 5:
        batch, length, heads, _, size = first.shape
        part = emit.view(first, (batch, length, heads * size))
        return part, part, part
    if first.rank != 3 or key is None:
        raise Unmapped(f"queries of shape {first.shape}")
    if key.rank == 5:
        batch, length, heads, _, size = key.shape
        part = emit.view(key, (batch, length, heads * size))
        return first, part, part
    return first, key, value or key


def _group_query(node: Node, emit: Emitter) -> Results:
    """Causal attention in which groups of query heads share keys, with a cache and, often, rotary embedding."""
    heads, kv_heads = _heads(node), _heads(node, "kv_num_heads")
    first, key, value = node.need(0), node.get(1), node.get(2)
    if first.rank != 3:
        raise Unmapped(f"queries of shape {first.shape}")
    batch, length, width = first.shape
    if key is None or value is None:
        size = width // (heads + 2 * kv_heads)
        q = emit.view(first, (batch, length, heads * size))
        key = value = emit.view(first, (batch, length, kv_heads * size))
    else:
        q, size = first, width // heads
    past = (node.get(3), node.get(4))
    if node.integer("do_rotary"):
        tables = [node.get(7), node.get(8)]
        q, key = rotate(node, emit, q, tables, "rotary_query"), rotate(node, emit, key, tables, "rotary_key")
    total = node.get(6)
    known = None if total is None else total.scalar()
    # A cache shared by past and present is as long as it may ever get; the total says how much of it is in use.
    key_length = int(known) if known else past_length(past[0]) + length
    window = max(node.integer("local_window_size", -1), 0)
    work = Attention(batch, heads, kv_heads, length, key_length, size, size, True, window)
    return attend(node, emit, work, (q, key, value), past=past, shape=(batch, length, heads * size))


def _skip_norm(function: str) -> Mapper:
    """Add the residual (and a bias), then normalise; the sum may be handed on."""

    def rule(node: Node, emit: Emitter) -> Results:
        x, skip = node.need(0), node.need(1)
        simple = function == "rms_norm"
        learned = [emit.weight(value) for value in (node.inputs[2:3] if simple else node.inputs[2:4])]
        bias = emit.weight(node.get(3 if simple else 4))
        added = Elementwise("add", x.elements, 2.0 if bias is not None else 1.0)
        total = emit.inner(node, "add", added, [x, skip, bias], x.shape)
        result = emit.inner(node, "norm", rows(function, total, x.shape[-1]), [total, *learned], x.shape)
        return emit.last(node, result, None, None, total)

    return rule


def _embed(node: Node, emit: Emitter) -> Results:
    """Look up words, positions and segments, add them, and normalise."""
    ids, segments = node.need(0), node.get(1)
    words = node.need(2)
    width, shape = words.shape[-1], (*ids.shape, words.shape[-1])
    total: Value | None = None
    for part, table, indices in (
        ("words", words, ids),
        ("positions", node.get(3), node.get(8)),
        ("segments", node.get(4), segments),
    ):
        if table is None:
            continue
        emit.weight(table)
        found = emit.inner(
            node,
            part,
            Gather(ids.elements, width),
            [table, indices],
            shape,
            code=table.code,
            reads=[min(table.elements, ids.elements * width), 0 if indices is None else indices.elements],
        )
        if total is None:
            total = found
        else:
            total = emit.inner(
                node, f"add_{part}", Elementwise("add", found.elements), [total, found], shape, code=table.code
            )
    if total is None:
        raise Unmapped("it has no table")
    learned = [emit.weight(node.get(5)), emit.weight(node.get(6))]
    norm = rows("layer_norm", total, width)
    result = emit.inner(node, "norm", norm, [total, *learned], shape, code=words.code)
    mask = emit.view(segments if segments is not None else ids, ids.shape[:1])
    return emit.last(node, result, mask, total)


def _rotary(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    return emit.last(node, rotate(node, emit, x, [node.get(2), node.get(3)], "rotary"))


def _bias_split_gelu(node: Node, emit: Emitter) -> Results:
    x = node.need(0)
    cost = functions.elementwise("gelu")
    shape = (*x.shape[:-1], x.shape[-1] // 2)
    work = Elementwise("bias_split_gelu", x.elements // 2, cost.flops + 3, cost.special)
    return emit.node(node, work, [x, emit.weight(node.get(1))], shape=shape)


RULES: dict[str, Mapper] = {
    "Attention": _attention,
    "MultiHeadAttention": _multi_head,
    "GroupQueryAttention": _group_query,
    "SkipLayerNormalization": _skip_norm("layer_norm"),
    "SkipSimplifiedLayerNormalization": _skip_norm("rms_norm"),
    "EmbedLayerNormalization": _embed,
    "RotaryEmbedding": _rotary,
    "BiasSplitGelu": _bias_split_gelu,
}
