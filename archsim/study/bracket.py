"""Where a function of one value changes sign: a grid, brackets, and no value between them that was not evaluated.

Between neighbours on different sides the place is closed in on: over whole steps by halving, over real numbers by
Brent's method. Neighbours on one side may hide two crossings: where the function comes closest to zero in between, its
nearest approach is looked for by golden section, and a sign change found there is closed in on from both sides. Pairs
of crossings closer together than that remain unseen.

References
----------
Brent: Algorithms for Minimization without Derivatives, Prentice-Hall, 1973, chapters 4 and 5.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

CLOSE: Final = 1e-10
"""Relative distance up to which a crossing over real numbers is closed in on."""
NEAREST: Final = 24
"""Steps of one search for the nearest approach."""
GOLDEN: Final = 0.5 * (math.sqrt(5.0) - 1.0)

Signed = Callable[[float], float]
"""Value to a number whose sign says who is ahead; NaN where nobody can say."""


@dataclass
class Brackets:
    """A function on a range, evaluated once per value.

    Attributes
    ----------
    function : callable
        Whose sign changes are looked for.
    step : float
        Values are multiples of it; 0: any real number.
    logarithmic : bool
        Whether the middle between two values is the geometric one.
    """

    function: Signed
    step: float
    logarithmic: bool
    known: dict[float, float] = field(default_factory=dict)

    def at(self, value: float) -> float:
        """Return the function at a value."""
        if value not in self.known:
            self.known[value] = self.function(value)
        return self.known[value]

    def crossings(self, values: Sequence[float]) -> list[tuple[float, bool]]:
        """Find all sign changes that a grid shows, and those behind its nearest approaches.

        Parameters
        ----------
        values : sequence of float
            The grid, rising.

        Returns
        -------
        list of (float, bool)
            First value on the far side, and whether the function is at least 0 from there on.
        """
        grid = sorted({*values, *self._approaches(values)})
        found = []
        for low, high in itertools.pairwise(grid):
            if not self._apart(low, high):
                continue
            far = self._halve(low, high) if self.step else self._close(low, high)
            if not math.isnan(far):
                found.append((far, self.at(high) >= 0.0))
        return found

    def _apart(self, low: float, high: float) -> bool:
        below, above = self.at(low), self.at(high)
        return not math.isnan(below) and not math.isnan(above) and (below < 0.0) != (above < 0.0)

    def _halve(self, near: float, far: float) -> float:
        """Close in over whole steps; NaN where nobody is ahead in between."""
        side = self.at(far) < 0.0
        while far - near > self.step:
            middle = (near + far) // (2.0 * self.step) * self.step
            value = self.at(middle)
            if math.isnan(value):
                return math.nan
            near, far = (near, middle) if (value < 0.0) == side else (middle, far)
        return far

    def _close(self, low: float, high: float) -> float:
        """Close in over real numbers; NaN where nobody is ahead in between."""
        from scipy.optimize import brentq

        def bounded(place: float) -> float:
            value = self.at(self._value(place))
            if math.isnan(value):
                raise _GapError
            return max(-1e300, min(1e300, value))

        ends = self._place(low), self._place(high)
        try:
            root = brentq(bounded, *ends, xtol=CLOSE * max(1.0, abs(ends[0]), abs(ends[1])), rtol=CLOSE)
        except _GapError:
            return math.nan
        return self._value(float(root))

    def _approaches(self, values: Sequence[float]) -> list[float]:
        """Return values of the other sign between neighbours of one sign."""
        found = []
        for low, middle, high in zip(values, values[1:], values[2:], strict=False):
            logs = [self.at(value) for value in (low, middle, high)]
            if any(math.isnan(log) for log in logs) or len({log < 0.0 for log in logs}) > 1:
                continue
            if abs(logs[1]) < abs(logs[0]) and abs(logs[1]) < abs(logs[2]):
                found += self._nearest(low, high, logs[1] < 0.0)
        return found

    def _nearest(self, low: float, high: float, negative: bool) -> list[float]:
        """Search the nearest approach to zero; return a value beyond it, if there is one."""
        low, high = self._place(low), self._place(high)
        for _ in range(NEAREST):
            inner = [self._whole(high - GOLDEN * (high - low)), self._whole(low + GOLDEN * (high - low))]
            sizes = [self.at(value) for value in inner]
            for value, size in zip(inner, sizes, strict=True):
                if not math.isnan(size) and (size < 0.0) != negative:
                    return [value]
            if any(math.isnan(size) for size in sizes) or inner[0] >= inner[1]:
                return []
            if abs(sizes[0]) < abs(sizes[1]):
                high = self._place(inner[1])
            else:
                low = self._place(inner[0])
        return []

    def _whole(self, place: float) -> float:
        value = self._value(place)
        return round(value / self.step) * self.step if self.step else value

    def _place(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value

    def _value(self, place: float) -> float:
        return math.exp(place) if self.logarithmic else place


class _GapError(Exception):
    """Nobody can say who is ahead between two values at which somebody can."""
