"""Metrics against values worked out by hand, and against scipy."""

import math

import numpy as np
import pytest
from scipy import stats

from archsim.errors import UnknownNameError
from archsim.validation import metrics

MEASURED = [1.0, 2.0, 4.0]
PREDICTED = [1.5, 1.5, 5.0]  # +50 %, -25 %, +25 %


def test_by_hand():
    assert metrics.mape(PREDICTED, MEASURED) == pytest.approx(100 / 3)
    assert metrics.median_ape(PREDICTED, MEASURED) == pytest.approx(25.0)
    assert metrics.bias(PREDICTED, MEASURED) == pytest.approx(50 / 3)


def test_the_largest_difference_keeps_to_a_limit_of_zero_only_where_all_are_equal():
    exact = metrics.metric("max_difference")
    assert exact.function(PREDICTED, MEASURED) == 1.0
    assert exact.holds(exact.function(MEASURED, MEASURED), 0.0)
    assert not exact.holds(exact.function([1, 2, 5], [1, 2, 4]), 0.0)
    assert exact.worse(1.0, than=0.0)


def test_equal_values_share_their_mean_rank():
    assert metrics.ranks([30, 10, 20, 10]).tolist() == [4.0, 1.5, 3.0, 1.5]


def test_spearman_by_hand():
    assert metrics.spearman([1, 2, 3], [10, 100, 1000]) == pytest.approx(1.0)
    assert metrics.spearman([3, 2, 1], [10, 100, 1000]) == pytest.approx(-1.0)
    # Ranks 1 2 3 4 and 2 1 4 3: 1 - 6 sum(d^2) / (n (n^2 - 1)) = 1 - 6 4 / 60.
    assert metrics.spearman([1, 2, 3, 4], [20, 10, 40, 30]) == pytest.approx(0.6)


def test_spearman_equals_scipy_with_ties():
    values = np.random.default_rng(7).integers(0, 9, size=(2, 60))
    assert metrics.spearman(*values) == pytest.approx(stats.spearmanr(*values).statistic, abs=1e-12)


@pytest.mark.parametrize(("predicted", "measured"), [([1.0], [2.0]), ([1.0, 1.0], [1.0, 2.0])])
def test_without_an_order_there_is_no_rank_correlation(predicted, measured):
    assert math.isnan(metrics.spearman(predicted, measured))


def test_the_limit_itself_holds_and_a_point_is_no_news():
    mape, spearman = metrics.metric("mape"), metrics.metric("spearman")
    assert mape.holds(13.0, 13.0)
    assert not mape.holds(13.01, 13.0)
    assert spearman.holds(0.9, 0.8)
    assert not spearman.holds(0.7, 0.8)
    assert not mape.worse(31.0, than=30.0)
    assert mape.worse(31.1, than=30.0)
    assert not mape.worse(3.0, than=30.0)
    assert spearman.worse(0.88, than=0.9)
    assert not spearman.worse(0.95, than=0.9)


def test_unknown_metric():
    with pytest.raises(UnknownNameError, match="unknown metric 'mpae'; did you mean 'mape'"):
        metrics.metric("mpae")
