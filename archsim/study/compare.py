"""One workload on several machines, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archsim.arch.chip import Chip
from archsim.arch.family import GROUPS
from archsim.arch.system import System
from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.policy import Policy
from archsim.engine.table import Column, Table, fraction, share
from archsim.engine.tables import count
from archsim.errors import UsageError
from archsim.units import ENERGY, POWER, TIME

if TYPE_CHECKING:
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph


@dataclass(frozen=True)
class Comparison:
    """Results of one workload on several machines.

    Attributes
    ----------
    results : tuple of Result
        In the order the machines were named.
    warnings : tuple of str
        What makes the rows hard to compare, such as different boundaries.
    """

    results: tuple[Result, ...]
    warnings: tuple[str, ...]

    def table(self) -> Table:
        """Return one row per machine."""
        first = self.results[0]
        columns = (
            Column("hardware", "machine"),
            Column("latency_s", "latency", TIME),
            Column("throughput_per_s", f"{first.item}s/s", show=count),
            Column("energy_j", "energy", ENERGY),
            Column("energy_per_item_j", f"per {first.item}", ENERGY),
            Column("power_w", "power", POWER),
            Column("bound", "bound by"),
            Column("bound_share", "of time", show=share),
            Column("boundary", "boundary"),
        )
        rows = tuple(
            (r.hardware, r.latency, r.throughput, r.energy, fraction(r.energy, r.items), r.power, r.bound,
             fraction(r.exposed[r.bound], r.latency), r.boundary)
            for r in self.results
        )  # fmt: skip
        return Table(first.workload, columns, rows)

    def causes(self) -> Table:
        """Return the share of energy by standard cause, one row per machine."""
        used = [group for group in GROUPS if any(r.energy_by_cause.get(group) for r in self.results)]
        columns = (Column("hardware", "machine"), *(Column(g, g.replace("_", " "), show=share) for g in used))
        rows = tuple(
            (r.hardware, *(fraction(r.energy_by_cause.get(g, 0.0), r.energy) for g in used)) for r in self.results
        )
        return Table("energy by cause", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all results, ready for JSON."""
        return {
            "schema_version": 1,
            "workload": self.results[0].workload,
            "results": [result.to_dict() for result in self.results],
            "warnings": list(self.warnings),
        }

    def __str__(self) -> str:
        return f"{self.table()}\n\n{self.causes()}"


def compare(
    graph: Graph | str,
    machines: Iterable[Chip | System | str] | Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    **choices: Any,
) -> Comparison:
    """Evaluate one workload on several machines, or systems, under one policy.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    machines : iterable of Chip, System or str
        Machines, or their names; a single one will do.
    policy : Policy or mapping, optional
        How the runs are done.

    Raises
    ------
    UsageError
        No machine was named.
    """
    graph = graph_of(graph)
    named = [machines] if isinstance(machines, Chip | System | str) else machines
    chips = [machine_of(machine) for machine in named]
    if not chips:
        raise UsageError("nothing to compare", hint="name at least one machine")
    results = tuple(evaluate(graph, chip, policy, **choices) for chip in chips)
    return Comparison(results, tuple(warnings_of(results)))


def warnings_of(results: tuple[Result, ...]) -> Iterable[str]:
    """Yield what makes results hard to compare, and what each of them warns of."""
    boundaries = {result.boundary for result in results}
    if len(boundaries) > 1:
        listed = ", ".join(f"{result.hardware}: {result.boundary}" for result in results)
        yield f"power and energy include different things ({listed}): compare them with care"
    yield from dict.fromkeys(text for result in results for text in result.warnings)
