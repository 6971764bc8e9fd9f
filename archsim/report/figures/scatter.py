"""Predicted against measured values of one table, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import COLOURS, GRID, INK, MARKERS, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMED: Final = 12
"""Most groups that get a colour and a name; the rows of others are grey."""


def scatter(title: str, pairs: Sequence[tuple[str, float, float]]) -> Figure:
    """Draw every compared row of a table on logarithmic axes, groups apart, with lines at twice and half.

    Values that are 0 or negative, such as differences, have no place on such axes: a table that holds any is drawn on
    linear ones.

    Parameters
    ----------
    title : str
        The table.
    pairs : sequence of tuple of str, float and float
        Group, predicted and measured value of each row.

    Raises
    ------
    UsageError
        No row.
    """
    if not pairs:
        raise UsageError(f"{title} has no rows to draw", hint="name a table that is compared")
    groups: dict[str, list[tuple[float, float]]] = {}
    for group, predicted, measured in pairs:
        groups.setdefault(group, []).append((measured, predicted))
    groups = _different(groups)
    named = sorted(groups, key=lambda group: -len(groups[group]))[:NAMED]
    figure, (ax,) = canvas(6.6, 4.6)
    values = [value for _, *both in pairs for value in both]
    log = min(values) > 0.0
    low, high = _edges(values, log)
    rest = [point for group, points in groups.items() if group not in named for point in points]
    if rest:
        ax.plot(*zip(*rest, strict=True), ".", color="#999999", markersize=4,
                label=f"{len(groups) - len(named)} more groups")  # fmt: skip
    for index, group in enumerate(named):
        marker, colour = MARKERS[index % len(MARKERS)], COLOURS[index % len(COLOURS)]
        ax.plot(*zip(*groups[group], strict=True), marker, color=colour, markersize=4, alpha=0.75, linestyle="none",
                label=_short(group) or "all rows")  # fmt: skip
    ax.plot((low, high), (low, high), color=INK, linewidth=1.0)
    if log:
        for factor, label in ((2.0, "twice and half"), (0.5, None)):
            ax.plot((low, high), (low * factor, high * factor), color=INK, linewidth=0.6, linestyle=":", label=label)
        ax.set(xscale="log", yscale="log")
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="measured (unit of the table)", ylabel="archsim (the same unit)")
    rows = sum(len(points) for points in groups.values())
    ax.set_title(f"{title}, {rows:,} rows", loc="left", fontsize=9)
    ax.grid(color=GRID, linewidth=0.6)
    _legend(figure, ax)
    return figure


def _different(groups: dict[str, list[tuple[float, float]]]) -> dict[str, list[tuple[float, float]]]:
    """Leave out groups whose rows were drawn already: those of an order are judged twice."""
    seen: list[list[tuple[float, float]]] = []
    kept = {}
    for group, points in groups.items():
        if points not in seen:
            kept[group] = points
        seen.append(points)
    return kept


def _edges(values: Sequence[float], log: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    if log:
        return low / 1.5, high * 1.5
    room = 0.05 * (high - low) or max(abs(high), 1.0)
    return low - room, high + room


def _short(group: str) -> str:
    return group if len(group) <= 34 else f"{group[:33]}…"


def _legend(figure: Any, ax: Any) -> None:
    handles, _ = ax.get_legend_handles_labels()
    if handles:
        figure.legend(loc="outside right upper", fontsize=7, markerscale=1.2)


def file_name(dataset: str) -> str:
    """Return the name of a table's picture."""
    return f"{dataset.removesuffix('.csv')}.svg"
