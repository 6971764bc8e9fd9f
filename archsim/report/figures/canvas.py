"""What all pictures share: a canvas without a screen behind it, colours, saving."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#000000")
"""Okabe and Ito: told apart by people with any kind of colour vision."""
MARKERS: Final = ("o", "^", "s", "D", "v", "P")
"""Shapes say the same as colours, for print without them."""
FORMATS: Final = (".svg", ".png", ".pdf")
INK: Final = "#333333"
GRID: Final = "#dddddd"
_STYLE: Final[Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "archsim",
    "svg.fonttype": "path",
}


def canvas(
    width: float, height: float, columns: int = 1, *, rows: int = 1, share: bool = False
) -> tuple[Figure, list[Any]]:
    """Return an empty figure of `columns` axes side by side, in `rows` below each other.

    Parameters
    ----------
    width, height : float
        Inches.
    columns, rows : int
        Number of axes in a row, and of rows.
    share : bool
        Whether all have the same ranges.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot") from error
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
        axes = figure.subplots(rows, columns, sharex=share, sharey=share, squeeze=False)
    return figure, list(axes.flat)


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure; the same figure gives the same file.

    Parameters
    ----------
    figure : Figure
        From one of the functions of `archsim.report.figures`.
    path : str or Path
        Ends in .svg, .png or .pdf.

    Returns
    -------
    Path
        What was written.

    Raises
    ------
    UsageError
        Another ending, or a folder that cannot be written.
    """
    import matplotlib as mpl

    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise UsageError(f"cannot draw to {str(path)!r}", hint=f"end the name in {' or '.join(FORMATS)}")
    dates: dict[str, Any] = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        with mpl.rc_context(_STYLE):
            figure.savefig(target, dpi=150, metadata=dates.get(target.suffix.lower()))
        if target.suffix.lower() == ".svg":
            target.write_text(_slim(target.read_text(encoding="utf-8")), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from error
    return target


def _slim(text: str) -> str:
    """Leave comments, indentation and digits beyond a hundredth of a point out of an SVG: a third of it.

    Scales keep their digits: those of letters are less than a hundredth apart.
    """
    text = text.replace('"DejaVuSans-', '"g').replace("#DejaVuSans-", "#g")  # names of glyphs, once for every letter
    without = re.sub(r"^\s+", "", re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL), flags=re.MULTILINE)
    return re.sub(r"(scale\([^)]*\))|(\.\d\d)\d+(?=[\s,)\"])", lambda found: found[1] or found[2], without)
