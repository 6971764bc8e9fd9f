"""A panel of numbers in coloured cells, such as costs of algorithms on machines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from archsim.errors import UsageError
from archsim.report.figures.canvas import INK

PALETTE: Final = "cividis_r"
"""Light to dark alike for all kinds of colour vision."""
PALE: Final = 0.4
"""Share of the way to the darkest colour up to which dark ink can be read."""


def heat(
    ax: Any,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    texts: Sequence[Sequence[str]],
    *,
    title: str,
    most: float,
    bold: Mapping[int, Sequence[int]] | None = None,
    logarithmic: bool = True,
    size: float = 6.5,
) -> None:
    """Draw values as coloured cells with a text in each.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    rows, columns : sequence of str
        Names.
    values : sequence of sequence of float
        What the colours say, from 1 (logarithmic) or 0 on; infinite ones are darkest.
    texts : sequence of sequence of str
        What is written into the cells.
    title : str
        Words.
    most : float
        Value from which on colours change no more.
    bold : mapping of int to sequence of int, optional
        Columns to stand out, by row.
    logarithmic : bool
        Whether colours follow the logarithm.
    size : float
        Of the texts in the cells, points.

    Raises
    ------
    UsageError
        Not one value and one text for every cell.
    """
    for table in (values, texts):
        if len(table) != len(rows) or any(len(row) != len(columns) for row in table):
            raise UsageError(f"cells of {len(rows)} rows and {len(columns)} columns", hint="give one for each cell")
    low, high = (0.0, math.log10(most)) if logarithmic else (0.0, most)
    shades = [
        [min(high, (math.log10(value) if logarithmic else value) if math.isfinite(value) else high) for value in row]
        for row in values
    ]
    ax.imshow(shades, cmap=PALETTE, vmin=low, vmax=high, aspect="auto", interpolation="nearest")
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            ink = INK if shades[i][j] <= PALE * high else "white"
            weight = "bold" if bold and j in bold.get(i, ()) else "normal"
            ax.text(j, i, text, ha="center", va="center", fontsize=size, color=ink, fontweight=weight)
    ax.set_xticks(range(len(columns)), list(columns), fontsize=7.5)
    ax.set_yticks(range(len(rows)), list(rows), fontsize=7)
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    for side in ax.spines.values():
        side.set_visible(False)
    ax.set_title(title, fontsize=10)
