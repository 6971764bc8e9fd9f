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
        Largest ratio of the two, whichever is larger, that passes. With neither, the row is shown and not scored.
    note : str
        Why a row is not scored, or what else a reader should know.

    Raises
    ------
    UsageError
        Scored without a published number, against one that is not above 0, or by both kinds of limit.
    """

    what: str
    archsim: float
    published: float | tuple[float, float] | None = None
    unit: str = ""
    tolerance: float | None = None
    factor: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if self.tolerance is not None and self.factor is not None:
            raise UsageError(f"{self.what!r} has two limits", hint="give a tolerance or a factor")
        if not self.scored:
            return
        low, high = self._ends()
        if not 0.0 < low <= high < math.inf:
            raise UsageError(f"{self.what!r} is scored against {self.published!r}",
                             hint="publish a number above 0, or a range from low to high")  # fmt: skip

    @property
    def scored(self) -> bool:
        """Whether the row has a limit."""
        return self.tolerance is not None or self.factor is not None

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
    def ok(self) -> bool | None:
        """Whether it keeps to its limit; None when it has none."""
        error = self.error
        if not self.scored or error is None:
            return None
        if self.factor is not None:
            ratio = 1.0 + error
            return ratio > 0.0 and max(ratio, 1.0 / ratio) <= self.factor * (1.0 + ROUNDING)
        return self.tolerance is not None and abs(error) <= self.tolerance + ROUNDING


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
    """Say which rows lie outside their limits; empty when none does.

    Raises
    ------
    UsageError
        No row has a limit: then nothing was checked.
    """
    if not any(row.scored for row in rows):
        raise UsageError("none of the rows has a limit", hint="give one of them a tolerance or a factor")
    wrong = [row for row in rows if row.ok is False]
    return "; ".join(
        f"{row.what}: {_number(row.archsim)} against {_published(row)} {row.unit}".rstrip() for row in wrong
    )


def _cells(row: Claim) -> tuple[str, str, float, str, str, str, str]:
    error = NOTHING if row.error is None else f"{100.0 * row.error:+.2f} %"
    limit = "not scored"
    if row.factor is not None:
        limit = f"x {row.factor:g}"
    elif row.tolerance is not None:
        limit = f"{100.0 * row.tolerance:.1f} %"
    note = f"OUTSIDE; {row.note}".removesuffix("; ") if row.ok is False else row.note
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
