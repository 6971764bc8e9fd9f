"""What one element of a pointwise or normalising function costs.

Two counts per element: plain arithmetic (add, multiply, compare, select: one FLOP each) and special functions (exp,
log, erf, tanh, division, square root, sine), which machines run at another rate. They count the operations of the
defining formula, not those of one library's code.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from archsim.errors import UnknownNameError


class Cost(NamedTuple):
    """Work of one element: `flops` plain operations and `special` special functions."""

    flops: float
    special: float


ELEMENTWISE: Final[dict[str, Cost]] = {
    "abs": Cost(1, 0),
    "add": Cost(1, 0),
    "binarise": Cost(1, 0),
    "cast": Cost(1, 0),
    "clip": Cost(2, 0),
    "compare": Cost(1, 0),
    "cos": Cost(0, 1),
    "cube": Cost(2, 0),
    "divide": Cost(0, 1),
    "dropout": Cost(2, 0),
    "elu": Cost(2, 1),
    "erf": Cost(0, 1),
    "exp": Cost(0, 1),
    "gelu": Cost(4, 1),
    "gelu_tanh": Cost(7, 1),
    "hard_sigmoid": Cost(4, 0),
    "hard_swish": Cost(5, 0),
    "leaky_relu": Cost(2, 0),
    "log": Cost(0, 1),
    "masked": Cost(1, 0),
    "maximum": Cost(1, 0),
    "minimum": Cost(1, 0),
    "multiply": Cost(1, 0),
    "multiply_add": Cost(2, 0),
    "negate": Cost(1, 0),
    "power": Cost(0, 2),
    "quantise": Cost(3, 0),
    "dequantise": Cost(2, 0),
    "reciprocal": Cost(0, 1),
    "relu": Cost(1, 0),
    "rotary": Cost(3, 0),
    "round": Cost(1, 0),
    "rsqrt": Cost(0, 1),
    "select": Cost(1, 0),
    "sigmoid": Cost(1, 2),
    "silu": Cost(2, 2),
    "sin": Cost(0, 1),
    "softplus": Cost(1, 2),
    "sqrt": Cost(0, 1),
    "square": Cost(1, 0),
    "squash": Cost(4, 2),
    "subtract": Cost(1, 0),
    "tanh": Cost(0, 1),
}
"""Pointwise functions by name; `rotary` is a 2x2 rotation per pair: four multiplies and two adds per two elements, and
`masked` puts a constant where a mask says so."""


class NormaliseCost(NamedTuple):
    """Work per element of a row, passes over the row, and special functions per row."""

    flops: float
    special: float
    passes: int
    special_per_row: float


NORMALISE: Final[dict[str, NormaliseCost]] = {
    "softmax": NormaliseCost(4, 1, 3, 1),
    "log_softmax": NormaliseCost(4, 1, 3, 1),
    "layer_norm": NormaliseCost(7, 0, 2, 2),
    "rms_norm": NormaliseCost(4, 0, 2, 2),
    "group_norm": NormaliseCost(7, 0, 2, 2),
    "instance_norm": NormaliseCost(7, 0, 2, 2),
    "batch_norm": NormaliseCost(2, 0, 1, 0),
    "local_response_norm": NormaliseCost(13, 2, 1, 0),
    "l2_norm": NormaliseCost(3, 0, 2, 2),
}
"""Normalising functions by name; inference batch norm is one scale and one shift per element."""


def elementwise(name: str) -> Cost:
    """Cost of one element of the pointwise function `name`.

    Raises
    ------
    UnknownNameError
        No such function; lists the nearest.
    """
    found = ELEMENTWISE.get(name)
    if found is None:
        raise UnknownNameError("elementwise function", name, ELEMENTWISE, hint=f"known: {', '.join(ELEMENTWISE)}")
    return found


def normalise(name: str) -> NormaliseCost:
    """Cost of the normalising function `name`.

    Raises
    ------
    UnknownNameError
        No such function; lists the nearest.
    """
    found = NORMALISE.get(name)
    if found is None:
        raise UnknownNameError("normalising function", name, NORMALISE, hint=f"known: {', '.join(NORMALISE)}")
    return found
