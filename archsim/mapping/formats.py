"""Which number format an op really runs in: the narrowest the machine has that loses nothing."""

from __future__ import annotations

from typing import Final

from archsim.graph.dtypes import CODES, DTYPES, PRECISIONS
from archsim.jit import Record, kernel


def _chain(name: str) -> tuple[int, ...]:
    chain = [CODES[name], *(CODES[wider] for wider in DTYPES[name].wider)]
    return tuple(chain + [-1] * (PRECISIONS - len(chain)))


WIDER: Final = tuple(code for name in DTYPES for code in _chain(name))
"""Row by row, each format and the formats that hold it exactly, narrowest first; -1 ends a row."""
BITS: Final = tuple(float(dtype.bits) for dtype in DTYPES.values())
"""Storage width by format code, b."""
ACCUMULATE: Final = tuple(
    CODES["int32"]
    if name in ("int8", "int4", "ternary", "binary")
    else CODES[name]
    if name in ("fp64", "int64", "int32")
    else CODES["fp32"]
    for name in DTYPES
)
"""Format products are summed in, by format code."""
FORMATS: Final = PRECISIONS


@kernel
def executed(precision: int, rates: Record) -> int:
    """Return the code of the format `precision` runs in on units with these rates, or -1 when none will do.

    Parameters
    ----------
    precision : int
        Code of the wanted format.
    rates : array
        Rate by format code; zero where the units do not have it.
    """
    for step in range(FORMATS):
        code = WIDER[precision * FORMATS + step]
        if code < 0:
            return -1
        if rates[code] > 0.0:
            return code
    return -1


@kernel
def widening(precision: int, code: int) -> float:
    """Return how much wider the executed format is stored than the wanted one, at least 1."""
    return max(1.0, BITS[code] / BITS[precision])
