"""VGG: Simonyan and Zisserman, "Very deep convolutional networks", arXiv:1409.1556."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import adaptive_pool, image_network

CONVOLUTIONS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""3x3 convolutions of each of the five stages, by depth."""

CHANNELS = (64, 128, 256, 512, 512)
POOLED = 7
FEATURES = 4096


def vgg(
    *,
    depth: int = 16,
    batch_norm: bool = False,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    convolutional: bool = False,
    dtype: str = "fp16",
) -> Graph:
    """Build VGG of `depth` weight layers; with `batch_norm` every convolution keeps its bias, as published.

    With `convolutional` the first two linear layers are written as convolutions over the whole map, as in timm.
    """
    if depth not in CONVOLUTIONS:
        raise UsageError(f"VGG has no depth={depth}", hint=f"write one of {', '.join(map(str, CONVOLUTIONS))}")
    b, x = image_network(f"vgg{depth}", batch, image, dtype)
    for stage, (channels, repeats) in enumerate(zip(CHANNELS, CONVOLUTIONS[depth], strict=True), 1):
        for number in range(1, repeats + 1):
            with b.scope(f"stage{stage}/conv{number}"):
                x = b.conv(x, channels, 3, padding=1, bias=True)
                if batch_norm:
                    x = b.normalise("batch_norm", x, name="norm")
                x = b.elementwise("relu", x)
        x = b.pool(x, 2, name=f"stage{stage}/pool")
    x = adaptive_pool(b, x, POOLED)
    if not convolutional:
        x = b.reshape(x, (batch, x.elements // batch))
    for number, side in ((1, POOLED), (2, 1)):
        layer = f"linear{number}"
        x = b.conv(x, FEATURES, side, bias=True, name=layer) if convolutional else b.linear(x, FEATURES, name=layer)
        x = b.elementwise("relu", x, name=f"{layer}/relu")
    if convolutional:
        x = b.reshape(x, (batch, FEATURES))
    b.linear(x, classes, name="classifier")
    return b.build()


for _depth in CONVOLUTIONS:
    register(f"vgg{_depth}", vgg, f"VGG-{_depth}, Simonyan and Zisserman 2014", group="cnn", depth=_depth)
    register(
        f"vgg{_depth}-bn",
        vgg,
        f"VGG-{_depth} with batch norm, Simonyan and Zisserman 2014",
        group="cnn",
        depth=_depth,
        batch_norm=True,
    )
