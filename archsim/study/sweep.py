"""What changes when parameters change: one workload and one machine at every point of a space of parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import place_of
from archsim.arch.system import System
from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.engine.table import Column, Table
from archsim.errors import ArchsimError, UsageError, did_you_mean
from archsim.study.axes import GRID, Values, design
from archsim.study.groups import HARDWARE, WORKLOAD, is_outside
from archsim.study.points import METRICS, Points, Progress, evaluate_columns, known_metric
from archsim.units import Dimension

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph

SHOWN: Final = ("latency", "energy", "power", "throughput", "edp")
"""Metrics in tables and files."""


@dataclass(frozen=True)
class Sweep:
    """Costs at every point of a space of parameters.

    Attributes
    ----------
    workload, hardware : str
        What all points start from; names joined by commas where they differ.
    mode : str
        How the points were laid out, see `archsim.study.axes.MODES`.
    columns : mapping of str to sequence, (n,)
        Value of each path at each point; numbers of descriptions in SI units.
    axes : mapping of str to sequence
        On a grid, the values of each path; the last varies fastest. Empty otherwise.
    dimensions : mapping of str to Dimension
        Of those paths whose numbers have one.
    points : Points
        What they cost.
    notes : tuple of str
        What a reader should know.
    found : int
        Points that were in the store already.
    """

    workload: str
    hardware: str
    mode: str
    columns: Mapping[str, Any]
    axes: Mapping[str, Any]
    dimensions: Mapping[str, Dimension]
    points: Points
    notes: tuple[str, ...] = ()
    found: int = 0

    def __len__(self) -> int:
        return len(self.points)

    @property
    def shape(self) -> tuple[int, ...]:
        """Values along each axis of a grid; otherwise the number of points."""
        return tuple(len(values) for values in self.axes.values()) or (len(self),)

    def __getitem__(self, name: str) -> np.ndarray:
        """Return the values of a path, or a metric, at all points, (n,).

        Raises
        ------
        UsageError
            Neither.
        """
        import numpy as np

        if name in self.columns:
            return np.asarray(self.columns[name])
        known = (*self.columns, *METRICS)
        if name in METRICS or name.startswith("energy."):
            return self.points[name]
        hint = did_you_mean(str(name), known) or f"it has {', '.join(known)}"
        raise UsageError(f"the sweep has no {name!r}", hint=hint)

    def grid(self, name: str) -> np.ndarray:
        """Return the values of a path, or a metric, one array axis for each axis of the grid."""
        return self[name].reshape(self.shape)

    def unit(self, name: str) -> str:
        """Return the base unit of a path or a metric; empty for plain numbers and text."""
        if name in METRICS:
            return METRICS[name].unit
        if name.startswith("energy."):
            return METRICS["energy"].unit
        return self.dimensions[name].base if name in self.dimensions else ""

    @property
    def failed(self) -> int:
        """Points without a result."""
        return int((~self.points.ok).sum())

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What a reader must know: why points have no results, and notes on the samples."""
        import numpy as np

        codes, counts = np.unique(self.points.status, return_counts=True)
        said = [f"{count} of {len(self)} points have no result: {self.points.verdicts[code]}"
                for code, count in zip(codes.tolist(), counts.tolist(), strict=True) if code]  # fmt: skip
        return (*said, *self.notes)

    def best(self, metric: str = "edp", *, largest: bool = False) -> int:
        """Return which point has the smallest, or the largest, value of a metric.

        Raises
        ------
        UsageError
            No such metric.
        ArchsimError
            No point has a result.
        """
        import numpy as np

        values = self.points[known_metric(metric)]
        if not self.points.ok.any():
            raise ArchsimError("no point of the sweep has a result", hint=str(self.points.reasons[0]))
        return int(np.nanargmax(values) if largest else np.nanargmin(values))

    def point(self, index: int) -> dict[str, Any]:
        """Return the values of all paths at one point."""
        return {path: _plain(values[index]) for path, values in self.columns.items()}

    def table(self, which: Sequence[int] | None = None) -> Table:
        """Return the points as a table: paths, then metrics, what binds, and why there is no result if some have none.

        Parameters
        ----------
        which : sequence of int, optional
            These points, in this order; all of them when left out.
        """
        columns = [Column(path, path, self.dimensions.get(path), None if path in self.dimensions else _short)
                   for path in self.columns]  # fmt: skip
        columns += [Column(f"{name}{_SUFFIXES[name]}", _HEADINGS.get(name, name), METRICS[name].dimension,
                           None if METRICS[name].dimension else _short) for name in SHOWN]  # fmt: skip
        columns.append(Column("bound", "bound"))
        rows = range(len(self)) if which is None else [int(index) for index in which]
        some = self.points.take(list(rows))
        parts = [[_plain(values[index]) for index in rows] for values in self.columns.values()]
        parts += [some[name].tolist() for name in SHOWN]
        parts.append(some.bound.tolist())
        if self.failed:
            columns.append(Column("reason", "why there is no result"))
            parts.append(some.reasons.tolist())
        return Table(f"{self.workload} on {self.hardware}", tuple(columns), tuple(zip(*parts, strict=True)))

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON: one list per path and metric."""
        import numpy as np

        values: dict[str, Any] = {path: np.asarray(column).tolist() for path, column in self.columns.items()}
        values |= {f"{name}{_SUFFIXES[name]}": self.points[name].tolist() for name in (*SHOWN, "items")}
        values["energy_by_cause_j"] = {group: each.tolist() for group, each in self.points.energy_by_cause.items()}
        values["bound"] = self.points.bound.tolist()
        values["reason"] = self.points.reasons.tolist()
        return {
            "schema_version": 1,
            "workload": self.workload,
            "hardware": self.hardware,
            "mode": self.mode,
            "shape": list(self.shape),
            "axes": {path: np.asarray(each).tolist() for path, each in self.axes.items()},
            "units": {path: self.unit(path) for path in self.columns},
            "failed": self.failed,
            "found": self.found,
            "points": values,
            "warnings": list(self.warnings),
        }

    def to_pandas(self) -> Any:
        """Return a pandas DataFrame, one row per point; ``attrs["units"]`` has the unit of every column.

        Raises
        ------
        MissingExtraError
            pandas is not installed: it belongs to ``archsim[data]``.
        """
        from archsim.study.frames import to_pandas

        return to_pandas(self)

    def to_xarray(self) -> Any:
        """Return an xarray Dataset: one dimension per axis of a grid, or ``point``; units are attributes.

        Raises
        ------
        MissingExtraError
            xarray is not installed: it belongs to ``archsim[data]``.
        """
        from archsim.study.frames import to_xarray

        return to_xarray(self)

    def to_parquet(self, file: str | os.PathLike[str]) -> None:
        """Write a Parquet file, one row per point; units stand in the metadata of its fields.

        Raises
        ------
        MissingExtraError
            pyarrow is not installed: it belongs to ``archsim[data]``.
        """
        from archsim.study.frames import to_parquet

        to_parquet(self, file)

    def __str__(self) -> str:
        return str(self.table())


_SUFFIXES: Final = {"latency": "_s", "energy": "_j", "power": "_w", "throughput": "_per_s", "edp": "_js", "items": ""}
_HEADINGS: Final = {"throughput": "items/s", "edp": "energy x time, J s"}


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C in the middle of a sweep.

    Attributes
    ----------
    sweep : Sweep
        With what is done; the other points have no results.
    """

    def __init__(self, sweep: Sweep) -> None:
        super().__init__("interrupted")
        self.sweep = sweep


def sweep(
    graph: Graph | str | Any,
    machine: Chip | System | str,
    space: Mapping[str, Values],
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    mode: str = GRID,
    samples: int | None = None,
    seed: int = 0,
    store: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **choices: Any,
) -> Sweep:
    """Evaluate a workload on a machine at every point of a space of parameters.

    Parameters
    ----------
    graph : Graph, str or callable
        The workload or its name; to vary its arguments a name, or what makes a graph of them.
    machine : Chip, System or str
        What all points start from.
    space : mapping of str to sequence or Span
        What each path may be: ``memory.hbm.bandwidth`` and all other leaves of a description, ``workload.NAME``,
        ``policy.NAME``, ``hardware``, ``workload``.
    policy : Policy or mapping, optional
        How the runs are done; single choices may be given as keywords.
    mode : str
        ``grid``: every combination; ``zip``: side by side; ``latin-hypercube``, ``sobol``: samples of spans and lists.
    samples, seed : int
        Of the last two.
    store : path, optional
        Folder that keeps results: what is there is not computed again, so a sweep that was stopped goes on.
    executor : Executor, optional
        Where it is done, see `archsim.study.executors`; absent: here, on all processors where there is much to do.
    progress : callable, optional
        Told after each chunk of points.

    Returns
    -------
    Sweep
        Labelled results.

    Raises
    ------
    UsageError
        A space without points, or with paths that lead nowhere.
    SweepInterrupted
        Ctrl-C; carries what is done.
    """
    from archsim.study.jobs import Interrupted
    from archsim.study.store import opened

    how = make_policy(policy, **choices)
    base = _base(machine, space)
    plan = design(base, space, mode, samples, seed)
    names = _name(graph, plan.columns, WORKLOAD), _name(base, plan.columns, HARDWARE)
    dimensions = _dimensions(base, plan.columns)

    def labelled(points: Points, found: int) -> Sweep:
        return Sweep(*names, mode, plan.columns, plan.axes, dimensions, points, plan.notes, found)

    with opened(store) if store is not None else nullcontext() as kept:
        try:
            points = evaluate_columns(
                graph, base, plan.columns, how, executor=executor, progress=progress, store=kept
            )  # fmt: skip
        except Interrupted as stop:
            raise SweepInterrupted(labelled(stop.points, kept.found if kept else 0)) from None
        return labelled(points, kept.found if kept else 0)


def _base(machine: Any, space: Any) -> Chip | System:
    """Return the machine whose leaves the paths name: the first one, where it differs."""
    listed = space.get(HARDWARE) if isinstance(space, Mapping) else None
    if isinstance(listed, Sequence) and not isinstance(listed, str) and len(listed):
        return machine_of(listed[0])
    return machine_of(machine)


def _name(value: Any, columns: Mapping[str, Any], path: str) -> str:
    if path in columns:
        return ", ".join(dict.fromkeys(str(getattr(each, "name", each)) for each in columns[path]))
    return str(value if isinstance(value, str) else getattr(value, "name", getattr(value, "__name__", path)))


def _dimensions(machine: Chip | System, columns: Mapping[str, Any]) -> dict[str, Dimension]:
    import numpy as np

    found = {}
    for path, values in columns.items():
        if is_outside(path) or isinstance(machine, System) or np.asarray(values).dtype.kind != "f":
            continue
        quantity = place_of(machine.spec, path).column.quantity
        if quantity is not None:
            found[path] = quantity.dimension
    return found
