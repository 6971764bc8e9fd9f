"""A small table with units: printed as text, shown in notebooks, written as CSV."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from archsim.units import Dimension, format_quantity


@dataclass(frozen=True)
class Column:
    """A column: its key, the dimension its floats have (None: text or plain number), and its heading."""

    key: str
    heading: str
    dimension: Dimension | None = None
    show: Callable[[Any], str] | None = None

    def text(self, value: Any) -> str:
        """Write one value for people."""
        if self.show is not None:
            return self.show(value)
        if self.dimension is not None and isinstance(value, float | int):
            return format_quantity(float(value), self.dimension)
        return str(value)

    @property
    def right(self) -> bool:
        """Whether the column is set flush right."""
        return self.dimension is not None or self.show is not None


def share(value: float) -> str:
    """Write a fraction as a percentage."""
    return f"{100 * value:.1f} %"


def fraction(part: float, whole: float) -> float:
    """Divide a part by its whole; of nothing everything is 0."""
    return part / whole if whole else 0.0


@dataclass(frozen=True)
class Table:
    """Rows of values in SI units under columns that know how to show them."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]

    def texts(self) -> list[list[str]]:
        """Return every cell as people read it."""
        return [[c.text(v) for c, v in zip(self.columns, row, strict=True)] for row in self.rows]

    def to_csv(self) -> str:
        """Return the table as CSV: SI numbers, headings with base units."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([c.key for c in self.columns])
        writer.writerows(self.rows)
        return out.getvalue()

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return one mapping per row."""
        return [dict(zip([c.key for c in self.columns], row, strict=True)) for row in self.rows]

    def __str__(self) -> str:
        cells = [[c.heading for c in self.columns], *self.texts()]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.columns))]
        lines = [self.title] if self.title else []
        for index, row in enumerate(cells):
            lines.append("  ".join(_set(row, self.columns, widths)).rstrip())
            if index == 0:
                lines.append("  ".join("-" * width for width in widths))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(c.heading)}</th>" for c in self.columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for text in row) + "</tr>" for row in self.texts()
        )
        title = f"<caption>{html.escape(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _set(row: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> list[str]:
    return [
        text.rjust(width) if column.right else text.ljust(width)
        for text, column, width in zip(row, columns, widths, strict=True)
    ]
