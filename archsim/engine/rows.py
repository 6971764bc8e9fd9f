"""Record arrays as plain Python rows and back: attribute access on numpy records is many times slower."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np


def to_rows(table: np.ndarray) -> list[SimpleNamespace]:
    """Return one namespace per record; nested arrays become lists."""
    names = table.dtype.names or ()
    columns = [table[name].tolist() for name in names]
    return [SimpleNamespace(**dict(zip(names, values, strict=True))) for values in zip(*columns, strict=True)]


def from_rows(rows: list[Any], table: np.ndarray) -> None:
    """Write namespaces back into the records of `table`."""
    for name in table.dtype.names or ():
        table[name] = [getattr(row, name) for row in rows]
