"""Operators on every element, normalisations, reductions and windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from archsim.frontends.torch_export.call import Call, Rule
from archsim.frontends.torch_export.value import Value
from archsim.graph import functions
from archsim.graph.work import Elementwise, Normalise, Reduce, Scan

_SAME: Final = {
    "abs": "abs", "add": "add", "addcmul": "multiply", "bitwise_and": "compare", "bitwise_not": "compare",
    "bitwise_or": "compare", "ceil": "round", "clamp": "clip", "clamp_max": "minimum", "clamp_min": "maximum",
    "cos": "cos", "div": "divide", "elu": "elu", "eq": "compare", "erf": "erf", "exp": "exp", "expm1": "exp",
    "floor": "round", "ge": "compare", "gt": "compare", "hardsigmoid": "hard_sigmoid", "hardswish": "hard_swish",
    "hardtanh": "clip", "isinf": "compare", "isnan": "compare", "le": "compare", "leaky_relu": "leaky_relu",
    "log": "log", "log1p": "log", "log2": "log", "logical_and": "compare", "logical_not": "compare",
    "logical_or": "compare", "lt": "compare", "masked_fill": "select", "maximum": "maximum", "minimum": "minimum",
    "mish": "softplus", "mul": "multiply", "ne": "compare", "neg": "negate", "reciprocal": "reciprocal",
    "relu": "relu", "relu6": "clip", "round": "round", "rsqrt": "sqrt", "rsub": "subtract", "sigmoid": "sigmoid",
    "sign": "compare", "silu": "silu", "sin": "sin", "softplus": "softplus", "sqrt": "sqrt", "square": "square",
    "sub": "subtract", "tanh": "tanh", "threshold": "relu", "tril": "select", "triu": "select", "where": "select",
}  # fmt: skip
"""Operators whose cost is that of a pointwise function of archsim."""

_NORMS: Final = {
    "_softmax": "softmax", "softmax": "softmax", "_log_softmax": "log_softmax", "log_softmax": "log_softmax",
    "batch_norm": "batch_norm", "_native_batch_norm_legit": "batch_norm", "_native_batch_norm_legit_no_training":
    "batch_norm", "group_norm": "group_norm", "native_group_norm": "group_norm", "instance_norm": "instance_norm",
    "layer_norm": "layer_norm", "native_layer_norm": "layer_norm", "rms_norm": "rms_norm",
    "_fused_rms_norm": "rms_norm",
}  # fmt: skip
_REDUCTIONS: Final = (
    "all", "amax", "amin", "any", "argmax", "argmin", "linalg_vector_norm", "logsumexp", "max", "mean", "min", "prod",
    "std", "sum", "topk", "var",
)  # fmt: skip
_POOLS: Final = (
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool1d",
    "avg_pool2d", "max_pool1d", "max_pool2d", "max_pool2d_with_indices",
)  # fmt: skip


def pointwise(call: Call, function: str) -> Value:
    """One function of archsim applied to every output element."""
    cost = functions.elementwise(function)
    return call.emit(Elementwise(function, call.elements, cost.flops, cost.special))


def _same(call: Call) -> Value:
    return pointwise(call, _SAME[call.operator])


def _gelu(call: Call) -> Value:
    return pointwise(call, "gelu_tanh" if call.get("approximate") == "tanh" else "gelu")


def _power(call: Call) -> Value:
    return pointwise(call, "square" if call.get("exponent") == 2 else "power")


def _cast(call: Call) -> Value:
    """Another number format; the same one is a view."""
    x = call.tensor("self")
    return call.view(x) if x.source.dtype == call.output_format else pointwise(call, "cast")


def _dropout(call: Call) -> Value:
    """A view unless the module is in training mode."""
    return pointwise(call, "dropout") if call.get("train") else call.view(call.tensor("input", "self"))


def _normalise(call: Call) -> Value | tuple[Value, ...]:
    function = _NORMS[call.operator]
    x, cost = call.tensor("input", "self"), functions.normalise(function)
    rows = max(_rows(call, function, x), 1)
    work = Normalise(function, rows, x.elements // rows, cost.passes, cost.flops, cost.special, cost.special_per_row)
    made = call.emit(work)
    return (made,) * len(call.examples) if len(call.examples) > 1 else made


def _rows(call: Call, function: str, x: Value) -> int:
    if function in ("softmax", "log_softmax"):
        return x.elements // x.shape[int(call["dim"])]
    if function == "batch_norm":
        return x.shape[1]
    if function == "group_norm":
        return x.shape[0] * int(call.get("num_groups", "group"))
    if function == "instance_norm":
        return x.shape[0] * x.shape[1]
    return x.elements // math.prod(int(size) for size in call["normalized_shape"])


def _reduce(call: Call) -> Value | tuple[Value, ...]:
    x, outputs = call.tensor("self", "input"), max(call.elements, 1)
    made = call.emit(Reduce(call.operator, outputs, max(x.elements // outputs, 1)))
    return (made,) * len(call.examples) if len(call.examples) > 1 else made


def _pool(call: Call) -> Value | tuple[Value, ...]:
    x, kernel = call.tensor("self", "input"), call.get("kernel_size")
    axes = 1 if "1d" in call.operator else 2
    window = _taps(kernel, axes) if kernel is not None else max(x.elements // call.elements, 1)
    made = call.emit(Reduce("max_pool" if "max" in call.operator else "mean_pool", call.elements, window))
    return (made,) * len(call.examples) if len(call.examples) > 1 else made


def _taps(kernel: Any, axes: int) -> int:
    numbers: Sequence[int] = kernel if isinstance(kernel, list | tuple) else [kernel]
    return math.prod(numbers) if len(numbers) == axes else int(numbers[0]) ** axes


def _cumulate(call: Call) -> Value:
    """A running sum: dependent steps along one axis."""
    x = call.tensor("self")
    length = x.shape[call["dim"]] if x.shape else 1
    return call.emit(Scan("cumsum", length, x.elements // max(length, 1), 1.0))


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(("_to_copy", "to", "type_as"), _cast),
    **dict.fromkeys(("dropout", "native_dropout"), _dropout),
    **dict.fromkeys(_NORMS, _normalise),
    **dict.fromkeys(_REDUCTIONS, _reduce),
    **dict.fromkeys(_POOLS, _pool),
    "cumsum": _cumulate,
    "gelu": _gelu,
    "pow": _power,
}
