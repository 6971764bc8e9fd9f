"""ConvNeXt: Liu et al., "A ConvNet for the 2020s", arXiv:2201.03545."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network

SIZES = {
    "atto": (40, (2, 2, 6, 2)),
    "femto": (48, (2, 2, 6, 2)),
    "pico": (64, (2, 2, 6, 2)),
    "nano": (80, (2, 2, 8, 2)),
    "tiny": (96, (3, 3, 9, 3)),
    "small": (96, (3, 3, 27, 3)),
    "base": (128, (3, 3, 27, 3)),
    "large": (192, (3, 3, 27, 3)),
    "xlarge": (256, (3, 3, 27, 3)),
}
"""Channels of the first stage, blocks per stage; the four below ``tiny`` are those of the timm library."""

SHORT = {"tiny": "t", "small": "s", "base": "b", "large": "l", "xlarge": "xl"}


def convnext(
    *,
    size: str = "tiny",
    kernel: int = 7,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a ConvNeXt from ``atto`` to ``xlarge``.

    Channels lie innermost where a linear layer or layer norm works on them; that choice of layout costs no move.

    Parameters
    ----------
    size : str
        ``atto``, ``femto``, ``pico``, ``nano``, ``tiny``, ``small``, ``base``, ``large`` or ``xlarge``.
    kernel : int
        Side of the depthwise kernel, pixel; odd.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        A size nobody published, or an even kernel.
    """
    if kernel % 2 == 0:
        raise UsageError(f"kernel={kernel} has no middle", hint="write an odd number, such as 7")
    if size not in SIZES:
        raise UsageError(f"ConvNeXt has no size={size!r}", hint=f"write one of {', '.join(SIZES)}")
    width, blocks = SIZES[size]
    b, x = image_network(f"convnext-{size}", batch, image, dtype)
    x = b.conv(x, width, 4, stride=4, bias=True, name="stem")
    x = b.normalise("layer_norm", x, axis=1, name="stem/norm")
    for stage, repeats in enumerate(blocks):
        if stage:
            with b.scope(f"downsample{stage}"):
                x = b.normalise("layer_norm", x, axis=1, name="norm")
                x = b.conv(x, width << stage, 2, stride=2, bias=True)
        for number in range(1, repeats + 1):
            with b.scope(f"stage{stage + 1}/block{number}"):
                x = _block(b, x, kernel)
    x = b.reduce("mean", x, (2, 3), name="pool")
    x = b.normalise("layer_norm", x, name="classifier/norm")
    b.linear(x, classes, name="classifier")
    return b.build()


def _block(b: GraphBuilder, x: Tensor, kernel: int) -> Tensor:
    batch, channels, height, width = x.shape
    y = b.conv(x, channels, kernel, padding=kernel // 2, groups=channels, bias=True, name="depthwise")
    y = b.reshape(y, (batch, height, width, channels))
    y = b.normalise("layer_norm", y, name="norm")
    y = b.elementwise("gelu", b.linear(y, 4 * channels, name="expand"))
    y = b.linear(y, channels, name="project")
    y = b.elementwise("multiply", y, b.weight("layer_scale", (channels,)), name="scale")
    return b.elementwise("add", b.reshape(y, x.shape), x)


for _size in SIZES:
    _short = SHORT.get(_size, _size)
    register(
        f"convnext-{_short}",
        convnext,
        f"ConvNeXt-{_short.upper() if _size in SHORT else _size}, Liu et al. 2022",
        group="cnn",
        size=_size,
        aliases=(f"convnext-{_size}",) if _size in SHORT else (),
    )
