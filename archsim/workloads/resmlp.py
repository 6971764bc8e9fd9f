"""ResMLP: Touvron et al., arXiv:2105.03404."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network
from archsim.workloads.vit import patches

SIZES = {"s12": (384, 12), "s24": (384, 24), "b24": (768, 24)}
"""Width and layers; patches of 16 pixels."""


def resmlp(
    *,
    patch: int = 16,
    width: int = 384,
    layers: int = 12,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build a ResMLP: one linear layer over tokens, between two transposes, and a perceptron over channels.

    Parameters
    ----------
    patch : int
        Side of a patch, pixel.
    width, layers : int
        Features per token, layers.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.
    """
    b, x = image_network("resmlp", batch, image, dtype)
    x = patches(b, x, patch, width)
    for layer in range(1, layers + 1):
        with b.scope(f"layer{layer}"):
            x = _half(b, x, _mix_tokens(b, _affine(b, x, "norm1")), "1")
            y = b.linear(_affine(b, x, "norm2"), 4 * width, name="expand")
            x = _half(b, x, b.linear(b.elementwise("gelu", y), width, name="project"), "2")
    x = _affine(b, x, "norm")
    b.linear(b.reduce("mean", x, (1,), name="pool"), classes, name="classifier")
    return b.build()


def _affine(b: GraphBuilder, x: Tensor, name: str) -> Tensor:
    """Scale and shift each channel by learned numbers, in one op: no statistics are taken."""
    shift, scale = b.weight(f"{name}/shift", (1, 1, x.shape[-1])), b.weight(f"{name}/scale", (1, 1, x.shape[-1]))
    return b.elementwise("multiply_add", x, scale, shift, name=name)


def _mix_tokens(b: GraphBuilder, x: Tensor) -> Tensor:
    batch, tokens, width = x.shape
    y = b.move("transpose", x, shape=(batch, width, tokens), name="turn")
    return b.move("transpose", b.linear(y, tokens, name="tokens"), shape=x.shape, name="turn_back")


def _half(b: GraphBuilder, x: Tensor, y: Tensor, name: str) -> Tensor:
    y = b.elementwise("multiply", y, b.weight(f"layer_scale{name}", (x.shape[-1],)), name=f"scale{name}")
    return b.elementwise("add", x, y, name=f"add{name}")


for _size, (_width, _layers) in SIZES.items():
    register(
        f"resmlp-{_size}",
        resmlp,
        f"ResMLP-{_size.upper()}, Touvron et al. 2021",
        group="mlp",
        width=_width,
        layers=_layers,
    )
