"""What unit texts mean: prefixes, unit symbols, and their products such as ``pJ/b/mm``.

A unit text is one symbol with an optional prefix, divided by any number of others. Symbols are exact and
case-sensitive: ``b`` is a bit and ``B`` a byte, ``m`` is milli and ``M`` mega. Prefixes that would hide a slip of the
shift key do not exist where they make no sense: there are no millihertz, millibytes and megaseconds. A divisor that is
no known symbol counts things (``J/spike``) and only matches itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

SMALL: Final = {"z": -21, "a": -18, "f": -15, "p": -12, "n": -9, "u": -6, "m": -3, "": 0}
LARGE: Final = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18, "Z": 21, "Y": 24}
BINARY: Final = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50}
BITS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Term:
    """One symbol of a unit text.

    Attributes
    ----------
    kind : str
        What it measures; terms of one kind convert into one another.
    exponent : int
        Power of ten to the kind's own unit.
    multiplier : float
        Factor to the kind's own unit beside the power of ten: 1/8 for bits, 2**30 for ``Gi``.
    """

    kind: str
    exponent: int = 0
    multiplier: float = 1.0


@dataclass(frozen=True, slots=True)
class Unit:
    """A whole unit text, reduced: a value in it is ``number * 10**exponent * multiplier``."""

    kinds: tuple[str, ...]
    exponent: int
    multiplier: float


def _table() -> dict[str, Term]:
    middle = {"k": 3, **SMALL}
    both = {**SMALL, **LARGE}
    symbols: dict[str, tuple[str, dict[str, int]]] = {
        "s": ("time", SMALL),
        "Hz": ("frequency", LARGE),
        "J": ("energy", both),
        "W": ("power", both),
        "V": ("voltage", middle),
        "A": ("current", middle),
        "m": ("length", {"c": -2, **middle}),
        "K": ("temperature", {"m": -3, "": 0}),
        "F": ("capacitance", SMALL),
        "S": ("conductance", SMALL),
        "ohm": ("resistance", both),
        "FLOP": ("FLOP", LARGE),
        "OP": ("OP", LARGE),
        "MAC": ("MAC", LARGE),
        "SOP": ("SOP", LARGE),
        "B": ("data", LARGE),
        "dB": ("decibel", {"": 0}),
        "x": ("ratio", {"": 0}),
    }
    terms = {p + symbol: Term(kind, e) for symbol, (kind, prefixes) in symbols.items() for p, e in prefixes.items()}
    terms |= {prefix + "m2": Term("area", 2 * e) for prefix, e in (("", 0), ("c", -2), ("m", -3), ("u", -6), ("n", -9))}
    terms |= {prefix + "b": Term("data", e, 1 / BITS) for prefix, e in LARGE.items()}
    terms |= {prefix + "B": Term("data", 0, factor) for prefix, factor in BINARY.items()}
    terms |= {prefix + "b": Term("data", 0, factor / BITS) for prefix, factor in BINARY.items()}
    terms["%"] = Term("ratio", -2)
    return terms


TERMS: Final = _table()


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit:
    """Reduce a unit text; a symbol that is not known stands for a counted thing of that name."""
    head, *divisors = text.split("/")
    first = term(head)
    kinds, exponent, multiplier = [first.kind], first.exponent, first.multiplier
    for divisor in divisors:
        under = term(divisor)
        kinds.append(under.kind)
        exponent -= under.exponent
        multiplier /= under.multiplier
    return Unit(tuple(kinds), exponent, multiplier)


def term(text: str) -> Term:
    """Look up one symbol."""
    return TERMS.get(text) or TERMS.get(plain(text)) or Term(f"counted {text}")


def plain(text: str) -> str:
    """Write a symbol in ASCII: both signs for micro, and the superscript two."""
    return text.replace("µ", "u").replace("μ", "u").replace("²", "2").replace("^2", "2").replace("Ω", "ohm")
