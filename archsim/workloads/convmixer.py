"""ConvMixer: Trockman and Kolter, "Patches Are All You Need?", arXiv:2201.09792."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, image_network


def convmixer(
    *,
    width: int = 768,
    depth: int = 32,
    kernel: int = 7,
    patch: int = 7,
    activation: str = "relu",
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a ConvMixer: depthwise convolutions over pixels and 1x1 convolutions over channels, on patches.

    Parameters
    ----------
    width, depth : int
        Channels, blocks.
    kernel, patch : int
        Sides of the depthwise kernel and of a patch, pixel.
    activation : str
        Pointwise function; it runs before the batch norm.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.
    """
    b, x = image_network("convmixer", batch, image, dtype)
    x = _active(b, b.conv(x, width, patch, stride=patch, bias=True, name="stem"), activation, "stem")
    for block in range(1, depth + 1):
        with b.scope(f"block{block}"):
            y = b.conv(x, width, kernel, padding="same", groups=width, bias=True, name="depthwise")
            x = b.elementwise("add", _active(b, y, activation, "depthwise"), x)
            x = _active(b, b.conv(x, width, 1, bias=True, name="pointwise"), activation, "pointwise")
    classifier(b, x, classes)
    return b.build()


def _active(b: GraphBuilder, x: Tensor, activation: str, name: str) -> Tensor:
    return b.normalise("batch_norm", b.elementwise(activation, x, name=f"{name}/{activation}"), name=f"{name}/norm")


register("convmixer-768-32", convmixer, "ConvMixer-768/32, Trockman and Kolter 2022", group="cnn")
register(
    "convmixer-1536-20",
    convmixer,
    "ConvMixer-1536/20, Trockman and Kolter 2022",
    group="cnn",
    width=1536,
    depth=20,
    kernel=9,
    activation="gelu",
)
