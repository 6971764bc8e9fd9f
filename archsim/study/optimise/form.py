"""Sums of products of leaves, such as an area: ``1.3e-9*array.rows*array.columns + 4.4e-12*buffers.input``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.chip import Chip
from archsim.arch.columns import place_of
from archsim.errors import UsageError
from archsim.study.groups import is_outside

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.system import System

EXAMPLE: Final = "write a sum of products of numbers and paths, such as 1.3e-9*array.rows*array.columns + 2e-5"
_NUMBER: Final = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_PATH: Final = re.compile(r"[A-Za-z][\w-]*(?:[.\[][\w.\[\]-]*)?")


@dataclass(frozen=True)
class Form:
    """A sum of products.

    Attributes
    ----------
    text : str
        As it was written.
    terms : tuple of (float, tuple of str)
        Factor and paths of each product.
    """

    text: str
    terms: tuple[tuple[float, tuple[str, ...]], ...]

    @classmethod
    def read(cls, text: str) -> Form:
        """Read a sum of products.

        Raises
        ------
        UsageError
            Something else.
        """
        parts = _split(text.strip())
        return cls(text.strip(), tuple(_term(sign, part, text) for sign, part in parts))

    def over(self, columns: Mapping[str, Any], count: int, machine: Chip | System) -> np.ndarray:
        """Return the sum at every design, (count,); paths without a column are as the description says.

        Raises
        ------
        UsageError
            A path that leads to no number.
        """
        import numpy as np

        total = np.zeros(count)
        for factor, paths in self.terms:
            product = np.full(count, factor)
            for path in paths:
                product = product * _values(path, columns, machine)
            total = total + product
        return total


def _split(text: str) -> list[tuple[float, str]]:
    """Cut at every plus and minus that is not part of a number's exponent."""
    pieces = re.split(r"(?<![\d.][eE])([+-])", re.sub(r"\s*([*+-])\s*", r"\1", text))
    parts, sign = [], 1.0
    for index, piece in enumerate(pieces):
        if index % 2:
            sign = -1.0 if piece == "-" else 1.0
        elif piece or index:
            parts.append((sign, piece))
    return parts


def _term(sign: float, part: str, whole: str) -> tuple[float, tuple[str, ...]]:
    factor, paths = sign, []
    for item in part.split("*"):
        if _NUMBER.fullmatch(item):
            factor *= float(item)
        elif _PATH.fullmatch(item):
            paths.append(item)
        else:
            raise UsageError(f"{whole.strip()!r}: cannot read {item!r}", hint=EXAMPLE)
    if not math.isfinite(factor):
        raise UsageError(f"{whole.strip()!r} has a factor that is not finite", hint=EXAMPLE)
    return factor, tuple(paths)


def _values(path: str, columns: Mapping[str, Any], machine: Chip | System) -> Any:
    import numpy as np

    if path in columns:
        try:
            return np.asarray(columns[path], dtype=np.float64)
        except (TypeError, ValueError):
            raise UsageError(f"{path!r} is no number, and is multiplied", hint=EXAMPLE) from None
    if is_outside(path) or not isinstance(machine, Chip):
        raise UsageError(f"{path!r} is not part of the space", hint="give it values, or leave it out")
    from archsim.engine.lower import chip_table

    place = place_of(machine.spec, path)
    return float(chip_table(machine)[place.column.name][(0, *place.index)])
