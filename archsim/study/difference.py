"""Why one result is faster or cheaper than another: by cause and by op, in steps that add up exactly.

Both results are of one workload. Times are told by the resource that answers for them, energies by standard cause, and
either by kind of op and by op: ops that both ran by their names, ops of one result only as theirs. What no op answers
for (static power; ops that overlap) is a step of its own. Every step is a difference of two numbers, so that the steps
add up to that of the totals.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.place import LINK
from archsim.engine.table import Column, Table
from archsim.errors import InvariantError, UsageError, did_you_mean
from archsim.units import ENERGY, TIME, Dimension, format_quantity

if TYPE_CHECKING:
    from archsim.engine.result import Result

QUANTITIES: Final[Mapping[str, tuple[str, Dimension]]] = {"latency": ("s", TIME), "energy": ("j", ENERGY)}
APART: Final = {"latency": "overlap of ops", "energy": "no single op: static power"}
TOLERANCE: Final = 1e-9
"""Of a total, up to which a remainder is rounding."""


@dataclass(frozen=True)
class Step:
    """What one cause or op takes in either result, per item: s or J."""

    name: str
    first: float
    second: float

    @property
    def change(self) -> float:
        """What the first takes more than the second; negative where it takes less."""
        return self.first - self.second


@dataclass(frozen=True)
class Difference:
    """Why the first result takes more or less than the second.

    Attributes
    ----------
    workload : str
        What both ran.
    machines : tuple of str
        Names of the first and the second.
    quantity : str
        ``latency`` or ``energy``.
    item : str
        What everything is divided by.
    first, second : float
        Totals per item, s or J.
    causes, kinds, ops : tuple of Step
        Those that differ most first; each adds up to the difference of the totals.
    warnings : tuple of str
        What makes the two hard to compare.
    """

    workload: str
    machines: tuple[str, str]
    quantity: str
    item: str
    first: float
    second: float
    causes: tuple[Step, ...]
    kinds: tuple[Step, ...]
    ops: tuple[Step, ...]
    warnings: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """The second total over the first: above 1 the first is ahead."""
        return self.second / self.first if self.first else math.inf

    @property
    def verdict(self) -> str:
        """One sentence."""
        show = QUANTITIES[self.quantity][1]
        one, other = (format_quantity(value, show) for value in (self.first, self.second))
        word = {"latency": ("faster", "slower"), "energy": ("cheaper", "dearer")}[self.quantity]
        if self.first == self.second:
            said = f"both take {one}"
        else:
            ahead = self.ratio > 1.0
            said = (
                f"{self.machines[0]} is {self.ratio if ahead else 1.0 / self.ratio if self.ratio else math.inf:.3g} "
                f"times {word[0] if ahead else word[1]} than {self.machines[1]}: {one} against {other}"
            )
        return f"{self.quantity} of {self.workload} per {self.item}: {said}"

    def table(self, by: str = "cause", top: int | None = None) -> Table:
        """Return the steps from the second total to the first.

        Parameters
        ----------
        by : str
            ``cause``, ``kind`` or ``op``.
        top : int, optional
            Rows shown one by one; the others become one.

        Raises
        ------
        UsageError
            Any other view.
        """
        views = {"cause": self.causes, "kind": self.kinds, "op": self.ops}
        if by not in views:
            hint = did_you_mean(by, views) or f"write one of {', '.join(views)}"
            raise UsageError(f"a difference has no table by {by!r}", hint=hint)
        show = QUANTITIES[self.quantity][1]
        steps = list(views[by])
        if top is not None and len(steps) > top:
            rest = steps[top:]
            left = Step(f"{len(rest)} others", math.fsum(s.first for s in rest), math.fsum(s.second for s in rest))
            steps = [*steps[:top], left]
        columns = (
            Column("name", by), Column("second", self.machines[1], show), Column("first", self.machines[0], show),
            Column("change", "difference", show=lambda value: _signed(value, show)),
            Column("running", "so far", show),
        )  # fmt: skip
        rows: list[tuple[Any, ...]] = []
        running = self.second
        for step in steps:
            running += step.change
            rows.append((step.name, step.second, step.first, step.change, running))
        rows.append(("all", self.second, self.first, self.first - self.second, self.first))
        return Table(f"{self.quantity} by {by}: from {self.machines[1]} to {self.machines[0]}", columns, tuple(rows))

    def to_dict(self) -> dict[str, Any]:
        """Return everything with unit suffixes in its keys, ready for JSON."""
        unit = QUANTITIES[self.quantity][0]
        return {
            "schema_version": 1,
            "workload": self.workload,
            "first": self.machines[0],
            "second": self.machines[1],
            "of": self.quantity,
            "item": self.item,
            f"first_{unit}": self.first,
            f"second_{unit}": self.second,
            f"change_{unit}": self.first - self.second,
            **{
                name: [
                    {"name": step.name, f"first_{unit}": step.first, f"second_{unit}": step.second,
                     f"change_{unit}": step.change}
                    for step in steps
                ]
                for name, steps in (("causes", self.causes), ("kinds", self.kinds), ("ops", self.ops))
            },
            "warnings": list(self.warnings),
        }  # fmt: skip

    def __str__(self) -> str:
        return f"{self.verdict}\n\n{self.table()}\n\n{self.table('op', 12)}"


def difference(first: Result, second: Result, quantity: str = "latency") -> Difference:
    """Say why one result takes more or less than another.

    Parameters
    ----------
    first, second : Result
        Of one workload, on two machines, under two policies, or of two states of one description.
    quantity : str
        ``latency`` or ``energy``; per item.

    Raises
    ------
    UsageError
        Another quantity, results of different workloads, or a result without its run.
    """
    from archsim.study.compare import warnings_of

    if quantity not in QUANTITIES:
        hint = did_you_mean(quantity, QUANTITIES) or "write latency or energy"
        raise UsageError(f"cannot tell a difference in {quantity!r}", hint=hint)
    if first.workload != second.workload or first.item != second.item:
        raise UsageError(f"{first.workload!r} and {second.workload!r} are different workloads",
                         hint="compare results of one workload")  # fmt: skip
    for result in (first, second):
        if result.run is None:
            raise UsageError("this result holds no run to explain", hint="evaluate it again")
    causes = _steps(*(_scaled(_causes(result, quantity), result) for result in (first, second)))
    ops, kinds = (
        _steps(*(_scaled(_ops(result, quantity, by_kind), result) for result in (first, second)))
        for by_kind in (False, True)
    )
    total, other = (float(getattr(result, quantity)) / result.items for result in (first, second))
    for steps in (causes, kinds, ops):
        if abs(math.fsum(step.change for step in steps) - (total - other)) > TOLERANCE * (total + other):
            raise InvariantError(f"the steps from {second.hardware} to {first.hardware} do not add up in {quantity}")
    names = _names(first, second)
    warnings = tuple(warnings_of((first, second)))
    return Difference(first.workload, names, quantity, first.item, total, other, causes, kinds, ops, warnings)


def _names(first: Result, second: Result) -> tuple[str, str]:
    if first.hardware != second.hardware:
        return first.hardware, second.hardware
    return f"{first.hardware} (first)", f"{second.hardware} (second)"


def _causes(result: Result, quantity: str) -> dict[str, float]:
    """Return what each cause takes: resources answer for time, standard causes for energy."""
    parts = result.exposed if quantity == "latency" else result.energy_by_cause
    return {name.replace("_", " "): value for name, value in parts.items() if value}


def _ops(result: Result, quantity: str, by_kind: bool) -> dict[str, float]:
    """Return what each op of the graph, or each kind, takes in all executions; and what none of them answers for."""
    names = {same[0].name: same for part in (result.run.parts if result.run else ()) for same in part.lowered.rows}
    found: dict[str, float] = {}
    for row in result.ops:
        value = getattr(row, quantity)
        alike = names.get(row.name, ())
        if by_kind:
            kind = row.kind if row.placed_on != LINK else "over links"
            found[kind] = found.get(kind, 0.0) + value * row.count
        elif len(alike) == row.count and row.placed_on != LINK:
            for op in alike:
                found[op.name] = found.get(op.name, 0.0) + value
        else:
            found[row.name] = found.get(row.name, 0.0) + value * row.count
    whole = getattr(result, quantity)
    rest = whole - math.fsum(found.values())
    if abs(rest) > TOLERANCE * whole:
        found[APART[quantity]] = rest
    return found


def _scaled(parts: Mapping[str, float], result: Result) -> dict[str, float]:
    return {name: value / result.items for name, value in parts.items()}


def _steps(first: Mapping[str, float], second: Mapping[str, float]) -> tuple[Step, ...]:
    """Return one step per name that either has, the largest change first."""
    names: Iterable[str] = dict.fromkeys([*first, *second])
    steps = [Step(name, first.get(name, 0.0), second.get(name, 0.0)) for name in names]
    return tuple(sorted(steps, key=lambda step: -abs(step.change)))


def _signed(value: float, show: Dimension) -> str:
    sign = "+" if value > 0.0 else "-" if value < 0.0 else ""
    return f"{sign}{format_quantity(abs(value), show)}"
