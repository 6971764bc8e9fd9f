"""How long a call takes: the least of several repeats, and how far they differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, pstdev
from typing import Final

from archsim.errors import UnsupportedError

REPEATS: Final = 7
"""Fewest repeats of one measurement."""
MOST_REPEATS: Final = 40
LONG_ENOUGH: Final = 1e-3
"""One repeat takes at least this long, s: calls that are shorter are counted together."""
BUDGET: Final = 0.06
"""Repeats beyond the fewest are taken as long as they fit into this, s."""
STEADY: Final = 0.10
"""Largest coefficient of variation of a steady measurement."""

AGAIN: Final = 2
"""How often a measurement that varied much is taken again."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Time of one call.

    Attributes
    ----------
    seconds : float, s
        The least: whatever disturbs a run makes it longer.
    variation : float
        Standard deviation of the repeats over their mean.
    repeats : int
        How many there were.
    """

    seconds: float
    variation: float
    repeats: int


class Stopwatch:
    """Times calls.

    Parameters
    ----------
    clock : callable
        Returns the time, s.
    repeats : int
        Fewest of one measurement.
    least : float, s
        Shortest repeat.
    budget : float, s
        Time in which further repeats are taken.
    """

    def __init__(
        self, clock: Callable[[], float] = time.perf_counter, *, repeats: int = REPEATS, least: float = LONG_ENOUGH,
        budget: float = BUDGET,
    ) -> None:  # fmt: skip
        self.clock, self.repeats, self.least, self.budget = clock, repeats, least, budget

    def time(self, call: Callable[[], object]) -> Timing:
        """Call once to warm up, then again and again, and return the time of one call."""
        once = self._run(call, 1)
        once = min(once, self._run(call, 1))
        calls = max(1, min(1_000_000, round(self.least / once))) if once > 0.0 else 1
        start = self.clock()
        taken: list[float] = []
        while len(taken) < self.repeats or (
            len(taken) < MOST_REPEATS and self.clock() - start + max(taken) < self.budget
        ):
            taken.append(self._run(call, calls))
        mean = fmean(taken)
        return Timing(min(taken) / calls, pstdev(taken) / mean if mean > 0.0 else 0.0, len(taken))

    def _run(self, call: Callable[[], object], calls: int) -> float:
        start = self.clock()
        for _ in range(calls):
            call()
        return self.clock() - start


def better(one: Timing, other: Timing) -> Timing:
    """Return two measurements of the same as one: the least time, and how far the steadier one varied."""
    return Timing(min(one.seconds, other.seconds), min(one.variation, other.variation), one.repeats + other.repeats)


def take_all(
    measurements: Sequence[tuple[str, Callable[[], Timing]]],
    report: Callable[[int, int, str], None] | None = None,
    *,
    patience: float = 0.0,
    clock: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Take measurements one after the other, and those that varied much once more, and once more again.

    Parameters
    ----------
    measurements : sequence of (str, callable)
        What is measured, and what measures it.
    report : callable, optional
        Told before each how many are done, how many there are, and what comes next.
    patience : float, s
        Nothing is taken again when this is over.
    clock : callable
        Returns the time, s.
    """
    start = clock()
    taken: list[Timing] = []
    for what, take in measurements:
        if report:
            report(len(taken), len(measurements), what)
        taken.append(take())
    for _ in range(AGAIN):
        for index, (what, take) in enumerate(measurements):
            if taken[index].variation > STEADY and clock() - start < patience:
                if report:
                    report(len(taken), len(measurements), f"{what}, again")
                taken[index] = better(taken[index], take())
    if report:
        report(len(taken), len(measurements), "done")
    return taken


def typical_variation(timings: Sequence[Timing]) -> float:
    """Return the median coefficient of variation of some measurements, -."""
    return median(each.variation for each in timings) if timings else 0.0


def refuse_unsteady(timings: Sequence[Timing], force: bool) -> None:
    """Stop unless half of the measurements are steady.

    Raises
    ------
    UnsupportedError
        They are not, and nobody said to go on.
    """
    variation = typical_variation(timings)
    if variation > STEADY and not force:
        raise UnsupportedError(
            f"the repeats of a typical measurement differ by {100 * variation:.0f} %, and {100 * STEADY:.0f} % is the "
            "most (coefficient of variation, the median of all measurements)",
            hint="stop other programs and fix the clock, or go on with --force",
        )
