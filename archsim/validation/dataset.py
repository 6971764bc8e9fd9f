"""A measured table ready to be judged: its rows, and the side each row is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from archsim.validation.metadata import Metadata
from archsim.validation.split import Side, key, side
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
        """``score`` when one side of the groups is scored, ``all`` when every row is."""
        return "score" if self.metadata and self.metadata.split_by else "all"

    def side(self, values: Mapping[str, object]) -> Side:
        """Return the side of a row whose sizes and labels are `values`."""
        if self.metadata is None or not self.metadata.split_by:
            return "score"
        return side(key(self.metadata.split_by, values))

    def is_anchor(self, row: Row) -> bool:
        """Say whether a constant was set from this row."""
        anchors = self.metadata.anchors if self.metadata else ()
        return any(all(row.cells.get(name) == cell for name, cell in anchor.items()) for anchor in anchors)
