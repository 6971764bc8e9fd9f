"""AlexNet in its single-tower form: Krizhevsky, "One weird trick", arXiv:1404.5997."""

from __future__ import annotations

from archsim.graph import Graph
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import adaptive_pool, image_network

LAYERS = (
    (64, 11, 4, 2, True),
    (192, 5, 1, 2, True),
    (384, 3, 1, 1, False),
    (256, 3, 1, 1, False),
    (256, 3, 1, 1, True),
)
"""Channels, kernel, stride, padding, and whether a 3x3/2 maximum follows."""

POOLED = 6
FEATURES = 4096


def alexnet(*, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16") -> Graph:
    """Build AlexNet: five convolutions and three linear layers that hold most of the weights."""
    b, x = image_network("alexnet", batch, image, dtype)
    for number, (channels, kernel, stride, padding, pooled) in enumerate(LAYERS, 1):
        x = b.conv(x, channels, kernel, stride=stride, padding=padding, bias=True, name=f"conv{number}")
        x = b.elementwise("relu", x, name=f"relu{number}")
        if pooled:
            x = b.pool(x, 3, stride=2, name=f"pool{number}")
    x = adaptive_pool(b, x, POOLED)
    x = b.reshape(x, (batch, x.elements // batch))
    for number in (1, 2):
        x = b.linear(x, FEATURES, name=f"linear{number}")
        x = b.elementwise("relu", x, name=f"linear{number}/relu")
    b.linear(x, classes, name="classifier")
    return b.build()


register("alexnet", alexnet, "AlexNet (single tower), Krizhevsky 2014", group="cnn")
