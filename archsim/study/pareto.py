"""Points that no other point beats: the Pareto front over any number of metrics.

A point is dominated when another one is at least as good in every metric and better in one; equal points do not
dominate each other. In lexicographic order whatever dominates a point stands before it, so one pass suffices: with two
metrics against the least second one so far, with three against the least third one among smaller seconds (a binary
indexed tree), with more against the front so far. That takes n log n steps up to three metrics, n times the front
beyond.

References
----------
Kung, Luccio and Preparata: On finding the maxima of a set of vectors, Journal of the ACM 22(4), 1975,
doi:10.1145/321906.321910. Fenwick: A new data structure for cumulative frequency tables, Software: Practice and
Experience 24(3), 1994, doi:10.1002/spe.4380240306.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim import jit
from archsim.engine.table import Column, Table
from archsim.errors import UsageError, did_you_mean
from archsim.jit import Record, kernel

if TYPE_CHECKING:
    import numpy as np

COMPILED_FROM: Final = 20_000
"""Points from which on compiled code answers sooner than it can be loaded."""


@dataclass(frozen=True)
class Pareto:
    """A front.

    Attributes
    ----------
    metrics : tuple of str
        What was compared.
    indices : ndarray, (front,) int64
        Which points are on it, by the first metric, best first.
    values : ndarray, (front, metrics) float64
        Their metrics, as given.
    points : int
        How many there were, and `refused` of them were not numbers.
    """

    metrics: tuple[str, ...]
    indices: np.ndarray
    values: np.ndarray
    points: int
    refused: int = 0

    def __len__(self) -> int:
        return len(self.indices)

    def table(self) -> Table:
        """Return one row per point of the front."""
        columns = (Column("point", "point", show=str),
                   *(Column(metric, metric, show=lambda value: f"{value:.6g}") for metric in self.metrics))  # fmt: skip
        rows = tuple(
            (int(index), *(float(value) for value in row)) for index, row in zip(self.indices, self.values, strict=True)
        )
        return Table(f"{len(self)} of {self.points} points are beaten by none", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the front, ready for JSON."""
        return {
            "schema_version": 1,
            "metrics": list(self.metrics),
            "points": self.points,
            "refused": self.refused,
            "front": [
                {"point": int(index), **{name: float(value) for name, value in zip(self.metrics, row, strict=True)}}
                for index, row in zip(self.indices, self.values, strict=True)
            ],
        }

    def __str__(self) -> str:
        return str(self.table())


def pareto(points: Any, *metrics: str, maximise: Iterable[str] = ()) -> Pareto:
    """Find the points that no other one beats; less is better.

    Parameters
    ----------
    points : Points, Sweep, mapping, or array_like, (points, metrics)
        Anything that gives one number per point for a metric's name, or a table whose columns are the metrics.
    metrics : str
        Names, such as ``latency`` and ``energy``; of a table they name the columns, and all columns count.
    maximise : iterable of str
        Those of which more is better.

    Returns
    -------
    Pareto
        Points that are not numbers in some metric are never on it.

    Raises
    ------
    UsageError
        No points, no metrics, columns of different lengths, or a name that is none.
    """
    import numpy as np

    columns = _columns(getattr(points, "points", points), metrics)
    names = tuple(columns)
    more = tuple(maximise)
    for name in more:
        if name not in names:
            raise UsageError(f"cannot maximise {name!r}", hint=did_you_mean(name, names) or f"write {', '.join(names)}")
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"metrics of different lengths: {lengths}", hint="give one number per point of each")
    values = np.column_stack(list(columns.values()))
    if not len(values):
        raise UsageError("there are no points", hint="give at least one")
    sides = np.array([-1.0 if name in more else 1.0 for name in names])
    fine = np.flatnonzero(~np.isnan(values).any(axis=1))
    kept = fine[front(values[fine] * sides)]
    kept = kept[np.lexsort((values[kept] * sides).T[::-1])]
    return Pareto(names, kept, values[kept], len(values), len(values) - len(fine))


def _columns(points: Any, metrics: Sequence[str]) -> dict[str, np.ndarray]:
    """Return one array of numbers per metric."""
    import numpy as np

    if hasattr(points, "latency") and not hasattr(points, "__getitem__"):
        raise UsageError(f"{points!r} is one result", hint="give many points, such as those of a sweep")
    if len(set(metrics)) < len(metrics):
        raise UsageError(f"metrics {', '.join(metrics)}", hint="name each one once")
    if isinstance(points, Mapping) or (hasattr(points, "__getitem__") and hasattr(points, "latency")):
        names = metrics or (tuple(points) if isinstance(points, Mapping) else ())
        if not names:
            raise UsageError("no metrics to compare by", hint="name some, such as 'latency' and 'energy'")
        return {name: _numbers(name, _get(points, name)) for name in names}
    table = _numbers("points", points)
    if table.ndim != 2 or not table.shape[1]:
        raise UsageError(f"points of shape {table.shape}", hint="give a row per point and a column per metric")
    names = metrics or tuple(f"metric {index + 1}" for index in range(table.shape[1]))
    if len(names) != table.shape[1]:
        raise UsageError(f"{len(names)} names for {table.shape[1]} columns", hint="name every column")
    return {name: np.ascontiguousarray(column) for name, column in zip(names, table.T, strict=True)}


def _get(points: Any, name: str) -> Any:
    try:
        return points[name]
    except (KeyError, ValueError):
        known = list(points) if isinstance(points, Mapping) else []
        hint = did_you_mean(name, known) or (f"there are {', '.join(map(str, known))}" if known else "")
        raise UsageError(f"there is no metric {name!r}", hint=hint) from None


def _numbers(name: str, values: Any) -> np.ndarray:
    import numpy as np

    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} are not numbers", hint="give one number per point and metric") from None


def front(values: np.ndarray) -> np.ndarray:
    """Return which rows no other row dominates, (front,) int64, ascending.

    Parameters
    ----------
    values : ndarray, (points, metrics) float64
        Less is better; no NaN.
    """
    import numpy as np

    if not len(values):
        return np.zeros(0, dtype=np.int64)
    values = np.nan_to_num(values)  # infinities become the largest numbers: the tree begins with infinity
    order = _lexicographic(values)
    ordered = np.ascontiguousarray(values[order])
    first = np.ones(len(ordered), dtype=np.bool_)
    _runs(mark_first, len(ordered))(ordered, first)
    single = ordered if first.all() else np.ascontiguousarray(ordered[first])
    beaten = np.zeros(len(single), dtype=np.bool_)
    if single.shape[1] <= 3:
        ranks = _ranks(single[:, min(1, single.shape[1] - 1)])
        third = np.ascontiguousarray(single[:, single.shape[1] - 1])
        _runs(sweep_plane, len(single))(ranks, third, np.full(int(ranks.max()) + 2, np.inf), beaten)
    else:
        _runs(sweep_front, len(single))(single, np.zeros(len(single), dtype=np.int64), beaten)
    alike = np.cumsum(first) - 1  # equal rows share the fate of the first of them
    kept: np.ndarray = np.sort(order[~beaten[alike]])
    return kept


def _lexicographic(values: np.ndarray) -> np.ndarray:
    """Return the order of rows by the first metric, then by the second and so on, (rows,)."""
    import numpy as np

    order: np.ndarray = np.argsort(values[:, 0])
    first = values[order, 0]
    if (first[1:] == first[:-1]).any():  # sorting by one metric takes a fraction of the time
        order = np.lexsort(values.T[::-1])
    return order


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value among the different ones, from 0, (rows,) int64."""
    import numpy as np

    order = np.argsort(values)
    rising = values[order]
    ranks = np.zeros(len(values), dtype=np.int64)
    ranks[order[1:]] = np.cumsum(rising[1:] != rising[:-1])
    return ranks


def _runs(function: Any, points: int) -> Any:
    return jit.compiled(function) if points >= COMPILED_FROM else function


@kernel
def mark_first(ordered: Record, first: Record) -> None:
    """Mark rows that differ from the one before.

    Parameters
    ----------
    ordered : array of float, (rows, metrics)
        In lexicographic order.
    first : array of bool, (rows,)
        True at first; filled.
    """
    for row in range(1, len(ordered)):
        same = True
        for metric in range(ordered.shape[1]):
            if ordered[row, metric] != ordered[row - 1, metric]:
                same = False
                break
        first[row] = not same


@kernel
def sweep_plane(ranks: Record, third: Record, least: Record, beaten: Record) -> None:
    """Mark rows, in lexicographic order and all different, that an earlier one dominates in its other two metrics.

    Parameters
    ----------
    ranks : array of int, (rows,)
        Rank of the second metric among its values, from 0.
    third : array of float, (rows,)
        The third metric.
    least : array of float, (values + 1,)
        Binary indexed tree of the least third metric by rank of the second; infinite at first.
    beaten : array of bool, (rows,)
        Filled.
    """
    for row in range(len(ranks)):
        smallest = least[0]  # never written: infinite
        at = ranks[row] + 1
        while at > 0:
            smallest = min(smallest, least[at])
            at -= at & -at
        beaten[row] = smallest <= third[row]
        at = ranks[row] + 1
        while at < len(least):
            least[at] = min(least[at], third[row])
            at += at & -at


@kernel
def sweep_front(values: Record, kept: Record, beaten: Record) -> None:
    """Mark rows, in lexicographic order and all different, that an earlier one on the front dominates.

    Parameters
    ----------
    values : array of float, (rows, metrics)
        Less is better.
    kept : array of int, (rows,)
        Scratch: the front so far.
    beaten : array of bool, (rows,)
        Filled.
    """
    size = 0
    for row in range(len(values)):
        for index in range(size):
            other = kept[index]
            dominated = True
            for metric in range(values.shape[1]):
                if values[other, metric] > values[row, metric]:
                    dominated = False
                    break
            if dominated:
                beaten[row] = True
                if index > 0:  # what beats one row tends to beat the next: try it sooner
                    kept[index] = kept[index // 2]
                    kept[index // 2] = other
                break
        if not beaten[row]:
            kept[size] = row
            size += 1
