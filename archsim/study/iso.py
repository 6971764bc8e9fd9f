"""Equal terms: machines moved to one process node, then as many of each as one budget of area, power or cost buys.

=================  ===============================================================================================
node               every machine as it would be at one node, see `archsim.study.nodes`
area               dies, or the sum of parts that have an area
power              largest sustained power of a machine, ``power.limit``
cost               what the caller says a machine costs
mixed systems      all members and the host, working or not: area and power are sums, each moves to the node
copies             n = min over the budgets of budget / what one machine takes; a fraction is a machine that has so
                   much less of everything. A host beside a machine takes its area and power, too, if it runs some of
                   the work; it stays as it is built, whatever the node
throughput         n times that of one machine, each copy with a run of its own
latency            that of one machine; of a fraction, over n
energy per item    that of one machine
=================  ===============================================================================================

Nothing is equal that is not said to be: memory outside the chip and links come with every copy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.system import System
from archsim.cited import Kind
from archsim.engine.place import HOST
from archsim.engine.table import Column, Table
from archsim.errors import UnsupportedError, UsageError
from archsim.study.nodes import EXTRAPOLATED, Factor, area_of, at_node
from archsim.study.parts import WHOLE, copies_of, parts_of, with_parts
from archsim.study.prices import priced
from archsim.study.terms import BUDGETS, TABLE, Terms
from archsim.units import LENGTH, format_quantity

UNITS: Final = {"area": "m2", "power": "w", "cost": "price"}
"""Ends of keys; a cost is in whatever currency its prices are."""


@dataclass(frozen=True)
class Side:
    """One machine on equal terms.

    Attributes
    ----------
    machine : Chip or System
        As it was evaluated.
    price : float
        Cost of one copy; 0 where no costs are compared.
    copies : float
        How many the budgets buy, -.
    limited_by : str
        The budget that ends first; empty when there is none.
    takes : mapping of str to float
        What one copy takes of each budget: m2, W, currency; a host that works with it included.
    host : str
        The host beside it that runs some of the work; empty when none does.
    before : mapping of str to float
        Process nodes as built, m, by part: of a mixed system each member and the host, of others only ``""``.
    node : float or None
        Process node it was moved to, m; None: as built.
    factors : tuple of Factor
        What was changed on the way.
    kept : tuple of str
        What was not.
    """

    machine: Chip | System
    price: float = 0.0
    copies: float = 1.0
    limited_by: str = ""
    takes: Mapping[str, float] = field(default_factory=dict)
    host: str = ""
    before: Mapping[str, float] = field(default_factory=dict)
    node: float | None = None
    factors: tuple[Factor, ...] = ()
    kept: tuple[str, ...] = ()

    @property
    def one_before(self) -> float | None:
        """The process node as built, m; None: its parts differ."""
        nodes = set(self.before.values())
        return nodes.pop() if len(nodes) == 1 else None

    @property
    def one_after(self) -> float | None:
        """The process node it is compared at, m; None: its parts differ."""
        return self.one_before if self.node is None else self.node


def moved(machines: Sequence[Chip | System], labels: Sequence[str], how: Terms) -> tuple[Side, ...]:
    """Move machines to the node that shall be equal, one copy of each, and give each its price.

    Raises
    ------
    UsageError
        A machine without a price where costs are compared.
    UnsupportedError
        A machine that cannot be moved to the node.
    """
    prices = priced(machines, labels, how.prices) if how.prices else [0.0] * len(machines)
    return tuple(_moved(machine, price, how) for machine, price in zip(machines, prices, strict=True))


def counted(sides: Sequence[Side], labels: Sequence[str], hosts: Sequence[Chip | None], how: Terms) -> tuple[Side, ...]:
    """Count how many copies of each machine the budgets buy.

    Parameters
    ----------
    sides : sequence of Side
        From `moved`.
    labels : sequence of str
        Names of the rows.
    hosts : sequence of Chip or None
        The host that works beside each machine; None where none does.
    how : Terms
        What shall be equal.

    Raises
    ------
    UsageError
        A machine without an area where areas are compared.
    """
    takes = [_takes(side, label, host, how) for side, label, host in zip(sides, labels, hosts, strict=True)]
    found = []
    for side, each, host in zip(sides, takes, hosts, strict=True):
        counts = {name: (budget or takes[0][name]) / each[name] for name, budget in how.budgets.items()}
        limit = min(counts, key=lambda name: counts[name], default="")
        one = side if host is None else _with_host(side, host)
        found.append(dataclasses.replace(one, copies=counts.get(limit, 1.0), limited_by=limit, takes=each))
    return tuple(found)


def settled(how: Terms, side: Side, label: str) -> Terms:
    """Return terms whose budgets are numbers: those left open are what one machine takes, without a host beside it."""
    takes = _takes(side, label, None, how)
    return dataclasses.replace(how, budgets={name: how.budgets[name] or takes[name] for name in takes})


def table_of(sides: Sequence[Side], labels: Sequence[str]) -> Table:
    """Return what one copy of each machine takes, and how many there are."""
    used = list(sides[0].takes)
    columns = (
        Column("hardware", "machine"),
        Column("node_before_m", "node", show=_node),
        Column("node_m", "moved to", show=_node),
        *(Column(_key(name), name, BUDGETS.get(name), None if name in BUDGETS else plain) for name in used),
        Column("copies", "copies", show=plain),
        Column("limited_by", "limited by"),
        Column("host", "host counted"),
    )
    rows = tuple(
        (label, side.one_before, side.one_after, *(side.takes[name] for name in used), side.copies,
         side.limited_by or "-", side.host or "-")
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
        if side.node is not None and side.factors and side.kept:
            yield f"{label}: not scaled to {format_quantity(side.node, LENGTH, 3)}: {', '.join(side.kept)}"
        beyond = [factor.what for factor in side.factors if factor.extrapolated]
        if beyond:
            other = "" if how.law == TABLE else f"; law={TABLE} has a table to 180 nm"
            yield f"{label}: {EXTRAPOLATED}, where nothing is published: {', '.join(beyond)}{other}"
        if side.copies < 1.0:
            yield (f"{label}: {side.copies:.3g} of a machine, as if it could be cut anywhere; whether weights still "
                   "fit was not asked")  # fmt: skip
        if side.host:
            yield (f"{label}: {side.host} works beside every copy, as it is built: its area and power count, its price "
                   "does not, and no node changes its area, power, time or energy")  # fmt: skip
        for name in side.takes:
            for part, chip in parts_of(side.machine).items():
                text = _doubt(chip, name)
                if text and not (part == HOST and side.host):
                    yield f"{label}: {part and f'{part}: '}{text}"


def to_dict(sides: Sequence[Side], labels: Sequence[str], how: Terms) -> dict[str, Any]:
    """Return equal terms with unit suffixes in the keys, ready for JSON."""
    return {
        **terms_to_dict(how),
        "machines": [
            {"label": label, **copies_to_dict(side), **moves_to_dict(side)}
            for side, label in zip(sides, labels, strict=True)
        ],
    }


def terms_to_dict(how: Terms) -> dict[str, Any]:
    """Return what shall be equal; a budget that is null is what the first machine takes."""
    return {
        "node_m": how.node,
        "law": how.law if how.node is not None else None,
        "budgets": {_key(name): budget for name, budget in how.budgets.items()},
    }


def copies_to_dict(side: Side) -> dict[str, Any]:
    """Return how many of a machine there are, and what one takes."""
    takes = {_key(name): value for name, value in side.takes.items()}
    return {"copies": side.copies, "limited_by": side.limited_by, "host": side.host or None, **takes}


def moves_to_dict(side: Side) -> dict[str, Any]:
    """Return how a machine was moved from node to node, part by part where it is mixed."""
    return {
        "node_before_m": side.one_before,
        "node_m": side.one_after,
        **({} if WHOLE in side.before else {"parts_before_m": dict(side.before)}),
        "factors": [
            {"what": each.what, "factor": each.value, "law": each.law, "source": each.source} for each in side.factors
        ],
        "kept": list(side.kept),
    }


def _moved(machine: Chip | System, price: float, how: Terms) -> Side:
    parts = parts_of(machine)
    before = {name: chip.spec.process.node for name, chip in parts.items()}
    if how.node is None:
        return Side(machine, price, before=before)
    there = {}
    for name, chip in parts.items():
        try:
            there[name] = at_node(chip, how.node, how.law)
        except UnsupportedError as error:
            if name == WHOLE:
                raise
            hint = error.hint.replace("process.node", f"{name}.process.node")
            raise UnsupportedError(f"{machine.name!r}, {name}: {error.message}", hint=hint) from error
    factors = tuple(
        dataclasses.replace(factor, what=_of(name, factor.what))
        for name, each in there.items()
        for factor in each.factors
    )
    kept = tuple(_of(name, text) for name, each in there.items() for text in each.kept)
    after = with_parts(machine, {name: each.chip for name, each in there.items()})
    return Side(after, price, before=before, node=how.node, factors=factors, kept=kept)


def _with_host(side: Side, host: Chip) -> Side:
    """Name the host beside a machine; of a mixed system, whose own is not there then, drop how that was moved."""
    own = _of(HOST, "")
    factors = tuple(factor for factor in side.factors if not factor.what.startswith(own))
    kept = tuple(text for text in side.kept if not text.startswith(own))
    return dataclasses.replace(side, host=host.name, factors=factors, kept=kept)


def _of(part: str, text: str) -> str:
    return f"{part}: {text}" if part else text


def _takes(side: Side, label: str, host: Chip | None, how: Terms) -> dict[str, float]:
    """Return what one copy takes of each budget, with the host that works beside it."""
    machine, parts = side.machine, parts_of(side.machine)
    if host is not None:
        parts[HOST] = host  # of a mixed system: in place of its own
    number = copies_of(machine)
    takes = {}
    for name in how.budgets:
        if name == "cost":
            takes[name] = side.price
        elif name == "power":
            takes[name] = number * sum(float(chip.spec.power.limit) for chip in parts.values())
        else:
            takes[name] = number * sum(_area(chip, part, label) for part, chip in parts.items())
    return takes


def _area(chip: Chip, part: str, label: str) -> float:
    area = area_of(chip)
    if area is None:
        who = f"{label!r}" if part == WHOLE else f"{part} of {label!r}, {chip.name!r},"
        raise UsageError(
            f"{who} has no area: process.area is left out, and no part of it has one",
            hint="give it one with archsim.with_(machine, 'process.area', '60 mm2') or in its file, or compare at "
            "equal power",
        )
    return area


def _doubt(chip: Chip, name: str) -> str:
    """Say what a budget rests on when it is no published number."""
    leaf = {"area": ("process", "area"), "power": ("power", "limit")}.get(name)
    if leaf is None:
        return ""
    if name == "area" and chip.spec.process.area is None:
        return "its area is the sum of the parts that have one, process.area is left out"
    entry = chip.cited.get(leaf)
    return f"{'.'.join(leaf)} is assumed: {entry.why}" if entry is not None and entry.kind is Kind.ASSUMED else ""


def _node(value: float | None) -> str:
    return "several" if value is None else format_quantity(value, LENGTH)


def _key(name: str) -> str:
    """Return the name of a budget with its unit."""
    return f"{name}_{UNITS[name]}"


def plain(value: float) -> str:
    """Write a number without a unit."""
    return f"{value:,.0f}" if value >= 1000.0 else f"{value:.3g}"
