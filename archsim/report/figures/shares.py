"""Shares by kind of op: of the arithmetic, of the time, of the energy. They rarely agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import COLOURS, INK, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archsim.engine.result import Result

MEASURES: Final = ("FLOP", "time", "energy")
Shares = dict[str, tuple[float, float, float]]
LEGIBLE: Final = 0.05
"""Least share a number is written into."""
VISIBLE: Final = 0.005
"""Least share a kind is drawn for; what is below it everywhere is drawn as other."""
OTHER: Final = "other"
NONE: Final = (0.0, 0.0, 0.0)


def shares(results: Sequence[Result]) -> Figure:
    """Draw for every result three bars: which kinds of op do the arithmetic, take the time, cost the energy.

    Energy is that of the ops; what the machine draws whatever it does belongs to no kind and is left out.

    Parameters
    ----------
    results : sequence of Result
        Usually one workload on several machines; one panel each.

    Returns
    -------
    Figure
        A matplotlib figure, for `save`.

    Raises
    ------
    UsageError
        No results.
    MissingExtraError
        matplotlib is not installed.
    """
    if not results:
        raise UsageError("no results to draw", hint="give at least one")
    parts = [_parts(result) for result in results]
    largest = {kind: max(max(part.get(kind, NONE)) for part in parts) for part in parts for kind in part}
    kinds = sorted((kind for kind, share in largest.items() if share >= VISIBLE), key=lambda kind: -largest[kind])
    parts = [_with_other(part, kinds) for part in parts]
    kinds += [OTHER] if any(max(part[OTHER]) >= VISIBLE for part in parts) else []
    figure, axes = canvas(1.6 + 2.7 * len(results), 3.8, len(results), share=True)
    for ax, result, part in zip(axes, results, parts, strict=True):
        _draw(ax, part, kinds)
        ax.set(title=f"{result.workload}\n{result.hardware}", ylim=(0.0, 100.0))
    axes[0].set_ylabel("share (%)")
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles[::-1], labels[::-1], loc="outside right upper", title="kind of op", frameon=False)
    return figure


def _parts(result: Result) -> Shares:
    """Return by kind of op its shares of FLOP, time and energy."""
    sums: dict[str, list[float]] = {}
    for op in result.ops:
        found = sums.setdefault(op.kind, [0.0, 0.0, 0.0])
        for index, amount in enumerate((op.flops, op.latency, op.energy)):
            found[index] += amount * op.count
    wholes = [sum(found[index] for found in sums.values()) or 1.0 for index in range(3)]
    return {kind: (a / wholes[0], b / wholes[1], c / wholes[2]) for kind, (a, b, c) in sums.items()}


def _with_other(part: Shares, kinds: Sequence[str]) -> Shares:
    """Keep some kinds and add all others up."""
    kept = {kind: share for kind, share in part.items() if kind in kinds}
    first, second, third = (sum(s[i] for kind, s in part.items() if kind not in kinds) for i in range(3))
    return {**kept, OTHER: (first, second, third)}


def _draw(ax: Any, part: Shares, kinds: Sequence[str]) -> None:
    bottoms = [0.0, 0.0, 0.0]
    for index, kind in enumerate(kinds):
        heights = [100.0 * share for share in part.get(kind, NONE)]
        colour = COLOURS[index % len(COLOURS)]
        bars = ax.bar(MEASURES, heights, 0.7, bottoms, color=colour, edgecolor="white", linewidth=0.8, label=kind)
        texts = [f"{height:.1f}" if height >= 100.0 * LEGIBLE else "" for height in heights]
        ax.bar_label(bars, texts, label_type="center", fontsize=8, color=_ink(colour))
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]


def _ink(colour: str) -> str:
    """Return white on dark colours, ink on light ones."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 140 else INK
