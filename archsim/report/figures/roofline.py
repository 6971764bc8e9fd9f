"""Rooflines: every op of some workloads against what a machine's arithmetic and memory allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import COLOURS, GRID, INK, MARKERS, canvas
from archsim.report.roofs import Roofs, roofs
from archsim.units import BANDWIDTH, FLOP_RATE, format_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archsim.engine.result import Result

SMALLEST: Final = 12.0
LARGEST: Final = 320.0
"""Areas of a point, in square points: of no time, and of all of the run's."""
SHAPE: Final = 0.72
"""Height of a panel over its width."""
MARGIN: Final = 2.0
"""Room around the points, as a factor."""


def roofline(results: Sequence[Result]) -> Figure:
    """Draw one roofline per machine, with every op of every workload run on it.

    An op stands at its FLOP per byte of outermost memory and at the rate it reaches, alone, launch and call included;
    its area is its share of the run's time. Ops without arithmetic have no place on a roofline and are left out, and
    so are those that find everything in a cache: how many there are stands in the legend.

    Parameters
    ----------
    results : sequence of Result
        Any number of workloads on any number of machines; one panel per machine, in the order met.

    Returns
    -------
    Figure
        A matplotlib figure, for `save`.

    Raises
    ------
    UsageError
        No results.
    UnsupportedError
        A machine without peak rates.
    MissingExtraError
        matplotlib is not installed.

    References
    ----------
    Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785.
    """
    if not results:
        raise UsageError("no results to draw", hint="give at least one")
    machines = list(dict.fromkeys(result.hardware for result in results))
    workloads = list(dict.fromkeys(result.workload for result in results))
    figure, axes = canvas(1.2 + 4.2 * len(machines), 4.3, len(machines), share=True)
    lines = {result.hardware: roofs(result) for result in results}
    extent = _extent(results, lines)
    for ax, machine in zip(axes, machines, strict=True):
        ax.set(xscale="log", yscale="log", xlim=extent[:2], ylim=extent[2:], title=machine, box_aspect=SHAPE)
        ax.grid(color=GRID, linewidth=0.6)
        ax.set_xlabel(f"arithmetic intensity (FLOP per byte of {lines[machine].memory})")
        _draw_roofs(ax, lines[machine], extent)
        for result in results:
            if result.hardware == machine:
                _draw_ops(ax, result, workloads.index(result.workload))
    axes[0].set_ylabel("arithmetic rate (FLOP/s)")
    _legend(figure, workloads, sum(_inside(result) for result in results))
    return figure


def _inside(result: Result) -> int:
    """Return how many ops compute on what caches hold, and move nothing across the outermost memory."""
    return sum(op.flops > 0.0 and next(iter(op.bytes_by_level.values()), 1.0) == 0.0 for op in result.ops)


def _points(result: Result) -> list[tuple[float, float, float]]:
    """Return (FLOP/B, FLOP/s, share of time) of every op that computes and moves."""
    found = []
    for op in result.ops:
        moved = next(iter(op.bytes_by_level.values()), 0.0)
        if op.flops > 0.0 and moved > 0.0 and op.latency > 0.0:
            found.append((op.flops / moved, op.flops / op.latency, op.latency * op.count / result.latency))
    return found


def _extent(results: Sequence[Result], lines: dict[str, Roofs]) -> tuple[float, float, float, float]:
    points = [point for result in results for point in _points(result)]
    if not points:
        raise UsageError("none of the ops computes", hint="draw a workload with arithmetic")
    peaks = [peak for line in lines.values() for peak in line.peaks.values()]
    ridges = [max(line.peaks.values()) / line.bandwidth for line in lines.values()]
    across = [point[0] for point in points] + ridges
    up = [point[1] for point in points] + peaks
    return min(across) / MARGIN, max(across) * MARGIN, min(up) / MARGIN, max(up) * 2.0 * MARGIN


def _draw_roofs(ax: Any, line: Roofs, extent: tuple[float, float, float, float]) -> None:
    left, right, low, high = extent
    top = max(line.peaks.values())
    ax.plot([left, top / line.bandwidth], [left * line.bandwidth, top], color=INK, linewidth=1.2)
    for name, peak in line.peaks.items():
        ax.plot([peak / line.bandwidth, right], [peak, peak], color=INK, linewidth=1.2 if peak == top else 0.8)
        # Above the highest roof and below the others there is room for their names.
        above = peak == top
        ax.annotate(
            f"{name}: {format_quantity(peak, FLOP_RATE, 3)}", (right, peak), (-2, 3 if above else -3),
            textcoords="offset points", ha="right", va="bottom" if above else "top", fontsize=8, color=INK,
        )  # fmt: skip
    slope = SHAPE * math.log(right / left) / math.log(high / low)
    start = max(left, low / line.bandwidth)
    ax.annotate(
        f"{line.memory}: {format_quantity(line.bandwidth, BANDWIDTH, 4)}", (start, start * line.bandwidth), (14, 18),
        textcoords="offset points", rotation=math.degrees(math.atan(slope)), rotation_mode="anchor", fontsize=8,
        color=INK,
    )  # fmt: skip


def _draw_ops(ax: Any, result: Result, which: int) -> None:
    points = _points(result)
    sizes = [SMALLEST + (LARGEST - SMALLEST) * share for *_, share in points]
    ax.scatter(
        [x for x, _, _ in points], [y for _, y, _ in points], s=sizes, alpha=0.55, linewidths=0.6, edgecolors=INK,
        color=COLOURS[which % len(COLOURS)], marker=MARKERS[which % len(MARKERS)], zorder=3,
    )  # fmt: skip


def _legend(figure: Figure, workloads: Sequence[str], inside: int) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=MARKERS[i % len(MARKERS)], color=COLOURS[i % len(COLOURS)],
               markeredgecolor=INK, markeredgewidth=0.6, markersize=7, alpha=0.7, label=name)
        for i, name in enumerate(workloads)
    ]  # fmt: skip
    title = "one mark per distinct op; its area is its share of the time"
    if inside:
        title += f"; not shown: {inside} that caches serve alone"
    figure.legend(
        handles=handles, loc="outside lower center", ncols=min(4, len(handles)),
        title=title, title_fontsize=8, fontsize=9, frameon=False,
    )  # fmt: skip
