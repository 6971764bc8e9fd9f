"""VGG-8 for small images, as benchmarks of compute-in-memory run it: Chen et al., "DNN+NeuroSim", IEDM 2019."""

from __future__ import annotations

from typing import Final

from archsim.graph import Graph
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network

CHANNELS: Final = (128, 256, 512)
"""Of two 3x3 convolutions each, before the map is halved."""

FEATURES: Final = 1024


def vgg8(*, batch: int = 1, image: int = 32, classes: int = 10, dtype: str = "int8") -> Graph:
    """Build VGG-8: six convolutions, two linear layers, no biases."""
    b, x = image_network("vgg8", batch, image, dtype)
    for stage, channels in enumerate(CHANNELS, 1):
        for number in (1, 2):
            x = b.conv(x, channels, 3, padding=1, bias=False, name=f"stage{stage}/conv{number}")
            x = b.elementwise("relu", x, name=f"stage{stage}/relu{number}")
        x = b.pool(x, 2, name=f"stage{stage}/pool")
    x = b.reshape(x, (batch, x.elements // batch))
    x = b.elementwise("relu", b.linear(x, FEATURES, bias=False, name="linear"), name="linear/relu")
    b.linear(x, classes, bias=False, name="classifier")
    return b.build()


register("vgg8", vgg8, "VGG-8 for images of 32 x 32, Chen et al. 2019", group="cnn")
