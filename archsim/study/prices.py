"""What the caller says machines cost: read from text, and given to the machines that are compared."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError, did_you_mean
from archsim.io.catalogue import fold

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System

EXAMPLE: Final = "write cost=a100-sxm4-80gb:10000,tpu-v4:8000"


def prices_of(given: Any) -> dict[str, float]:
    """Read prices: ``a100-sxm4-80gb:10000,tpu-v4:8000``, or a mapping of names to numbers.

    Raises
    ------
    UsageError
        A name without a price, one twice, or a price that is no number above 0.
    """
    pairs = _pairs(given)
    if not pairs:
        raise UsageError(f"iso cost={given!r}", hint=EXAMPLE)
    found: dict[str, float] = {}
    known: dict[str, str] = {}
    for name, value in pairs:
        try:
            price = float(value)
        except (TypeError, ValueError):
            price = math.nan
        if not name or isinstance(value, bool) or not (math.isfinite(price) and price > 0.0):
            raise UsageError(f"iso cost={name}:{value}", hint="a price is a number above 0, such as tpu-v4:8000")
        first = known.get(fold(name))
        if first is not None:
            also = f", also as {name!r}" if name != first else ""
            raise UsageError(f"iso cost prices {first!r} twice{also}", hint="keep one of them")
        known[fold(name)] = name
        found[name] = price
    return found


def priced(machines: Sequence[Chip | System], labels: Sequence[str], prices: Mapping[str, float]) -> list[float]:
    """Return one price per machine: by its label, which is its own, or by its name or one of its aliases.

    Raises
    ------
    UsageError
        A machine without a price or with two, or a price of none of them.
    """
    known = {fold(name): name for name in prices}
    found, used = [], set()
    for machine, label in zip(machines, labels, strict=True):
        names = (label,) if fold(label) in known and label != machine.name else (machine.name, *machine.spec.aliases)
        given = [known[name] for name in dict.fromkeys(fold(each) for each in names) if name in known]
        if not given:
            raise UsageError(f"no price for {label!r}", hint=f"write cost={label}:PRICE beside the others")
        if len(given) > 1:
            listed = " and ".join(repr(name) for name in given)
            raise UsageError(f"iso cost prices {listed}, which are one machine, {label!r}", hint="keep one of them")
        used.update(given)
        found.append(prices[given[0]])
    for name in prices:
        if name not in used:
            raise UsageError(f"iso cost prices {name!r}, which is not compared",
                             hint=did_you_mean(name, labels) or f"price {', '.join(labels)}")  # fmt: skip
    return found


def _pairs(given: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(given, Mapping):
        return [(str(name).strip(), value) for name, value in given.items()]
    if not isinstance(given, str):
        return []
    found = []
    for part in given.split(","):
        name, colon, value = (piece.strip() for piece in part.rpartition(":"))
        if not colon:
            raise UsageError(
                f"iso cost={part.strip()} names no price", hint=f"write cost={part.strip() or 'NAME'}:PRICE"
            )
        found.append((name, value))
    return found
