"""Swin Transformer V1 (Liu et al., arXiv:2103.14030) and V2 (arXiv:2111.09883)."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network
from archsim.workloads.window_attention import attend, cut, join, position_bias

SIZES = {
    "t": (96, (2, 2, 6, 2), (3, 6, 12, 24)),
    "s": (96, (2, 2, 18, 2), (3, 6, 12, 24)),
    "b": (128, (2, 2, 18, 2), (4, 8, 16, 32)),
    "l": (192, (2, 2, 18, 2), (6, 12, 24, 48)),
}
"""Channels of the first stage, blocks and heads per stage."""

LONG = {"t": "tiny", "s": "small", "b": "base", "l": "large"}
PATCH = 4
EXPANSION = 4
POSITION_FEATURES = 512
"""Hidden features of the perceptron that computes V2's position biases."""


def swin(
    *,
    size: str = "t",
    version: int = 1,
    window: int = 7,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a Swin Transformer.

    Parameters
    ----------
    size : str
        ``t``, ``s``, ``b`` or ``l``.
    version : int
        1 normalises before, 2 after each half of a block; 2 compares by cosine and computes its position biases.
    window : int
        Side of an attention window, tokens; maps that do not divide into windows are padded.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        A size or version that was never published.
    """
    if size not in SIZES:
        raise UsageError(f"Swin has no size={size!r}", hint=f"write one of {', '.join(SIZES)}")
    if version not in (1, 2):
        raise UsageError(f"Swin has no version={version}", hint="write 1 or 2")
    channels, blocks, heads = SIZES[size]
    b, x = image_network(f"swin-{size}", batch, image, dtype)
    x = b.conv(x, channels, PATCH, stride=PATCH, bias=True, name="embed")
    x = b.reshape(x, (batch, x.shape[2], x.shape[3], channels))
    x = b.normalise("layer_norm", x, name="embed/norm")
    for stage, repeats in enumerate(blocks):
        if stage:
            with b.scope(f"merge{stage}"):
                x = _merge(b, x, version)
        for number in range(repeats):
            with b.scope(f"stage{stage + 1}/block{number + 1}"):
                x = _block(b, x, heads[stage], window, shifted=number % 2 == 1, version=version)
    x = b.normalise("layer_norm", x, name="norm")
    b.linear(b.reduce("mean", x, (1, 2), name="pool"), classes, name="classifier")
    return b.build()


def _merge(b: GraphBuilder, x: Tensor, version: int) -> Tensor:
    """Put four neighbours side by side and project them to twice the channels."""
    batch, height, width, channels = x.shape
    shape = (batch, -(-height // 2), -(-width // 2), 4 * channels)
    x = b.move("patch_merge", x, shape=shape)
    if version == 1:
        x = b.normalise("layer_norm", x, name="norm")
    x = b.linear(x, 2 * channels, bias=False, name="reduce")
    return b.normalise("layer_norm", x, name="norm") if version == 2 else x


def _block(b: GraphBuilder, x: Tensor, heads: int, window: int, *, shifted: bool, version: int) -> Tensor:
    channels = x.shape[-1]
    y = b.normalise("layer_norm", x, name="norm1") if version == 1 else x
    y = _attention(b, y, heads, window, shifted=shifted, version=version)
    if version == 2:
        y = b.normalise("layer_norm", y, name="norm1")
    x = b.elementwise("add", x, y, name="add1")
    y = b.normalise("layer_norm", x, name="norm2") if version == 1 else x
    y = b.elementwise("gelu", b.linear(y, EXPANSION * channels, name="expand"))
    y = b.linear(y, channels, name="project")
    if version == 2:
        y = b.normalise("layer_norm", y, name="norm2")
    return b.elementwise("add", x, y, name="add2")


def _attention(b: GraphBuilder, x: Tensor, heads: int, window: int, *, shifted: bool, version: int) -> Tensor:
    batch, height, width, channels = x.shape
    padded = (batch, -(-height // window) * window, -(-width // window) * window, channels)
    y = x if padded == x.shape else b.move("pad", x, shape=padded)
    # A map of one window sees everything already; published weights do not roll it.
    shifted = shifted and padded[1] > window
    if shifted:
        y = b.move("roll", y)
    y = cut(b, y, window)
    qkv = b.linear(y, 3 * channels, name="qkv")
    q = k = v = b.part(qkv, 2, channels)
    extra = [position_bias(b, _position_table(b, heads, window, version), window)]
    if shifted:
        windows = padded[1] * padded[2] // window**2
        extra.append(b.state("mask", (windows, window**2, window**2)))
    if version == 2:
        q, k = _unit(b, q, heads, "query_unit"), _unit(b, k, heads, "key_unit")
        extra.append(b.elementwise("exp", b.weight("logit_scale", (heads, 1, 1)), name="scale"))
    y = attend(b, q, k, v, heads=heads, extra=tuple(extra))
    y = join(b, b.linear(y, channels, name="output"), padded)
    if shifted:
        y = b.move("roll", y, name="roll_back")
    return y if padded == x.shape else b.move("crop", b.part(b.part(y, 1, height), 2, width), name="crop")


def _unit(b: GraphBuilder, x: Tensor, heads: int, name: str) -> Tensor:
    windows, tokens, channels = x.shape
    split = b.reshape(x, (windows, tokens, heads, channels // heads))
    return b.reshape(b.normalise("l2_norm", split, name=name), x.shape)


def _position_table(b: GraphBuilder, heads: int, window: int, version: int) -> Tensor:
    """Return (distances, heads): learned in V1, computed from log-spaced offsets in V2."""
    distances = (2 * window - 1) ** 2
    if version == 1:
        return b.weight("position_table", (distances, heads))
    x = b.linear(b.state("offsets", (distances, 2)), POSITION_FEATURES, name="position1")
    x = b.linear(b.elementwise("relu", x, name="position_relu"), heads, bias=False, name="position2")
    return b.elementwise("sigmoid", x, name="position_range")


for _size, _long in LONG.items():
    register(
        f"swin-{_size}",
        swin,
        f"Swin-{_size.upper()}, Liu et al. 2021",
        group="transformer",
        size=_size,
        aliases=(f"swin-{_long}",),
    )
    register(
        f"swin-v2-{_size}",
        swin,
        f"Swin V2-{_size.upper()}, Liu et al. 2022",
        group="transformer",
        size=_size,
        version=2,
        window=8,
        image=256,
        aliases=(f"swin-v2-{_long}",),
    )
