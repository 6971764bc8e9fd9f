"""A machine as it would be at another process node: which leaf is multiplied by what, by which law, from which source.

Two laws. ``published``: energies go from node to node as those of published circuits do, 45 nm to 7 nm, and on the same
power law beyond; clocks stay as they were built, as no published pair of circuits says how they would follow.
``stillmaker``: delay and energy by polynomials fitted to simulated transistors. Both take areas from the latter's
table, and output converters by a survey of published ones. What no transistor sets the pace of stays:
cells, light, drivers, memory outside the chip, launches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.arch.columns import place_of
from archsim.arch.scaling import ProcessNode, Scale
from archsim.cited import Kind
from archsim.errors import UnsupportedError
from archsim.io.hardware import with_all
from archsim.io.processes import process_table, technology
from archsim.laws import adc, cmos, sram
from archsim.units import LENGTH, format_quantity

LAWS: Final = ("published", "stillmaker")
PUBLISHED: Final = "horowitz-isscc-2014, jouppi-tpuv4i-2021"
SIMULATED: Final = "stillmaker-baas-2017"
SURVEY: Final = "adc_survey.csv"
"""Sources of factors: keys of models/sources.yaml, and a shipped dataset."""
MEDIAN: Final = 0.5
EXTRAPOLATED: Final = "extrapolated beyond 45 nm"
"""Said of power laws where a node is older than the older published one."""


@dataclass(frozen=True)
class Factor:
    """What some leaves of a description were multiplied by.

    Attributes
    ----------
    what : str
        What they are.
    value : float
        Factor, -.
    law, source : str
        By which law, and where it is from; no source: an assumption, which the law then says.
    """

    what: str
    value: float
    law: str
    source: str

    @property
    def extrapolated(self) -> bool:
        """Whether the law was asked for more than it rests on."""
        return EXTRAPOLATED in self.law


@dataclass(frozen=True)
class Moved:
    """A machine moved to another node.

    Attributes
    ----------
    chip : Chip
        As it would be.
    before, after : float
        Nodes, m.
    factors : tuple of Factor
        What was changed.
    kept : tuple of str
        Parts that stay as described.
    """

    chip: Chip
    before: float
    after: float
    factors: tuple[Factor, ...]
    kept: tuple[str, ...]


def at_node(chip: Chip, node: float, law: str = "published") -> Moved:
    """Return a machine as it would be at another process node.

    Parameters
    ----------
    chip : Chip
        As described.
    node : float
        Feature size, m.
    law : str
        ``published`` or ``stillmaker``.

    Raises
    ------
    UnsupportedError
        A node outside the table, or a family that does not say how it scales.
    """
    rules, before = registry.get(chip.family).scaling(chip), chip.spec.process.node
    if not rules:
        raise UnsupportedError(
            f"{chip.name!r}: the family {chip.family!r} does not say what follows the node",
            hint="compare without node=",
        )
    _within_table(node)
    _within_table(before, chip.name)
    if before == node:
        return Moved(chip, before, node, (), ())
    scaler = _Scaler(chip, before, node, law)
    sets, kept = scaler.changes(rules)
    moved = with_all(chip, sets)
    area = scaler.die(moved)
    if area is not None:
        moved = with_all(moved, {"process.area": scaler.cited("process.area", area, Scale.AREA)})
    return Moved(moved, before, node, tuple(scaler.used.values()), kept)


def area_of(chip: Chip) -> float | None:
    """Return the area of a machine, m2: its die, or the sum of the parts that have one; None: neither is described."""
    if chip.spec.process.area is not None:
        return float(chip.spec.process.area)
    return sum(registry.get(chip.family).areas(chip).values()) or None


class _Scaler:
    """One machine on its way from one node to another; remembers which factors it used."""

    def __init__(self, chip: Chip, before: float, after: float, law: str) -> None:
        self.chip, self.before, self.after, self.law = chip, before, after, law
        self.spec: Any = chip.spec
        self.used: dict[str, Factor] = {}

    def changes(self, rules: Mapping[str, Scale | str]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return new values by path, and what stays."""
        sets: dict[str, Any] = {}
        kept: dict[str, None] = {}
        for pattern, scale in rules.items():
            for path, value, parent in _leaves(self.spec, pattern):
                off_chip = pattern.startswith("memory.") and getattr(parent, "place", "") == "off_chip"
                if not value or off_chip or path == "process.area":
                    continue
                if not isinstance(scale, Scale):
                    kept[scale] = None
                elif scale is Scale.NODE:
                    sets[path] = self.cited(path, self.after, scale)
                else:
                    after = self._value(path, value, scale, parent)
                    if after != value:
                        sets[path] = self.cited(path, after, scale)
        if hasattr(self.spec, "technology"):
            sets |= self._technology()
        return sets, tuple(kept)

    def cited(self, path: str, value: float, scale: Scale) -> dict[str, Any]:
        """Return a value that says where it is from and how it was scaled, with its bounds; an estimate at best."""
        place = place_of(self.spec, path)
        old = self.chip.cited.get(place.path)
        said = f"{scale}, {_nanometres(self.before)} to {_nanometres(self.after)}"
        entry: dict[str, Any] = {"value": value, "kind": "assumed", "why": f"scaled: {said}"}
        if old is None or scale is Scale.NODE:
            return entry
        if old.kind is not None and old.source:
            where, kind = f"{old.where}; scaled: {said}", Kind.ASSUMED if old.kind is Kind.ASSUMED else Kind.ESTIMATED
            entry = {"value": value, "kind": str(kind), "source": old.source, "where": where, "why": old.why}
        elif old.why:
            entry["why"] = f"{old.why}; scaled: {said}"
        quantity = place.column.quantity
        if quantity is not None:
            ratio = value / quantity.read(old.text) if quantity.read(old.text) else 1.0
            for name, bound in (("low", old.low), ("high", old.high)):
                if bound is not None:
                    entry[name] = quantity.read(bound) * ratio
        return entry

    def die(self, moved: Chip) -> float | None:
        """Return the area of the die: parts that have areas as they scale, the rest as logic."""
        whole = self.spec.process.area
        if whole is None:
            return None
        family = registry.get(self.chip.family)
        after, before = sum(family.areas(moved).values()), sum(family.areas(self.chip).values())
        if before >= whole:  # parts add up to the die, but for rounding
            return float(whole * after / before)
        return float(after + (whole - before) * self._factor(Scale.AREA))

    def _value(self, path: str, value: float, scale: Scale, parent: Any) -> float:
        if scale is Scale.MEMORY:
            return value * self._memory(parent)
        factor = self._factor(scale)
        if path == "power.limit":
            outside = min(value - float(self.spec.power.idle), _outside(self.spec))
            return outside + (value - outside) * factor
        return value * factor

    def _factor(self, scale: Scale) -> float:
        if scale is Scale.RATE:
            return 1.0 / self._factor(Scale.DELAY)
        if str(scale) not in self.used:
            value, law, source = self._law(scale)
            self.used[str(scale)] = Factor(str(scale), value, law, source)
        return self.used[str(scale)].value

    def _law(self, scale: Scale) -> tuple[float, str, str]:
        if scale is Scale.AREA:
            return self._table("area"), "table of areas", SIMULATED
        if scale in (Scale.CONVERTER, Scale.CONVERTER_AREA):
            return self._converter(scale), "survey of published converters, at equal bits and rate", SURVEY
        if scale is Scale.POWER:
            power = cmos.power_factor(self._factor(Scale.LOGIC), self._factor(Scale.DELAY))
            return power, "assumed: energy over delay, also of what leaks; memory outside the chip left out", ""
        if self.law == "stillmaker":
            name = "delay" if scale is Scale.DELAY else "energy"
            return self._table(name), f"polynomials of {name} at nominal supply", SIMULATED
        if scale is Scale.DELAY:
            return 1.0, "assumed: clocks stay as built", ""
        return self._published("instruction"), f"{self._power_law()}, mean of operations", PUBLISHED

    def _table(self, name: str) -> float:
        return _tabled(name, self.after) / _tabled(name, self.before)

    def _power_law(self) -> str:
        beyond = max(self.before, self.after) > technology().older.node * (1.0 + 1e-9)
        return "power law through 45 nm and 7 nm" + (f", {EXTRAPOLATED}" if beyond else "")

    def _published(self, name: str) -> float:
        """Return how one operation's energy changes between the nodes, by its values at two published ones."""
        tech = technology()
        older, newer = getattr(tech.older, name), getattr(tech.newer, name)
        now, then = (
            cmos.between_nodes(cmos.progress(node, tech.older.node, tech.newer.node), older, newer)
            for node in (self.after, self.before)
        )
        return now / then

    def _memory(self, level: Any) -> float:
        what = f"{Scale.MEMORY}: {level.name}"
        if self.law == "stillmaker":
            factor = Factor(what, self._table("energy"), "polynomials of energy at nominal supply", SIMULATED)
        else:
            value = _array(level.capacity, self.after) / _array(level.capacity, self.before)
            factor = Factor(what, value, f"arrays of its size, {self._power_law()}", PUBLISHED)
        self.used[what] = factor
        return factor.value

    def _converter(self, scale: Scale) -> float:
        bits, rate = float(self.spec.adc.bits), float(self.spec.adc.rate)
        now, then = (adc.surveyed_energy(bits, rate, node, MEDIAN) for node in (self.after, self.before))
        if scale is Scale.CONVERTER:
            return now / then
        return adc.regression_area(now, rate, self.after) / adc.regression_area(then, rate, self.before)

    def _technology(self) -> dict[str, Any]:
        """Return what makes the technology's table give the energies of the new node."""
        what = "energies of the technology's operations and memories"
        if self.law == "published":
            law = f"each by its own {self._power_law()}; shown: an instruction"
            self.used[what] = Factor(what, self._published("instruction"), law, PUBLISHED)
            return {}
        energy, wires, shift = self._table("energy"), self._published("wire"), self.after / self.before
        self.used[what] = Factor(what, energy, "polynomials of energy at nominal supply", SIMULATED)
        self.used["wires"] = Factor("wires", wires, self._power_law(), PUBLISHED)
        sets: dict[str, Any] = {}
        for end in ("older", "newer"):
            for path, value in _numbers(getattr(self.spec.technology, end), f"technology.{end}"):
                name = path.rsplit(".", 1)[1]
                if value and name != "capacity":
                    factor = {"node": shift, "wire": wires}.get(name, energy)
                    sets[path] = self.cited(path, value * factor, Scale.LOGIC)
        return sets


def _within_table(node: float, machine: str = "") -> None:
    nodes = process_table().nodes
    first, last = nodes[0].node, nodes[-1].node
    if not last * (1 - 1e-9) <= node <= first * (1 + 1e-9):
        who = f"{machine!r} is made at {_nanometres(node)}" if machine else f"node {_nanometres(node)} is asked for"
        near = _nanometres(last if node < last else first)
        raise UnsupportedError(
            f"{who}, and the table of nodes goes from {_nanometres(first)} to {_nanometres(last)}",
            hint=f"take it for one of {near}, --set process.node='{near}', or compare without node=" if machine
            else f"ask for {near}",
        )  # fmt: skip


def _tabled(name: str, node: float) -> float:
    """Return delay, energy or area at a node; between two of the table, on the power law through them."""
    nodes = process_table().nodes
    for older, newer in pairwise(nodes):
        if newer.node <= node * (1 + 1e-9):
            share = cmos.progress(node, older.node, newer.node)
            return cmos.between_nodes(share, _entry(older, name), _entry(newer, name))
    return _entry(nodes[-1], name)


def _entry(row: ProcessNode, name: str) -> float:
    if name == "delay":
        return cmos.delay_factor(row.voltage, row.delay.cubic, row.delay.square, row.delay.linear, row.delay.constant)
    if name == "energy":
        return cmos.energy_factor(row.voltage, row.energy.square, row.energy.linear, row.energy.constant)
    return row.area


def _array(capacity: float, node: float) -> float:
    """Return the energy of one byte read from an array, J/B: by size at either published node, then by node.

    Arrays smaller or larger than the published sizes are taken as those: only ratios are asked for.
    """
    tech = technology()
    capacity = min(max(capacity, tech.older.small_array.capacity), tech.older.large_array.capacity)
    ends = []
    for end in (tech.older, tech.newer):
        small, large = end.small_array, end.large_array
        growth = sram.exponent(small.capacity, small.energy, large.capacity, large.energy)
        ends.append(sram.energy(capacity, small.capacity, small.energy, growth))
    return cmos.between_nodes(cmos.progress(node, tech.older.node, tech.newer.node), *ends)


def _outside(spec: Any) -> float:
    """Return what memory outside the chip draws at full bandwidth, W."""
    levels = [level for level in getattr(spec, "memory", ()) if level.place == "off_chip"]
    return float(sum((level.bandwidth or 0.0) * level.instances * (level.energy or 0.0) for level in levels))


def _leaves(spec: Any, pattern: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield path, value and the part it stands in, for every leaf that a pattern names and the description has."""

    def walk(node: Any, names: list[str], path: str, parent: Any) -> Iterator[tuple[str, Any, Any]]:
        if node is None:
            return
        if not names:
            yield path.removeprefix("."), node, parent
        elif names[0] == "*":
            for index, item in enumerate(node):
                yield from walk(item, names[1:], f"{path}[{index}]", node)
        else:
            yield from walk(getattr(node, names[0]), names[1:], f"{path}.{names[0]}", node)

    yield from walk(spec, pattern.split("."), "", None)


def _numbers(part: Any, path: str) -> Iterator[tuple[str, float]]:
    for name in type(part).model_fields:
        value = getattr(part, name)
        if hasattr(type(value), "model_fields"):
            yield from _numbers(value, f"{path}.{name}")
        elif isinstance(value, float | int) and math.isfinite(value):
            yield f"{path}.{name}", float(value)


def _nanometres(node: float) -> str:
    return format_quantity(node, LENGTH, 3)
