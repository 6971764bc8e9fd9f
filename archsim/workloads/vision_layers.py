"""Layers that several image networks share: convolution with normalisation, squeeze-and-excite, classifier."""

from __future__ import annotations

import math

from archsim.graph import GraphBuilder, Tensor
from archsim.graph.layers import Pair
from archsim.graph.work import Reduce

COLOURS = 3


def image_network(name: str, batch: int, image: int, dtype: str) -> tuple[GraphBuilder, Tensor]:
    """Start an image network: return its builder and its input of shape (`batch`, 3, `image`, `image`)."""
    b = GraphBuilder(name, dtype=dtype, items=batch, item="image")
    return b, b.input("image", (batch, COLOURS, image, image))


def conv_norm(
    b: GraphBuilder,
    x: Tensor,
    channels: int,
    kernel: Pair = 1,
    *,
    stride: int = 1,
    groups: int = 1,
    bias: bool = False,
    activation: str = "relu",
    padding: Pair | None = None,
    name: str = "conv",
) -> Tensor:
    """Convolve, batch-normalise, activate; by default the padding keeps the size, an empty activation adds none."""
    if padding is None:
        padding = kernel // 2 if isinstance(kernel, int) else (kernel[0] // 2, kernel[1] // 2)
    x = b.conv(x, channels, kernel, stride=stride, padding=padding, groups=groups, bias=bias, name=name)
    x = b.normalise("batch_norm", x, name=f"{name}/norm")
    return b.elementwise(activation, x, name=f"{name}/{activation}") if activation else x


def squeeze_excite(
    b: GraphBuilder, x: Tensor, squeezed: int, *, activation: str = "relu", gate: str = "sigmoid"
) -> Tensor:
    """Weigh every channel of `x` by a gate computed from all channel means (Hu et al. 2018)."""
    batch, channels, _, _ = x.shape
    with b.scope("excite"):
        means = b.reduce("mean", x, (2, 3))
        hidden = b.elementwise(activation, b.linear(means, squeezed, name="squeeze"))
        gates = b.elementwise(gate, b.linear(hidden, channels, name="expand"))
        return b.elementwise("multiply", x, b.reshape(gates, (batch, channels, 1, 1)), name="scale")


def adaptive_pool(b: GraphBuilder, x: Tensor, size: int, *, name: str = "pool") -> Tensor:
    """Average `x` to `size` x `size` pixels whatever its size; nothing to do when it has that size already.

    Windows overlap where the map does not divide; all are counted as large as the largest that then occurs.
    """
    batch, channels, height, width = x.shape
    if (height, width) == (size, size):
        return x
    window = math.ceil(height / size) * math.ceil(width / size)
    return b.op(name, Reduce("mean_pool", batch * channels * size**2, window), [x], (batch, channels, size, size))


def classifier(b: GraphBuilder, x: Tensor, classes: int) -> Tensor:
    """Average over all pixels, then one linear layer."""
    return b.linear(b.reduce("mean", x, (2, 3), name="pool"), classes, name="classifier")


def rounded(channels: float, divisor: int = 8) -> int:
    """Round to a multiple of `divisor`, but never by more than a tenth downwards (Howard et al. 2017)."""
    near = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return near + divisor if near < 0.9 * channels else near
