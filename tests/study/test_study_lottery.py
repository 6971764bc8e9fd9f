"""Indices of the hardware lottery, against matrices worked out by hand and another implementation."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

import archsim
from archsim.errors import UsageError
from archsim.study.lottery import kendall

COSTS = {
    "dense": {"gpu": 1.0, "cpu": 8.0, "light": 4.0},
    "sparse": {"gpu": 2.0, "cpu": 4.0, "light": 1.0},
    "chain": {"gpu": 8.0, "cpu": 2.0, "light": math.inf},
    "small": {"gpu": 3.0, "cpu": 3.0, "light": 6.0},
}
"""Relative: 1 8 4; 2 4 1; 4 1 inf; 1 1 2."""


def test_indices_by_hand():
    found = archsim.lottery(COSTS)
    assert found.relative[2] == (4.0, 1.0, math.inf)
    assert found.winners == {"dense": ("gpu",), "sparse": ("light",), "chain": ("cpu",), "small": ("gpu", "cpu")}
    assert found.shares == pytest.approx({"gpu": 1.5 / 4, "cpu": 1.5 / 4, "light": 1 / 4})
    assert found.concentration == pytest.approx(0.375**2 + 0.375**2 + 0.25**2)
    assert found.prices == pytest.approx({"gpu": 8 ** (1 / 4), "cpu": 32 ** (1 / 4), "light": math.inf})
    assert (found.generalist, found.price_of_generality) == ("gpu", pytest.approx(8**0.25))
    assert found.regrets == {"gpu": 4.0, "cpu": 8.0, "light": math.inf}
    # gpu 1 2 4 1 and cpu 8 4 1 1: one pair agrees, three do not; each ranks five pairs of six
    assert found.tau("gpu", "cpu") == pytest.approx((1 - 3) / math.sqrt(5 * 5))
    assert found.tau("gpu", "gpu") == pytest.approx(1.0)


def test_who_was_helped_wins_only_alone():
    found = archsim.lottery(COSTS, helped=[("small", "gpu"), ("dense", "gpu")])
    assert found.winners["small"] == ("cpu",)
    assert found.winners["dense"] == ("gpu",)
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_one_machine_that_wins_all_is_the_whole_lottery():
    found = archsim.lottery({row: {"a": 1.0, "b": 2.0} for row in "xyz"})
    assert (found.concentration, found.price_of_generality, found.regrets["b"]) == (1.0, 1.0, 2.0)
    assert found.tau("a", "b") == 0.0, "columns of equal values rank nothing"


def test_it_is_ready_for_json():
    tree = json.loads(json.dumps(archsim.lottery(COSTS).to_dict(), allow_nan=False))
    assert tree["costs"][2] == [8.0, 2.0, None]
    assert tree["prices"]["light"] is None
    assert tree["kendall"]["gpu"]["cpu"] == tree["kendall"]["cpu"]["gpu"]


def test_one_row_ranks_nothing():
    tree = json.loads(json.dumps(archsim.lottery({"dense": COSTS["dense"]}).to_dict(), allow_nan=False))
    assert tree["kendall"]["gpu"] == {"gpu": None, "cpu": None, "light": None}
    assert tree["winners"] == {"dense": ["gpu"]}


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=20))
def test_rank_correlation_is_that_of_scipy(pairs):
    one, two = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    expected = kendalltau(one, two).statistic
    assert kendall(one, two) == pytest.approx(0.0 if math.isnan(expected) else expected, abs=1e-12)


@pytest.mark.parametrize(
    ("costs", "says"),
    [
        ({}, "without rows"), ({"x": {}}, "names no machine"), ({"x": {"a": 1.0}, "y": {"b": 1.0}}, "a, b"),
        ({"x": {"a": 0.0}}, "'x' on 'a'"), ({"x": {"a": math.nan}}, "nan"), ({"x": {"a": -1.0}}, "above 0"),
        ({"x": {"a": math.inf, "b": math.inf}}, "no machine can do 'x'"), (["x"], "costs of a lottery"),
        ({"x": ["a"]}, "costs of a lottery"), ({"x": {"a": "1"}}, "'x' on 'a' is '1'"), ({"x": {"a": None}}, "is None"),
    ],
)  # fmt: skip
def test_no_lottery_is_made_of_nonsense(costs, says):
    with pytest.raises(UsageError, match=says):
        archsim.lottery(costs)


def test_rankings_of_different_things_are_refused():
    with pytest.raises(UsageError, match="rankings of 1 and 1"):
        kendall([1.0], [2.0])
    with pytest.raises(UsageError, match="no column is called 'tpu'"):
        archsim.lottery(COSTS).tau("gpu", "tpu")
