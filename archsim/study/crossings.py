"""What a search for crossings found: who is ahead where, and which cause decides it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.family import GROUPS
from archsim.errors import UsageError, did_you_mean
from archsim.study.compare import warnings_of

if TYPE_CHECKING:
    from archsim.engine.result import Result

METRICS: Final = ("energy", "latency", "energy_delay")
"""Per item: J, s, J s."""
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
    """Both machines at one size of the workload, or one value of whatever varies."""

    size: float
    first: Result
    second: Result


@dataclass(frozen=True)
class Refused:
    """A value at which one of the machines gives no result, and why."""

    size: float
    reason: str


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


def plain(value: float) -> str:
    """Write a value of a parameter without a unit."""
    return f"{value:g}"


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
    parameter : str
        What varies: ``size`` of the workload, or the path of something else.
    show : callable
        Writes a value of it for people.
    refused : tuple of Refused
        Values without a result.
    """

    machines: tuple[str, str]
    metric: str
    points: tuple[Point, ...]
    crossings: tuple[Crossing, ...]
    parameter: str = "size"
    show: Callable[[float], str] = plain
    refused: tuple[Refused, ...] = ()

    @property
    def size(self) -> float | None:
        """Size from which on the first machine is ahead for good; None when it is not ahead at the largest."""
        return self.crossings[-1].size if self.crossings and self.crossings[-1].ahead == 0 else None

    @property
    def winner(self) -> str | None:
        """The machine that is ahead everywhere; None where there is a crossing, or both take the same."""
        if self.crossings or all(self.ratio(point) == 1.0 for point in self.points):
            return None
        return self.machines[self.ahead[0]]

    @property
    def verdict(self) -> str:
        """One sentence: who is ahead where."""
        low, high = (f"{self.parameter} {self.show(point.size)}" for point in (self.points[0], self.points[-1]))
        if self.winner is not None:
            return f"{self.winner} is ahead everywhere from {low} to {high}"
        if not self.crossings:
            return f"both take the same everywhere from {low} to {high}"
        steps = "; ".join(
            f"from {self.parameter} {self.show(each.size)} on {self.machines[each.ahead]} is" for each in self.crossings
        )
        return f"at {low} {self.machines[self.ahead[0]]} is ahead; {steps}"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the machines hard to compare, and what they warn of at the largest size."""
        there = list(warnings_of((self.points[-1].first, self.points[-1].second)))
        if self.refused:
            some = self.refused[0]
            where = f"{self.parameter} = {self.show(some.size)}"
            there.append(f"{len(self.refused)} values have no result, such as {where}: {some.reason}")
        return tuple(there)

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
            logs.append(log_ratio(*left))
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
            if size is None and log_ratio(*last) < 0.0:
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
            "parameter": self.parameter,
            "size": self.size,
            "winner": self.winner,
            "crossings": [{"size": each.size, "ahead": self.machines[each.ahead]} for each in self.crossings],
            "refused": [{"size": each.size, "reason": each.reason} for each in self.refused],
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


def interpolated(sizes: Sequence[float], logs: Sequence[float]) -> tuple[Crossing, ...]:
    """Return where logarithms of ratios change sign, straight over the logarithm of the size between neighbours."""
    found = []
    for (low, below), (high, above) in itertools.pairwise(zip(sizes, logs, strict=True)):
        if (below < 0.0) == (above < 0.0):
            continue
        way = below / (below - above) if math.isfinite(below) and math.isfinite(above) else 0.5
        size = low * (high / low) ** way if low > 0.0 else low + (high - low) * way
        found.append(Crossing(size, int(above >= 0.0)))
    return tuple(found)


def log_ratio(first: float, second: float) -> float:
    """Return the logarithm of a ratio: infinite where one side costs nothing, 0 where neither does."""
    if first <= 0.0 or second <= 0.0:
        return 0.0 if first == second else math.inf if second <= 0.0 else -math.inf
    return math.log(first / second)


def _moved(base: float | None, size: float | None) -> float:
    if base == size:
        return 0.0
    return abs(math.log2(size / base)) if base and size else math.inf


_KEYS: Final = {"energy": "energy_per_item_j", "latency": "latency_per_item_s"}
