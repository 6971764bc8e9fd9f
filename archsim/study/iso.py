"""Equal terms: machines moved to one process node, then as many of each as one budget of area, power or cost buys.

=================  ===============================================================================================
node               every machine as it would be at one node, see `archsim.study.nodes`
area               dies, or the sum of parts that have an area
power              largest sustained power of a machine, ``power.limit``
cost               what the caller says a machine costs
copies             n = min over the budgets of budget / what one machine takes; a fraction is a machine that has so
                   much less of everything. A host that runs some of the work takes its area and power, too
throughput         n times that of one machine, each copy with a run of its own
latency            that of one machine; of a fraction, over n
energy per item    that of one machine
=================  ===============================================================================================

Nothing is equal that is not said to be: memory outside the chip and links come with every copy, hosts stay as built.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.system import System
from archsim.cited import Kind
from archsim.engine.table import Column, Table
from archsim.errors import ArchsimError, UnsupportedError, UsageError, did_you_mean
from archsim.io.hardware import load_hardware
from archsim.study.nodes import LAWS, Factor, area_of, at_node
from archsim.units import AREA, LENGTH, POWER, Dimension, format_quantity, parse

BUDGETS: Final[Mapping[str, Dimension]] = {"area": AREA, "power": POWER}
TERMS: Final = ("node", "law", *BUDGETS, "cost")
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


@dataclass(frozen=True)
class Side:
    """One machine on equal terms.

    Attributes
    ----------
    machine : Chip or System
        As it was evaluated.
    copies : float
        How many the budgets buy, -.
    limited_by : str
        The budget that ends first; empty when there is none.
    takes : mapping of str to float
        What one copy takes of each budget: m2, W, currency; a host that works with it included.
    host : str
        The host that runs some of the work; empty when none does.
    before, after : float
        Process nodes, m.
    factors : tuple of Factor
        What was changed on the way.
    kept : tuple of str
        What was not.
    """

    machine: Chip | System
    copies: float
    limited_by: str
    takes: Mapping[str, float]
    host: str
    before: float
    after: float
    factors: tuple[Factor, ...]
    kept: tuple[str, ...]


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
        return given
    pairs = list(given.items()) if isinstance(given, Mapping) else _pairs([given] if isinstance(given, str) else given)
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
        raise UsageError(f"iso law={law!r}", hint=did_you_mean(str(law), LAWS) or f"write {' or '.join(LAWS)}")
    budgets = {
        name: None if values[name] is True else _quantity(name, values[name], dimension)
        for name, dimension in BUDGETS.items()
        if name in values
    }
    prices = _prices(values["cost"]) if "cost" in values else {}
    if prices:
        budgets["cost"] = None
    node = _quantity("node", values["node"], LENGTH) if "node" in values else None
    return Terms(node, law, budgets, prices)


def moved(machines: Sequence[Chip | System], how: Terms) -> tuple[Side, ...]:
    """Move machines to the node that shall be equal, one copy of each.

    Raises
    ------
    UnsupportedError
        A machine that cannot be moved to the node.
    """
    return tuple(_moved(machine, how) for machine in machines)


def counted(sides: Sequence[Side], labels: Sequence[str], hosts: Sequence[str], how: Terms) -> tuple[Side, ...]:
    """Count how many copies of each machine the budgets buy.

    Parameters
    ----------
    sides : sequence of Side
        From `moved`.
    labels : sequence of str
        Names of the rows.
    hosts : sequence of str
        The host that works beside each machine; empty where none does.
    how : Terms
        What shall be equal.

    Raises
    ------
    UsageError
        A machine without an area where areas are compared, or without a price where costs are.
    """
    prices = _priced([side.machine for side in sides], labels, how.prices) if how.prices else [0.0] * len(sides)
    takes = [
        {name: _takes(name, side.machine, label, price) + _host_takes(name, host, how) for name in how.budgets}
        for side, label, price, host in zip(sides, labels, prices, hosts, strict=True)
    ]
    found = []
    for side, each, host in zip(sides, takes, hosts, strict=True):
        counts = {name: (budget or takes[0][name]) / each[name] for name, budget in how.budgets.items()}
        limit = min(counts, key=lambda name: counts[name], default="")
        found.append(dataclasses.replace(side, copies=counts.get(limit, 1.0), limited_by=limit, takes=each, host=host))
    return tuple(found)


def table_of(sides: Sequence[Side], labels: Sequence[str]) -> Table:
    """Return what one copy of each machine takes, and how many there are."""
    used = list(sides[0].takes)
    columns = (
        Column("hardware", "machine"),
        Column("node_before_m", "node", LENGTH),
        Column("node_m", "moved to", LENGTH),
        *(Column(_key(name), name, BUDGETS.get(name), None if name in BUDGETS else plain) for name in used),
        Column("copies", "copies", show=plain),
        Column("limited_by", "limited by"),
        Column("host", "host counted"),
    )
    rows = tuple(
        (label, side.before, side.after, *(side.takes[name] for name in used), side.copies, side.limited_by or "-",
         side.host or "-")
        for side, label in zip(sides, labels, strict=True)
    )  # fmt: skip
    return Table("equal terms", columns, rows)


def factors_of(sides: Sequence[Side], labels: Sequence[str]) -> Table:
    """Return what was multiplied by what, by which law, from which source."""
    columns = (Column("hardware", "machine"), Column("what", "scaled"), Column("factor", "factor", show=plain),
               Column("law", "law"), Column("source", "source"))  # fmt: skip
    rows = tuple(
        (label, factor.what, factor.value, factor.law, factor.source or "-")
        for side, label in zip(sides, labels, strict=True)
        for factor in side.factors
    )
    return Table("from node to node", columns, rows)


def remarks(sides: Sequence[Side], labels: Sequence[str], how: Terms) -> Iterable[str]:
    """Yield what equal terms leave unequal, machine by machine."""
    if set(how.budgets) & set(BUDGETS):
        yield "memory outside the chip and links come with every copy, and count neither as area nor as power"
        boundaries = {label: side.machine.boundary for side, label in zip(sides, labels, strict=True)}
        if len(set(boundaries.values())) > 1:
            listed = ", ".join(f"{label}: {boundary}" for label, boundary in boundaries.items())
            yield f"budgets are spent on different things ({listed})"
    for side, label in zip(sides, labels, strict=True):
        chip = side.machine.chip if isinstance(side.machine, System) else side.machine
        if side.factors and side.kept:
            yield f"{label}: not scaled to {format_quantity(side.after, LENGTH, 3)}: {', '.join(side.kept)}"
        if side.copies < 1.0:
            yield (f"{label}: {side.copies:.3g} of a machine, as if it could be cut anywhere; whether weights still "
                   "fit was not asked")  # fmt: skip
        if side.host:
            yield (f"{label}: {side.host} works beside every copy as it was built: its area and power count, its price "
                   "does not, and no node changes its time and energy")  # fmt: skip
        for name in side.takes:
            text = _doubt(chip, name)
            if text:
                yield f"{label}: {text}"


def to_dict(sides: Sequence[Side], labels: Sequence[str], how: Terms) -> dict[str, Any]:
    """Return equal terms with unit suffixes in the keys, ready for JSON."""
    return {
        "node_m": how.node,
        "law": how.law if how.node is not None else None,
        "budgets": {_key(name): budget for name, budget in how.budgets.items()},
        "machines": [
            {
                "label": label,
                "copies": side.copies,
                "limited_by": side.limited_by,
                "host": side.host or None,
                "node_before_m": side.before,
                "node_m": side.after,
                **{_key(name): value for name, value in side.takes.items()},
                "factors": [
                    {"what": each.what, "factor": each.value, "law": each.law, "source": each.source}
                    for each in side.factors
                ],
                "kept": list(side.kept),
            }
            for side, label in zip(sides, labels, strict=True)
        ],
    }


def _moved(machine: Chip | System, how: Terms) -> Side:
    chip = machine.chip if isinstance(machine, System) else machine
    before = chip.spec.process.node
    if how.node is None:
        return Side(machine, 1.0, "", {}, "", before, before, (), ())
    there = at_node(chip, how.node, how.law)
    after = dataclasses.replace(machine, chip=there.chip) if isinstance(machine, System) else there.chip
    return Side(after, 1.0, "", {}, "", before, how.node, there.factors, there.kept)


def _host_takes(name: str, host: str, how: Terms) -> float:
    """Return what a host takes of a budget: as if it were made at the same node, where it can be moved there."""
    if not host or name == "cost":
        return 0.0
    chip = load_hardware(host)
    if how.node is not None:
        with contextlib.suppress(UnsupportedError):
            chip = at_node(chip, how.node, how.law).chip
    return _takes(name, chip, f"{host}, a host", 0.0)


def _takes(name: str, machine: Chip | System, label: str, price: float) -> float:
    if name == "cost":
        return price
    chip, chips = (machine.chip, machine.chips) if isinstance(machine, System) else (machine, 1)
    if name == "power":
        return chips * float(chip.spec.power.limit)
    area = area_of(chip)
    if area is None:
        raise UsageError(
            f"{label!r} has no area: process.area is left out, and no part of it has one",
            hint="give it one with archsim.with_(machine, 'process.area', '60 mm2') or in its file, or compare at "
            "equal power",
        )
    return chips * area


def _doubt(chip: Chip, name: str) -> str:
    """Say what a budget rests on when it is no published number."""
    leaf = {"area": ("process", "area"), "power": ("power", "limit")}.get(name)
    if leaf is None:
        return ""
    if name == "area" and chip.spec.process.area is None:
        return "its area is the sum of the parts that have one, process.area is left out"
    entry = chip.cited.get(leaf)
    return f"{'.'.join(leaf)} is assumed: {entry.why}" if entry is not None and entry.kind is Kind.ASSUMED else ""


def _pairs(texts: Iterable[str]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"iso {text!r}", hint=_EXAMPLE)
        for part in text.split(","):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not equals and ":" in name and found and found[-1][0] == "cost":
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


def _prices(given: Any) -> dict[str, float]:
    if isinstance(given, str):
        given = dict(part.rpartition(":")[::2] for part in given.split(","))
    if not isinstance(given, Mapping) or not given:
        raise UsageError(f"iso cost={given!r}", hint="write cost=a100-sxm4-80gb:10000,tpu-v4:8000")
    found = {}
    for name, value in given.items():
        try:
            price = float(value)
        except (TypeError, ValueError):
            price = math.nan
        if not name or isinstance(value, bool) or not (math.isfinite(price) and price > 0.0):
            raise UsageError(f"iso cost={name}:{value}", hint="a price is a number above 0, such as tpu-v4:8000")
        found[str(name).strip()] = price
    return found


def _priced(machines: Sequence[Chip | System], labels: Sequence[str], prices: Mapping[str, float]) -> list[float]:
    """Return one price per machine, by its label, its name or one of its aliases."""
    from archsim.io.catalogue import fold

    known = {fold(name): price for name, price in prices.items()}
    found, used = [], set()
    for machine, label in zip(machines, labels, strict=True):
        names = [fold(name) for name in (label, machine.name, *machine.spec.aliases)]
        match = next((name for name in names if name in known), None)
        if match is None:
            raise UsageError(f"no price for {label!r}", hint=f"write cost={label}:PRICE beside the others")
        used.add(match)
        found.append(known[match])
    for name in prices:
        if fold(name) not in used:
            raise UsageError(f"iso cost prices {name!r}, which is not compared",
                             hint=did_you_mean(name, labels) or f"price {', '.join(labels)}")  # fmt: skip
    return found


def _key(name: str) -> str:
    """Return the name of a budget with its unit."""
    return f"{name}_{_UNIT[name]}"


def plain(value: float) -> str:
    """Write a number without a unit."""
    return f"{value:,.0f}" if value >= 1000.0 else f"{value:.3g}"


_UNIT: Final = {"area": "m2", "power": "w", "cost": "price"}
"""Ends of keys; a cost is in whatever currency its prices are."""
