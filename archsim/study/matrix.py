"""Many workloads on many machines: what each takes, what limits it, how much its host helps, and who wins.

A cell is one row of a `Comparison`; all rows of a matrix are compared on the same machines, as they are or on equal
terms, under one policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.system import System
from archsim.engine.inputs import machine_of
from archsim.engine.table import Column, Table, fraction
from archsim.errors import UsageError, did_you_mean
from archsim.study.compare import Comparison, compare
from archsim.study.iso import Terms, plain, terms
from archsim.study.lottery import Lottery, lottery

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
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
"""Kinds of limit by names of resources; memory levels are ``memory``, the rest is ``compute``."""
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
        One per row.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    machines: tuple[Chip | System, ...]
    comparisons: tuple[Comparison, ...]

    def result(self, row: str, column: str) -> Result:
        """Return what one machine made of one workload.

        Raises
        ------
        UsageError
            No such row or column.
        """
        for name, known in ((row, self.rows), (column, self.columns)):
            if name not in known:
                raise UsageError(f"the matrix has no {name!r}", hint=did_you_mean(name, known) or f"it has {known}")
        return self.comparisons[self.rows.index(row)].results[self.columns.index(column)]

    def lottery(self, metric: str = "latency") -> Lottery:
        """Return costs per item, and who wins.

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
            costs[row] = dict(zip(self.columns, found, strict=True))
            helped += [(row, column) for column in self.columns if self.host_share(row, column) > 0.0]
        return lottery(costs, helped)

    def limit(self, row: str, column: str) -> str:
        """Return what limits a cell: compute, memory, latency, weights on their way, conversion, or host."""
        result = self.result(row, column)
        if result.bound.startswith("host") or result.bound == "link to host":
            return "host"
        if result.bound in result.bytes_by_level:
            return "memory"
        return next((kind for kind, names in LIMITS.items() if result.bound in names), "compute")

    def host_share(self, row: str, column: str) -> float:
        """Return the share of a cell's time that a host and the way to it take, -."""
        result, own = self.result(row, column), self._own(column)
        away = sum(op.latency * op.count for op in result.ops if op.placed_on != own and op.kind != "collective")
        return min(1.0, fraction(away, result.latency))

    def utilisation(self, row: str, column: str) -> float:
        """Return the share of its peak that a machine reaches, on the mean over the time of a cell, -."""
        result, own = self.result(row, column), self._own(column)
        busy = sum(op.utilisation * op.latency * op.count for op in result.ops if op.placed_on == own)
        return fraction(busy, result.latency)

    def flag(self, row: str, column: str) -> str:
        """Return ``H`` where a host does most of a cell, ``h`` where it does some, else nothing."""
        part = self.host_share(row, column)
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
        """Return every cell with unit suffixes in its keys, ready for JSON."""
        return {
            "schema_version": 1,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "cells": [
                {
                    "workload": row, "hardware": column, "latency_s": self.result(row, column).latency,
                    "energy_j": self.result(row, column).energy, "items": self.result(row, column).items,
                    "utilisation": self.utilisation(row, column), "bound": self.result(row, column).bound,
                    "limit": self.limit(row, column), "host_share": self.host_share(row, column),
                }
                for row in self.rows for column in self.columns
            ],
            "latency": self.lottery("latency").to_dict(),
            "energy": self.lottery("energy").to_dict(),
        }  # fmt: skip

    def _own(self, column: str) -> str:
        """Return the name that ops give the machine of a column."""
        machine = self.machines[self.columns.index(column)]
        return machine.chip.name if isinstance(machine, System) else machine.name


def matrix(
    workloads: Mapping[str, Graph | str],
    machines: Mapping[str, Chip | System | str],
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    iso: Terms | str | Iterable[str] | Mapping[str, Any] | None = None,
    **choices: Any,
) -> Matrix:
    """Evaluate many workloads on many machines.

    Parameters
    ----------
    workloads : mapping of str to Graph or str
        Workloads by the name their row shall have.
    machines : mapping of str to Chip, System or str
        Machines by the name their column shall have.
    policy : Policy or mapping, optional
        How the runs are done.
    iso : Terms, str, iterable of str or mapping, optional
        What shall be equal, as of `compare`.

    Raises
    ------
    UsageError
        No workload, or no machine.
    """
    if not workloads or not machines:
        raise UsageError("a matrix without cells", hint="name at least one workload and one machine")
    chips = [machine_of(machine) for machine in machines.values()]
    how = None if iso is None else terms(iso)
    found = tuple(compare(graph, chips, policy, iso=how, **choices) for graph in workloads.values())
    return Matrix(tuple(workloads), tuple(machines), tuple(chips), found)
