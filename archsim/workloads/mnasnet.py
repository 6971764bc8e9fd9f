"""MNASNet (A1 search space without squeeze-and-excite): Tan et al., arXiv:1807.11626."""

from __future__ import annotations

from archsim.graph import Graph
from archsim.workloads.inverted_residual import inverted_residual
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network, rounded

STAGES = ((3, 24, 3, 3, 2), (3, 40, 3, 5, 2), (6, 80, 3, 5, 2), (6, 96, 2, 3, 1), (6, 192, 4, 5, 2), (6, 320, 1, 3, 1))
"""Expansion, channels, repeats, kernel, stride of the first."""

STEM, FIRST, LAST = 32, 16, 1280
WIDTHS = (0.5, 0.75, 1.0, 1.3)


def mnasnet(*, width: float = 1.0, batch: int = 1, image: int = 224, classes: int = 1000, dtype: str = "fp16") -> Graph:
    """Build MNASNet with all channels but the last convolution's multiplied by `width`."""
    b, x = image_network(f"mnasnet{width}", batch, image, dtype)
    x = conv_norm(b, x, rounded(STEM * width), 3, stride=2, name="stem")
    x = conv_norm(b, x, x.shape[1], 3, groups=x.shape[1], name="stem/depthwise")
    x = conv_norm(b, x, rounded(FIRST * width), 1, activation="", name="stem/project")
    for stage, (expansion, channels, repeats, kernel, first) in enumerate(STAGES, 1):
        for number in range(1, repeats + 1):
            with b.scope(f"stage{stage}/block{number}"):
                x = inverted_residual(
                    b,
                    x,
                    rounded(channels * width),
                    expanded=x.shape[1] * expansion,
                    kernel=kernel,
                    stride=first if number == 1 else 1,
                    activation="relu",
                )
    classifier(b, conv_norm(b, x, LAST, 1, name="last"), classes)
    return b.build()


for _width in WIDTHS:
    register(
        f"mnasnet{str(_width).replace('.', '-')}",
        mnasnet,
        f"MNASNet x{_width}, Tan et al. 2019",
        group="cnn",
        width=_width,
        aliases=(f"mnasnet-{_width}",),
    )
