"""Where one machine overtakes another as something grows, and which cause decides it.

What grows may be the size of the workload, any argument of it, any number of either machine or both, or a choice of how
they run. Both machines are evaluated at values spread evenly over the logarithm of the range; between neighbours on
different sides the crossing is closed in on, so that it is evaluated, never interpolated; `archsim.study.bracket` says
how, and how pairs of crossings between neighbours are found. Crossings without a cause are what the sums without it
say: between two values the logarithm of their ratio is taken as straight in that of the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.errors import ArchsimError, UsageError, did_you_mean
from archsim.study.bracket import Brackets
from archsim.study.crossings import (
    METRICS,
    VARIANTS,
    Crossing,
    Crossover,
    Influence,
    Point,
    Refused,
    amount,
    interpolated,
    known_causes,
    log_ratio,
)
from archsim.study.parameter import Case, Parameter, why
from archsim.study.parameter import parameter as found_at
from archsim.units import RATIO

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph

__all__ = ["METRICS", "VARIANTS", "Crossing", "Crossover", "Influence", "Point", "Refused", "amount", "crossover",
           "interpolated", "known_causes"]  # fmt: skip

PER_DOUBLING: Final = 2
"""Sizes tried before any crossing is closed in on."""
MOST_SIZES: Final = 64
POINTS: Final = 33
"""Values of a real number tried before any crossing is closed in on."""


def crossover(
    build: Callable[..., Graph] | Graph | str,
    first: Chip | System | str,
    second: Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    over: tuple[Any, Any],
    parameter: str | None = None,
    step: int | None = None,
    points: int | None = None,
    metric: str = "energy",
    **choices: Any,
) -> Crossover:
    """Find the values of a parameter at which one machine overtakes another.

    Parameters
    ----------
    build : callable, Graph or str
        Without `parameter` what makes the graph of a size, such as ``lambda d: archsim.workload("transformer",
        width=d, heads=d // 64)``; with it a graph, the name of a workload, or what makes one of its arguments.
    first, second : Chip, System or str
        The machines.
    policy : Policy or mapping, optional
        How the runs are done.
    over : tuple
        Smallest and largest value: numbers in SI units, or text with a unit.
    parameter : str, optional
        Path of what varies: ``workload.NAME``, ``policy.NAME``, ``first.PATH``, ``second.PATH``, or ``PATH`` of both
        machines' descriptions. Left out: the size that `build` takes.
    step : int, optional
        Values are multiples of it; left out: 1 where values are whole, any real number elsewhere.
    points : int, optional
        Values tried before any crossing is closed in on.
    metric : str
        ``energy``, ``latency`` or ``energy_delay``, per item.

    Returns
    -------
    Crossover
        All crossings in the range; where there are none, who is ahead everywhere. Values that a machine cannot have, or
        at which the workload does not fit, are `refused`, and no crossing is looked for across them.

    Raises
    ------
    UsageError
        A range without two values, a path that leads nowhere, or a metric that does not exist.
    ArchsimError
        Whatever keeps every single value from a result.
    """
    metric = {"edp": "energy_delay"}.get(metric, metric)
    if metric not in METRICS:
        raise UsageError(f"metric {metric!r}", hint=did_you_mean(metric, METRICS) or f"write {', '.join(METRICS)}")
    machines = machine_of(first), machine_of(second)
    how = make_policy(policy, **choices)
    varied = _sized(build, machines, how) if parameter is None else found_at(parameter, build, machines, how, over)
    low, high = _ends(varied, over)
    by = (1 if varied.whole else 0) if step is None else step
    least = 1 if parameter is None else 0
    grid = (
        _sizes((low, high), by, points, least)
        if by or step is not None
        else _spread(varied, low, high, points or POINTS)
    )
    done: dict[float, Point] = {}
    refused: list[Refused] = []
    errors: list[ArchsimError] = []

    def ratio(value: float) -> float:
        try:
            case = varied.case(value)
            done[value] = Point(value, *(evaluate(case.graph, machine, case.how) for machine in case.machines))
        except ArchsimError as error:
            if parameter is None:
                raise
            refused.append(Refused(value, why(error)))
            errors.append(error)
            return math.nan
        return log_ratio(amount(done[value].first, metric), amount(done[value].second, metric))

    brackets = Brackets(ratio, float(by), logarithmic=low > 0)
    crossings = tuple(Crossing(float(value), int(behind)) for value, behind in brackets.crossings(grid))
    if not done:
        raise errors[0]
    points_done = tuple(done[value] for value in sorted(done))
    names = points_done[0].first.hardware, points_done[0].second.hardware
    refused.sort(key=lambda each: each.size)
    return Crossover(names, metric, points_done, crossings, varied.path, varied.show, tuple(refused))


def _sized(build: Any, machines: tuple[Chip | System, Chip | System], how: Policy) -> Parameter:
    """Return the size of a workload as a parameter."""
    if not callable(build):
        raise UsageError(f"nothing of {build!r} varies", hint="name it: parameter='first.memory.hbm.bandwidth'")
    return Parameter("size", lambda size: Case(build(round(size)), machines, how), RATIO, True, float)


def _ends(varied: Parameter, over: Any) -> tuple[float, float]:
    """Read both ends of a range."""
    if isinstance(over, str) or not isinstance(over, Sequence) or len(over) != 2:
        raise UsageError(f"over={over!r}", hint="write the smallest and the largest value: over=(64, 4096)")
    low, high = (varied.read(end) for end in over)
    if not low < high or not (math.isfinite(low) and math.isfinite(high)):
        raise UsageError(f"{varied.path} from {over[0]!r} to {over[1]!r} is no range",
                         hint="write the smaller value first")  # fmt: skip
    return low, high


def _spread(varied: Parameter, low: float, high: float, points: int) -> list[float]:
    """Return values spread evenly over the range, or over its logarithm where it has one."""
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= MOST_SIZES**2:
        raise UsageError(f"points={points!r}", hint=f"write a whole number from 2 to {MOST_SIZES**2}")
    share = [index / (points - 1) for index in range(points)]
    if low > 0.0:
        inner = [low * (high / low) ** each for each in share]
    else:
        inner = [low + (high - low) * each for each in share]
    return sorted({low, *inner[1:-1], high})


def _sizes(over: tuple[float, float], step: int, points: int | None, smallest: int) -> list[float]:
    low, high = over
    if isinstance(step, bool) or not isinstance(step, int) or step < 1 or low < smallest:
        raise UsageError(
            f"sizes {low:g} to {high:g} in steps of {step}", hint=f"sizes are at least {smallest}, steps 1"
        )
    least, most = -(-low // step) * step, high // step * step
    if least >= most:
        raise UsageError(f"sizes {low:g} to {high:g} hold no two multiples of {step}", hint="widen the range")
    begin = max(least, float(step))
    count = points or min(MOST_SIZES, max(2, 1 + math.ceil(PER_DOUBLING * math.log2(most / begin))))
    grid = [begin * (most / begin) ** (index / (count - 1)) for index in range(count)]
    return sorted({least, *(float(min(most, max(least, round(size / step) * step))) for size in grid)})
