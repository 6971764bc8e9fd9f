"""Vision Transformer (Dosovitskiy et al., arXiv:2010.11929) and DeiT (Touvron et al., arXiv:2012.12877)."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network

VARIANTS = {
    "vit-b16": (16, 768, 12, 12, "ViT-B/16, Dosovitskiy et al. 2021", ("vit-base-16",)),
    "vit-b32": (32, 768, 12, 12, "ViT-B/32, Dosovitskiy et al. 2021", ("vit-base-32",)),
    "vit-l16": (16, 1024, 24, 16, "ViT-L/16, Dosovitskiy et al. 2021", ("vit-large-16",)),
    "vit-l32": (32, 1024, 24, 16, "ViT-L/32, Dosovitskiy et al. 2021", ("vit-large-32",)),
    "vit-h14": (14, 1280, 32, 16, "ViT-H/14, Dosovitskiy et al. 2021", ("vit-huge-14",)),
    "deit-ti": (16, 192, 12, 3, "DeiT-Ti, Touvron et al. 2021", ("deit-tiny", "deit-t", "vit-ti16")),
    "deit-s": (16, 384, 12, 6, "DeiT-S, Touvron et al. 2021", ("deit-small", "vit-s16")),
    "deit-b": (16, 768, 12, 12, "DeiT-B, Touvron et al. 2021", ("deit-base",)),
}
"""Patch side, width, layers, heads, title, other names."""


def vit(
    *,
    patch: int = 16,
    width: int = 768,
    layers: int = 12,
    heads: int = 12,
    expansion: int = 4,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a Vision Transformer; the class token is one token more than there are patches.

    Parameters
    ----------
    patch : int
        Side of a patch, pixel.
    width, layers, heads : int
        Features per token, encoder layers, attention heads.
    expansion : int
        Hidden features of the perceptron over `width`.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        The image does not divide into patches, or the width into heads.
    """
    if width % heads:
        raise UsageError(f"width={width} does not divide into heads={heads}", hint="choose a multiple")
    b, x = image_network("vit", batch, image, dtype)
    x = patches(b, x, patch, width)
    tokens = x.shape[1] + 1
    x = b.move("concat", b.weight("class_token", (1, 1, width)), x, shape=(batch, tokens, width), name="join_class")
    x = b.elementwise("add", x, b.weight("position", (1, tokens, width)), name="add_position")
    for layer in range(1, layers + 1):
        with b.scope(f"layer{layer}"):
            x = _layer(b, x, heads, expansion)
    x = b.normalise("layer_norm", x, name="norm")
    b.linear(b.reshape(b.part(x, 1, 1), (batch, width)), classes, name="classifier")
    return b.build()


def patches(b: GraphBuilder, x: Tensor, patch: int, width: int) -> Tensor:
    """Cut the image `x` into square patches and embed each: (batch, tokens, `width`).

    Raises
    ------
    UsageError
        The image does not divide into patches.
    """
    batch, _, image, _ = x.shape
    if image % patch:
        hint = f"write a multiple of {patch}, such as {max(image // patch, 1) * patch}"
        raise UsageError(f"image={image} does not divide into patches of {patch} pixels", hint=hint)
    x = b.conv(x, width, patch, stride=patch, bias=True, name="embed")
    return b.reshape(x, (batch, (image // patch) ** 2, width))


def _layer(b: GraphBuilder, x: Tensor, heads: int, expansion: int) -> Tensor:
    width = x.shape[-1]
    qkv = b.linear(b.normalise("layer_norm", x, name="norm1"), 3 * width, name="qkv")
    q = k = v = b.part(qkv, 2, width)
    y = b.attention(q, k, v, heads=heads)
    x = b.elementwise("add", x, b.linear(y, width, name="output"), name="add1")
    y = b.linear(b.normalise("layer_norm", x, name="norm2"), expansion * width, name="expand")
    y = b.linear(b.elementwise("gelu", y), width, name="project")
    return b.elementwise("add", x, y, name="add2")


for _name, (_patch, _width, _layers, _heads, _title, _aliases) in VARIANTS.items():
    register(
        _name,
        vit,
        _title,
        group="transformer",
        patch=_patch,
        width=_width,
        layers=_layers,
        heads=_heads,
        aliases=_aliases,
    )
