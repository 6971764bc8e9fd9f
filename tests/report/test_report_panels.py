"""Panels that pictures share: what they draw is what they were given, and nonsense is refused."""

from __future__ import annotations

import pytest

from archsim.errors import UsageError
from archsim.report.figures.canvas import canvas
from archsim.report.figures.panels import band, curves, stacks

pytest.importorskip("matplotlib")
WORDS = {"xlabel": "size", "ylabel": "energy (J)", "title": "t"}


def test_curves_are_drawn_as_given_with_their_levels():
    _, (ax,) = canvas(4.0, 3.0)
    curves(ax, [1, 10], {"first": [1.0, 2.0], "second": [3.0, 4.0]}, ("2--o",), levels={"even": 1.0}, **WORDS)
    first, second, level = ax.lines
    assert list(first.get_ydata()) == [1.0, 2.0]
    assert (first.get_color(), first.get_linestyle(), first.get_marker()) == ("#009E73", "--", "o")
    assert second.get_color() == "#D55E00"
    assert level.get_ydata()[0] == 1.0
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["first", "second", "even"]


def test_a_curve_has_one_value_for_each_size():
    _, (ax,) = canvas(4.0, 3.0)
    with pytest.raises(UsageError, match="'first' has 1 values over 2 sizes"):
        curves(ax, [1, 10], {"first": [1.0]}, **WORDS)


def test_bars_add_up_to_a_hundred_with_parts_that_some_lack():
    _, (ax,) = canvas(4.0, 3.0)
    stacks(ax, {"a": {"x": 1.0, "y": 3.0}, "b": {"y": 5.0}}, xlabel="share (%)", title="t")
    widths = [patch.get_width() for patch in ax.patches]
    assert widths == [25.0, 75.0, 0.0, 100.0]
    assert [text.get_text() for text in ax.texts] == ["25", "75", "100"]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["x", "y"]


@pytest.mark.parametrize("amounts", [{}, {"x": 0.0}, {"x": float("nan")}])
def test_an_empty_bar_is_refused(amounts):
    _, (ax,) = canvas(4.0, 3.0)
    with pytest.raises(UsageError, match="'a' has nothing to stack"):
        stacks(ax, {"a": amounts}, xlabel="share (%)", title="t")


def test_rows_of_axes_come_in_reading_order_and_bands_keep_their_colour():
    figure, axes = canvas(6.0, 6.0, 2, rows=2)
    figure.canvas.draw()
    corners = [(round(ax.get_position().x0, 1), -round(ax.get_position().y0, 1)) for ax in axes]
    assert corners == sorted(corners, key=lambda corner: corner[::-1])
    band(axes[0], [1, 2], [1.0, 1.0], [2.0, 3.0], 8)
    assert axes[0].collections[0].get_facecolor()[0][:3] == pytest.approx((0.0, 0x72 / 255, 0xB2 / 255))
