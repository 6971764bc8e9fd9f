"""Published numbers beside predicted ones: a table for people, and what lies outside its tolerance.

>>> from archsim.report.claims import Claim, claims, missed
>>> print(claims([Claim("step", 1.9e-3, 2.0e-3, "s", tolerance=0.1)]))
what  published  archsim  unit    error  limit   note
----  ---------  -------  ----  -------  ------  ----
step      0.002   0.0019  s     -5.00 %  10.0 %
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from archsim.engine.table import Column, Table
from archsim.errors import UsageError

NOTHING: Final = "–"
ROUNDING: Final = 1e-9
"""A prediction that equals a limit keeps to it."""


@dataclass(frozen=True)
class Claim:
    """One published number and what archsim says.

    Attributes
    ----------
    what : str
        What was published, and of which machine.
    archsim : float
        The prediction.
    published : float, pair of float, or None
        A number, a range, or nothing.
    unit : str
        Of both.
    tolerance : float, optional
        Largest error that passes, as a fraction of what was published; 0 for equal.
    factor : float, optional
        Largest ratio of the two, whichever is larger, that passes.
    points : float, optional
        Largest difference of the two, in their unit, that passes; what was published may then be 0. With none of the
        three, the row is shown and not scored.
    note : str
        Why a row is not scored, or what else a reader should know.
    floor : float, optional
        Of a known miss: what the limit would have to be for the row as it was recorded to pass. Up to it the row reads
        MISSED and is no failure. It is a floor that keeps a miss from growing, not a target.

    Raises
    ------
    UsageError
        Scored without a published number, against one that is not above 0, or by several kinds of limit; a floor
        without a limit, or not beyond it.
    """

    what: str
    archsim: float
    published: float | tuple[float, float] | None = None
    unit: str = ""
    tolerance: float | None = None
    factor: float | None = None
    note: str = ""
    points: float | None = None
    floor: float | None = None

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.tolerance, self.factor, self.points)) > 1:
            raise UsageError(f"{self.what!r} has several limits", hint="give a tolerance, a factor, or points")
        if self.floor is not None and (self.limit is None or not self.floor > self.limit):
            raise UsageError(f"{self.what!r} has a floor that is not beyond its limit",
                             hint="a floor is how far a known miss may be off")  # fmt: skip
        if not self.scored:
            return
        low, high = self._ends()
        above = low > 0.0 or (low == 0.0 and self.points is not None)
        if not (above and low <= high < math.inf):
            raise UsageError(f"{self.what!r} is scored against {self.published!r}",
                             hint="publish a number above 0, or a range from low to high")  # fmt: skip

    @property
    def scored(self) -> bool:
        """Whether the row has a limit."""
        return self.limit is not None

    @property
    def limit(self) -> float | None:
        """The limit, of whichever kind."""
        return next((each for each in (self.tolerance, self.factor, self.points) if each is not None), None)

    def _ends(self) -> tuple[float, float]:
        if self.published is None:
            return math.nan, math.nan
        return self.published if isinstance(self.published, tuple) else (self.published, self.published)

    @property
    def error(self) -> float | None:
        """Relative error, -; of a range that to its nearer end, 0 inside it; None without a published number."""
        low, high = self._ends()
        if not low > 0.0:
            return None
        if low <= self.archsim <= high:
            return 0.0
        end = low if self.archsim < low else high
        return self.archsim / end - 1.0

    @property
    def difference(self) -> float:
        """Difference in the rows' unit; of a range that to its nearer end, 0 inside it; NaN without anything."""
        low, high = self._ends()
        return self.archsim - min(max(self.archsim, low), high)

    @property
    def ok(self) -> bool | None:
        """Whether it keeps to its limit; None when it has none."""
        return None if self.limit is None else self._keeps(self.limit)

    @property
    def known(self) -> bool:
        """Whether it misses its limit by no more than was recorded."""
        return self.ok is False and self.floor is not None and self._keeps(self.floor)

    def _keeps(self, limit: float) -> bool:
        if self.points is not None:
            return abs(self.difference) <= limit + ROUNDING
        error = math.nan if self.error is None else self.error
        if self.factor is not None:
            ratio = 1.0 + error
            return ratio > 0.0 and max(ratio, 1.0 / ratio) <= limit * (1.0 + ROUNDING)
        return abs(error) <= limit + ROUNDING


def claims(rows: Iterable[Claim], title: str = "") -> Table:
    """Return the rows as a table: published, predicted, error, limit.

    Parameters
    ----------
    rows : iterable of Claim
        In the order they are to be read.
    title : str
        A line above.
    """
    columns = (
        Column("what", "what"), Column("published", "published", show=str), Column("archsim", "archsim", show=_number),
        Column("unit", "unit"), Column("error", "error", show=str), Column("limit", "limit", show=str),
        Column("note", "note"),
    )  # fmt: skip
    return Table(title, columns, tuple(_cells(row) for row in rows))


def missed(rows: Sequence[Claim]) -> str:
    """Say which rows lie outside their limits and are no known misses; empty when none does.

    Raises
    ------
    UsageError
        No row has a limit: then nothing was checked.
    """
    if not any(row.scored for row in rows):
        raise UsageError("none of the rows has a limit", hint="give one of them a tolerance or a factor")
    wrong = [row for row in rows if row.ok is False and not row.known]
    return "; ".join(
        f"{row.what}: {_number(row.archsim)} against {_published(row)} {row.unit}".rstrip() for row in wrong
    )


def _cells(row: Claim) -> tuple[str, str, float, str, str, str, str]:
    error = NOTHING if row.error is None else f"{100.0 * row.error:+.2f} %"
    limit = "not scored"
    if row.points is not None:
        error, limit = f"{row.difference:+.3g} points", f"{row.points:g} points"
    elif row.factor is not None:
        limit = f"x {row.factor:g}"
    elif row.tolerance is not None:
        limit = f"{100.0 * row.tolerance:.1f} %"
    word = "MISSED" if row.known else "OUTSIDE" if row.ok is False else ""
    note = "; ".join(each for each in (word, row.note) if each)
    return row.what, _published(row), row.archsim, row.unit, error, limit, note


def _published(row: Claim) -> str:
    if row.published is None:
        return NOTHING
    if isinstance(row.published, tuple):
        return f"{_number(row.published[0])} to {_number(row.published[1])}"
    return _number(row.published)


def _number(value: float) -> str:
    """Write counts in full and everything else in four digits."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:.4g}"
