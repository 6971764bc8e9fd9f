"""The results of a sweep: labelled, with units, as tables and for other libraries."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.table import Column, Table
from archsim.errors import ArchsimError, UsageError, did_you_mean
from archsim.study.points import METRICS, Points, known_metric
from archsim.units import Dimension, format_quantity

if TYPE_CHECKING:
    import numpy as np

SHOWN: Final = ("latency", "energy", "power", "throughput", "edp")
"""Metrics in tables and files."""
ROWS: Final = 50_000
"""Rows written at a time."""
REASONS: Final = 5
"""Reasons told in warnings; all of them stand with the points."""


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
        order = [index for index in np.argsort(-counts, kind="stable").tolist() if codes[index]]
        said = [f"{counts[index]} of {len(self)} points have no result: {self.points.verdicts[codes[index]]}"
                for index in order[:REASONS]]  # fmt: skip
        if len(order) > REASONS:
            said.append(f"{len(order) - REASONS} more reasons keep points from a result")
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

    def table(
        self, which: Sequence[int] | None = None, metrics: Sequence[str] = SHOWN, *, reasons: bool | None = None
    ) -> Table:
        """Return the points as a table: paths, then metrics, what binds, and why there is no result if some have none.

        Parameters
        ----------
        which : sequence of int, optional
            These points, in this order; all of them when left out.
        metrics : sequence of str
            Metrics shown.
        reasons : bool, optional
            Whether to say why there is no result; left out: where one of these points has none.
        """
        rows = range(len(self)) if which is None else [int(index) for index in which]
        some = self.points.take(list(rows))
        columns = [_column(path, path, self.dimensions.get(path)) for path in self.columns]
        columns += [_column(key(name), _HEADINGS.get(name, name), dimension_of(name)) for name in metrics]
        columns.append(Column("bound", "bound"))
        parts = [[_plain(values[index]) for index in rows] for values in self.columns.values()]
        parts += [some[name].tolist() for name in metrics]
        parts.append(some.bound.tolist())
        if reasons or (reasons is None and not some.ok.all()):
            columns.append(Column("reason", "why there is no result"))
            parts.append(some.reasons.tolist())
        return Table(f"{self.workload} on {self.hardware}", tuple(columns), tuple(zip(*parts, strict=True)))

    def to_csv(self, which: Sequence[int] | None = None, metrics: Sequence[str] = SHOWN) -> str:
        """Return `table` as CSV, SI numbers; of many points not all rows are held at a time."""
        rows = range(len(self)) if which is None else which
        out = io.StringIO()
        for first in range(0, len(rows), ROWS):
            text = self.table(rows[first : first + ROWS], metrics, reasons=bool(self.failed)).to_csv()
            out.write(text if first == 0 else text.partition("\n")[2])
        return out.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON: one list per path and metric."""
        import numpy as np

        values: dict[str, Any] = {path: np.asarray(column).tolist() for path, column in self.columns.items()}
        values |= {key(name): self.points[name].tolist() for name in (*SHOWN, "items")}
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


_SUFFIXES: Final = {"s": "_s", "J": "_j", "W": "_w", "1/s": "_per_s", "J s": "_js"}
_HEADINGS: Final = {"throughput": "items/s", "edp": "energy x time, J s"}


def key(metric: str) -> str:
    """Return the name a metric has in JSON and CSV: with its unit."""
    unit = METRICS[metric].unit if metric in METRICS else METRICS["energy"].unit
    return metric.replace(".", "_") + _SUFFIXES.get(unit, "")


def dimension_of(metric: str) -> Dimension | None:
    """Return the dimension of a metric; None where it has no plain one."""
    return METRICS[metric].dimension if metric in METRICS else METRICS["energy"].dimension


def _column(name: str, heading: str, dimension: Dimension | None) -> Column:
    def show(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        if math.isnan(value):  # no result
            return "-"
        return f"{value:.4g}" if dimension is None else format_quantity(value, dimension)

    return Column(name, heading, dimension, show)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
