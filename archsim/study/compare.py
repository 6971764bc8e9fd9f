"""One workload on several machines, side by side, as they are or on equal terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from archsim.study import iso as equal
from archsim.study.labels import labels_of
from archsim.study.parts import host_beside
from archsim.study.terms import Terms, terms
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
        In the order the machines were named; on equal terms those of one copy of each machine.
    warnings : tuple of str
        What makes the rows hard to compare, such as different boundaries.
    labels : tuple of str
        Names of the rows, no two alike.
    terms : Terms or None
        What was made equal.
    sides : tuple of Side
        How that was done, machine by machine; empty without terms.
    """

    results: tuple[Result, ...]
    warnings: tuple[str, ...]
    labels: tuple[str, ...]
    terms: Terms | None = None
    sides: tuple[equal.Side, ...] = ()

    @property
    def copies(self) -> tuple[float, ...]:
        """How many of each machine are compared, -."""
        return tuple(side.copies for side in self.sides) or (1.0,) * len(self.results)

    @property
    def latencies(self) -> tuple[float, ...]:
        """Time of one run, s; on a fraction of a machine it takes as much longer."""
        return tuple(r.latency / min(1.0, n) for r, n in zip(self.results, self.copies, strict=True))

    @property
    def throughputs(self) -> tuple[float, ...]:
        """Items per second of all copies together."""
        return tuple(r.throughput * n for r, n in zip(self.results, self.copies, strict=True))

    def within(self, budget: str) -> tuple[float, ...]:
        """Return items per second of as many copies as one of several budgets buys if it were the only one.

        Parameters
        ----------
        budget : str
            ``area``, ``power`` or ``cost``.

        Raises
        ------
        UsageError
            No such budget was set.
        """
        known = self.terms.budgets if self.terms else {}
        if budget not in known:
            raise UsageError(f"no budget of {budget!r} was set", hint=f"compare them with iso={budget!r}")
        whole = known[budget] or self.sides[0].takes[budget]
        return tuple(r.throughput * whole / s.takes[budget] for r, s in zip(self.results, self.sides, strict=True))

    def table(self) -> Table:
        """Return one row per machine."""
        first = self.results[0]
        many = self.terms is not None and bool(self.terms.budgets)
        columns = (
            Column("hardware", "machine"),
            *((Column("copies", "copies", show=equal.plain),) if many else ()),
            Column("latency_s", "latency", TIME),
            Column("throughput_per_s", f"{first.item}s/s", show=count),
            Column("energy_j", "energy", ENERGY),
            Column("energy_per_item_j", f"per {first.item}", ENERGY),
            *((Column("items_per_j", f"{first.item}s/J", show=count),) if self.terms is not None else ()),
            Column("power_w", "power", POWER),
            Column("bound", "bound by"),
            Column("bound_share", "of time", show=share),
            Column("boundary", "boundary"),
        )
        rows = tuple(
            (label, *((copies,) if many else ()), latency, throughput, r.energy, fraction(r.energy, r.items),
             *((fraction(r.items, r.energy),) if self.terms is not None else ()), r.power * copies, r.bound,
             fraction(r.exposed[r.bound], r.latency), r.boundary)
            for label, r, copies, latency, throughput in zip(
                self.labels, self.results, self.copies, self.latencies, self.throughputs, strict=True
            )
        )  # fmt: skip
        return Table(first.workload, columns, rows)

    def terms_table(self) -> Table:
        """Return what one copy of each machine takes, and how many there are.

        Raises
        ------
        UsageError
            The machines were compared as they are.
        """
        self._need_terms()
        return equal.table_of(self.sides, self.labels)

    def factors(self) -> Table:
        """Return what moving machines to one node multiplied by what, by which law, from which source.

        Raises
        ------
        UsageError
            The machines were compared as they are.
        """
        self._need_terms()
        return equal.factors_of(self.sides, self.labels)

    def _need_terms(self) -> None:
        if self.terms is None:
            raise UsageError("the machines were compared as they are", hint="compare them with iso='area'")

    def causes(self) -> Table:
        """Return the share of energy by standard cause, one row per machine."""
        used = [group for group in GROUPS if any(r.energy_by_cause.get(group) for r in self.results)]
        columns = (Column("hardware", "machine"), *(Column(g, g.replace("_", " "), show=share) for g in used))
        rows = tuple(
            (label, *(fraction(r.energy_by_cause.get(g, 0.0), r.energy) for g in used))
            for label, r in zip(self.labels, self.results, strict=True)
        )
        return Table("energy by cause", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return all results, ready for JSON; each with the label of its row."""
        data: dict[str, Any] = {
            "schema_version": 1,
            "workload": self.results[0].workload,
            "results": [
                {"label": label, **result.to_dict()} for label, result in zip(self.labels, self.results, strict=True)
            ],
            "warnings": list(self.warnings),
        }
        if self.terms is not None:
            data["iso"] = equal.to_dict(self.sides, self.labels, self.terms)
            sides = zip(data["iso"]["machines"], self.latencies, self.throughputs, strict=True)
            for entry, latency, throughput in sides:
                entry |= {"latency_s": latency, "throughput_per_s": throughput}
        return data

    def __str__(self) -> str:
        parts = [self.table(), self.causes()]
        if self.terms is not None:
            parts += [self.terms_table(), *([self.factors()] if self.terms.node is not None else [])]
        return "\n\n".join(str(part) for part in parts)


def compare(
    graph: Graph | str,
    machines: Iterable[Chip | System | str] | Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    iso: Terms | str | Iterable[str] | Mapping[str, Any] | None = None,
    **choices: Any,
) -> Comparison:
    """Evaluate one workload on several machines, or systems, under one policy, as they are or on equal terms.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    machines : iterable of Chip, System or str
        Machines, or their names; a single one will do.
    policy : Policy or mapping, optional
        How the runs are done.
    iso : Terms, str, iterable of str or mapping, optional
        What shall be equal: ``"node=7nm,area"``, ``{"power": "300 W"}``, ``{"cost": {"t4": 2000, "tpu-v4": 8000}}``;
        see `archsim.study.iso`.

    Raises
    ------
    UsageError
        No machine was named, or terms that make no sense.
    UnsupportedError
        A machine that cannot be moved to the node asked for.
    """
    graph = graph_of(graph)
    named = [machines] if isinstance(machines, Chip | System | str) else machines
    chips = [machine_of(machine) for machine in named]
    if not chips:
        raise UsageError("nothing to compare", hint="name at least one machine")
    labels, how = labels_of(chips), None if iso is None else terms(iso)
    sides = () if how is None else equal.moved(chips, labels, how)
    runs = [side.machine for side in sides] or chips
    return side_by_side([evaluate(graph, chip, policy, **choices) for chip in runs], labels, how, sides)


def side_by_side(
    results: Sequence[Result], labels: Sequence[str], how: Terms | None, sides: Sequence[equal.Side]
) -> Comparison:
    """Put results of one workload together: count what budgets buy, and say what is not equal.

    Parameters
    ----------
    results : sequence of Result
        One per machine.
    labels : sequence of str
        Names of the rows.
    how : Terms or None
        What shall be equal.
    sides : sequence of Side
        The machines on equal terms; empty without terms.
    """
    warnings = list(warnings_of(tuple(results)))
    if how is not None:
        hosts = [host_beside(result, side.machine) for result, side in zip(results, sides, strict=True)]
        sides = equal.counted(sides, labels, hosts, how)
        warnings += equal.remarks(sides, labels, how)
    return Comparison(tuple(results), tuple(warnings), tuple(labels), how, tuple(sides))


def warnings_of(results: tuple[Result, ...]) -> Iterable[str]:
    """Yield what makes results hard to compare, and what each of them warns of."""
    boundaries = {result.boundary for result in results}
    if len(boundaries) > 1:
        listed = ", ".join(f"{result.hardware}: {result.boundary}" for result in results)
        yield f"power and energy include different things ({listed}): compare them with care"
    yield from dict.fromkeys(text for result in results for text in result.warnings)
