"""From an SI float to text a person reads: ``format_quantity(2.039e12, BANDWIDTH) == "2.039 TB/s"``."""

from __future__ import annotations

import math
from functools import cache

from archsim.units.dimensions import CAPACITY, Dimension
from archsim.units.terms import BINARY, TERMS, term


def format_quantity(value: float, dimension: Dimension, digits: int = 4) -> str:
    """Write a quantity with the prefix that leaves one to three digits before the point.

    Parameters
    ----------
    value : float
        Value in `dimension.base`.
    dimension : Dimension
        What it measures.
    digits : int
        Significant digits. Capacities that are exact in binary prefixes are written so ("80 GiB").
    """
    if not dimension.base:
        percent = dimension.example.endswith("%")
        return f"{100 * value:.{digits}g} %" if percent else f"{value:.{max(digits, 17)}g}"
    if not value or not math.isfinite(value):
        return f"{value:g} {dimension.base}"
    scales = _scales(dimension.base)
    at = max((i for i, (factor, _) in enumerate(scales) if factor <= abs(value)), default=0)
    text = _decimal(value, scales[at][0], digits)
    if at + 1 < len(scales) and abs(float(text)) * scales[at][0] >= scales[at + 1][0] * (1 - 1e-12):
        at += 1
        text = _decimal(value, scales[at][0], digits)
    decimal = f"{text} {scales[at][1]}"
    binary = _binary(value, digits) if dimension is CAPACITY else ""
    exact = float(text) * scales[at][0] == value
    return binary if binary and (not exact or len(binary) < len(decimal)) else decimal


def _decimal(value: float, factor: float, digits: int) -> str:
    return f"{value / factor:.{digits}g}"


def _binary(value: float, digits: int) -> str:
    """Write bytes with a binary prefix if that is exact, else nothing."""
    for prefix, factor in reversed(BINARY.items()):
        if abs(value) >= factor:
            text = f"{value / factor:.{digits}g}"
            return f"{text} {prefix}B" if float(text) * factor == value else ""
    return ""


@cache
def _scales(base: str) -> tuple[tuple[float, str], ...]:
    """List (factor, unit text) for the prefixes of a base unit, smallest first."""
    head, slash, rest = base.partition("/")
    own = term(head)
    scales = [(1.0, base)]
    for text, found in TERMS.items():
        same = found.kind == own.kind and found.multiplier == own.multiplier and text.endswith(head)
        if same and text != head and not text.startswith("c"):
            scales.append((float(f"1e{found.exponent - own.exponent}"), text + slash + rest))
    return tuple(sorted(scales))
