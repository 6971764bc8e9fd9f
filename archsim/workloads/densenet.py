"""DenseNet: Huang et al., "Densely connected convolutional networks", arXiv:1608.06993."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network

VARIANTS = {
    121: (32, 64, (6, 12, 24, 16)),
    161: (48, 96, (6, 12, 36, 24)),
    169: (32, 64, (6, 12, 32, 32)),
    201: (32, 64, (6, 12, 48, 32)),
}
"""Growth rate, channels of the stem, layers per dense block."""

BOTTLENECK = 4


def densenet(*, depth: int = 121, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16") -> Graph:
    """Build a DenseNet; each layer reads a fresh concatenation of everything before it in its block."""
    if depth not in VARIANTS:
        raise UsageError(f"DenseNet has no depth={depth}", hint=f"write one of {', '.join(map(str, VARIANTS))}")
    growth, channels, blocks = VARIANTS[depth]
    b, x = image_network(f"densenet{depth}", batch, image, dtype)
    x = conv_norm(b, x, channels, 7, stride=2, name="stem")
    x = b.pool(x, 3, stride=2, padding=1, name="stem/pool")
    for block, layers in enumerate(blocks, 1):
        with b.scope(f"block{block}"):
            x = _block(b, x, layers, growth)
        if block < len(blocks):
            with b.scope(f"transition{block}"):
                x = b.conv(_norm_relu(b, x), x.shape[1] // 2, 1)
                x = b.pool(x, 2, function="mean_pool")
    classifier(b, _norm_relu(b, x), classes)
    return b.build()


def _block(b: GraphBuilder, x: Tensor, layers: int, growth: int) -> Tensor:
    features = [x]
    for layer in range(1, layers + 1):
        with b.scope(f"layer{layer}"):
            y = b.concat(features, 1) if len(features) > 1 else x
            y = b.conv(_norm_relu(b, y), BOTTLENECK * growth, 1, name="conv1")
            y = b.conv(_norm_relu(b, y), growth, 3, padding=1, name="conv2")
        features.append(y)
    return b.concat(features, 1)


def _norm_relu(b: GraphBuilder, x: Tensor) -> Tensor:
    return b.elementwise("relu", b.normalise("batch_norm", x, name="norm"))


for _depth in VARIANTS:
    register(f"densenet{_depth}", densenet, f"DenseNet-{_depth}, Huang et al. 2017", group="cnn", depth=_depth)
