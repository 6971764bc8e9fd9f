"""Whether hardware picks the winners: indices of a matrix of costs, algorithms down and machines across.

=====================  ===========================================================================================
relative cost          c(i, j) / min over machines of c(i, .): 1 for the winner of a row
winners                share of rows that each machine wins; a row with several winners is shared among them
concentration          sum of the squares of these shares: 1 when one machine wins all, 1 / machines when all win alike
rank correlation       Kendall's tau-b between two columns of relative costs: do two machines favour the same algorithms
price of generality    exp of the mean over rows of ln relative cost: what it costs to run everything on one machine,
                       over running each algorithm on its best; the least over the machines is that of the matrix
regret                 the largest relative cost of a column: what its worst row pays
=====================  ===========================================================================================

A cost that is infinite says that a machine cannot do a row at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from archsim.errors import UsageError

TIE = 1e-9
"""Costs closer than this, relative, are alike."""


@dataclass(frozen=True)
class Lottery:
    """Costs of algorithms on machines.

    Attributes
    ----------
    rows, columns : tuple of str
        Algorithms and machines.
    costs : tuple of tuple of float
        Cost of each row on each column, above 0; whatever unit, less is better.
    helped : frozenset of (str, str)
        Row and column of cells that another machine did, such as a host; they win only where no other is as good.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    costs: tuple[tuple[float, ...], ...]
    helped: frozenset[tuple[str, str]] = frozenset()

    @cached_property
    def relative(self) -> tuple[tuple[float, ...], ...]:
        """Cost over that of the row's winner, -."""
        return tuple(tuple(cost / min(row) for cost in row) for row in self.costs)

    @cached_property
    def winners(self) -> Mapping[str, tuple[str, ...]]:
        """Machines that win each row; more than one where costs are alike."""
        found = {}
        for name, row in zip(self.rows, self.relative, strict=True):
            best = tuple(column for column, cost in zip(self.columns, row, strict=True) if cost <= 1.0 + TIE)
            found[name] = tuple(column for column in best if (name, column) not in self.helped) or best
        return found

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """Share of the rows that each machine wins; adds up to 1."""
        parts = dict.fromkeys(self.columns, 0.0)
        for names in self.winners.values():
            for name in names:
                parts[name] += 1.0 / (len(names) * len(self.rows))
        return parts

    @property
    def concentration(self) -> float:
        """Herfindahl index of the winners, -: from 1 / machines to 1."""
        return sum(part * part for part in self.shares.values())

    @cached_property
    def prices(self) -> Mapping[str, float]:
        """Geometric mean of each column's relative cost, -: the price of running everything on that machine."""
        return {
            column: math.exp(math.fsum(math.log(row[index]) for row in self.relative) / len(self.rows))
            for index, column in enumerate(self.columns)
        }

    @property
    def generalist(self) -> str:
        """The machine that runs everything at the least price."""
        return min(self.prices, key=lambda name: self.prices[name])

    @property
    def price_of_generality(self) -> float:
        """Price of running everything on the generalist, over running each row on its winner, -; at least 1."""
        return self.prices[self.generalist]

    @cached_property
    def regrets(self) -> Mapping[str, float]:
        """Largest relative cost of each column, -: what its worst row pays."""
        return {column: max(row[index] for row in self.relative) for index, column in enumerate(self.columns)}

    def tau(self, first: str, second: str) -> float:
        """Return Kendall's rank correlation of two machines' relative costs, -: 1 when they favour the same rows.

        Raises
        ------
        UsageError
            No such machine.
        """
        one, two = (self._column(name) for name in (first, second))
        return kendall(one, two)

    def _column(self, name: str) -> list[float]:
        if name not in self.columns:
            raise UsageError(f"no column is called {name!r}", hint=f"write one of {', '.join(self.columns)}")
        index = self.columns.index(name)
        return [row[index] for row in self.relative]

    def to_dict(self) -> dict[str, Any]:
        """Return costs and indices, ready for JSON; null where a machine cannot do a row, or one row ranks nothing."""

        def plain(value: float) -> float | None:
            return value if math.isfinite(value) else None

        def correlation(one: str, two: str) -> float | None:
            return self.tau(one, two) if len(self.rows) > 1 else None

        return {
            "schema_version": 1,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "costs": [[plain(cost) for cost in row] for row in self.costs],
            "winners": {row: list(names) for row, names in self.winners.items()},
            "shares": dict(self.shares),
            "concentration": self.concentration,
            "prices": {name: plain(price) for name, price in self.prices.items()},
            "generalist": self.generalist,
            "price_of_generality": plain(self.price_of_generality),
            "regrets": {name: plain(regret) for name, regret in self.regrets.items()},
            "kendall": {one: {two: correlation(one, two) for two in self.columns} for one in self.columns},
        }


def lottery(costs: Mapping[str, Mapping[str, float]], helped: Iterable[tuple[str, str]] = ()) -> Lottery:
    """Return the indices of a matrix of costs.

    Parameters
    ----------
    costs : mapping of str to mapping of str to float
        By algorithm, then by machine: time, energy, or anything of which less is better; infinite: it cannot be done.
    helped : iterable of (str, str)
        Algorithm and machine of cells that another machine did.

    Raises
    ------
    UsageError
        No rows or columns, rows of different machines, a cost that is no positive number, or a row nobody can do.
    """
    example = "give {'algorithm': {'machine': cost, ...}, ...}"
    if not isinstance(costs, Mapping) or not all(isinstance(row, Mapping) for row in costs.values()):
        raise UsageError(f"costs of a lottery are {costs!r}", hint=example)
    if not costs:
        raise UsageError("a lottery without rows", hint=example)
    rows, columns = tuple(costs), tuple(next(iter(costs.values())))
    if not columns:
        raise UsageError(f"row {rows[0]!r} names no machine", hint=example)
    for name, row in costs.items():
        if set(row) != set(columns):
            odd = sorted(str(column) for column in set(row) ^ set(columns))
            raise UsageError(f"row {name!r} has other machines than row {rows[0]!r}: {', '.join(odd)}",
                             hint="give every row a cost on every machine, infinite where it cannot run")  # fmt: skip
        for column, cost in row.items():
            if isinstance(cost, str | bool) or not _positive(cost):
                raise UsageError(f"cost of {name!r} on {column!r} is {cost!r}", hint="write a number above 0")
        if all(math.isinf(cost) for cost in row.values()):
            raise UsageError(f"no machine can do {name!r}", hint="leave the row out")
    table = tuple(tuple(float(costs[row][column]) for column in columns) for row in rows)
    return Lottery(rows, columns, table, frozenset(helped))


def kendall(first: Sequence[float], second: Sequence[float]) -> float:
    """Return Kendall's tau-b of two rankings: (agreeing - disagreeing pairs) / sqrt(pairs untied in either).

    Parameters
    ----------
    first, second : sequence of float
        Values of the same things.

    Returns
    -------
    float
        From -1 to 1, -; 0 when one of them ranks nothing.

    Raises
    ------
    UsageError
        Fewer than two values, or not as many in both.

    References
    ----------
    Kendall: The treatment of ties in ranking problems, Biometrika 33(3), 1945, doi:10.1093/biomet/33.3.239.
    """
    if len(first) != len(second) or len(first) < 2:
        raise UsageError(f"rankings of {len(first)} and {len(second)} things", hint="rank the same things, two or more")
    agreed, one_untied, two_untied = 0, 0, 0
    for i in range(len(first)):
        for j in range(i):
            one, two = _order(first[i], first[j]), _order(second[i], second[j])
            agreed += one * two
            one_untied += one * one
            two_untied += two * two
    untied = math.sqrt(one_untied * two_untied)
    return agreed / untied if untied else 0.0


def _positive(cost: Any) -> bool:
    try:
        return float(cost) > 0.0
    except (TypeError, ValueError):
        return False


def _order(one: float, two: float) -> int:
    """Return which of two values is larger: 1, -1, or 0 for neither."""
    if one == two or (math.isfinite(one) and math.isfinite(two) and abs(one - two) <= TIE * max(abs(one), abs(two))):
        return 0
    return 1 if one > two else -1
