"""How sure a result is: bands of several machines side by side, and the tornado of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import COLOURS, INK, canvas
from archsim.units import ENERGY, POWER, TIME, format_quantity

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from archsim.study.sensitivity import Sensitivity
    from archsim.study.uncertainty.monte_carlo import Uncertainty

WIDE: Final = (0.05, 0.95)
NARROW: Final = (0.1, 0.9)
DIMENSIONS: Final = {"latency": TIME, "energy": ENERGY, "power": POWER}
ROWS: Final = 12


def bands(found: Uncertainty, metric: str = "latency") -> Figure:
    """Draw what a metric of every machine lies between: 90 % of the draws, 80 %, the median, and the value described.

    Parameters
    ----------
    found : Uncertainty
        Of one machine or two.
    metric : str
        ``latency``, ``energy`` or ``power``.

    Returns
    -------
    Figure
        A matplotlib figure, for `save`.

    Raises
    ------
    UsageError
        Another metric.
    MissingExtraError
        matplotlib is not installed.
    """
    if metric not in DIMENSIONS:
        raise UsageError(f"cannot draw bands of {metric!r}", hint=f"write {', '.join(DIMENSIONS)}")
    figure, (ax,) = canvas(6.4, 1.5 + 0.6 * len(found.bands))
    for row, band in enumerate(found.bands):
        outer, inner = ([band.quantile(metric, part) for part in ends] for ends in (WIDE, NARROW))
        label = {} if row else {"label": "90 % of the draws"}
        ax.plot(outer, [row, row], color=COLOURS[5], linewidth=3, solid_capstyle="butt", **label)
        label = {} if row else {"label": "80 %"}
        ax.plot(inner, [row, row], color=COLOURS[0], linewidth=9, solid_capstyle="butt", **label)
        ax.plot(band.quantile(metric, 0.5), row, "|", color="white", markersize=8, markeredgewidth=2)
        label = {} if row else {"label": "as described"}
        ax.plot(band.nominal(metric), row, "D", color=COLOURS[1], markersize=6, zorder=3, **label)
    ax.set(xscale="log", ylim=(-0.7, len(found.bands) - 0.3))
    ax.set_yticks(range(len(found.bands)), [band.result.hardware for band in found.bands])
    ax.set_xlabel(f"{metric} of one run of {found.workload} ({DIMENSIONS[metric].base})")
    ax.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return figure


def tornado(found: Sensitivity, rows: int = ROWS) -> Figure:
    """Draw what each number does between its bounds, all others as described; those that swing furthest on top.

    Parameters
    ----------
    found : Sensitivity
        What to draw.
    rows : int
        Numbers drawn.

    Returns
    -------
    Figure
        A matplotlib figure, for `save`.

    Raises
    ------
    UsageError
        No number swings.
    MissingExtraError
        matplotlib is not installed.
    """
    shown = [each for each in found.effects if each.low is not None and each.high is not None and each.swing > 0.0]
    shown = shown[:rows]
    if not shown:
        raise UsageError(f"no number moves the {found.metric}", hint="there is nothing to draw")
    figure, (ax,) = canvas(7.0, 1.3 + 0.32 * len(shown))
    for row, each in enumerate(shown):
        for end, value, colour in (("low", each.low, COLOURS[0]), ("high", each.high, COLOURS[1])):
            change = 100.0 * ((value or 1.0) - 1.0)
            label: dict[str, Any] = {"label": f"number at its {end}"} if row == 0 else {}
            ax.barh(row, change, 0.62, color=colour, **label)
    ax.axvline(0.0, color=INK, linewidth=0.8)
    texts = [f"{each.leaf.name}  {_span(each.leaf)}" for each in shown]
    ax.set_yticks(range(len(shown)), texts)
    ax.invert_yaxis()
    ax.grid(visible=True, axis="x", color="#dddddd", linewidth=0.6)
    ax.set_xlabel(f"change of {found.metric.replace('_', ' ')} (%), {found.result.workload} on {found.result.hardware}")
    ax.legend(loc="lower right", frameon=False)
    return figure


def _span(leaf: Any) -> str:
    return " to ".join(format_quantity(value, leaf.dimension) for value in (leaf.low, leaf.high))
