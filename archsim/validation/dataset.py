"""A measured table ready to be judged: its rows, and the side each row is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archsim.validation.metadata import Metadata
from archsim.validation.split import Side, key, keys_of, side
from archsim.validation.table import Row


@dataclass(frozen=True)
class Dataset:
    """A measured table.

    Attributes
    ----------
    name : str
        File name.
    path : Path
        Where it was read from.
    rows : tuple of Row
        All of them, in order.
    metadata : Metadata or None
        Of a shipped table; None for somebody else's rows, which are all scored.
    """

    name: str
    path: Path
    rows: tuple[Row, ...]
    metadata: Metadata | None = None

    @property
    def split(self) -> str:
        """``score`` when one side of the rows is scored, ``all`` when every row is."""
        return "score" if self.metadata and (self.metadata.split_by or self.metadata.split_fit) else "all"

    def side(self, values: Mapping[str, object], row: Row | None = None) -> Side:
        """Return the side of a row.

        Parameters
        ----------
        values : mapping
            Its sizes and labels; ``op`` is the kind of op where kinds are split by different ones.
        row : Row, optional
            The row as it stands: a whole device may be on one side.

        Raises
        ------
        InvalidDescriptionError
            The metadata split by something the check does not read.
        """
        if self.metadata is None:
            return "score"
        cells = row.cells if row else {}
        if _listed(cells, self.metadata.split_scored):
            return "score"
        if _listed(cells, self.metadata.split_fit):
            return "fit"
        by = self.metadata.split_by
        names = keys_of(by, values) if isinstance(by, Mapping) else by
        return side(key(names, values)) if names else "score"

    def is_anchor(self, row: Row) -> bool:
        """Say whether a constant was set from this row."""
        anchors = self.metadata.anchors if self.metadata else ()
        return any(all(row.cells.get(name) == cell for name, cell in anchor.items()) for anchor in anchors)


def _listed(cells: Mapping[str, str], listed: Mapping[str, tuple[str, ...]]) -> bool:
    """Say whether a row has one of the listed cells in every listed column."""
    return bool(listed) and all(cells.get(column, "").strip() in labels for column, labels in listed.items())
