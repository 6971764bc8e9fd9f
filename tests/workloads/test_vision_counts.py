"""Parameters and MACs of image networks against what torchvision publishes with its weights."""

import csv
from pathlib import Path

import pytest

from archsim.graph.counts import count, macs_by_kind
from archsim.workloads import workload

PUBLISHED = Path(__file__).parents[2] / "models" / "measured" / "figures" / "model_counts_torchvision.csv"

# The variants that the table leaves out, from the same metadata (num_params, _ops): crop, parameters, GMAC.
MORE = (
    ("ConvNeXt_Tiny", 224, 28_589_128, "4.456"),
    ("ConvNeXt_Large", 224, 197_767_336, "34.361"),
    ("DenseNet121", 224, 7_978_856, "2.834"),
    ("EfficientNet_B2", 288, 9_109_994, "1.088"),
    ("MNASNet0_75", 224, 3_170_208, "0.215"),
    ("MobileNet_V2", 224, 3_504_872, "0.301"),
    ("MobileNet_V3_Small", 224, 2_542_856, "0.057"),
    ("RegNet_Y_400MF", 224, 4_344_144, "0.402"),
    ("RegNet_Y_16GF", 224, 83_590_140, "15.912"),
    ("RegNet_Y_16GF", 384, 83_590_140, "46.735"),
    ("RegNet_X_8GF", 224, 39_572_648, "7.995"),
    ("ResNeXt101_32X8D", 224, 88_791_336, "16.414"),
    ("Wide_ResNet50_2", 224, 68_883_240, "11.398"),
    ("ShuffleNet_V2_X2_0", 224, 7_393_996, "0.583"),
    ("Swin_V2_T", 256, 28_351_570, "5.940"),
    ("Swin_V2_B", 256, 87_930_848, "20.325"),
    ("VGG16", 224, 138_357_544, "15.470"),
)


def published():
    lines = [line for line in PUBLISHED.read_text().splitlines() if line and not line.startswith("#")]
    return [(row["model"], int(row["crop"]), int(row["params"]), row["gmacs"]) for row in csv.DictReader(lines)]


@pytest.mark.parametrize(("model", "crop", "parameters", "gmacs"), [*published(), *MORE])
def test_counts_equal_every_published_digit(model, crop, parameters, gmacs):
    counts = count(workload(model, image=crop))
    assert counts.parameters == parameters
    assert f"{counts.macs / 1e9:.3f}" == f"{float(gmacs):.3f}"


@pytest.mark.parametrize(
    ("model", "macs", "parameters"),
    [
        ("resnet50", 4_089_184_256, 25_557_032),
        ("mobilenet-v2", 300_774_272, 3_504_872),
        ("vit-b16", 17_563_828_224, 86_567_656),
        ("convnext-t", 4_455_531_264, 28_589_128),
    ],
)
def test_exact_macs(model, macs, parameters):
    counts = count(workload(model))
    assert (counts.macs, counts.parameters) == (macs, parameters)


@pytest.mark.parametrize(("model", "macs"), [("convnext-t", 105_106_176), ("mobilenet-v2", 20_716_416)])
def test_depthwise_share(model, macs):
    depthwise = [op for op in workload(model).ops if op.kind == "conv" and op.work.groups == op.work.in_channels > 1]
    assert sum(op.macs for op in depthwise) == macs


# Millions of parameters in pytorch-image-models' benchmark tables, two decimals.
@pytest.mark.parametrize(
    ("model", "millions"),
    [
        ("deit-ti", 5.72),
        ("deit-s", 22.05),
        ("deit-b", 86.57),
        ("mixer-b16", 59.88),
        ("mixer-l16", 208.2),
        ("swin-l", 196.53),
    ],
)
def test_parameters_beyond_torchvision(model, millions):
    assert round(count(workload(model)).parameters / 1e6, 2) == millions


# Tolstikhin et al. 2021, table 1: millions of parameters without the classifier.
@pytest.mark.parametrize(
    ("model", "millions"),
    [
        ("mixer-s32", 19),
        ("mixer-s16", 18),
        ("mixer-b32", 60),
        ("mixer-b16", 59),
        ("mixer-l32", 206),
        ("mixer-l16", 207),
        ("mixer-h14", 431),
    ],
)
def test_mixers_of_the_paper(model, millions):
    graph = workload(model)
    head = sum(tensor.elements for tensor in graph.weights if tensor.name.startswith("classifier/"))
    assert round((count(graph).parameters - head) / 1e6) == millions


# Radosavovic et al. 2020: millions of parameters of the networks torchvision does not have, one decimal.
@pytest.mark.parametrize(
    ("model", "millions"),
    [
        ("regnet-x-200mf", 2.7),
        ("regnet-x-600mf", 6.2),
        ("regnet-x-4gf", 22.1),
        ("regnet-x-6.4gf", 26.2),
        ("regnet-x-12gf", 46.1),
        ("regnet-y-200mf", 3.2),
        ("regnet-y-600mf", 6.1),
        ("regnet-y-4gf", 20.6),
        ("regnet-y-6.4gf", 30.6),
        ("regnet-y-12gf", 51.8),
    ],
)
def test_regnets_of_the_paper(model, millions):
    assert round(count(workload(model)).parameters / 1e6, 1) == millions


def test_attention_is_part_of_the_published_count():
    shares = macs_by_kind(workload("vit-b16"))
    assert shares["attention"] == 12 * 2 * 197 * 197 * 768
    windows = macs_by_kind(workload("swin-t"))["attention"]
    pixels = [(56, 96, 2), (28, 192, 2), (14, 384, 6), (7, 768, 2)]
    assert windows == sum(blocks * 2 * side * side * 49 * width for side, width, blocks in pixels)
