"""PoolFormer: Yu et al., "MetaFormer Is Actually What You Need for Vision", arXiv:2111.11418."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network

SMALL, MEDIUM = (64, 128, 320, 512), (96, 192, 384, 768)
SIZES = {
    "s12": (SMALL, (2, 2, 6, 2)),
    "s24": (SMALL, (4, 4, 12, 4)),
    "s36": (SMALL, (6, 6, 18, 6)),
    "m36": (MEDIUM, (6, 6, 18, 6)),
    "m48": (MEDIUM, (8, 8, 24, 8)),
}
"""Channels and blocks per stage."""


def poolformer(
    *, size: str = "s12", batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build a PoolFormer: average pooling where a transformer has attention.

    Parameters
    ----------
    size : str
        ``s12``, ``s24``, ``s36``, ``m36`` or ``m48``.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        A size nobody published.
    """
    if size not in SIZES:
        raise UsageError(f"PoolFormer has no size={size!r}", hint=f"write one of {', '.join(SIZES)}")
    widths, blocks = SIZES[size]
    b, x = image_network(f"poolformer-{size}", batch, image, dtype)
    x = b.conv(x, widths[0], 7, stride=4, padding=2, bias=True, name="stem")
    for stage, (width, repeats) in enumerate(zip(widths, blocks, strict=True), 1):
        if stage > 1:
            x = b.conv(x, width, 3, stride=2, padding=1, bias=True, name=f"downsample{stage}")
        for number in range(1, repeats + 1):
            with b.scope(f"stage{stage}/block{number}"):
                x = _block(b, x)
    # One norm over all channels of each pixel, before the pool.
    x = b.normalise("layer_norm", x, axis=1, name="norm")
    b.linear(b.reduce("mean", x, (2, 3), name="pool"), classes, name="classifier")
    return b.build()


def _block(b: GraphBuilder, x: Tensor) -> Tensor:
    channels = x.shape[1]
    y = b.normalise("group_norm", x, groups=1, name="norm1")
    pooled = b.pool(y, 3, stride=1, padding=1, function="mean_pool", name="mix")
    x = _half(b, x, b.elementwise("subtract", pooled, y, name="mix-less-itself"), "1")
    y = b.conv(b.normalise("group_norm", x, groups=1, name="norm2"), 4 * channels, 1, bias=True, name="expand")
    return _half(b, x, b.conv(b.elementwise("gelu", y), channels, 1, bias=True, name="project"), "2")


def _half(b: GraphBuilder, x: Tensor, y: Tensor, name: str) -> Tensor:
    y = b.elementwise("multiply", y, b.weight(f"layer_scale{name}", (x.shape[1], 1, 1)), name=f"scale{name}")
    return b.elementwise("add", x, y, name=f"add{name}")


for _size in SIZES:
    register(f"poolformer-{_size}", poolformer, f"PoolFormer-{_size.upper()}, Yu et al. 2022", group="cnn", size=_size)
