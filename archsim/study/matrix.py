"""Many workloads on many machines: what each takes, what limits it, how much its host helps, and who wins.

A cell is one row of a `Comparison`; all rows of a matrix are compared on the same machines, as they are or on equal
terms, under one policy. Where a machine cannot run a workload, or has no room for it, the cell has a reason and an
infinite cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.mixed import MixedSystem
from archsim.engine.evaluate import evaluate
from archsim.engine.inputs import graph_of, machine_of
from archsim.engine.place import HOST, LINK
from archsim.engine.policy import policy as make_policy
from archsim.engine.table import Column, Table, fraction
from archsim.engine.transfer import LINK_RESOURCE
from archsim.errors import UnsupportedError, UsageError, did_you_mean
from archsim.study.compare import Comparison, side_by_side
from archsim.study.iso import Side, copies_to_dict, moved, moves_to_dict, plain, settled, terms_to_dict
from archsim.study.labels import labels_of
from archsim.study.lottery import Lottery, lottery
from archsim.study.parts import away, ran_itself
from archsim.study.terms import Terms, terms

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

METRICS: Final = ("latency", "energy", "area", "power", "cost")
"""Per item: s and J of one machine; s of as many copies as one area, power or cost buys."""
LIMITS: Final[Mapping[str, tuple[str, ...]]] = {
    "latency": ("launch", "call", "latency", "waiting", "barrier"),
    "weights": ("weight writing", "weight loading", "weight setting", "pipeline fill", "fill and drain"),
    "conversion": ("light", "output converters", "input converters", "converter pipeline"),
}
"""Kinds of limit by names of resources; memory levels are ``memory``, links ``network``, the rest is ``compute``."""
MOST: Final = 0.5
"""Share of the time from which on a host does most of a run."""


@dataclass(frozen=True)
class Matrix:
    """Workloads down, machines across.

    Attributes
    ----------
    rows, columns : tuple of str
        Workloads and machines.
    machines : tuple of Chip or System
        One per column, as they were given.
    comparisons : tuple of Comparison
        One per row, of the machines that can run it.
    reasons : mapping of (str, str) to str
        Row and column of cells without a result, and why they have none.
    terms : Terms or None
        What was made equal.
    sides : tuple of Side
        The machines on equal terms, before hosts and copies were counted; empty without terms.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    machines: tuple[Chip | System, ...]
    comparisons: tuple[Comparison, ...]
    reasons: Mapping[tuple[str, str], str] = field(default_factory=dict)
    terms: Terms | None = None
    sides: tuple[Side, ...] = ()

    def result(self, row: str, column: str) -> Result:
        """Return what one machine made of one workload.

        Raises
        ------
        UsageError
            No such row or column.
        UnsupportedError
            The machine cannot run the workload.
        """
        for name, known in ((row, self.rows), (column, self.columns)):
            if name not in known:
                raise UsageError(f"the matrix has no {name!r}", hint=did_you_mean(name, known) or f"it has {known}")
        if (row, column) in self.reasons:
            raise UnsupportedError(f"{row!r} has no result on {column!r}: {self.reasons[row, column]}")
        return self.comparisons[self.rows.index(row)].results[self.able(row).index(column)]

    def able(self, row: str) -> tuple[str, ...]:
        """Return the columns that have a result of a row."""
        return tuple(column for column in self.columns if (row, column) not in self.reasons)

    def lottery(self, metric: str = "latency") -> Lottery:
        """Return costs per item, and who wins; a machine that cannot run a row has an infinite cost there.

        Parameters
        ----------
        metric : str
            ``latency`` or ``energy`` of one machine; ``area``, ``power`` or ``cost``: time of as many copies as that
            budget buys.

        Raises
        ------
        UsageError
            No such metric, or a budget the matrix was not made with.
        """
        if metric not in METRICS:
            raise UsageError(f"metric {metric!r}", hint=did_you_mean(metric, METRICS) or f"write {', '.join(METRICS)}")
        costs, helped = {}, []
        for row, each in zip(self.rows, self.comparisons, strict=True):
            if metric in ("latency", "energy"):
                found = [getattr(result, metric) / result.items for result in each.results]
            else:
                found = [1.0 / rate for rate in each.within(metric)]
            able = self.able(row)
            costs[row] = dict.fromkeys(self.columns, math.inf) | dict(zip(able, found, strict=True))
            helped += [(row, column) for column in able if self.host_share(row, column) > 0.0]
        return lottery(costs, helped)

    def limit(self, row: str, column: str) -> str:
        """Return what limits a cell: compute, memory, latency, weights on their way, conversion, network, or host."""
        result, machine = self.result(row, column), self._machine(column)
        bound, mixed = result.bound, isinstance(machine, MixedSystem)
        if bound.startswith(f"{HOST} ") or bound == LINK_RESOURCE:
            return HOST
        if any(op.placed_on == LINK and op.bound == bound for op in result.ops):
            return "network"
        if bound in result.bytes_by_level:
            return "memory"
        own = bound.partition(" ")[2] if mixed else bound  # the name of the member stands before
        return next((kind for kind, names in LIMITS.items() if own in names), "compute")

    def host_share(self, row: str, column: str) -> float:
        """Return the share of a cell's time of a host and the way to it, -; a mixed system's links are its own."""
        result, machine = self.result(row, column), self._machine(column)
        return min(1.0, fraction(sum(op.latency * op.count for op in result.ops if away(op, machine)), result.latency))

    def utilisation(self, row: str, column: str) -> float:
        """Return the share of its peak that a machine reaches, on the mean over the time of a cell, -.

        Of a mixed system each member reaches a share of its own peak while it works; its host's work does not count.
        """
        result, machine = self.result(row, column), self._machine(column)
        ran = [op for op in result.ops if ran_itself(op, machine)]
        busy = sum(op.utilisation * op.latency * op.count for op in ran)
        return fraction(busy, max(result.latency, sum(op.latency * op.count for op in ran)))

    def flag(self, row: str, column: str) -> str:
        """Return ``H`` where a host does most of a cell, ``h`` where it does some, else nothing."""
        part = self.host_share(row, column) if column in self.able(row) else 0.0
        return "H" if part > MOST else "h" if part > 0.0 else ""

    def texts(self, metric: str = "latency") -> list[list[str]]:
        """Return costs over the best of each row as people read them, flagged where a host helps."""
        found = self.lottery(metric)
        return [
            [f"{plain(cost)}{self.flag(row, name)}" for cost, name in zip(costs, self.columns, strict=True)]
            for row, costs in zip(self.rows, found.relative, strict=True)
        ]

    def table(self, metric: str = "latency") -> Table:
        """Return costs over the best of each row, flagged where a host helps; below them the indices of columns."""
        found = self.lottery(metric)
        columns = (Column("workload", "over the best"), *(Column(name, name, show=str) for name in self.columns))
        cells = [(row, *texts) for row, texts in zip(self.rows, self.texts(metric), strict=True)]
        indices = [
            ("rows won", *(f"{100.0 * found.shares[name]:.0f} %" for name in self.columns)),
            ("price of it for all", *(plain(found.prices[name]) for name in self.columns)),
            ("worst row", *(plain(found.regrets[name]) for name in self.columns)),
        ]
        return Table(metric, columns, (*cells, *indices))

    def to_dict(self) -> dict[str, Any]:
        """Return every cell with unit suffixes in its keys, ready for JSON; null, and a reason, without a result."""
        budgets = tuple(self.terms.budgets) if self.terms is not None else ()
        data: dict[str, Any] = {
            "schema_version": 1,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "cells": [self._cell(row, column) for row in self.rows for column in self.columns],
            **{metric: self.lottery(metric).to_dict() for metric in ("latency", "energy", *budgets)},
        }
        if self.terms is not None:
            moves = zip(self.columns, self.sides, strict=True)
            machines = [{"hardware": column, **moves_to_dict(side)} for column, side in moves]
            data["iso"] = {**terms_to_dict(self.terms), "machines": machines}
        return data

    def _cell(self, row: str, column: str) -> dict[str, Any]:
        named = {"workload": row, "hardware": column}
        if (row, column) in self.reasons:
            empty = dict.fromkeys(("latency_s", "energy_j", "items", "utilisation", "bound", "limit", "host_share"))
            return named | empty | {"reason": self.reasons[row, column]}
        result = self.result(row, column)
        cell = named | {
            "latency_s": result.latency, "energy_j": result.energy, "items": result.items,
            "utilisation": self.utilisation(row, column), "bound": result.bound, "limit": self.limit(row, column),
            "host_share": self.host_share(row, column), "reason": None,
        }  # fmt: skip
        sides = self.comparisons[self.rows.index(row)].sides
        return cell | (copies_to_dict(sides[self.able(row).index(column)]) if sides else {})

    def _machine(self, column: str) -> Chip | System:
        return self.machines[self.columns.index(column)]


def matrix(
    workloads: Mapping[str, Graph | str] | Iterable[Graph | str] | Graph | str,
    machines: Mapping[str, Chip | System | str] | Iterable[Chip | System | str] | Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    iso: Terms | str | Iterable[str] | Mapping[str, Any] | None = None,
    **choices: Any,
) -> Matrix:
    """Evaluate many workloads on many machines.

    A cell whose machine cannot run the workload keeps the reason; so does one without enough memory.

    Parameters
    ----------
    workloads : mapping of str to Graph or str, or iterable of these
        Workloads by the name their row shall have; without names each has its own.
    machines : mapping of str to Chip, System or str, or iterable of these
        Machines by the name their column shall have; without names each has its own.
    policy : Policy or mapping, optional
        How the runs are done.
    iso : Terms, str, iterable of str or mapping, optional
        What shall be equal, as of `compare`. Where the first machine has no result, budgets that it sets are what it
        takes by itself.

    Raises
    ------
    UsageError
        No workload, no machine, or two of one name.
    UnsupportedError
        A workload that none of the machines can run, or a machine that cannot be moved to the node asked for.
    """
    graphs, named = _named("workload", workloads), _named("machine", machines)
    if not graphs or not named:
        raise UsageError("a matrix without cells", hint="name at least one workload and one machine")
    chips = tuple(machine_of(machine) for machine in named.values())
    how, run = None if iso is None else terms(iso), make_policy(policy, **choices)
    columns, labels = tuple(named), labels_of(chips)
    sides = () if how is None else moved(chips, labels, how)
    runs = tuple(side.machine for side in sides) or chips
    found, reasons = [], {}
    for row, given in graphs.items():
        graph, results = graph_of(given), {}
        for index, machine in enumerate(runs):
            try:
                results[index] = evaluate(graph, machine, run)
            except UnsupportedError as error:
                reasons[row, columns[index]] = str(error)
        if not results:
            why = reasons[row, columns[0]]
            raise UnsupportedError(f"no machine can run {row!r}; {columns[0]}: {why}", hint=f"leave {row!r} out")
        equal = how if how is None or 0 in results else settled(how, sides[0], labels[0])
        able = [labels[index] for index in results], [sides[index] for index in results] if sides else []
        found.append(side_by_side(tuple(results.values()), able[0], equal, able[1]))
    return Matrix(tuple(graphs), columns, chips, tuple(found), reasons, how, sides)


def _named(kind: str, given: Any) -> dict[str, Any]:
    """Return what to evaluate by name: as mapped, or each by its own name."""
    if isinstance(given, Mapping):
        odd = next((name for name in given if not isinstance(name, str)), "")
        if odd != "":
            raise UsageError(f"{odd!r} is no name of a {kind}", hint="write text")
        return dict(given)
    if isinstance(given, str | PathLike) or hasattr(given, "name") or not isinstance(given, Iterable):
        given = [given]
    found: dict[str, Any] = {}
    for each in given:
        name = str(getattr(each, "name", each))
        if name in found:
            raise UsageError(f"two {kind}s are called {name!r}", hint="name them: {'first': ..., 'second': ...}")
        found[name] = each
    return found
