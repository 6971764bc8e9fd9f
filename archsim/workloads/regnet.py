"""RegNet X and Y: Radosavovic et al., "Designing network design spaces", arXiv:2003.13678.

Block widths follow u_j = w_0 + w_a j, quantised to powers of w_m and multiples of 8 (equations 2 to 4); blocks of
equal width form a stage, and Y adds squeeze-and-excite.
"""

from __future__ import annotations

import itertools
import math

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network, rounded, squeeze_excite

VARIANTS = {
    "x-200mf": (13, 24, 36.44, 2.49, 8),
    "x-400mf": (22, 24, 24.48, 2.54, 16),
    "x-600mf": (16, 48, 36.97, 2.24, 24),
    "x-800mf": (16, 56, 35.73, 2.28, 16),
    "x-1.6gf": (18, 80, 34.01, 2.25, 24),
    "x-3.2gf": (25, 88, 26.31, 2.25, 48),
    "x-4gf": (23, 96, 38.65, 2.43, 40),
    "x-6.4gf": (17, 184, 60.83, 2.07, 56),
    "x-8gf": (23, 80, 49.56, 2.88, 120),
    "x-12gf": (19, 168, 73.36, 2.37, 112),
    "x-16gf": (22, 216, 55.59, 2.1, 128),
    "x-32gf": (23, 320, 69.86, 2.0, 168),
    "y-200mf": (13, 24, 36.44, 2.49, 8),
    "y-400mf": (16, 48, 27.89, 2.09, 8),
    "y-600mf": (15, 48, 32.54, 2.32, 16),
    "y-800mf": (14, 56, 38.84, 2.4, 16),
    "y-1.6gf": (27, 48, 20.71, 2.65, 24),
    "y-3.2gf": (21, 80, 42.63, 2.66, 24),
    "y-4gf": (22, 96, 31.41, 2.24, 64),
    "y-6.4gf": (25, 112, 33.22, 2.27, 72),
    "y-8gf": (17, 192, 76.82, 2.19, 56),
    "y-12gf": (19, 168, 73.36, 2.37, 112),
    "y-16gf": (18, 200, 106.23, 2.48, 112),
    "y-32gf": (20, 232, 115.89, 2.53, 232),
    "y-128gf": (27, 456, 160.83, 2.52, 264),
}
"""Depth, w_0, w_a, w_m and group width."""

STEM = 32


def stages(
    depth: int, initial: float, slope: float, multiplier: float, group_width: int, *, nearest: bool = False
) -> list[tuple[int, int, int]]:
    """Return (width, blocks, group width) of each stage.

    Parameters
    ----------
    depth : int
        Blocks in all.
    initial, slope, multiplier : float
        w_0, w_a and w_m of the paper.
    group_width : int
        Channels per group of the 3x3 convolutions; widths become multiples of it.
    nearest : bool
        Take the nearest multiple, as the paper does; otherwise never one that is a tenth narrower.
    """
    powers = (round(math.log((initial + slope * block) / initial, multiplier)) for block in range(depth))
    widths = [round(initial * multiplier**power / 8) * 8 for power in powers]
    found = []
    for width, blocks in itertools.groupby(widths):
        group = min(group_width, width)
        adjusted = max(1, int(width / group + 0.5)) * group if nearest else rounded(width, group)
        found.append((adjusted, len(list(blocks)), group))
    return found


def regnet(
    *,
    variant: str = "y-8gf",
    nearest: bool = False,
    batch: int = 1,
    image: int = 224,
    classes: int = 1000,
    dtype: str = "fp16",
) -> Graph:
    """Build RegNet `variant`, such as ``x-400mf`` or ``y-1.6gf``.

    Parameters
    ----------
    variant : str
        Letter and size as in the paper.
    nearest : bool
        How widths become multiples of the group width, see `stages`; it changes X-4GF, Y-4GF and Y-8GF only. The
        published weights of Y-8GF follow the other rule.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        A variant that was never published.
    """
    if variant not in VARIANTS:
        raise UsageError(f"RegNet has no variant={variant!r}", hint=f"write one of {', '.join(VARIANTS)}")
    excites = variant.startswith("y")
    b, x = image_network(f"regnet-{variant}", batch, image, dtype)
    x = conv_norm(b, x, STEM, 3, stride=2, name="stem")
    for stage, (width, blocks, group) in enumerate(stages(*VARIANTS[variant], nearest=nearest), 1):
        for number in range(1, blocks + 1):
            with b.scope(f"stage{stage}/block{number}"):
                x = _block(b, x, width, width // group, stride=2 if number == 1 else 1, excites=excites)
    classifier(b, x, classes)
    return b.build()


def _block(b: GraphBuilder, x: Tensor, width: int, groups: int, *, stride: int, excites: bool) -> Tensor:
    y = conv_norm(b, x, width, 1, name="conv1")
    y = conv_norm(b, y, width, 3, stride=stride, groups=groups, name="conv2")
    if excites:
        y = squeeze_excite(b, y, round(x.shape[1] / 4))
    y = conv_norm(b, y, width, 1, activation="", name="conv3")
    if x.shape != y.shape:
        x = conv_norm(b, x, width, 1, stride=stride, activation="", name="shortcut")
    return b.elementwise("relu", b.elementwise("add", y, x))


# Whole numbers first: where all signs are dropped, "regnety16gf" means 16, not 1.6.
for _variant in sorted(VARIANTS, key=lambda variant: "." in variant):
    _dashed = _variant.replace(".", "-")
    register(
        f"regnet-{_dashed}",
        regnet,
        f"RegNet {_variant.upper()}, Radosavovic et al. 2020",
        group="cnn",
        variant=_variant,
        nearest=_variant in ("x-4gf", "y-4gf"),
        aliases=(f"regnet-{_variant}",) if _dashed != _variant else (),
    )
