"""Where one machine overtakes another as a workload grows, and which cause decides it.

Both machines run the same graph at sizes spread evenly over the logarithm of the range. Between neighbours on different
sides the size is halved in on until the first multiple of the step is found on which the first machine is ahead, so
that a crossing is evaluated, never interpolated. Crossings without a cause are what the sums without it say: between
two sizes the logarithm of their ratio is taken as straight in that of the size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.family import GROUPS
from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.errors import UsageError, did_you_mean
from archsim.study.compare import warnings_of

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

METRICS: Final = ("energy", "latency", "energy_delay")
"""Per item: J, s, J s."""
PER_DOUBLING: Final = 2
"""Sizes tried before any crossing is closed in on."""
MOST_SIZES: Final = 64
MEMORY: Final = ("on_chip_memory", "off_chip_memory")
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "without conversion": ("conversion",),
    "without memory": MEMORY,
    "without conversion and memory": ("conversion", *MEMORY),
    "without static power": ("static",),
}
"""Standard causes of energy that are left out on both machines."""


@dataclass(frozen=True)
class Point:
    """Both machines at one size of the workload."""

    size: int
    first: Result
    second: Result


@dataclass(frozen=True)
class Crossing:
    """A size at which the machine that is ahead changes.

    Attributes
    ----------
    size : float
        Smallest size, in whole steps, on the far side; interpolated where causes are left out.
    ahead : int
        Which machine is ahead from there on: 0 the first, 1 the second.
    """

    size: float
    ahead: int


@dataclass(frozen=True)
class Crossover:
    """What `crossover` found.

    Attributes
    ----------
    machines : tuple of str
        Names of the two machines.
    metric : str
        What is compared, per item.
    points : tuple of Point
        All sizes evaluated, smallest first.
    crossings : tuple of Crossing
        Where the machine ahead changes.
    """

    machines: tuple[str, str]
    metric: str
    points: tuple[Point, ...]
    crossings: tuple[Crossing, ...]

    @property
    def size(self) -> float | None:
        """Size from which on the first machine is ahead for good; None when it is not ahead at the largest."""
        return self.crossings[-1].size if self.crossings and self.crossings[-1].ahead == 0 else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the machines hard to compare, and what they warn of at the largest size."""
        return tuple(warnings_of((self.points[-1].first, self.points[-1].second)))

    @property
    def ahead(self) -> tuple[int, int]:
        """Which machine is ahead at the smallest and at the largest size."""
        ratios = [self.ratio(point) for point in (self.points[0], self.points[-1])]
        return int(ratios[0] >= 1.0), int(ratios[1] >= 1.0)

    def ratio(self, point: Point) -> float:
        """Return the metric of the first machine over that of the second."""
        return amount(point.first, self.metric) / amount(point.second, self.metric)

    def without(self, first: Iterable[str], second: Iterable[str] | None = None) -> tuple[Crossing, ...]:
        """Return the crossings of energy when standard causes cost nothing.

        Parameters
        ----------
        first, second : iterable of str
            Standard causes left out on either machine; the second as the first if left out.

        Raises
        ------
        UsageError
            A cause that does not exist, or another metric than energy.
        """
        if self.metric != "energy":
            raise UsageError(f"causes have energies, no {self.metric}", hint="compare with metric='energy'")
        sides = known_causes(first), known_causes(first if second is None else second)
        logs = []
        for point in self.points:
            left = [amount(r, "energy", out) for r, out in zip((point.first, point.second), sides, strict=True)]
            logs.append(_log_ratio(*left))
        return interpolated([point.size for point in self.points], logs)

    @cached_property
    def variants(self) -> Mapping[str, tuple[Crossing, ...]]:
        """Crossings without conversion, without memory, without both, without static power; on both machines."""
        return {name: self.without(causes) for name, causes in VARIANTS.items()}

    @cached_property
    def influences(self) -> tuple[Influence, ...]:
        """What leaving out one cause of one machine does, strongest first: the first of them decides."""
        base = self.size
        found = []
        for side, group in itertools.product((0, 1), GROUPS):
            if not any((p.first, p.second)[side].energy_by_cause.get(group) for p in self.points):
                continue
            out = ((group,), ()) if side == 0 else ((), (group,))
            crossings = self.without(*out)
            there = crossings[-1] if crossings else None
            last = amount(self.points[-1].first, "energy", out[0]), amount(self.points[-1].second, "energy", out[1])
            size = there.size if there and there.ahead == 0 else None
            if size is None and _log_ratio(*last) < 0.0:
                size = 0.0
            found.append(Influence(self.machines[side], group, size, _moved(base, size)))
        return tuple(sorted(found, key=lambda each: -each.moved))

    def to_dict(self) -> dict[str, Any]:
        """Return everything with unit suffixes in its keys, ready for JSON."""
        data: dict[str, Any] = {
            "schema_version": 1,
            "first": self.machines[0],
            "second": self.machines[1],
            "metric": self.metric,
            "size": self.size,
            "crossings": [{"size": each.size, "ahead": self.machines[each.ahead]} for each in self.crossings],
            "warnings": list(self.warnings),
            "points": [
                {
                    "size": point.size,
                    **{
                        f"{side}_{key}": amount(result, metric)
                        for side, result in (("first", point.first), ("second", point.second))
                        for metric, key in _KEYS.items()
                    },
                }
                for point in self.points
            ],
        }
        if self.metric == "energy":
            data["variants"] = {
                name.replace(" ", "_"): [{"size": c.size, "ahead": self.machines[c.ahead]} for c in crossings]
                for name, crossings in self.variants.items()
            }
            data["influences"] = [
                {"hardware": each.machine, "cause": each.cause, "size": each.size} for each in self.influences
            ]
        return data


@dataclass(frozen=True)
class Influence:
    """What leaving out one cause of energy of one machine does to the crossing.

    Attributes
    ----------
    machine, cause : str
        Whose, and which.
    size : float or None
        Where the first machine is then ahead for good: 0 everywhere, None nowhere.
    moved : float
        How far that is from where it was, in doublings; infinite when a crossing comes or goes.
    """

    machine: str
    cause: str
    size: float | None
    moved: float


def crossover(
    build: Callable[[int], Graph],
    first: Chip | System | str,
    second: Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    over: tuple[int, int],
    step: int = 1,
    metric: str = "energy",
    **choices: Any,
) -> Crossover:
    """Find the sizes of a workload at which one machine overtakes another.

    Parameters
    ----------
    build : callable
        Size to graph, such as ``lambda d: archsim.workload("transformer", width=d, heads=d // 64)``.
    first, second : Chip, System or str
        The machines.
    policy : Policy or mapping, optional
        How the runs are done.
    over : tuple of int
        Smallest and largest size.
    step : int
        Sizes are multiples of it.
    metric : str
        ``energy``, ``latency`` or ``energy_delay``, per item.

    Raises
    ------
    UsageError
        A range without two multiples of the step, or a metric that does not exist.
    """
    if metric not in METRICS:
        raise UsageError(f"metric {metric!r}", hint=did_you_mean(metric, METRICS) or f"write {', '.join(METRICS)}")
    sizes = _sizes(over, step)
    machines = machine_of(first), machine_of(second)
    how = make_policy(policy, **choices)
    done: dict[int, Point] = {}

    def ratio(size: int) -> float:
        if size not in done:
            graph = build(size)
            done[size] = Point(size, *(evaluate(graph, machine, how) for machine in machines))
        return _log_ratio(amount(done[size].first, metric), amount(done[size].second, metric))

    logs = [ratio(size) for size in sizes]
    crossings = []
    for (low, below), (high, above) in itertools.pairwise(zip(sizes, logs, strict=True)):
        if (below < 0.0) == (above < 0.0):
            continue
        near, far = low, high
        while far - near > step:
            middle = (near + far) // (2 * step) * step
            near, far = (near, middle) if (ratio(middle) < 0.0) == (above < 0.0) else (middle, far)
        crossings.append(Crossing(float(far), int(above >= 0.0)))
    points = tuple(done[size] for size in sorted(done))
    return Crossover((points[0].first.hardware, points[0].second.hardware), metric, points, tuple(crossings))


def amount(result: Result, metric: str, without: Iterable[str] = ()) -> float:
    """Return a metric per item; of energy, the standard causes `without` left out."""
    energy = (result.energy - sum(result.energy_by_cause.get(group, 0.0) for group in without)) / result.items
    if metric == "energy":
        return max(0.0, energy)
    latency = result.latency / result.items
    return latency if metric == "latency" else energy * latency


def known_causes(names: Iterable[str]) -> tuple[str, ...]:
    """Return standard causes as they are; any other text is an error.

    Raises
    ------
    UsageError
        No such standard cause.
    """
    names = tuple(names)
    for name in names:
        if name not in GROUPS:
            hint = did_you_mean(name, GROUPS) or f"causes are {', '.join(GROUPS)}"
            raise UsageError(f"no cause of energy is called {name!r}", hint=hint)
    return names


def interpolated(sizes: Sequence[int], logs: Sequence[float]) -> tuple[Crossing, ...]:
    """Return where logarithms of ratios change sign, straight over the logarithm of the size between neighbours."""
    found = []
    for (low, below), (high, above) in itertools.pairwise(zip(sizes, logs, strict=True)):
        if (below < 0.0) == (above < 0.0):
            continue
        way = below / (below - above) if math.isfinite(below) and math.isfinite(above) else 0.5
        found.append(Crossing(low * (high / low) ** way, int(above >= 0.0)))
    return tuple(found)


def _sizes(over: tuple[int, int], step: int) -> list[int]:
    low, high = over
    if step < 1 or low < 1:
        raise UsageError(f"sizes {low} to {high} in steps of {step}", hint="sizes and steps are whole and at least 1")
    least, most = -(-low // step) * step, high // step * step
    if least >= most:
        raise UsageError(f"sizes {low} to {high} hold no two multiples of {step}", hint="widen the range")
    count = min(MOST_SIZES, max(2, 1 + math.ceil(PER_DOUBLING * math.log2(most / least))))
    grid = [least * (most / least) ** (index / (count - 1)) for index in range(count)]
    return sorted({min(most, max(least, round(size / step) * step)) for size in grid})


def _log_ratio(first: float, second: float) -> float:
    if first <= 0.0 or second <= 0.0:
        return 0.0 if first == second else math.inf if second <= 0.0 else -math.inf
    return math.log(first / second)


def _moved(base: float | None, size: float | None) -> float:
    if base == size:
        return 0.0
    return abs(math.log2(size / base)) if base and size else math.inf


_KEYS: Final = {"energy": "energy_per_item_j", "latency": "latency_per_item_s"}
