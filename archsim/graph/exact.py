"""From exact integers to float64: counts of any size become a float, infinite where float64 ends."""

from __future__ import annotations

import math

_DIGITS = 18
"""Integers of more digits than this are printed in powers of ten."""


def real(count: float) -> float:
    """Return `count` as a float; infinity when it is beyond float64, never an `OverflowError`."""
    try:
        return float(count)
    except OverflowError:
        return math.inf if count > 0 else -math.inf


def times(*factors: float) -> float:
    """Multiply counts and rates; nothing times anything is nothing."""
    product = 1.0
    for factor in factors:
        if not factor:
            return 0.0
        product *= real(factor)
    return product


def written(value: object) -> str:
    """Write a size, or a tuple of sizes, so that a message stays readable whatever it holds."""
    if isinstance(value, tuple):
        inner = ", ".join(written(size) for size in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, int) and abs(value) >= 10**_DIGITS:
        return f"{'-' if value < 0 else ''}1e{math.floor(math.log10(abs(value)))}"
    return repr(value)
