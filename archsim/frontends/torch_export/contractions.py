"""Operators that multiply and accumulate."""

from __future__ import annotations

import math
from typing import Any, Final

from archsim.errors import ImportFormatError
from archsim.frontends.torch_export.call import Call, Rule
from archsim.frontends.torch_export.value import Value
from archsim.graph.work import Attention, Conv, MatMul


def _linear(call: Call) -> Value:
    weight = call.tensor("weight")
    features, k = weight.shape if len(weight.shape) == 2 else (1, weight.shape[0])
    bias = call["bias"] is not None
    rows = call.elements // features
    return call.emit(MatMul(1, rows, features, k, dynamic=_computed(call, "weight"), bias=bias))


def _matmul(call: Call) -> Value:
    """Products of matrices with their leading axes broadcast; a vector is a matrix of one row or column."""
    first, second = call.tensor("self", "mat1", "batch1"), call.tensor("other", "mat2", "vec", "tensor", "batch2")
    k = first.shape[-1]
    m = first.shape[-2] if len(first.shape) > 1 else 1
    n = second.shape[-1] if len(second.shape) > 1 else 1
    batch = call.elements // (m * n)
    both = not first.weight and not second.weight
    if len(second.shape) == 2 and batch > 1:  # one matrix for all: the leading axes are rows
        batch, m = 1, batch * m
    return call.emit(MatMul(batch, m, n, k, dynamic=both), [first, second])


def _add_matmul(call: Call) -> Value:
    """A product plus a tensor: `addmm`, `baddbmm`, `addmv`."""
    first, second = call.tensor("mat1", "batch1", "mat"), call.tensor("mat2", "batch2", "vec")
    m, k = first.shape[-2:]
    n = second.shape[-1] if len(second.shape) > 1 else 1
    work = MatMul(call.elements // (m * n), m, n, k, dynamic=not first.weight and not second.weight, bias=True)
    return call.emit(work, [first, second, call.tensor("self", "input")])


def _einsum(call: Call) -> Value:
    """Two operands: letters in both are summed or count products, the others are rows and columns."""
    left, arrow, out = str(call["equation"]).replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != 2 or "." in left or any(len(set(term)) != len(term) for term in terms):
        raise ImportFormatError(f"{call.label}: the equation {call['equation']!r} is not a product of two tensors",
                                hint="write it as matmul, or with two operands and an arrow")  # fmt: skip
    first, second = call["tensors"]
    sizes = dict(zip(terms[0] + terms[1], first.shape + second.shape, strict=True))
    shared = set(terms[0]) & set(terms[1])

    def product(letters: set[str]) -> int:
        return math.prod(sizes[letter] for letter in letters)

    batch, k = product(shared & set(out)), product(shared - set(out))
    m, n = product(set(terms[0]) - shared), product(set(terms[1]) - shared)
    return call.emit(MatMul(batch, m, n, k, dynamic=not first.weight and not second.weight), [first, second])


def _conv(call: Call) -> Value:
    x, weight = call.tensor("input"), call.tensor("weight")
    if len(weight.shape) > 4:
        raise ImportFormatError(f"{call.label} is a convolution over three axes, which archsim does not have")
    transposed = bool(call.get("transposed")) or "transpose" in str(call.node.target)
    groups = int(call.get("groups") or 1)
    flat = len(weight.shape) == 3
    if len(x.shape) != len(weight.shape):
        x = Value(x.source, (1, *x.shape))
    out = call.shape if len(call.shape) == len(weight.shape) else (1, *call.shape)
    height, width = (1, x.shape[2]) if flat else x.shape[2:]
    out_height, out_width = (1, out[2]) if flat else out[2:]
    tall, wide = (1, weight.shape[2]) if flat else weight.shape[2:]
    stride, dilation = _pair(call["stride"], flat, 1), _pair(call["dilation"], flat, 1)
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    bias = call.get("bias") is not None
    edge = _edges(call, (height, width), (tall, wide), stride, dilation, (out_height, out_width), flat=flat)
    work = Conv(x.shape[0], x.shape[1], channels, height, width, out_height, out_width, tall, wide,
                stride, dilation, edge, groups, bias, transposed, _computed(call, "weight"))  # fmt: skip
    return call.emit(work)


def _edges(
    call: Call,
    size: tuple[int, ...],
    taps: tuple[int, ...],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    out: tuple[int, ...],
    *,
    flat: bool,
) -> tuple[int, int, int, int]:
    padding = call.get("padding")
    if not isinstance(padding, str):
        both = _pair(padding, flat, 0)
        return both[0], both[0], both[1], both[1]
    edges: list[int] = []
    for axis in range(2):  # "same" or "valid": as much as the output needs
        whole = (out[axis] - 1) * stride[axis] + dilation[axis] * (taps[axis] - 1) + 1 - size[axis]
        total = max(whole, 0)
        edges += [total // 2, total - total // 2]
    return edges[0], edges[1], edges[2], edges[3]


def _attention(call: Call) -> Value:
    """Kept whole: softmax(q k^T) v; fewer key heads than query heads are shared."""
    q, k, v = call.tensor("query"), call.tensor("key"), call.tensor("value")
    heads, kv_heads = (q.shape[-3], k.shape[-3]) if len(q.shape) > 3 else (1, 1)
    lead = math.prod(q.shape[:-3]) if len(q.shape) > 3 else math.prod(q.shape[:-2])
    mask = call.get("attn_mask")
    work = Attention(
        lead, heads, kv_heads, q.shape[-2], k.shape[-2], q.shape[-1], v.shape[-1], causal=bool(call.get("is_causal"))
    )
    return call.emit(work, [q, k, v] if mask is None else [q, k, v, mask])


def _computed(call: Call, name: str) -> bool:
    return not call.tensor(name).weight


def _pair(value: Any, flat: bool, outer: int) -> tuple[int, int]:
    numbers = [int(number) for number in value] if isinstance(value, list | tuple) else [int(value)]
    return (outer, numbers[0]) if flat else (numbers[0], numbers[-1])


RULES: Final[dict[str, Rule]] = {
    "einsum": _einsum,
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot"), _matmul),
    **dict.fromkeys(("addmm", "baddbmm", "addmv"), _add_matmul),
    **dict.fromkeys(("conv1d", "conv2d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d"), _conv),
    "scaled_dot_product_attention": _attention,
}
