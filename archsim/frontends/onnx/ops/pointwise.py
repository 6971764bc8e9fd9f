"""Pointwise operators: one function of every element."""

from __future__ import annotations

from typing import Final

from archsim.frontends.onnx.emit import Emitter, Results
from archsim.frontends.onnx.formats import number_format
from archsim.frontends.onnx.node import Node
from archsim.frontends.onnx.ops.rule import Mapper
from archsim.frontends.onnx.value import Value
from archsim.graph import functions
from archsim.graph.functions import Cost
from archsim.graph.work import Elementwise

_SHARED: Final[dict[str, str]] = {
    "Abs": "abs",
    "Cos": "cos",
    "Clip": "clip",
    "Elu": "elu",
    "Erf": "erf",
    "Exp": "exp",
    "HardSigmoid": "hard_sigmoid",
    "HardSwish": "hard_swish",
    "LeakyRelu": "leaky_relu",
    "Log": "log",
    "PRelu": "leaky_relu",
    "Reciprocal": "reciprocal",
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Sin": "sin",
    "Softplus": "softplus",
    "Sqrt": "sqrt",
    "Tanh": "tanh",
    "Celu": "elu",
    "Selu": "elu",
    "ThresholdedRelu": "relu",
    "Swish": "silu",
    "QuickGelu": "silu",
    "FastGelu": "gelu_tanh",
    "Round": "round",
    "Floor": "round",
    "Ceil": "round",
    "Where": "select",
    "Trilu": "select",
    "OneHot": "compare",
    "Mul": "multiply",
    "Neg": "negate",
    "Div": "divide",
    "Sub": "subtract",
    "CumSum": "add",
    "CumProd": "multiply",
    "CastLike": "cast",
}
"""Operators whose function `archsim.graph.functions` knows."""

_OWN: Final[dict[str, tuple[str, Cost]]] = {
    "Acos": ("acos", Cost(0, 1)),
    "Acosh": ("acosh", Cost(0, 1)),
    "Asin": ("asin", Cost(0, 1)),
    "Asinh": ("asinh", Cost(0, 1)),
    "Atan": ("atan", Cost(0, 1)),
    "Atanh": ("atanh", Cost(0, 1)),
    "Cosh": ("cosh", Cost(0, 1)),
    "Sinh": ("sinh", Cost(0, 1)),
    "Tan": ("tan", Cost(0, 1)),
    "Mish": ("mish", Cost(2, 3)),  # x tanh(log(1 + exp(x)))
    "Softsign": ("softsign", Cost(2, 1)),  # x / (1 + |x|)
    "Shrink": ("shrink", Cost(3, 0)),
    "Mod": ("modulo", Cost(2, 1)),
    "Sign": ("sign", Cost(1, 0)),
    "SwiGLU": ("swiglu", Cost(3, 2)),  # x sigmoid(x), times the other operand
    "Hardmax": ("compare", Cost(1, 0)),
}

_COMPARISONS: Final = (
    "And", "Or", "Xor", "Not", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "IsNaN", "IsInf",
    "BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "BitwiseNot",
)  # fmt: skip

_CHAINS: Final[dict[str, str]] = {"Add": "add", "Sum": "add", "Mean": "add", "Max": "maximum", "Min": "minimum"}
"""Operators of any number of operands: one operation per operand after the first."""


def apply(node: Node, emit: Emitter, function: str, cost: Cost, inputs: list[Value | None] | None = None) -> Results:
    """Add one pointwise op over the node's output; without inference the output has its largest input's shape."""
    operands = node.inputs if inputs is None else inputs
    shape = node.outputs[0].shape or max((value.shape for value in operands if value), key=_elements)
    work = Elementwise(function, _elements(shape), cost.flops, cost.special)
    return emit.node(node, work, operands, shape=shape)


def _elements(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _shared(function: str) -> Mapper:
    return lambda node, emit: apply(node, emit, function, functions.elementwise(function), _operands(node))


def _own(function: str, cost: Cost) -> Mapper:
    return lambda node, emit: apply(node, emit, function, cost)


def _operands(node: Node) -> list[Value | None]:
    """Inputs that are data, the one that sets the precision first: limits, axes and depths are numbers in the code."""
    if node.op == "Where":
        return [*node.inputs[1:], node.get(0)]
    return node.inputs[:1] if node.op in ("Clip", "CumSum", "CumProd", "Trilu", "OneHot", "CastLike") else node.inputs


def _chain(function: str) -> Mapper:
    def rule(node: Node, emit: Emitter) -> Results:
        cost = functions.elementwise(function)
        many = max(len(node.given) - 1, 0)
        division = 1 if node.op == "Mean" else 0
        if not many:
            return emit.free(node, node.need(0))
        return apply(node, emit, function, Cost(cost.flops * many + division, cost.special * many))

    return rule


def _power(node: Node, emit: Emitter) -> Results:
    exponent = node.need(1).scalar()
    simple = {2.0: "square", 0.5: "sqrt", -1.0: "reciprocal"}.get(exponent or 0.0, "power")
    if exponent == 3.0:
        return apply(node, emit, "cube", Cost(2, 0))
    return apply(node, emit, simple, functions.elementwise(simple))


def _gelu(node: Node, emit: Emitter) -> Results:
    function = "gelu_tanh" if node.text("approximate", "none") == "tanh" else "gelu"
    return apply(node, emit, function, functions.elementwise(function))


def _cast(node: Node, emit: Emitter) -> Results:
    value, target = node.need(0), node.integer("to") or node.outputs[0].code or node.need(0).code
    if number_format(value.code, emit.dtype, value.name) == number_format(target, emit.dtype, node.name):
        return [emit.view(value, value.shape, target)]
    return apply(node, emit, "cast", functions.elementwise("cast"))


def _bias_gelu(node: Node, emit: Emitter) -> Results:
    cost = functions.elementwise("gelu")
    emit.weight(node.get(1))
    return apply(node, emit, "bias_gelu", Cost(cost.flops + 1, cost.special))


def _fast_gelu(node: Node, emit: Emitter) -> Results:
    cost = functions.elementwise("gelu_tanh")
    emit.weight(node.get(1))
    return apply(node, emit, "gelu_tanh", Cost(cost.flops + (node.get(1) is not None), cost.special))


RULES: dict[str, Mapper] = {
    **{op: _shared(function) for op, function in _SHARED.items()},
    **{op: _own(function, cost) for op, (function, cost) in _OWN.items()},
    **{op: _own("compare", functions.elementwise("compare")) for op in _COMPARISONS},
    **{op: _chain(function) for op, function in _CHAINS.items()},
    "Pow": _power,
    "Gelu": _gelu,
    "Cast": _cast,
    "BiasGelu": _bias_gelu,
    "FastGelu": _fast_gelu,
}
