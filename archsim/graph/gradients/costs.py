"""What one element of a gradient costs, and which values of the forward pass it reads again.

Counted like `archsim.graph.functions`: plain operations and special functions of the defining formula, the product
with the incoming gradient included. What is kept follows PyTorch's ``derivatives.yaml``: the output where the
derivative can be written in terms of it, which is then also the next layer's kept input and stored once.
"""

from __future__ import annotations

from typing import Final, NamedTuple

INPUTS: Final = "inputs"
OUTPUT: Final = "output"
BOTH: Final = "both"
OTHERS: Final = "others"
MASK: Final = "mask"
NOTHING: Final = "nothing"


class GradientCost(NamedTuple):
    """Work per element, and what is read again: inputs, output, both, the other inputs, a mask, or nothing."""

    flops: float
    special: float
    keeps: str


PASSED_ON: Final = frozenset({"add", "round", "subtract"})
"""Functions whose gradient is the incoming one; what is subtracted gets it with the other sign, rounding is ignored."""

FLAT: Final = frozenset({"compare", "argmax", "argmin", "one_hot", "shape"})
"""Functions without a gradient."""

ELEMENTWISE: Final[dict[str, GradientCost]] = {
    "abs": GradientCost(2, 0, INPUTS),
    "binarise": GradientCost(3, 0, INPUTS),
    "cast": GradientCost(1, 0, NOTHING),
    "clip": GradientCost(3, 0, INPUTS),
    "cos": GradientCost(2, 1, INPUTS),
    "cube": GradientCost(3, 0, INPUTS),
    "dequantise": GradientCost(1, 0, NOTHING),
    "divide": GradientCost(2, 1, BOTH),
    "dropout": GradientCost(2, 0, MASK),
    "elu": GradientCost(3, 0, OUTPUT),
    "erf": GradientCost(3, 1, INPUTS),
    "exp": GradientCost(1, 0, OUTPUT),
    "gelu": GradientCost(9, 2, INPUTS),
    "gelu_tanh": GradientCost(14, 1, INPUTS),
    "hard_sigmoid": GradientCost(3, 0, INPUTS),
    "hard_swish": GradientCost(6, 0, INPUTS),
    "leaky_relu": GradientCost(2, 0, INPUTS),
    "log": GradientCost(0, 1, INPUTS),
    "masked": GradientCost(1, 0, NOTHING),
    "maximum": GradientCost(2, 0, INPUTS),
    "minimum": GradientCost(2, 0, INPUTS),
    "multiply": GradientCost(1, 0, OTHERS),
    "multiply_add": GradientCost(1, 0, OTHERS),
    "negate": GradientCost(1, 0, NOTHING),
    "power": GradientCost(2, 2, BOTH),
    "quantise": GradientCost(3, 0, INPUTS),
    "reciprocal": GradientCost(3, 0, OUTPUT),
    "relu": GradientCost(2, 0, OUTPUT),
    "rotary": GradientCost(3, 0, OTHERS),
    "rsqrt": GradientCost(4, 0, OUTPUT),
    "select": GradientCost(1, 0, INPUTS),
    "sigmoid": GradientCost(3, 0, OUTPUT),
    "silu": GradientCost(6, 2, INPUTS),
    "sin": GradientCost(1, 1, INPUTS),
    "softplus": GradientCost(2, 2, INPUTS),
    "sqrt": GradientCost(1, 1, OUTPUT),
    "square": GradientCost(2, 0, INPUTS),
    "squash": GradientCost(8, 2, INPUTS),
    "tanh": GradientCost(3, 0, OUTPUT),
}
"""Per differentiated input. Rounding and clipping use the straight-through estimator (Bengio 2013, arXiv:1308.3432)."""


class NormaliseGradientCost(NamedTuple):
    """Work per element, passes over the row, what is read again, and statistics kept per row."""

    flops: float
    special: float
    passes: int
    keeps: str
    statistics: int


NORMALISE: Final[dict[str, NormaliseGradientCost]] = {
    "softmax": NormaliseGradientCost(4, 0, 2, OUTPUT, 0),
    "log_softmax": NormaliseGradientCost(3, 1, 2, OUTPUT, 0),
    "layer_norm": NormaliseGradientCost(11, 0, 2, INPUTS, 2),
    "group_norm": NormaliseGradientCost(11, 0, 2, INPUTS, 2),
    "instance_norm": NormaliseGradientCost(11, 0, 2, INPUTS, 2),
    "batch_norm": NormaliseGradientCost(11, 0, 2, INPUTS, 2),
    "rms_norm": NormaliseGradientCost(8, 0, 2, INPUTS, 1),
    "l2_norm": NormaliseGradientCost(5, 0, 2, OUTPUT, 1),
    "local_response_norm": NormaliseGradientCost(21, 3, 1, BOTH, 0),
}
"""Layer norm: recompute x' = (x - mean) r (2), g = dy scale (1), dy x' for the scale (1), sums of g and g x' (3),
dx = (g - mean(g) - x' mean(g x')) r (4); Ba 2016, arXiv:1607.06450. Softmax: dx = y (dy - sum(dy y))."""


def elementwise(name: str, flops: float, special: float) -> GradientCost:
    """Cost of the gradient of a pointwise function; one not listed costs its own evaluation and a product more."""
    return ELEMENTWISE.get(name) or GradientCost(2 * flops + 1, special, INPUTS)


def normalise(name: str) -> NormaliseGradientCost:
    """Cost of the gradient of a normalising function; one not listed costs what layer norm's does."""
    return NORMALISE.get(name) or NORMALISE["layer_norm"]
