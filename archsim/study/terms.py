"""What shall be equal in a comparison: read from texts, from a mapping, or as made by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from archsim.errors import ArchsimError, UsageError, did_you_mean
from archsim.study.nodes import LAWS
from archsim.study.prices import prices_of
from archsim.units import AREA, LENGTH, POWER, RATIO, Dimension, parse

BUDGETS: Final[Mapping[str, Dimension]] = {"area": AREA, "power": POWER}
TERMS: Final = ("node", "law", *BUDGETS, "cost")
TABLE: Final = LAWS[1]
"""The law that has a table of nodes."""
_OF_LAWS: Final = " or ".join(LAWS)
_EXAMPLE: Final = "write e.g. node=7nm, area, power=300W or cost=a100-sxm4-80gb:10000,tpu-v4:8000"


@dataclass(frozen=True)
class Terms:
    """What shall be equal.

    Attributes
    ----------
    node : float or None
        Process node, m; None: each as built.
    law : str
        How machines follow it: ``published`` or ``stillmaker``.
    budgets : mapping of str to float or None
        ``area``, m2, ``power``, W, or ``cost`` to the budget; None: what the first machine takes.
    prices : mapping of str to float
        Cost of each machine, in any one currency.
    """

    node: float | None = None
    law: str = LAWS[0]
    budgets: Mapping[str, float | None] = field(default_factory=dict)
    prices: Mapping[str, float] = field(default_factory=dict)


def terms(given: Terms | str | Iterable[str] | Mapping[str, Any]) -> Terms:
    """Read what shall be equal.

    Parameters
    ----------
    given : Terms, str, iterable of str or mapping
        Texts as on the command line, ``"node=7nm,area"``, or a mapping, ``{"node": 7e-9, "area": True}``.

    Raises
    ------
    UsageError
        No term, an unknown one, one twice, or a value that cannot be.
    """
    if isinstance(given, Terms):
        return _checked(given)
    if isinstance(given, Mapping):
        pairs = list(given.items())
    elif isinstance(given, Iterable):
        pairs = _pairs([given] if isinstance(given, str) else given)
    else:
        raise UsageError(f"iso {given!r}", hint=_EXAMPLE)
    names = [name for name, _ in pairs]
    for name in names:
        if name not in TERMS:
            raise UsageError(f"iso {name!r}", hint=did_you_mean(str(name), TERMS) or _EXAMPLE)
        if names.count(name) > 1:
            raise UsageError(f"iso sets {name!r} twice", hint="keep one of them")
    values = {name: value for name, value in pairs if value is not False}
    if not set(values) - {"law"}:
        raise UsageError("iso names nothing that shall be equal", hint=_EXAMPLE)
    if "law" in values and "node" not in values:
        raise UsageError("iso law= says how machines follow a node, and there is none", hint="write node=7nm, too")
    law = values.get("law", LAWS[0])
    if law not in LAWS:
        raise UsageError(f"iso law={law!r}", hint=did_you_mean(str(law), LAWS) or f"write {_OF_LAWS}")
    budgets = {
        name: None if values[name] is True else _quantity(name, values[name], dimension)
        for name, dimension in BUDGETS.items()
        if name in values
    }
    prices = prices_of(values["cost"]) if "cost" in values else {}
    if prices:
        budgets["cost"] = None
    node = _quantity("node", values["node"], LENGTH) if "node" in values else None
    return Terms(node, law, budgets, prices)


def _checked(given: Terms) -> Terms:
    """Check terms that were made by hand as those that are read."""
    if given.law not in LAWS:
        raise UsageError(f"iso law={given.law!r}", hint=did_you_mean(str(given.law), LAWS) or f"write {_OF_LAWS}")
    for name in given.budgets:
        if name not in (*BUDGETS, "cost"):
            raise UsageError(f"iso {name!r}", hint=did_you_mean(str(name), TERMS) or _EXAMPLE)
    if ("cost" in given.budgets) != bool(given.prices):
        raise UsageError("iso cost is a budget and prices, and one of them is left out", hint=_EXAMPLE)
    budgets = {
        name: None if budget is None else _quantity(name, budget, BUDGETS.get(name, RATIO))
        for name, budget in given.budgets.items()
    }
    node = None if given.node is None else _quantity("node", given.node, LENGTH)
    return replace(given, node=node, budgets=budgets, prices=prices_of(given.prices) if given.prices else {})


def _pairs(texts: Iterable[str]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"iso {text!r}", hint=_EXAMPLE)
        for part in text.split(","):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            price = ":" in name or not did_you_mean(name, TERMS)
            if name and price and not equals and found and found[-1][0] == "cost":
                found[-1] = ("cost", f"{found[-1][1]},{name}")
            elif not name or (equals and not value) or (not equals and name in ("node", "law", "cost")):
                raise UsageError(f"iso {part.strip()!r}", hint=_EXAMPLE)
            else:
                found.append((name, value if equals else True))
    return found


def _quantity(name: str, value: Any, dimension: Dimension) -> float:
    try:
        number = parse(value, dimension) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, ArchsimError) as error:
        raise UsageError(f"iso {name}={value!r}", hint=f"write {name}={dimension.example}") from error
    if isinstance(value, bool) or not (math.isfinite(number) and number > 0.0):
        raise UsageError(f"iso {name}={value!r}", hint=f"write {name}={dimension.example}")
    return number
