"""From a person's text to an SI float: ``parse("3.35 TB/s", BANDWIDTH) == 3.35e12``."""

from __future__ import annotations

import math
import re
from numbers import Real
from typing import Final

from archsim.errors import UnitError
from archsim.units.diagnose import explain, unitless
from archsim.units.dimensions import Dimension
from archsim.units.terms import unit

_NUMBER: Final = re.compile(r"\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,6}))?\s*(.*?)\s*", re.DOTALL)
_LEVELS: Final = {"dBm": 1e-3, "dBW": 1.0}


def parse(text: str | float, dimension: Dimension) -> float:
    """Read a quantity.

    Parameters
    ----------
    text : str, float or int
        Text with a unit, such as ``"80 GB/s"``; a number is taken as a value in the dimension's base unit.
    dimension : Dimension
        What is wanted.

    Returns
    -------
    float
        Value in `dimension.base`. Decimal prefixes shift the decimal exponent before rounding, so that
        ``"2.039 TB/s"`` is exactly ``2.039e12``.

    Raises
    ------
    UnitError
        Not a number, not finite, no unit, a wrong unit, or a unit of another dimension.
    """
    if not isinstance(text, str):
        return _number(text, dimension)
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise explain(text, "", "", dimension)
    mantissa, shift, symbol = match.groups()
    if symbol in _LEVELS and dimension.base == "W":
        level = float(mantissa) * 10.0 ** int(shift or 0)
        return _finite(_LEVELS[symbol] * 10.0 ** min(level / 10.0, 400.0) if level < 3000 else math.inf, text)
    if not symbol:
        value = _finite(float(f"{mantissa}e{shift or 0}"), text)
        if value and not dimension.dimensionless:
            raise unitless(text.strip(), value, dimension)
        return value
    given, base = unit(symbol), dimension.unit
    if given.kinds != base.kinds and not (symbol in ("%", "x") and dimension.dimensionless):
        raise explain(text.strip(), text.strip().removesuffix(symbol).strip(), symbol, dimension)
    exponent = int(shift or 0) + given.exponent - base.exponent
    return _finite(float(f"{mantissa}e{exponent}") * (given.multiplier / base.multiplier), text)


def _number(value: object, dimension: Dimension) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UnitError(f"{value!r} is not {dimension.phrase}", hint=f'write e.g. "{dimension.example}"')
    return _finite(float(value), value)


def _finite(value: float, text: object) -> float:
    if not math.isfinite(value):
        raise UnitError(f"{str(text).strip()!r} is not a finite number", hint="write a finite number, or leave it out")
    return value
