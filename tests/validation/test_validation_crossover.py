"""Where one of two ways becomes faster, and which of two is: by hand."""

from __future__ import annotations

import pytest

from archsim.validation import metrics
from archsim.validation.cells import SkipRow
from archsim.validation.crossover import crossing


def test_the_crossing_lies_where_the_logarithm_of_the_ratio_is_nothing():
    assert crossing([0.5, 0.7, 0.9], [8.0, 4.0, 1.0], [2.0, 2.0, 2.0]) == pytest.approx(0.8)
    assert crossing([0.9, 0.5, 0.7], [1.0, 8.0, 4.0], [2.0, 2.0, 2.0]) == pytest.approx(0.8), "in any order"
    assert crossing([0.5, 0.9], [4.0, 2.0], [2.0, 2.0]) == pytest.approx(0.9)


def test_the_last_of_several_crossings_counts():
    assert crossing([0.5, 0.6, 0.7, 0.8], [2.0, 0.5, 2.0, 0.5], [1.0] * 4) == pytest.approx(0.75)


@pytest.mark.parametrize("sparse", [[3.0, 3.0], [1.0, 1.0], [1.0, 3.0]])
def test_without_a_crossing_there_is_a_reason(sparse):
    with pytest.raises(SkipRow, match="one side is faster at all sparsities"):
        crossing([0.5, 0.9], sparse, [2.0, 2.0])


def test_the_share_of_ratios_on_the_right_side():
    assert metrics.share_right([0.5, 2.0, 0.9, 1.1], [0.1, 9.0, 1.2, 1.0]) == 75.0
    assert metrics.metric("share_right").holds(90.0, 90.0)
    assert metrics.metric("share_right").worse(80.0, 90.0)
