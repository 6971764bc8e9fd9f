"""Functions that frameworks compute as several kernels, one per operation of the formula.

Written as PyTorch and the Transformers library do (``NewGELUActivation``, ``LlamaRMSNorm``, ``T5LayerNorm``,
``apply_rotary_pos_emb``); functions that PyTorch runs in one kernel, such as its own GELU, SiLU, softmax and layer
norm, are not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from archsim.graph.eager.pieces import Pieces
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Conv, Elementwise, MatMul, Move, Normalise, Reduce

Step = tuple[str, tuple[str | int, ...]]
"""A kernel: its function, and its operands: an input of the formula by letter, or an earlier kernel by number."""

FORMULAS: Final[dict[str, tuple[Step, ...]]] = {
    # 0.5 x (1 + tanh(c (x + a x^3)))
    "gelu_tanh": (
        ("multiply", ("a",)), ("cube", ("a",)), ("multiply", (1,)), ("add", ("a", 2)), ("multiply", (3,)),
        ("tanh", (4,)), ("add", (5,)), ("multiply", (0, 6)),
    ),
    # b is x, a the incoming gradient: a (3 x^2)
    "cube_gradient": (("square", ("b",)), ("multiply", (0,)), ("multiply", ("a", 1))),
}  # fmt: skip
"""Pointwise functions; gradients follow from the kernels, except where a framework's gradient is a formula too."""

CHAINED: Final = frozenset({"add", "maximum", "minimum", "multiply", "subtract"})
"""Functions of two operands: a framework takes further ones in by a kernel each."""


def rule(op: Op) -> Callable[[Pieces], None] | None:
    """Return what writes an op out into kernels; None when the op is one kernel already."""
    work = op.work
    if isinstance(work, Elementwise):
        if work.function in FORMULAS:
            return formula
        if work.function == "rotary" and len(op.inputs) == 1:
            return rotary
        if work.function in CHAINED and len(op.inputs) > 2:
            return chain
    if isinstance(work, Normalise) and work.function == "rms_norm":
        return rms_norm
    if isinstance(work, Conv) and work.bias and len(op.inputs) > 2:
        return product_bias
    return None


def formula(pieces: Pieces) -> None:
    """Run the kernels of a formula one after the other."""
    steps = FORMULAS[pieces.op.work.function]  # type: ignore[attr-defined]
    shape = pieces.output().shape
    values: dict[str | int, Tensor] = dict(zip("abcd", pieces.inputs(), strict=False))
    for index, (function, operands) in enumerate(steps):
        last = index == len(steps) - 1
        made = [values[operand] for operand in operands]
        values[index] = pieces.pointwise(function, made, shape, name=f"{index + 1}-{function}", last=last)


def chain(pieces: Pieces) -> None:
    """Take in one operand after the other."""
    function: str = pieces.op.work.function  # type: ignore[attr-defined]
    first, *others = pieces.inputs()
    shape = pieces.output().shape
    for index, other in enumerate(others):
        last = index == len(others) - 1
        first = pieces.pointwise(function, [first, other], shape, name=f"{index + 1}-{function}", last=last)


def rotary(pieces: Pieces) -> None:
    """Rotate by position: x cos + rotate_half(x) sin, the half negated and put in front by kernels of their own."""
    (x,) = pieces.inputs()
    shape = pieces.output().shape
    half = pieces.pointwise("negate", [replace(x, shape=(x.elements // 2,))], (x.elements // 2,))
    turned = pieces.add("rotate-half", Move("concat", x.elements), [half, replace(x, shape=(x.elements // 2,))], shape)
    straight = pieces.pointwise("multiply", [x], shape, name="times-cosine")
    turned = pieces.pointwise("multiply", [turned], shape, name="times-sine")
    pieces.pointwise("add", [straight, turned], shape, last=True)


def rms_norm(pieces: Pieces) -> None:
    """Normalise by the root of the mean square: x rsqrt(mean(x^2) + e), and the learned scale."""
    work: Any = pieces.op.work
    x, *others = pieces.inputs()
    shape, rows = pieces.output().shape, (work.rows, 1)
    scale = [tensor for tensor in others if tensor.role is Role.WEIGHT]
    squares = pieces.pointwise("square", [x], shape)
    mean = pieces.add("mean", Reduce("mean", work.rows, work.length), [squares], rows)
    root = pieces.pointwise("rsqrt", [pieces.pointwise("add", [mean], rows)], rows)
    y = pieces.pointwise("multiply", [x, root], shape, name="normalised", last=not scale)
    if scale:
        pieces.pointwise("multiply", [y, *scale], shape, last=True)


def adds_bias(op: Op, tensors: Mapping[str, Tensor]) -> bool:
    """Say whether an op is a product with a bias whose input has more than two axes."""
    biased = isinstance(op.work, MatMul) and op.work.bias and len(op.inputs) > 2
    return biased and len(tensors[op.inputs[0]].shape) > 2


def product_bias(pieces: Pieces) -> None:
    """Add the bias of a product or convolution in a kernel of its own, as frameworks over cuDNN do for the latter."""
    x, weight, bias, *_ = pieces.inputs()
    work: Any = replace(pieces.op.work, bias=False)  # type: ignore[type-var]
    shape = pieces.output().shape
    y = pieces.add("product", work, [x, weight], shape)
    pieces.pointwise("add", [y, bias], shape, last=True)
