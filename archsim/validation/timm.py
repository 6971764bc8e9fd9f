"""Networks as the timm library names them, and what its profiler counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from archsim.graph.counts import count
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.work import Conv, Normalise
from archsim.validation.cells import SkipRow, quoted

TOLERANCE: Final = 0.01
"""Share by which counts may differ before a workload is another network than the row's."""
ROUNDED: Final = 0.005
"""Half of the last digit counts are given to, in millions and in billions."""
NORMS: Final = {"batch_norm": 2, "layer_norm": 5, "group_norm": 5}
"""What the profiler counts for each element that is normalised; every other norm, and all pointwise work, counts 0."""

NAMES: Final[Mapping[str, str]] = {
    "convmixer_768_32": "convmixer-768-32",
    "convnext_atto": "convnext-atto", "convnext_femto": "convnext-femto", "convnext_pico": "convnext-pico",
    "convnext_nano": "convnext-nano", "convnext_tiny": "convnext-t", "convnext_small": "convnext-s",
    "convnext_base": "convnext-b", "convnext_large": "convnext-l", "convnext_xlarge": "convnext-xl",
    "deit_tiny_patch16_224": "deit-ti", "deit_small_patch16_224": "deit-s", "deit_base_patch16_224": "deit-b",
    "densenet121": "densenet121", "densenet161": "densenet161", "densenet169": "densenet169",
    "densenet201": "densenet201",
    "efficientnet_b0": "efficientnet-b0", "efficientnet_b1": "efficientnet-b1", "efficientnet_b2": "efficientnet-b2",
    "efficientnet_b3": "efficientnet-b3", "efficientnet_b4": "efficientnet-b4",
    "ghostnet_100": "ghostnet-1-0", "inception_v3": "inception-v3",
    "mixer_b16_224": "mixer-b16", "mixer_l16_224": "mixer-l16",
    "mnasnet_100": "mnasnet1-0", "mobilenetv2_100": "mobilenet-v2",
    "mobilenetv3_large_100": "mobilenet-v3-large", "mobilenetv3_small_100": "mobilenet-v3-small",
    "poolformer_s12": "poolformer-s12", "poolformer_m36": "poolformer-m36",
    "regnetx_032": "regnet-x-3-2gf", "regnety_032": "regnet-y-3-2gf", "regnety_160": "regnet-y-16gf",
    "resmlp_12_224": "resmlp-s12", "resmlp_24_224": "resmlp-s24",
    "resnet18": "resnet18", "resnet34": "resnet34", "resnet50": "resnet50", "resnet101": "resnet101",
    "resnet152": "resnet152",
    "resnext50_32x4d": "resnext50-32x4d", "resnext101_32x8d": "resnext101-32x8d",
    "swin_tiny_patch4_window7_224": "swin-t", "swin_small_patch4_window7_224": "swin-s",
    "swin_base_patch4_window7_224": "swin-b", "swin_large_patch4_window7_224": "swin-l",
    "vgg11": "vgg11", "vgg13": "vgg13", "vgg16": "vgg16", "vgg19": "vgg19",
    "vit_tiny_patch16_224": "deit-ti", "vit_small_patch16_224": "deit-s", "vit_base_patch16_224": "vit-b16",
    "vit_base_patch32_224": "vit-b32", "vit_large_patch16_224": "vit-l16", "vit_huge_patch14_224": "vit-h14",
    "wide_resnet50_2": "wide-resnet50-2",
}  # fmt: skip
"""Workloads by timm's names."""

PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "inception_v3": {"auxiliary": False},
    **{f"vgg{depth}": {"convolutional": True} for depth in (11, 13, 16, 19)},
}
"""Arguments that make the workload timm's variant of it."""

UNCOUNTED: Final = frozenset({"convmixer_768_32"})
"""Networks whose depthwise convolutions, written with ``padding="same"``, the profiler does not see."""


class Published(NamedTuple):
    """Counts of a row: parameters, and multiply-accumulates of one image; None where it gives none."""

    parameters: float
    macs: float | None


def workload_of(name: str) -> str:
    """Return the workload behind one of timm's names.

    Raises
    ------
    SkipRow
        There is none.
    """
    if name not in NAMES:
        raise SkipRow(f"no workload called {quoted(name)}")
    return NAMES[name]


class Counted(NamedTuple):
    """Counts of a graph as timm's profiler (fvcore) counts: one image's multiply-accumulates, and its norms' flops."""

    workload: str
    parameters: float
    macs: float
    depthwise: float


def counted(graph: Graph) -> Counted:
    """Count a graph, one image; depthwise convolutions apart."""
    depthwise = sum(op.macs for op in graph.ops if isinstance(op.work, Conv) and op.work.groups > 1)
    others = sum(_profiled(op) for op in graph.ops) - depthwise
    parameters = count(graph).parameters
    return Counted(graph.name, parameters, others / graph.items, depthwise / graph.items)


def check_counts(name: str, made: Counted, published: Published) -> None:
    """Compare a workload with the counts of its row.

    Raises
    ------
    SkipRow
        They differ by more than the tolerance: this is another network.
    """
    if _differ(made.parameters / 1e6, published.parameters / 1e6):
        raise SkipRow(f"{quoted(name)} has other parameters than the workload {made.workload}")
    macs = made.macs + (0.0 if name in UNCOUNTED else made.depthwise)
    if published.macs is not None and _differ(macs / 1e9, published.macs / 1e9):
        raise SkipRow(f"{quoted(name)} has other multiply-accumulates than the workload {made.workload}")


def _profiled(op: Op) -> int:
    work = op.work
    if isinstance(work, Normalise):
        return NORMS.get(work.function, 0) * work.rows * work.length
    return op.macs


def _differ(made: float, published: float) -> bool:
    return abs(made - published) > TOLERANCE * published + ROUNDED
