"""ShuffleNet V2: Ma et al., arXiv:1807.11164."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network

VARIANTS = {
    0.5: (48, 96, 192, 1024),
    1.0: (116, 232, 464, 1024),
    1.5: (176, 352, 704, 1024),
    2.0: (244, 488, 976, 2048),
}
"""Channels of the three stages and of the last convolution, by width."""

STEM = 24
UNITS = (4, 8, 4)


def shufflenet_v2(
    *, width: float = 1.0, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build ShuffleNet V2: half of the channels bypass each unit, then all are joined and shuffled."""
    if width not in VARIANTS:
        raise UsageError(f"ShuffleNet V2 has no width={width}", hint=f"write one of {', '.join(map(str, VARIANTS))}")
    *stages, last = VARIANTS[width]
    b, x = image_network(f"shufflenet-v2-x{width}", batch, image, dtype)
    x = conv_norm(b, x, STEM, 3, stride=2, name="stem")
    x = b.pool(x, 3, stride=2, padding=1, name="stem/pool")
    for stage, (channels, units) in enumerate(zip(stages, UNITS, strict=True), 2):
        for unit in range(1, units + 1):
            with b.scope(f"stage{stage}/unit{unit}"):
                x = _unit(b, x, channels // 2, stride=2 if unit == 1 else 1)
    classifier(b, conv_norm(b, x, last, 1, name="last"), classes)
    return b.build()


def _unit(b: GraphBuilder, x: Tensor, half: int, stride: int) -> Tensor:
    if stride == 1:
        bypass = x = b.part(x, 1, half)
    else:
        bypass = _depthwise(b, x, stride, "bypass/depthwise")
        bypass = conv_norm(b, bypass, half, 1, name="bypass/conv")
    y = conv_norm(b, x, half, 1, name="conv1")
    y = _depthwise(b, y, stride, "depthwise")
    y = conv_norm(b, y, half, 1, name="conv2")
    return b.move("channel_shuffle", b.concat([bypass, y], 1))


def _depthwise(b: GraphBuilder, x: Tensor, stride: int, name: str) -> Tensor:
    return conv_norm(b, x, x.shape[1], 3, stride=stride, groups=x.shape[1], activation="", name=name)


for _width in VARIANTS:
    register(
        f"shufflenet-v2-x{str(_width).replace('.', '-')}",
        shufflenet_v2,
        f"ShuffleNet V2 x{_width}, Ma et al. 2018",
        group="cnn",
        width=_width,
        aliases=(f"shufflenet-v2-x{_width}",),
    )
