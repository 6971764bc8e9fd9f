"""Sides never change, halves are about equal, and near-twins stay together."""

import pytest

from archsim.errors import InvalidDescriptionError
from archsim.validation.dataset import Dataset
from archsim.validation.metadata import Metadata
from archsim.validation.split import key, side
from archsim.validation.table import Row

FROZEN = {
    "n=4096,k=4096": "score",
    "n=12288,k=4096": "fit",
    "n=1024,k=256": "score",
    "n=16384,k=8192": "fit",
    "device=v100": "fit",
    "m=1": "score",
    "": "fit",
}


@pytest.mark.parametrize(("group", "expected"), FROZEN.items())
def test_sides_are_frozen(group, expected):
    assert side(group) == expected


def test_about_half_of_all_groups_score():
    scored = sum(side(f"n={n},k={k}") == "score" for n in range(64) for k in range(64))
    assert scored == pytest.approx(64 * 64 / 2, rel=0.06)


def test_all_m_of_a_pair_are_on_one_side():
    dataset = Dataset("x.csv", None, (), Metadata("t", "s", "l", "c", split_by=("n", "k")))
    for n in range(1, 20):
        assert len({dataset.side({"m": m, "n": n, "k": 7}) for m in range(50)}) == 1
    assert dataset.split == "score"


def test_rows_of_somebody_else_are_all_scored():
    dataset = Dataset("x.csv", None, ())
    assert {dataset.side({"n": n, "k": 1}) for n in range(50)} == {"score"}
    assert dataset.split == "all"


def test_splitting_by_what_the_check_does_not_read():
    with pytest.raises(InvalidDescriptionError, match="split by 'heads', which their check does not read"):
        key(["heads"], {"n": 1, "k": 2})


def test_anchors_match_whole_rows():
    dataset = Dataset("x.csv", None, (), Metadata("t", "s", "l", "c", anchors=({"device": "a", "dims": "m=1"},)))
    assert dataset.is_anchor(Row(2, {"device": "a", "dims": "m=1", "measured_ms": "3"}))
    assert not dataset.is_anchor(Row(3, {"device": "a", "dims": "m=2"}))
