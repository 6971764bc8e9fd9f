"""EfficientNet (Tan and Le, arXiv:1905.11946) and EfficientNet V2 (arXiv:2104.00298)."""

from __future__ import annotations

import math
from typing import NamedTuple

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.inverted_residual import inverted_residual
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network, rounded


class Stage(NamedTuple):
    """Blocks that share a shape; the first has the stride. A fused block expands and filters in one convolution."""

    expansion: int
    kernel: int
    stride: int
    channels: int
    repeats: int
    fused: bool = False


V1_STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
V1_STEM = 32
V1_VARIANTS = {
    "b0": (1.0, 1.0, 224),
    "b1": (1.0, 1.1, 240),
    "b2": (1.1, 1.2, 288),
    "b3": (1.2, 1.4, 300),
    "b4": (1.4, 1.8, 380),
    "b5": (1.6, 2.2, 456),
    "b6": (1.8, 2.6, 528),
    "b7": (2.0, 3.1, 600),
}
"""Width and depth factors, and the image side at which the weights are published (the paper has 260 for B2)."""

V2_VARIANTS = {
    "v2-s": (
        24,
        384,
        (
            Stage(1, 3, 1, 24, 2, fused=True),
            Stage(4, 3, 2, 48, 4, fused=True),
            Stage(4, 3, 2, 64, 4, fused=True),
            Stage(4, 3, 2, 128, 6),
            Stage(6, 3, 1, 160, 9),
            Stage(6, 3, 2, 256, 15),
        ),
    ),
    "v2-m": (
        24,
        480,
        (
            Stage(1, 3, 1, 24, 3, fused=True),
            Stage(4, 3, 2, 48, 5, fused=True),
            Stage(4, 3, 2, 80, 5, fused=True),
            Stage(4, 3, 2, 160, 7),
            Stage(6, 3, 1, 176, 14),
            Stage(6, 3, 2, 304, 18),
            Stage(6, 3, 1, 512, 5),
        ),
    ),
    "v2-l": (
        32,
        480,
        (
            Stage(1, 3, 1, 32, 4, fused=True),
            Stage(4, 3, 2, 64, 7, fused=True),
            Stage(4, 3, 2, 96, 7, fused=True),
            Stage(4, 3, 2, 192, 10),
            Stage(6, 3, 1, 224, 19),
            Stage(6, 3, 2, 384, 25),
            Stage(6, 3, 1, 640, 7),
        ),
    ),
}
"""Stem channels, image side of the published weights, stages."""

V2_LAST = 1280


def efficientnet(
    *, variant: str = "b0", batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build EfficientNet `variant`: ``b0`` to ``b7``, ``v2-s``, ``v2-m`` or ``v2-l``."""
    stem, last, stages = _plan(variant)
    b, x = image_network(f"efficientnet-{variant}", batch, image, dtype)
    x = conv_norm(b, x, stem, 3, stride=2, activation="silu", name="stem")
    for number, stage in enumerate(stages, 1):
        for block in range(1, stage.repeats + 1):
            with b.scope(f"stage{number}/block{block}"):
                x = _block(b, x, stage, stage.stride if block == 1 else 1)
    classifier(b, conv_norm(b, x, last, 1, activation="silu", name="last"), classes)
    return b.build()


def _plan(variant: str) -> tuple[int, int, tuple[Stage, ...]]:
    """Channels of the stem and of the last convolution, and the stages between them."""
    if variant in V2_VARIANTS:
        return V2_VARIANTS[variant][0], V2_LAST, V2_VARIANTS[variant][2]
    if variant not in V1_VARIANTS:
        known = ", ".join((*V1_VARIANTS, *V2_VARIANTS))
        raise UsageError(f"EfficientNet has no variant={variant!r}", hint=f"write one of {known}")
    width, depth, _ = V1_VARIANTS[variant]
    scaled = tuple(
        stage._replace(channels=rounded(stage.channels * width), repeats=math.ceil(stage.repeats * depth))
        for stage in V1_STAGES
    )
    return rounded(V1_STEM * width), 4 * scaled[-1].channels, scaled


def _block(b: GraphBuilder, x: Tensor, stage: Stage, stride: int) -> Tensor:
    inside = x.shape[1]
    expanded = inside * stage.expansion
    if stage.fused:
        return _fused(b, x, stage, expanded, stride)
    return inverted_residual(
        b,
        x,
        stage.channels,
        expanded=expanded,
        kernel=stage.kernel,
        stride=stride,
        activation="silu",
        squeezed=max(1, inside // 4),
        gate_activation="silu",
    )


def _fused(b: GraphBuilder, x: Tensor, stage: Stage, expanded: int, stride: int) -> Tensor:
    if stage.expansion == 1:
        y = conv_norm(b, x, stage.channels, stage.kernel, stride=stride, activation="silu", name="fused")
    else:
        y = conv_norm(b, x, expanded, stage.kernel, stride=stride, activation="silu", name="fused")
        y = conv_norm(b, y, stage.channels, 1, activation="", name="project")
    return b.elementwise("add", y, x) if stride == 1 and x.shape == y.shape else y


for _variant in V1_VARIANTS:
    register(
        f"efficientnet-{_variant}",
        efficientnet,
        f"EfficientNet-{_variant.upper()}, Tan and Le 2019",
        group="cnn",
        variant=_variant,
        image=V1_VARIANTS[_variant][2],
    )
for _variant in V2_VARIANTS:
    register(
        f"efficientnet-{_variant}",
        efficientnet,
        f"EfficientNet{_variant.upper()}, Tan and Le 2021",
        group="cnn",
        variant=_variant,
        image=V2_VARIANTS[_variant][1],
    )
