"""Checks of systolic machines: how rows are read, which side they are on, and what the shipped tables come to."""

from __future__ import annotations

import pytest

import archsim
from archsim.validation import locate
from archsim.validation.cells import SkipRow
from archsim.validation.checks import tpu_apps, tpu_kernels
from archsim.validation.dataset import Dataset
from archsim.validation.metadata import read_metadata
from archsim.validation.registry import find_checks
from archsim.validation.table import Row, read_table

MATMUL, VECTOR = "tpu_v4_matmul_measured.csv", "tpu_v4_vector_ops_measured.csv"


def shipped(name):
    """A shipped table and its check."""
    (check,) = find_checks(dataset=name)
    path = locate.shipped([name])[name]
    return Dataset(name, path, read_table(path, check.columns).rows, read_metadata(path)), check.judge


def outcomes(name):
    dataset, judge = shipped(name)
    return {outcome.group: outcome for outcome in judge(dataset)}


@pytest.mark.parametrize(("cell", "sizes"), [("128", [128]), ("8x16x24", [8, 16, 24])])
def test_a_shape_is_read(cell, sizes):
    assert tpu_kernels.shape(cell) == sizes


@pytest.mark.parametrize("cell", ["", "8x", "8xa", "0x8", "8 x 8"])
def test_what_is_no_shape_is_refused(cell):
    with pytest.raises(SkipRow):
        tpu_kernels.shape(cell)


@pytest.mark.parametrize(("sizes", "length"), [([8, 104, 8], 104), ([16, 256], 256), ([64, 8, 16], 64), ([4096], 128)])
def test_the_axis_with_least_padding_lies_along_the_lanes(sizes, length):
    assert tpu_kernels.lane_axis(sizes, archsim.hardware("tpu-v4-core")) == length


def test_products_are_split_by_whole_pairs():
    dataset, _ = shipped(MATMUL)
    sides = {}
    for row in dataset.rows:
        n, k = row.cells["N"], row.cells["K"]
        sides.setdefault((n, k), set()).add(dataset.side({"n": int(n), "k": int(k)}, row))
    assert all(len(side) == 1 for side in sides.values())
    assert 0.4 < sum("fit" in side for side in sides.values()) / len(sides) < 0.6


def test_an_application_is_made_from_what_was_published():
    app = tpu_apps.App("MLP0", 5, 20e6, 200, 1.0)
    graph = app.graph()
    assert len(graph.ops) == 5
    assert archsim.count(graph).macs == pytest.approx(200 * 20e6, rel=1e-3)
    images = tpu_apps.App("CNN0", 16, 8e6, 8, 361.0).graph()
    assert archsim.count(images).macs == pytest.approx(8 * 361 * 8e6, rel=0.01)


def test_an_application_without_sizes_is_not_scored():
    cells = {"app": "CNN1", "batch": "32", "weights_M": "100", "ops_per_weight_byte": "1750", "layers": "89"}
    with pytest.raises(SkipRow, match="half of its tiles are empty"):
        tpu_apps.read_app(Row(1, cells))


def test_the_first_tpu_within_what_its_counters_are_held_to():
    found = outcomes("tpu_v1_apps.csv")
    scored = [outcome for outcome in found.values() if outcome.rows]
    assert len(scored) == 6
    assert all(outcome.ok for outcome in scored)
    ideas = {anchor.name: anchor.predicted for anchor in found["what if"].anchors}
    assert ideas["memory bandwidth x 4, mean"] > 2.0
    assert all(1.0 <= ideas[f"clock x 4, {name}"] < 1.1 for name in ("MLP0", "LSTM0"))
    assert 0.7 < ideas["array of 512 x 512, mean"] < 1.0


@pytest.mark.parametrize("name", [MATMUL, VECTOR])
def test_kernels_of_a_tpu_v4_within_their_limits(name):
    found = outcomes(name)
    assert all(outcome.ok for outcome in found.values()), found
    assert all(outcome.fit and outcome.rows for outcome in found.values())


def test_what_was_recalled_and_not_read_is_not_scored():
    found = outcomes("published_hardware.csv")
    assert found["not compared"].reasons["recalled, not read"] == 8
    assert found["frames/s, 2048 MACs"].ok
    assert found["peak"].ok
