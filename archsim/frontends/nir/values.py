"""The numbers in a NIR graph: arrays of all parameters, by node and by parameter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.errors import UsageError
from archsim.frontends.nir.describe import describe
from archsim.frontends.nir.read import check_library, read_network

if TYPE_CHECKING:
    import numpy as np

Values = dict[str, dict[str, "np.ndarray"]]


def load_values(source: Any) -> tuple[dict[str, Any], Values]:
    """Return a NIR graph as plain values, see `archsim.frontends.nir.describe`, and its arrays.

    Parameters
    ----------
    source : str, Path or nir.NIRGraph
        A ``.nir`` file, read in a process of its own, or a graph in memory.

    Raises
    ------
    UsageError
        Neither.
    ImportFormatError
        A file that is no NIR graph.
    MissingExtraError
        The `nir` package is not installed.
    """
    import numpy as np

    if isinstance(source, str | Path):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "arrays.npz"
            described = read_network(Path(source), str(file))
            with np.load(file) as read:
                names = read["names"].tolist()
                found = {(node, key): read[f"array_{index}"] for index, (node, key) in enumerate(names)}
    else:
        check_library()
        if type(source).__name__ != "NIRGraph":
            raise UsageError(f"{type(source).__name__} is no NIR graph", hint="give a .nir file or a nir.NIRGraph")
        described = describe(source)
        found = {(node, key): value for node, key, value in _arrays(source, "")}
    values: Values = {}
    for (node, key), value in found.items():
        values.setdefault(node, {})[key] = value
    return described, values


def write_values(network: Any, path: str) -> None:
    """Write all arrays of a graph to an ``.npz`` file, and which node and parameter each belongs to."""
    import numpy as np

    found = list(_arrays(network, ""))
    names = np.array([(node, key) for node, key, _ in found], dtype=str).reshape(len(found), 2)
    arrays: dict[str, Any] = {f"array_{index}": value for index, (_, _, value) in enumerate(found)}
    np.savez(path, names=names, **arrays)


def _arrays(graph: Any, prefix: str) -> Iterator[tuple[str, str, np.ndarray]]:
    import numpy as np

    for name, node in graph.nodes.items():
        if hasattr(node, "nodes"):
            yield from _arrays(node, f"{prefix}{name}/")
            continue
        for key, value in vars(node).items():
            if isinstance(value, np.ndarray | float | int) and np.asarray(value).dtype.kind in "biuf":
                yield f"{prefix}{name}", key, np.asarray(value, dtype=np.float64)
