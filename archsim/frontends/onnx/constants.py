"""Compute small constants: the shape arithmetic that exporters leave in a file.

Only numbers that ONNX shape inference may ask for are worked out (axes, sizes, scales), so nothing here ever holds more
than `LARGEST` elements; whatever cannot be computed is simply not known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.value import Array

LARGEST: Final = 1024
Rule = Callable[[Node, Sequence[Any]], Any]

_NUMPY: Final[dict[int, type[np.generic]]] = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
}


class _TooLarge(Exception):
    pass


def evaluate(node: Node) -> list[Array] | None:
    """Return the outputs of a node whose inputs are all known numbers, or None when they cannot be worked out."""
    rule = _RULES.get(node.op) if node.domain in ("", "ai.onnx") else None
    if rule is None or any(value is not None and value.data is None for value in node.inputs):
        return None
    arrays = [None if value is None else value.data for value in node.inputs]
    try:
        with np.errstate(all="ignore"):
            result = rule(node, arrays)
    except (_TooLarge, ArithmeticError, ValueError, IndexError, TypeError, KeyError, AttributeError):
        return None
    outputs = [np.asarray(array) for array in (result if isinstance(result, list) else [result])]
    return outputs if all(array.size <= LARGEST for array in outputs) else None


def as_array(numbers: Any, code: int) -> Array:
    """Return numbers as an array of an ONNX element type."""
    return np.asarray(numbers, dtype=_NUMPY[code])


def _limited(shape: Sequence[int]) -> tuple[int, ...]:
    if any(size < 0 for size in shape) or math.prod(shape) > LARGEST:
        raise _TooLarge
    return tuple(int(size) for size in shape)


def _of(function: Callable[..., Any]) -> Rule:
    return lambda node, arrays: function(*arrays)


def _folded(function: Callable[..., Any]) -> Rule:
    def rule(node: Node, arrays: Sequence[Any]) -> Any:
        total = arrays[0]
        for array in arrays[1:]:
            total = function(total, array)
        return total

    return rule


def _divide(a: Array, b: Array) -> Array:
    if not np.issubdtype(a.dtype, np.integer):
        return np.asarray(a / b)
    if not np.all(b):
        raise ZeroDivisionError
    return np.asarray(np.trunc(a.astype(np.float64) / b).astype(a.dtype) if np.any(a < 0) or np.any(b < 0) else a // b)


def _cast(node: Node, arrays: Sequence[Any]) -> Any:
    return arrays[0].astype(_NUMPY[node.integer("to")])


def _gather(node: Node, arrays: Sequence[Any]) -> Any:
    return np.take(arrays[0], arrays[1].astype(np.int64), axis=node.integer("axis"))


def _unsqueeze(node: Node, arrays: Sequence[Any]) -> Any:
    return np.expand_dims(arrays[0], tuple(node.axes(1) or ()))


def _squeeze(node: Node, arrays: Sequence[Any]) -> Any:
    axes = node.axes(1)
    return np.squeeze(arrays[0], None if axes is None else tuple(axes))


def _reshape(node: Node, arrays: Sequence[Any]) -> Any:
    target = node.integers("shape") or tuple(int(size) for size in arrays[1])
    if not node.integer("allowzero"):
        target = tuple(arrays[0].shape[axis] if size == 0 else size for axis, size in enumerate(target))
    return arrays[0].reshape(target)


def _slice(node: Node, arrays: Sequence[Any]) -> Any:
    if len(arrays) > 1:
        starts, ends = (tuple(int(number) for number in array) for array in arrays[1:3])
        axes = node.axes(3) or tuple(range(len(starts)))
        steps = node.need(4).integers() if node.get(4) is not None else None
    else:
        starts, ends = node.integers("starts"), node.integers("ends")
        axes, steps = node.integers("axes") or tuple(range(len(starts))), None
    window: list[slice] = [slice(None)] * arrays[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps or (1,) * len(starts), strict=True):
        # Counting down to before the first element is written as a hugely negative end.
        stop = None if step < 0 and end < -arrays[0].shape[axis] else end
        window[axis] = slice(start, stop, step)
    return arrays[0][tuple(window)]


def _split(node: Node, arrays: Sequence[Any]) -> Any:
    axis = node.integer("axis")
    sizes = node.integers("split") or (tuple(int(size) for size in arrays[1]) if len(arrays) > 1 else ())
    if not sizes:
        return list(np.array_split(arrays[0], len(node.outputs), axis))
    return list(np.split(arrays[0], np.cumsum(sizes)[:-1], axis))


def _range(node: Node, arrays: Sequence[Any]) -> Any:
    start, limit, delta = (array.item() for array in arrays)
    _limited([max(0, math.ceil((limit - start) / delta))])
    return np.arange(start, limit, delta, dtype=arrays[0].dtype)


def _constant_of_shape(node: Node, arrays: Sequence[Any]) -> Any:
    fill = node.attributes.get("value")
    number = np.ravel(fill)[0] if isinstance(fill, np.ndarray) else np.float32(0)
    return np.full(_limited(arrays[0]), number)


def _expand(node: Node, arrays: Sequence[Any]) -> Any:
    target = np.broadcast_shapes(arrays[0].shape, tuple(int(size) for size in arrays[1]))
    return np.broadcast_to(arrays[0], _limited(target)).copy()


def _tile(node: Node, arrays: Sequence[Any]) -> Any:
    _limited([size * int(times) for size, times in zip(arrays[0].shape, arrays[1], strict=True)])
    return np.tile(arrays[0], arrays[1])


def _reduce(function: Callable[..., Any]) -> Rule:
    def rule(node: Node, arrays: Sequence[Any]) -> Any:
        axes = node.axes(1)
        keep = bool(node.integer("keepdims", 1))
        return function(arrays[0], axis=None if axes is None else tuple(axes), keepdims=keep).astype(arrays[0].dtype)

    return rule


def _cumulative(node: Node, arrays: Sequence[Any]) -> Any:
    if node.integer("exclusive") or node.integer("reverse"):
        raise _TooLarge
    return np.cumsum(arrays[0], axis=int(np.ravel(arrays[1])[0])).astype(arrays[0].dtype)


def _scatter(node: Node, arrays: Sequence[Any]) -> Any:
    data, indices, updates = arrays
    if node.text("reduction", "none") != "none":
        raise _TooLarge
    out = data.copy()
    for place in np.ndindex(indices.shape[:-1]):
        out[tuple(indices[place])] = updates[place]
    return out


def _clip(node: Node, arrays: Sequence[Any]) -> Any:
    low = arrays[1] if len(arrays) > 1 else node.attributes.get("min")
    high = arrays[2] if len(arrays) > 2 else node.attributes.get("max")
    return np.clip(arrays[0], low, high) if low is not None or high is not None else arrays[0]


_RULES: Final[dict[str, Rule]] = {
    "Identity": _of(lambda a: a),
    "Cast": _cast,
    "CastLike": _of(lambda a, b: a.astype(b.dtype)),
    "Add": _of(np.add),
    "Sub": _of(np.subtract),
    "Mul": _of(np.multiply),
    "Div": _of(_divide),
    "Mod": lambda node, arrays: (np.fmod if node.integer("fmod") else np.mod)(*arrays),
    "Neg": _of(np.negative),
    "Abs": _of(np.abs),
    "Sign": _of(np.sign),
    "Sqrt": _of(np.sqrt),
    "Exp": _of(np.exp),
    "Log": _of(np.log),
    "Reciprocal": _of(np.reciprocal),
    "Pow": _of(lambda a, b: np.power(a, b).astype(a.dtype)),
    "Ceil": _of(np.ceil),
    "Floor": _of(np.floor),
    "Round": _of(np.round),
    "Min": _folded(np.minimum),
    "Max": _folded(np.maximum),
    "Sum": _folded(np.add),
    "Clip": _clip,
    "Equal": _of(np.equal),
    "Less": _of(np.less),
    "LessOrEqual": _of(np.less_equal),
    "Greater": _of(np.greater),
    "GreaterOrEqual": _of(np.greater_equal),
    "Not": _of(np.logical_not),
    "And": _of(np.logical_and),
    "Or": _of(np.logical_or),
    "Xor": _of(np.logical_xor),
    "Where": _of(np.where),
    "Concat": lambda node, arrays: np.concatenate(arrays, axis=node.integer("axis")),
    "Gather": _gather,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Reshape": _reshape,
    "Flatten": lambda node, arrays: arrays[0].reshape(math.prod(arrays[0].shape[: node.integer("axis", 1)]), -1),
    "Transpose": lambda node, arrays: np.transpose(arrays[0], node.integers("perm") or None),
    "Slice": _slice,
    "Split": _split,
    "Range": _range,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Tile": _tile,
    "ReduceProd": _reduce(np.prod),
    "ReduceSum": _reduce(np.sum),
    "ReduceMax": _reduce(np.max),
    "ReduceMin": _reduce(np.min),
    "ReduceMean": _reduce(np.mean),
    "CumSum": _cumulative,
    "ScatterND": _scatter,
    "NonZero": _of(lambda a: np.array(np.nonzero(a), dtype=np.int64)),
}
