"""GoogLeNet, the first Inception: Szegedy et al., "Going deeper with convolutions", arXiv:1409.4842."""

from __future__ import annotations

from typing import NamedTuple

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network


class Module(NamedTuple):
    """Channels of one inception module: four branches, the middle two behind a narrowing convolution."""

    point: int
    narrow: int
    middle: int
    narrower: int
    wide: int
    pooled: int


STAGES: tuple[tuple[Module, ...], ...] = (
    (Module(64, 96, 128, 16, 32, 32), Module(128, 128, 192, 32, 96, 64)),
    (
        Module(192, 96, 208, 16, 48, 64),
        Module(160, 112, 224, 24, 64, 64),
        Module(128, 128, 256, 24, 64, 64),
        Module(112, 144, 288, 32, 64, 64),
        Module(256, 160, 320, 32, 128, 128),
    ),
    (Module(256, 160, 320, 32, 128, 128), Module(384, 192, 384, 48, 128, 128)),
)
POOLS = (3, 2)
"""Windows of the maxima between the stages."""


def googlenet(
    *, wide_kernel: int = 3, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build GoogLeNet with batch norm and without its auxiliary classifiers.

    Parameters
    ----------
    wide_kernel : int
        Kernel of the third branch: 5 in the paper, 3 in the published weights.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.
    """
    b, x = image_network("googlenet", batch, image, dtype)
    x = conv_norm(b, x, 64, 7, stride=2, name="conv1")
    x = b.pool(x, 3, stride=2, ceil=True, name="pool1")
    x = conv_norm(b, x, 64, 1, name="conv2")
    x = conv_norm(b, x, 192, 3, name="conv3")
    x = b.pool(x, 3, stride=2, ceil=True, name="pool2")
    for stage, modules in enumerate(STAGES):
        for number, module in enumerate(modules, 1):
            with b.scope(f"stage{stage + 3}/module{number}"):
                x = _module(b, x, module, wide_kernel)
        if stage < len(POOLS):
            x = b.pool(x, POOLS[stage], stride=2, ceil=True, name=f"stage{stage + 3}/pool")
    classifier(b, x, classes)
    return b.build()


def _module(b: GraphBuilder, x: Tensor, module: Module, wide_kernel: int) -> Tensor:
    branches = [
        conv_norm(b, x, module.point, 1, name="point"),
        conv_norm(b, conv_norm(b, x, module.narrow, 1, name="narrow"), module.middle, 3, name="middle"),
        conv_norm(b, conv_norm(b, x, module.narrower, 1, name="narrower"), module.wide, wide_kernel, name="wide"),
        conv_norm(b, b.pool(x, 3, stride=1, padding=1), module.pooled, 1, name="pooled"),
    ]
    return b.concat(branches, 1)


register("googlenet", googlenet, "GoogLeNet, Szegedy et al. 2015", group="cnn", aliases=("inception-v1",))
