"""The public door: an ONNX file in, a graph and its coverage out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.errors import ArchsimError, GraphError, ImportFormatError, UsageError
from archsim.frontends.coverage import Coverage
from archsim.frontends.onnx.attention_pattern import recognise_attention
from archsim.frontends.onnx.dims import Dims
from archsim.frontends.onnx.emit import Emitter
from archsim.frontends.onnx.read import onnx_library, read_model
from archsim.frontends.onnx.rescale import Rescale, check_rescaled, not_exact
from archsim.frontends.onnx.walk import Walk
from archsim.graph import Graph
from archsim.graph.dtypes import dtype as number_format


@dataclass(frozen=True)
class Imported:
    """What an import gives.

    Attributes
    ----------
    graph : Graph
        The workload; its notes list everything opaque, skipped or assumed.
    coverage : Coverage
        What became of every node.
    """

    graph: Graph
    coverage: Coverage


def load_onnx(
    path: str | Path,
    *,
    bind: Mapping[str, int] | None = None,
    unknown: str = "error",
    dtype: str | None = None,
    batch: int | None = None,
) -> Graph:
    """Read an ONNX file as a workload; see `import_onnx`."""
    return import_onnx(path, bind=bind, unknown=unknown, dtype=dtype, batch=batch).graph


def import_onnx(
    path: str | Path,
    *,
    bind: Mapping[str, int] | None = None,
    unknown: str = "error",
    dtype: str | None = None,
    batch: int | None = None,
    attention: bool = True,
) -> Imported:
    """Read an ONNX file as a workload: its topology, never its weights, whose files need not even be there.

    Parameters
    ----------
    path : str or Path
        The ``.onnx`` file.
    bind : mapping of str to int, optional
        Sizes of the dimensions the file leaves open, by name; an axis without a name is ``tensor.axis``.
    unknown : str
        What to do with an operator archsim has no rule for: ``error``, ``opaque`` (charge the bytes it moves) or
        ``skip``. The last two are listed in the graph's notes.
    dtype : str, optional
        Number format that replaces every plain float of the file.
    batch : int, optional
        Leading size of the first input: binds it when it is open; when it is a fixed number, replaces it if every op
        then does exactly proportionally more.
    attention : bool
        Recognise matmul, softmax, matmul as one attention op.

    Raises
    ------
    ImportFormatError
        Not an ONNX file, a dimension left open, an unknown operator, shapes that do not fit.
    GraphError
        The graph has nothing to compute.
    UsageError
        An argument that cannot be used, or a `bind` of a name the file does not have.
    MissingExtraError
        The `onnx` package is not installed.
    """
    onnx = onnx_library()
    if dtype is not None:
        number_format(dtype)
    if batch is not None and (isinstance(batch, bool) or not isinstance(batch, int) or batch < 1):
        raise UsageError(f"batch={batch!r}", hint="write a whole number of at least 1")
    if not isinstance(path, str | Path):
        raise UsageError(f"{path!r} is no path of a file", hint="write a path, such as 'model.onnx'")
    path = Path(path)
    model = read_model(path)
    names, rescale = _batched(model, dict(bind or {}), batch)
    dims = Dims(names)
    dims.check(model.graph)

    def run(change: Rescale) -> Imported:
        return _walked(onnx, model, dims, change, path, unknown, dtype)

    if rescale.ratio == 1:
        imported = run(Rescale())
    else:
        before = run(Rescale())
        try:
            imported = run(rescale)
        except ImportFormatError as error:
            raise not_exact(f"fails: {error.message}", rescale) from error
        check_rescaled(before.graph, imported.graph, rescale)
    graph = recognise_attention(imported.graph) if attention else imported.graph
    return Imported(graph, imported.coverage)


def _walked(
    onnx: Any, model: Any, dims: Dims, rescale: Rescale, path: Path, unknown: str, dtype: str | None
) -> Imported:
    emitter = Emitter(dtype)
    try:
        walk = Walk(onnx, model, dims, emitter, unknown, rescale)
        outputs = walk.run()
        first = next((value for value in walk.inputs if value.shape), None)
        parameters: dict[str, object] = {"file": path.name, **dims.bound}
        if rescale.ratio != 1:
            parameters["batch"] = rescale.new
        if dtype is not None:
            parameters["dtype"] = dtype
        parameters["coverage"] = walk.coverage.as_dict()
        graph = emitter.build(path.stem, outputs, max(first.shape[0], 1) if first else 1, parameters)
    except GraphError as error:
        raise GraphError(f"{path.name!r}: {error.message}", hint=error.hint) from error
    except ArchsimError:
        raise
    except Exception as error:
        # The onnx library meets a damaged file with exceptions of many kinds.
        text = " ".join(str(error).split()) or type(error).__name__
        raise ImportFormatError(f"{path.name!r} is not a legal ONNX graph: {text[:300]}") from error
    return Imported(graph, walk.coverage)


def _batched(model: Any, names: dict[str, int], batch: int | None) -> tuple[dict[str, int], Rescale]:
    """Express `batch` as a bound name or as the change of a fixed size."""
    if batch is None:
        return names, Rescale()
    stored = {tensor.name for tensor in model.graph.initializer}
    entry = next((entry for entry in model.graph.input if entry.name not in stored), None)
    if entry is None or not len(entry.type.tensor_type.shape.dim):
        raise ImportFormatError(f"batch={batch} has no place: the file has no input with axes", hint="leave it out")
    dim = entry.type.tensor_type.shape.dim[0]
    if dim.WhichOneof("value") == "dim_value" and dim.dim_value > 0:
        return names, Rescale(int(dim.dim_value), batch)
    name = dim.dim_param or f"{entry.name}.0"
    if names.get(name, batch) != batch:
        raise UsageError(f"batch={batch} and bind {name}={names[name]} contradict each other", hint="give one of them")
    return {**names, name: batch}, Rescale()
