"""Panels of a figure that many pictures have in common: curves over a size, and bars stacked of parts.

They draw on axes from `archsim.report.figures.canvas.canvas`, so that a picture is a few lines of calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import COLOURS, GRID, INK

LEGIBLE: Final = 0.09
"""Least share a number is written into."""
DARK: Final = (COLOURS[0], COLOURS[1], COLOURS[2], COLOURS[7])
"""Colours that white can be read on."""
DASHES: Final = ("-", "--", ":", "-.")


def curves(
    ax: Any,
    x: Sequence[float],
    found: Mapping[str, Sequence[float]],
    styles: Sequence[str] = (),
    *,
    xlabel: str,
    ylabel: str,
    title: str,
    levels: Mapping[str, float] | None = None,
    legend: str = "best",
) -> None:
    """Draw curves over a size, both axes logarithmic.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    x : sequence of float
        Sizes.
    found : mapping of str to sequence of float
        One curve per label; NaN leaves a gap.
    styles : sequence of str
        matplotlib's short form of line and marker, such as ``--o``, one per curve; a digit in front picks a colour of
        the palette. Curves beyond them are solid lines of the next colour.
    xlabel, ylabel, title : str
        Words, with units.
    levels : mapping of str to float, optional
        Horizontal lines by label.
    legend : str
        Where the legend stands, in matplotlib's words; empty for none.

    Raises
    ------
    UsageError
        A curve of another length than the sizes.
    """
    for index, (label, values) in enumerate(found.items()):
        if len(values) != len(x):
            raise UsageError(f"curve {label!r} has {len(values)} values over {len(x)} sizes", hint="give one per size")
        style = styles[index] if index < len(styles) else "-"
        colour, style = (int(style[0]), style[1:]) if style[:1].isdigit() else (index, style)
        ax.plot(x, values, style, markersize=3.5, color=COLOURS[colour % len(COLOURS)], label=label)
    for (label, level), dash in zip((levels or {}).items(), reversed(DASHES), strict=False):
        ax.axhline(level, color=INK, linewidth=0.9, linestyle=dash, label=label)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    finish(ax, title, legend)


def band(ax: Any, x: Sequence[float], low: Sequence[float], high: Sequence[float], colour: int) -> None:
    """Shade what lies between two curves, in a colour of the palette."""
    ax.fill_between(x, low, high, color=COLOURS[colour % len(COLOURS)], alpha=0.2, linewidth=0)


def stacks(
    ax: Any,
    bars: Mapping[str, Mapping[str, float]],
    *,
    xlabel: str,
    title: str,
    columns: int = 3,
    below: float = 0.17,
    first: int = 0,
) -> None:
    """Draw bars stacked of shares, in percent of each bar, first bar on top; shares of some size are written in.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    bars : mapping of str to mapping of str to float
        Amounts by part, by bar; parts in the order of the first bar that has them.
    xlabel, title : str
        Words.
    columns : int
        Of the legend, which stands below.
    below : float
        How far below, in heights of the panel.
    first : int
        Place in the palette of the first part's colour.

    Raises
    ------
    UsageError
        A bar whose parts do not add up to anything.
    """
    parts = list(dict.fromkeys(part for amounts in bars.values() for part in amounts))
    for place, (name, amounts) in enumerate(bars.items()):
        whole, left = sum(amounts.values()), 0.0
        if not whole > 0.0:
            raise UsageError(f"bar {name!r} has nothing to stack", hint="leave it out")
        for index, part in enumerate(parts):
            share = amounts.get(part, 0.0) / whole
            colour = COLOURS[(first + index) % len(COLOURS)]
            ax.barh(place, 100.0 * share, 0.8, left=100.0 * left, color=colour, label=None if place else part)
            if share > LEGIBLE:
                middle = 100.0 * (left + share / 2.0)
                ink = "white" if colour in DARK else INK
                ax.text(middle, place, f"{100.0 * share:.0f}", ha="center", va="center", fontsize=7, color=ink)
            left += share
    ax.set_yticks(range(len(bars)), list(bars), fontsize=7)
    ax.set(xlabel=xlabel, xlim=(0.0, 100.0), ylim=(len(bars) - 0.5, -0.5))
    ax.set_title(title, fontsize=10)
    ax.legend(fontsize=7, loc="upper center", ncols=columns, bbox_to_anchor=(0.5, -below), frameon=False)


def finish(ax: Any, title: str, legend: str = "best") -> None:
    """Give a panel its title, grid and legend."""
    ax.grid(color=GRID, linewidth=0.6)
    ax.set_title(title, fontsize=10)
    if legend:
        ax.legend(fontsize=7, loc=legend, frameon=False)
