"""Why a text is not the quantity that was wanted, and what to write instead."""

from __future__ import annotations

import itertools
import math
import re
from functools import cache
from typing import Final

from archsim.errors import UnitError, did_you_mean
from archsim.units.dimensions import NAMED, Dimension
from archsim.units.format import format_quantity
from archsim.units.terms import TERMS, plain, unit

_RESPELLED: Final = (
    (r"FLOPS\b", "FLOP/s"), (r"(?i)flop/?s\b", "FLOP/s"), (r"OPS\b", "OP/s"), (r"MACS\b", "MAC/s"),
    (r"(?i)bytes?\b", "B"), (r"(?i)bits?\b", "b"), (r"(?<=[Bb])ps\b", "/s"),
    (r"(?i)(sec|seconds?)\b", "s"), (r"(?i)hertz\b", "Hz"), (r"(?i)watts?\b", "W"), (r"(?i)joules?\b", "J"),
    (r"(?i)volts?\b", "V"), (r"(?i)kelvin\b", "K"), (r"(?i)(clock|cycle|cyc)s?\b", "clk"), (r"(?i)ops?\b", "OP"),
)  # fmt: skip


def unitless(text: str, value: float, dimension: Dimension) -> UnitError:
    """Explain that a bare number is not enough."""
    ways = dict.fromkeys((f'"{text} {dimension.base}"', f'"{format_quantity(value, dimension, digits=12)}"'))
    return UnitError(f'"{text}" has no unit, and {dimension.phrase} needs one', hint=f"write {' or '.join(ways)}")


def explain(text: str, number: str, symbol: str, dimension: Dimension) -> UnitError:
    """Explain why `symbol` behind `number` is not a unit of `dimension`.

    Parameters
    ----------
    text : str
        All the user wrote.
    number, symbol : str
        Its two parts; both empty when it does not start with a number.
    dimension : Dimension
        What was wanted.
    """
    example = f'write e.g. "{dimension.example}"'
    if not symbol or symbol[0] == ",":
        return _no_number(text.strip(), dimension, example)
    if dimension.base == "K" and plain(symbol) in ("C", "°C", "degC", "celsius"):
        return UnitError(f'"{text}" is in degrees Celsius', hint=f'write "{float(number) + 273.15:g} K"')
    if symbol.startswith("K") and _legal(kilo := "k" + symbol[1:], dimension):
        binary = "Ki" + symbol[1:]
        ways = f"{kilo} (1000) or {binary} (1024)" if _legal(binary, dimension) else f'"{number} {kilo}"'
        return UnitError(f'"{text}": there is no unit {symbol!r}', hint=f"write {ways}")
    wrong = other(symbol)
    if wrong is not None:
        return UnitError(f'"{text}" is {wrong.phrase}, not {dimension.phrase}', hint=example)
    meant = _nearest(symbol, dimension)
    if meant:
        ways = " or ".join(f'"{number} {way}"{_data(way, meant)}' for way in meant)
        return UnitError(f'"{text}": there is no unit {symbol!r} of {dimension.phrase}', hint=f"did you mean {ways}?")
    elsewhere = [(near, found) for found in NAMED if found != dimension for near in _cased(symbol, found)]
    if elsewhere:
        return UnitError(f'"{text}" is not {dimension.phrase} ("{elsewhere[0][0]}" is a unit of '
                         f"{elsewhere[0][1].phrase})", hint=example)  # fmt: skip
    return UnitError(f'"{text}" is not {dimension.phrase}', hint=example)


def other(symbol: str) -> Dimension | None:
    """Name the dimension a unit text belongs to."""
    kinds = unit(symbol).kinds
    return next((found for found in NAMED if found.base and found.unit.kinds == kinds), None)


def _no_number(text: str, dimension: Dimension, example: str) -> UnitError:
    if re.fullmatch(r"[+-]?\.?(inf|infinity|nan).*", text, re.IGNORECASE):
        return UnitError(f'"{text}" is not a finite number', hint="write a finite number, or leave it out")
    if re.match(r"[+-]?\d{1,3}(,\d{3})+", text):
        return UnitError(f'"{text}" has thousands separators', hint=f'write "{text.replace(",", "")}"')
    return UnitError(f'"{text}" is not {dimension.phrase}', hint=example)


def _legal(symbol: str, dimension: Dimension) -> bool:
    return unit(symbol).kinds == dimension.unit.kinds


def _nearest(symbol: str, dimension: Dimension) -> list[str]:
    """Find units of the dimension that differ by case or by a common other spelling, else by a letter."""
    respelled = plain(symbol)
    for pattern, replacement in _RESPELLED:
        respelled = re.sub(pattern, replacement, respelled)
    if _legal(respelled, dimension):
        return [respelled]
    found = _cased(respelled, dimension)
    if not found:
        found = re.findall(r"'([^']*)'", did_you_mean(respelled, _units(dimension), count=2))
    return found[:3]


def _cased(symbol: str, dimension: Dimension) -> list[str]:
    return [text for text in _units(dimension) if text.casefold() == symbol.casefold()]


@cache
def _units(dimension: Dimension) -> tuple[str, ...]:
    """List the unit texts of a dimension: any prefix above the line, few below it."""
    kinds = dimension.unit.kinds
    names = dimension.base.split("/")
    above = [text for text, term in TERMS.items() if term.kind == kinds[0]] or names[:1]
    below = [
        [text for text, term in TERMS.items() if term.kind == kind and math.log10(term.multiplier) <= 0
         and term.exponent in (0, -2, -3, -4, -6, -12)] or [name]
        for kind, name in zip(kinds[1:], names[1:], strict=True)
    ]  # fmt: skip
    return tuple("/".join(parts) for parts in itertools.product(above, *below))


def _data(way: str, meant: list[str]) -> str:
    """Say which of two ways is bytes and which bits."""
    if len({text.lower() for text in meant}) == len(meant):
        return ""
    head = way.partition("/")[0]
    return " (bytes)" if head.endswith("B") else " (bits)" if head.endswith("b") else ""
