"""Contractions: MatMul, Gemm, Einsum of two operands, and matrix products with packed weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from archsim.errors import ImportFormatError
from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.node import Node, Unmapped
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Source, Value
from archsim.graph import Role
from archsim.graph.work import Elementwise, MatMul, Move, Reduce

Shape = tuple[int, ...]

_INT4, _INT8 = 22, 3


def product(
    emit: Emitter, a: Value, b: Value, *, a_shape: Shape | None = None, b_shape: Shape | None = None, bias: bool = False
) -> tuple[MatMul, list[Value]]:
    """Work and operands of ``a @ b``; a constant operand stands second, whichever side it is written on.

    Parameters
    ----------
    emit : Emitter
        Told that a constant operand is a weight.
    a, b : Value
        Operands.
    a_shape, b_shape : tuple of int, optional
        Their shapes as multiplied, when a transposition is part of the operator.
    bias : bool
        Whether a bias is added.

    Raises
    ------
    ImportFormatError
        The shapes do not fit together.
    """
    left, right = a_shape or a.shape, b_shape or b.shape
    if not left or not right:
        raise ImportFormatError(f"a scalar cannot be multiplied as a matrix: {a.name} {left}, {b.name} {right}")
    left = (1, *left) if len(left) == 1 else left
    right = (*right, 1) if len(right) == 1 else right
    if left[-1] != right[-2]:
        raise ImportFormatError(f"the matrices {a.name} {left} and {b.name} {right} do not fit together")
    if a.constant and not b.constant:
        # (A B)' = B' A': the weight stands second, where machines hold it still.
        a, b, left, right = b, a, swapped(right), swapped(left)
    emit.weight(a)
    emit.weight(b)
    (m, k), n = left[-2:], right[-1]
    dynamic = not (a.constant or b.constant)
    if math.prod(right[:-2]) == 1:
        return MatMul(1, math.prod(left[:-2]) * m, n, k, dynamic, bias), [a, b]
    batch = math.prod(np.broadcast_shapes(left[:-2], right[:-2]))
    return MatMul(batch, m, n, k, dynamic, bias), [a, b]


def swapped(shape: Shape) -> Shape:
    """Exchange the last two sizes."""
    return (*shape[:-2], shape[-1], shape[-2])


def _matmul(node: Node, emit: Emitter) -> Results:
    work, operands = product(emit, node.need(0), node.need(1))
    return emit.node(node, work, operands)


def _fused_matmul(node: Node, emit: Emitter) -> Results:
    a, b = node.need(0), node.need(1)
    if node.integer("transBatchA") or node.integer("transBatchB"):
        raise Unmapped("transBatchA and transBatchB have no counterpart")
    left = swapped(a.shape) if node.integer("transA") else a.shape
    right = swapped(b.shape) if node.integer("transB") else b.shape
    work, operands = product(emit, a, b, a_shape=left, b_shape=right)
    lead = np.broadcast_shapes(left[:-2], right[:-2])
    return emit.node(node, work, operands, shape=(*lead, left[-2], right[-1]))


def _gemm(node: Node, emit: Emitter) -> Results:
    a, b, bias = node.need(0), node.need(1), emit.weight(node.get(2))
    left = swapped(a.shape) if node.integer("transA") else a.shape
    right = swapped(b.shape) if node.integer("transB") else b.shape
    work, operands = product(emit, a, b, a_shape=left, b_shape=right, bias=bias is not None)
    return emit.node(node, work, [*operands, bias], shape=(left[0], right[1]))


def _packed(node: Node, emit: Emitter) -> Results:
    """Product with a weight of few bits: blocks with a scale each (MatMulNBits)."""
    a, stored = node.need(0), node.need(1)
    k, n, bits = node.integer("K"), node.integer("N"), node.integer("bits", 4)
    if not a.shape or a.shape[-1] != k or bits not in (4, 8) or stored.source is None:
        raise Unmapped(f"a packed product of {bits} bits, K={k} and N={n} with an operand of shape {a.shape}")
    code = _INT4 if bits == 4 else _INT8
    weight = Value(stored.name, (k, n), code, True, True, None, Source(stored.name, (k, n), code, Role.WEIGHT))
    others = [emit.state(value) for value in node.inputs[2:5]]
    bias = emit.weight(node.get(5))
    work = MatMul(1, a.elements // k, n, k, bias=bias is not None)
    return emit.node(node, work, [a, weight, bias, *others], shape=(*a.shape[:-1], n))


def _einsum(node: Node, emit: Emitter) -> Results:
    terms, out = _terms(node)
    if len(terms) == 1:
        return _rearranged(node, emit, terms[0], out)
    if len(terms) != 2:
        raise Unmapped(f"an Einsum of {len(terms)} operands has no single order of contraction")
    a, b = node.need(0), node.need(1)
    size = {letter: length for term, value in zip(terms, (a, b), strict=True) for letter, length in _sizes(term, value)}
    left, right, kept = set(terms[0]), set(terms[1]), set(out)
    if (left ^ right) - kept:
        raise Unmapped(f"the Einsum {node.text('equation')!r} sums an axis of one operand alone")
    contracted = (left & right) - kept
    if not contracted:
        return emit.node(node, Elementwise("multiply", math.prod(size[letter] for letter in out)), [a, b])

    def total(letters: set[str]) -> int:
        return math.prod(size[letter] for letter in letters)

    batch, m, n = total(left & right & kept), total(left - right), total(right - left)
    if a.constant and not b.constant:
        a, b, m, n = b, a, n, m
    emit.weight(b)
    return emit.node(node, MatMul(batch, m, n, total(contracted), not b.constant), [a, b])


def _terms(node: Node) -> tuple[list[str], str]:
    """Index letters of the operands and the result, an ellipsis spelled out in capitals of its own."""
    equation = node.text("equation").replace(" ", "")
    left, arrow, out = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(node.inputs):
        raise Unmapped(f"the Einsum {equation!r} does not name {len(node.inputs)} operands")
    spelled = []
    longest = 0
    for term, value in zip(terms, node.given, strict=True):
        spare = value.rank - len(term.replace("...", ""))
        longest = max(longest, spare)
        # Broadcast axes are counted from the right, so that operands with fewer of them line up.
        spelled.append(term.replace("...", "".join(chr(0x2460 + place) for place in range(spare - 1, -1, -1))))
    if not arrow:
        letters = "".join(spelled)
        out = "..." * ("..." in left) + "".join(
            sorted(x for x in set(letters) if x.isalpha() and letters.count(x) == 1)
        )
    return spelled, out.replace("...", "".join(chr(0x2460 + place) for place in range(longest - 1, -1, -1)))


def _sizes(term: str, value: Value) -> Sequence[tuple[str, int]]:
    if len(term) != value.rank:
        raise Unmapped(f"the Einsum indices {term!r} do not fit {value.name} of shape {value.shape}")
    return list(zip(term, value.shape, strict=True))


def _rearranged(node: Node, emit: Emitter, term: str, out: str) -> Results:
    value = node.need(0)
    result = math.prod(node.shape)
    if set(out) == set(term) and len(term) == len(out):
        return emit.node(node, Move("transpose", result), [value])
    return emit.node(node, Reduce("sum", result, max(value.elements // max(result, 1), 1)), [value])


RULES: dict[str, Mapper] = {
    "MatMul": _matmul,
    "FusedMatMul": _fused_matmul,
    "Gemm": _gemm,
    "FusedGemm": _gemm,
    "MatMulNBits": _packed,
    "Einsum": _einsum,
}
