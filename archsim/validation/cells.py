"""What cells say, and why a row cannot be used: reasons are counted, so they quote no values that differ by row."""

from __future__ import annotations

import math
import re
from typing import Final

from archsim.validation.table import Row

_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_LONGEST: Final = 40
"""Characters of a label that are quoted."""


class SkipRow(Exception):
    """A row that cannot be evaluated; never leaves the check.

    Parameters
    ----------
    reason : str
        What is counted.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def quoted(label: str) -> str:
    """Quote a label for a reason or a group, shortened."""
    return repr(label if len(label) <= _LONGEST else label[:_LONGEST] + "…")


def text(row: Row, column: str) -> str:
    """Return a cell without the blanks around it.

    Raises
    ------
    SkipRow
        The row ends before it, or it is empty.
    """
    if column not in row.cells:
        raise SkipRow("the row is cut short")
    found = row.cells[column].strip()
    if not found:
        raise SkipRow(f"{column} is empty")
    return found


def positive(row: Row, column: str) -> float:
    """Return a cell as a number above 0.

    Raises
    ------
    SkipRow
        It is missing, no number, not a number (NaN), infinite, or not above 0.
    """
    found = text(row, column)
    try:
        number = float("" if "_" in found else found)
    except ValueError:
        raise SkipRow(f"{column} is not a number") from None
    if math.isnan(number):
        raise SkipRow(f"{column} is NaN")
    if math.isinf(number):
        raise SkipRow(f"{column} is infinite")
    if number <= 0.0:
        raise SkipRow(f"{column} is not above 0")
    return number


def parts(row: Row, column: str = "dims") -> dict[str, str]:
    """Return the parts of a cell such as ``m=128;n=4096;k=4096`` by name.

    Raises
    ------
    SkipRow
        The cell is missing, or a part has no ``=`` or stands twice.
    """
    found: dict[str, str] = {}
    for part in text(row, column).split(";"):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not equals or not name:
            raise SkipRow(f"{column} is not name=value;name=value")
        if name in found:
            raise SkipRow(f"{column} says {quoted(name)} twice")
        found[name] = value
    return found


def size(dims: dict[str, str], name: str, default: int | None = None) -> int:
    """Return one of the `parts` as a whole number above 0.

    Raises
    ------
    SkipRow
        It is missing and has no default, or is anything else.
    """
    if name not in dims and default is not None:
        return default
    if name not in dims:
        raise SkipRow(f"dims has no {name}")
    if not _WHOLE.fullmatch(dims[name]) or int(dims[name]) == 0:
        raise SkipRow(f"{name} is not a whole number above 0")
    return int(dims[name])


def whole(dims: dict[str, str], name: str, default: int) -> int:
    """Return one of the `parts` as a whole number, 0 among them.

    Raises
    ------
    SkipRow
        It is anything else.
    """
    if name in dims and not _WHOLE.fullmatch(dims[name]):
        raise SkipRow(f"{name} is not a whole number")
    return int(dims[name]) if name in dims else default


def share(dims: dict[str, str], name: str) -> float:
    """Return one of the `parts` as a number from 0 on, below 1.

    Raises
    ------
    SkipRow
        It is missing or anything else.
    """
    if name not in dims:
        raise SkipRow(f"dims has no {name}")
    try:
        number = float(dims[name])
    except ValueError:
        raise SkipRow(f"{name} is not a number") from None
    if not 0.0 <= number < 1.0:
        raise SkipRow(f"{name} is not between 0 and 1")
    return number
