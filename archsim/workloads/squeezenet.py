"""SqueezeNet 1.0 and 1.1: Iandola et al., arXiv:1602.07360."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network

VARIANTS: dict[str, tuple[int, int, tuple[int, ...]]] = {"1.0": (96, 7, (0, 3, 7)), "1.1": (64, 3, (0, 2, 4))}
"""Channels and kernel of the stem, and before which fire modules (from 0) a 3x3/2 maximum stands."""

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
"""Squeezed channels, and channels of each of the two expanding convolutions."""


def squeezenet(
    *, version: str = "1.0", batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build SqueezeNet: no linear layer, no normalisation, fire modules that concatenate 1x1 and 3x3 results."""
    if version not in VARIANTS:
        raise UsageError(f"SqueezeNet has no version={version!r}", hint=f"write one of {', '.join(VARIANTS)}")
    channels, kernel, pooled = VARIANTS[version]
    b, x = image_network(f"squeezenet{version}", batch, image, dtype)
    x = b.elementwise("relu", b.conv(x, channels, kernel, stride=2, bias=True, name="stem"), name="stem/relu")
    for number, (squeezed, expanded) in enumerate(FIRES):
        with b.scope(f"fire{number + 2}"):
            if number in pooled:
                x = b.pool(x, 3, stride=2, ceil=True, name="pool")
            x = _fire(b, x, squeezed, expanded)
    x = b.elementwise("relu", b.conv(x, classes, 1, bias=True, name="classifier"), name="classifier/relu")
    b.reduce("mean", x, (2, 3), name="pool")
    return b.build()


def _fire(b: GraphBuilder, x: Tensor, squeezed: int, expanded: int) -> Tensor:
    x = b.elementwise("relu", b.conv(x, squeezed, 1, bias=True, name="squeeze"), name="squeeze/relu")
    narrow = b.elementwise("relu", b.conv(x, expanded, 1, bias=True, name="expand1"), name="expand1/relu")
    wide = b.elementwise("relu", b.conv(x, expanded, 3, padding=1, bias=True, name="expand3"), name="expand3/relu")
    return b.concat([narrow, wide], 1)


for _version in VARIANTS:
    register(
        f"squeezenet{_version.replace('.', '-')}",
        squeezenet,
        f"SqueezeNet {_version}, Iandola et al. 2016",
        group="cnn",
        version=_version,
        aliases=(f"squeezenet-{_version}",),
    )
