"""GhostNet: Han et al., "GhostNet: More Features from Cheap Operations", arXiv:1911.11907."""

from __future__ import annotations

from typing import NamedTuple

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import conv_norm, image_network, rounded, squeeze_excite


class Row(NamedTuple):
    """One bottleneck: side of the depthwise kernel, widened channels, channels out, squeeze-and-excite, stride."""

    kernel: int
    wide: int
    channels: int
    excite: bool = False
    stride: int = 1


STEM, LAST, FEATURES = 16, 960, 1280
ROWS = (
    Row(3, 16, 16),
    Row(3, 48, 24, stride=2),
    Row(3, 72, 24),
    Row(5, 72, 40, excite=True, stride=2),
    Row(5, 120, 40, excite=True),
    Row(3, 240, 80, stride=2),
    Row(3, 200, 80),
    Row(3, 184, 80),
    Row(3, 184, 80),
    Row(3, 480, 112, excite=True),
    Row(3, 672, 112, excite=True),
    Row(5, 672, 160, excite=True, stride=2),
    Row(5, 960, 160),
    Row(5, 960, 160, excite=True),
    Row(5, 960, 160),
    Row(5, 960, 160, excite=True),
)
"""Table 1 of the paper."""


def ghostnet(*, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16") -> Graph:
    """Build GhostNet 1.0: half of all features come from a 3x3 depthwise convolution of the other half."""
    b, x = image_network("ghostnet", batch, image, dtype)
    x = conv_norm(b, x, STEM, 3, stride=2, name="stem")
    for number, row in enumerate(ROWS, 1):
        with b.scope(f"block{number}"):
            x = _bottleneck(b, x, row)
    x = conv_norm(b, x, LAST, 1, name="last")
    x = b.reshape(b.reduce("mean", x, (2, 3), name="pool"), (batch, LAST, 1, 1))
    x = b.elementwise("relu", b.conv(x, FEATURES, 1, bias=True, name="features"), name="features/relu")
    b.linear(b.reshape(x, (batch, FEATURES)), classes, name="classifier")
    return b.build()


def _bottleneck(b: GraphBuilder, x: Tensor, row: Row) -> Tensor:
    y = _ghost(b, x, row.wide, "relu", "ghost1")
    if row.stride > 1:
        depthwise = {"stride": row.stride, "groups": row.wide, "activation": ""}
        y = conv_norm(b, y, row.wide, row.kernel, name="depthwise", **depthwise)  # type: ignore[arg-type]
    if row.excite:
        y = squeeze_excite(b, y, rounded(row.wide / 4, 4), gate="hard_sigmoid")
    y = _ghost(b, y, row.channels, "", "ghost2")
    if x.shape != y.shape:
        inside = x.shape[1]
        x = conv_norm(b, x, inside, row.kernel, stride=row.stride, groups=inside, activation="", name="shortcut1")
        x = conv_norm(b, x, row.channels, 1, activation="", name="shortcut2")
    return b.elementwise("add", y, x)


def _ghost(b: GraphBuilder, x: Tensor, channels: int, activation: str, name: str) -> Tensor:
    own = -(-channels // 2)
    first = conv_norm(b, x, own, 1, activation=activation, name=f"{name}/primary")
    second = conv_norm(b, first, own, 3, groups=own, activation=activation, name=f"{name}/cheap")
    return b.concat([first, second], 1, name=f"{name}/join")


register("ghostnet-1-0", ghostnet, "GhostNet 1.0, Han et al. 2020", group="cnn", aliases=("ghostnet", "ghostnet-1.0"))
