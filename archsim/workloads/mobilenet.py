"""MobileNet V2 (Sandler et al., arXiv:1801.04381) and V3 (Howard et al., arXiv:1905.02244)."""

from __future__ import annotations

from typing import NamedTuple

from archsim.errors import UsageError
from archsim.graph import Graph
from archsim.workloads.inverted_residual import inverted_residual
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network, rounded

V2_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, repeats, stride of the first."""

V2_STEM, V2_LAST = 32, 1280


class Block(NamedTuple):
    """One inverted residual of MobileNet V3."""

    kernel: int
    expanded: int
    channels: int
    excites: bool
    activation: str
    stride: int


V3_LARGE = (
    Block(3, 16, 16, False, "relu", 1),
    Block(3, 64, 24, False, "relu", 2),
    Block(3, 72, 24, False, "relu", 1),
    Block(5, 72, 40, True, "relu", 2),
    Block(5, 120, 40, True, "relu", 1),
    Block(5, 120, 40, True, "relu", 1),
    Block(3, 240, 80, False, "hard_swish", 2),
    Block(3, 200, 80, False, "hard_swish", 1),
    Block(3, 184, 80, False, "hard_swish", 1),
    Block(3, 184, 80, False, "hard_swish", 1),
    Block(3, 480, 112, True, "hard_swish", 1),
    Block(3, 672, 112, True, "hard_swish", 1),
    Block(5, 672, 160, True, "hard_swish", 2),
    Block(5, 960, 160, True, "hard_swish", 1),
    Block(5, 960, 160, True, "hard_swish", 1),
)
V3_SMALL = (
    Block(3, 16, 16, True, "relu", 2),
    Block(3, 72, 24, False, "relu", 2),
    Block(3, 88, 24, False, "relu", 1),
    Block(5, 96, 40, True, "hard_swish", 2),
    Block(5, 240, 40, True, "hard_swish", 1),
    Block(5, 240, 40, True, "hard_swish", 1),
    Block(5, 120, 48, True, "hard_swish", 1),
    Block(5, 144, 48, True, "hard_swish", 1),
    Block(5, 288, 96, True, "hard_swish", 2),
    Block(5, 576, 96, True, "hard_swish", 1),
    Block(5, 576, 96, True, "hard_swish", 1),
)
V3_STEM = 16
V3_SIZES = {"large": (V3_LARGE, 1280), "small": (V3_SMALL, 1024)}
"""Blocks, and features before the classifier."""


def mobilenet_v2(
    *, width: float = 1.0, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build MobileNet V2 with all channels multiplied by `width`."""
    b, x = image_network("mobilenet-v2", batch, image, dtype)
    x = conv_norm(b, x, rounded(V2_STEM * width), 3, stride=2, activation="clip", name="stem")
    for stage, (expansion, channels, repeats, first) in enumerate(V2_STAGES, 1):
        for number in range(1, repeats + 1):
            with b.scope(f"stage{stage}/block{number}"):
                stride = first if number == 1 else 1
                x = inverted_residual(b, x, rounded(channels * width), expanded=x.shape[1] * expansion, stride=stride)
    x = conv_norm(b, x, rounded(V2_LAST * max(width, 1.0)), 1, activation="clip", name="last")
    classifier(b, x, classes)
    return b.build()


def mobilenet_v3(
    *,
    size: str = "large",
    width: float = 1.0,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build MobileNet V3 ``large`` or ``small`` with all channels multiplied by `width`."""
    if size not in V3_SIZES:
        raise UsageError(f"MobileNet V3 has no size={size!r}", hint=f"write one of {', '.join(V3_SIZES)}")
    blocks, features = V3_SIZES[size]
    b, x = image_network(f"mobilenet-v3-{size}", batch, image, dtype)
    x = conv_norm(b, x, rounded(V3_STEM * width), 3, stride=2, activation="hard_swish", name="stem")
    for number, block in enumerate(blocks, 1):
        expanded = rounded(block.expanded * width)
        with b.scope(f"block{number}"):
            x = inverted_residual(
                b,
                x,
                rounded(block.channels * width),
                expanded=expanded,
                kernel=block.kernel,
                stride=block.stride,
                activation=block.activation,
                squeezed=rounded(expanded / 4) if block.excites else 0,
                gate="hard_sigmoid",
            )
    x = conv_norm(b, x, 6 * x.shape[1], 1, activation="hard_swish", name="last")
    x = b.linear(b.reduce("mean", x, (2, 3), name="pool"), rounded(features * width), name="features")
    b.linear(b.elementwise("hard_swish", x, name="features/hard_swish"), classes, name="classifier")
    return b.build()


register("mobilenet-v2", mobilenet_v2, "MobileNet V2, Sandler et al. 2018", group="cnn")
for _size in V3_SIZES:
    register(
        f"mobilenet-v3-{_size}", mobilenet_v3, f"MobileNet V3 {_size}, Howard et al. 2019", group="cnn", size=_size
    )
