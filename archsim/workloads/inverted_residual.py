"""The inverted residual of MobileNet, MNASNet and EfficientNet: expand, filter each channel, project.

Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", arXiv:1801.04381.
"""

from __future__ import annotations

from archsim.graph import GraphBuilder, Tensor
from archsim.workloads.vision_layers import conv_norm, squeeze_excite


def inverted_residual(
    b: GraphBuilder,
    x: Tensor,
    channels: int,
    *,
    expanded: int,
    kernel: int = 3,
    stride: int = 1,
    activation: str = "clip",
    squeezed: int = 0,
    gate: str = "sigmoid",
    gate_activation: str = "relu",
) -> Tensor:
    """Widen `x` to `expanded` channels, convolve each by itself, project to `channels`, add `x` if shapes agree.

    `squeezed` > 0 puts squeeze-and-excite before the projection. No expansion is made where it would not widen.
    """
    y = x
    if expanded != x.shape[1]:
        y = conv_norm(b, y, expanded, 1, activation=activation, name="expand")
    y = conv_norm(b, y, expanded, kernel, stride=stride, groups=expanded, activation=activation, name="depthwise")
    if squeezed:
        y = squeeze_excite(b, y, squeezed, activation=gate_activation, gate=gate)
    y = conv_norm(b, y, channels, 1, activation="", name="project")
    return b.elementwise("add", y, x) if stride == 1 and x.shape == y.shape else y
