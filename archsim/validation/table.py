"""Reading a measured table: a CSV file with a header, comments allowed, its rows as text."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from archsim.errors import InvalidDescriptionError, UsageError, did_you_mean


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line it stands on, counted from 1, and its cells by column; a row cut short lacks some."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    """A table as read: its columns and its rows."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(path: Path, columns: Sequence[str]) -> Table:
    """Read a table.

    Lines that begin with ``#`` and empty ones are skipped; columns beyond those needed are kept and do no harm.

    Parameters
    ----------
    path : Path
        The file: UTF-8, commas, one header line.
    columns : sequence of str
        Columns the check cannot do without.

    Raises
    ------
    UsageError
        It cannot be read.
    InvalidDescriptionError
        It is not text, has no header, or lacks a needed column.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidDescriptionError(
            f"this is not text (byte {error.start} is not UTF-8)", hint="save it as UTF-8 CSV", where=str(path)
        ) from None
    lines = _records(path, text)
    line, header = next(lines, (1, []))
    names = tuple(name.strip() for name in header)
    _check_header(path, line, names, columns)
    rows = tuple(Row(line, dict(zip(names, cells, strict=False))) for line, cells in lines)
    return Table(names, rows)


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on."""
    numbered = [(number, line) for number, line in enumerate(text.splitlines(), 1) if _says_something(line)]
    reader = csv.reader(line for _, line in numbered)
    begin = 0
    try:
        for cells in reader:
            yield numbered[begin][0], cells
            begin = reader.line_num
    except csv.Error as error:
        where = f"{path}:{numbered[min(begin, len(numbered) - 1)][0]}"
        raise InvalidDescriptionError(
            f"this is not CSV: {error}", hint="separate cells by commas", where=where
        ) from None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _check_header(path: Path, line: int, names: Sequence[str], needed: Sequence[str]) -> None:
    where = f"{path}:{line}"
    for name in needed:
        if name not in names:
            near = did_you_mean(name, [other for other in names if other])
            hint = near or f"its columns are to be {', '.join(needed)}"
            raise InvalidDescriptionError(f"the table {path.name!r} has no column {name!r}", hint=hint, where=where)
        if names.count(name) > 1:
            raise InvalidDescriptionError(
                f"the table {path.name!r} has the column {name!r} twice", hint="keep one of them", where=where
            )
