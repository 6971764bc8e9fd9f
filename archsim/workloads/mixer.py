"""MLP-Mixer: Tolstikhin et al., arXiv:2105.01601."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import image_network
from archsim.workloads.vit import patches

SIZES = {"s": (512, 8), "b": (768, 12), "l": (1024, 24), "h": (1280, 32)}
"""Width and layers; tokens are mixed through half the width, channels through four times."""

PATCHES = {"s": (16, 32), "b": (16, 32), "l": (16, 32), "h": (14,)}


def mixer(
    *,
    patch: int = 16,
    width: int = 768,
    layers: int = 12,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build an MLP-Mixer: perceptrons over tokens, between two transposes, and over channels."""
    b, x = image_network("mixer", batch, image, dtype)
    x = patches(b, x, patch, width)
    for layer in range(1, layers + 1):
        with b.scope(f"layer{layer}"):
            x = _mix_tokens(b, x)
            y = _perceptron(b, b.normalise("layer_norm", x, name="norm2"), 4 * width, "channels")
            x = b.elementwise("add", x, y, name="add2")
    x = b.normalise("layer_norm", x, name="norm")
    b.linear(b.reduce("mean", x, (1,), name="pool"), classes, name="classifier")
    return b.build()


def _mix_tokens(b: GraphBuilder, x: Tensor) -> Tensor:
    batch, tokens, width = x.shape
    y = b.normalise("layer_norm", x, name="norm1")
    y = b.move("transpose", y, shape=(batch, width, tokens), name="turn")
    y = _perceptron(b, y, width // 2, "tokens")
    y = b.move("transpose", y, shape=x.shape, name="turn_back")
    return b.elementwise("add", x, y, name="add1")


def _perceptron(b: GraphBuilder, x: Tensor, hidden: int, name: str) -> Tensor:
    y = b.elementwise("gelu", b.linear(x, hidden, name=f"{name}/expand"), name=f"{name}/gelu")
    return b.linear(y, x.shape[-1], name=f"{name}/project")


for _size, (_width, _layers) in SIZES.items():
    for _patch in PATCHES[_size]:
        register(
            f"mixer-{_size}{_patch}",
            mixer,
            f"MLP-Mixer-{_size.upper()}/{_patch}, Tolstikhin et al. 2021",
            group="mlp",
            patch=_patch,
            width=_width,
            layers=_layers,
        )
