"""Sweeps as tables of other libraries, which are loaded only here."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from archsim.errors import MissingExtraError, UsageError
from archsim.study.points import CAUSES, METRICS

if TYPE_CHECKING:
    import numpy as np

    from archsim.study.swept import Sweep

EXTRA = "data"


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtraError(name, EXTRA) from None


def series(sweep: Sweep) -> dict[str, np.ndarray]:
    """Return every path and metric, and what binds, each (n,)."""
    import numpy as np

    found = {path: _typed(np.asarray(values)) for path, values in sweep.columns.items()}
    found |= {name: sweep.points[name] for name in (*METRICS, *CAUSES)}
    return {**found, "bound": sweep.points.bound, "reason": sweep.points.reasons}


def _typed(values: np.ndarray) -> np.ndarray:
    """Return values of one type in an array of that type: numbers that were listed as they are."""
    import numpy as np

    if values.dtype != object or not all(isinstance(value, int | float) for value in values):
        return values
    return np.array(values.tolist())


def to_pandas(sweep: Sweep) -> Any:
    """Return a DataFrame, one row per point."""
    frame = _library("pandas").DataFrame(series(sweep))
    frame.attrs = {"units": {name: sweep.unit(name) for name in frame.columns}, "workload": sweep.workload,
                   "hardware": sweep.hardware}  # fmt: skip
    return frame


def to_xarray(sweep: Sweep) -> Any:
    """Return a Dataset with the axes of a grid, or the number of the point, as dimensions."""
    import numpy as np

    xarray = _library("xarray")
    dimensions = tuple(sweep.axes) or ("point",)
    found = series(sweep)
    coordinates: dict[str, Any] = {path: _typed(np.asarray(values)) for path, values in sweep.axes.items()}
    coordinates = coordinates or {path: ("point", found[path]) for path in sweep.columns}
    data: dict[str, Any] = {name: (dimensions, values.reshape(sweep.shape))
                            for name, values in found.items() if name not in sweep.columns}  # fmt: skip
    about = {"workload": sweep.workload, "hardware": sweep.hardware, "mode": sweep.mode}
    made = xarray.Dataset(data, coords=coordinates, attrs=about)
    for name in made.variables:
        if sweep.unit(str(name)):
            made[name].attrs["units"] = sweep.unit(str(name))
    return made


def to_parquet(sweep: Sweep, file: str | os.PathLike[str]) -> None:
    """Write a Parquet file, one row per point."""
    arrow = _library("pyarrow")
    parquet = _library("pyarrow.parquet")
    found = {name: arrow.array(values.tolist() if values.dtype == object else values)
             for name, values in series(sweep).items()}  # fmt: skip
    fields = [arrow.field(name, values.type, metadata={"unit": sweep.unit(name)}) for name, values in found.items()]
    about = {"workload": sweep.workload, "hardware": sweep.hardware, "mode": sweep.mode}
    table = arrow.Table.from_arrays(list(found.values()), schema=arrow.schema(fields, metadata=about))
    try:
        parquet.write_table(table, file)
    except OSError as error:
        raise UsageError(f"cannot write to {os.fspath(file)!r}: {error}", hint="name another file") from error
