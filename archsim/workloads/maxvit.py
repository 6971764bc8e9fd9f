"""MaxViT: Tu et al., "Multi-axis vision transformer", arXiv:2204.01697."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import conv_norm, image_network, squeeze_excite
from archsim.workloads.window_attention import attend, cut, join, position_bias

STEM = 64
CHANNELS = (64, 128, 256, 512)
BLOCKS = (2, 2, 5, 2)
HEAD = 32
EXPANSION = 4
SQUEEZE = 4


def maxvit(*, window: int = 7, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16") -> Graph:
    """Build MaxViT-T: each block is an inverted residual, attention in windows, attention over a grid.

    Parameters
    ----------
    window : int
        Side of a window, and of the grid, tokens; every stage's map must be a multiple of it.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        The image does not divide into windows at every stage.
    """
    if image % (window << (len(BLOCKS) + 1)):
        hint = f"write a multiple of {window << (len(BLOCKS) + 1)}"
        raise UsageError(f"image={image} does not divide into windows of {window} at every stage", hint=hint)
    b, x = image_network("maxvit-t", batch, image, dtype)
    x = conv_norm(b, x, STEM, 3, stride=2, activation="gelu", name="stem1")
    x = b.conv(x, STEM, 3, padding=1, bias=True, name="stem2")
    for stage, (channels, blocks) in enumerate(zip(CHANNELS, BLOCKS, strict=True), 1):
        for number in range(1, blocks + 1):
            with b.scope(f"stage{stage}/block{number}"):
                x = _block(b, x, channels, window, stride=2 if number == 1 else 1)
    x = b.reduce("mean", x, (2, 3), name="pool")
    x = b.normalise("layer_norm", x, name="norm")
    x = b.elementwise("tanh", b.linear(x, CHANNELS[-1], name="features"))
    b.linear(x, classes, bias=False, name="classifier")
    return b.build()


def _block(b: GraphBuilder, x: Tensor, channels: int, window: int, *, stride: int) -> Tensor:
    x = _convolve(b, x, channels, stride)
    shape = x.shape
    x = b.reshape(x, (shape[0], shape[2], shape[3], channels))
    for name in ("window", "grid"):
        with b.scope(name):
            # The grid joins tokens that lie a window apart: as many bytes to permute, in another order.
            x = _attend(b, x, window)
    return b.reshape(x, shape)


def _convolve(b: GraphBuilder, x: Tensor, channels: int, stride: int) -> Tensor:
    expanded = EXPANSION * channels
    with b.scope("convolve"):
        y = b.normalise("batch_norm", x, name="norm")
        y = conv_norm(b, y, expanded, 1, activation="gelu", name="expand")
        y = conv_norm(b, y, expanded, 3, stride=stride, groups=expanded, activation="gelu", name="depthwise")
        y = squeeze_excite(b, y, channels // SQUEEZE, activation="silu")
        y = b.conv(y, channels, 1, bias=True, name="project")
        if stride > 1:
            x = b.pool(x, 3, stride=stride, padding=1, function="mean_pool", name="shortcut/pool")
        if stride > 1 or x.shape[1] != channels:
            x = b.conv(x, channels, 1, bias=True, name="shortcut")
        return b.elementwise("add", y, x)


def _attend(b: GraphBuilder, x: Tensor, window: int) -> Tensor:
    channels = x.shape[-1]
    heads = channels // HEAD
    y = cut(b, x, window)
    qkv = b.linear(b.normalise("layer_norm", y, name="norm1"), 3 * channels, name="qkv")
    q = k = v = b.part(qkv, 2, channels)
    table = b.weight("position_table", ((2 * window - 1) ** 2, heads))
    z = attend(b, q, k, v, heads=heads, extra=(position_bias(b, table, window),))
    y = b.elementwise("add", y, b.linear(z, channels, name="output"), name="add1")
    z = b.elementwise("gelu", b.linear(b.normalise("layer_norm", y, name="norm2"), EXPANSION * channels, name="expand"))
    y = b.elementwise("add", y, b.linear(z, channels, name="project"), name="add2")
    return join(b, y, x.shape)


register("maxvit-t", maxvit, "MaxViT-T, Tu et al. 2022", group="transformer", aliases=("maxvit-tiny",))
