"""The public door: a module, an exported program or a ``.pt2`` file in, a graph out."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from archsim.errors import ArchsimError, ImportFormatError, MissingExtraError, UsageError
from archsim.frontends.files import read_bytes
from archsim.frontends.torch_export.walk import Walk, unmapped
from archsim.graph import Graph, GraphBuilder, Role
from archsim.graph.dtypes import dtype as number_format

LARGEST_FILE: Final = 2**36
LARGEST_PART: Final = 2**28
"""Of a .pt2 archive everything but weights is small; more than this, unpacked, is not read, byte."""
_SIGNATURE: Final = b"PK\x03\x04"


def load_torch(
    module: Any,
    example_inputs: Sequence[Any] = (),
    *,
    keywords: Mapping[str, Any] | None = None,
    name: str = "",
    dtype: str = "",
    unknown: str = "error",
) -> Graph:
    """Read a PyTorch module as a workload.

    Nothing is computed: a module on the meta device (``with torch.device("meta"): Model()``) needs no memory for its
    weights, and example inputs follow it there. Call ``module.eval()`` first for inference.

    Parameters
    ----------
    module : torch.nn.Module, torch.export.ExportedProgram, str or Path
        The network, what torch.export made of it, or a ``.pt2`` file.
    example_inputs : sequence
        Positional inputs of a module; only shapes and number formats matter.
    keywords : mapping of str to object, optional
        Inputs by name.
    name : str
        Name of the workload; empty: that of the class or the file.
    dtype : str
        Number format that stands in for every plain float; empty: as exported.
    unknown : str
        What to do with an operator archsim has no rule for: ``error``, or ``opaque``, which charges the bytes it
        moves.

    Raises
    ------
    ImportFormatError
        The module cannot be exported, or holds an operator or a size that is not known.
    UsageError
        An argument that cannot be used.
    MissingExtraError
        PyTorch is not installed.
    """
    torch = torch_library()
    if unknown not in ("error", "opaque"):
        raise UsageError(f"unknown={unknown!r}", hint="write 'error' or 'opaque'")
    if dtype:
        number_format(dtype)
    title, program = _program(torch, module, example_inputs, dict(keywords or {}))
    program = _decomposed(torch, program)
    names = unmapped(program.graph.nodes)
    if names and unknown == "error":
        listed = ", ".join(f"{target} x{times}" for target, times in names.most_common(8))
        raise ImportFormatError(f"{names.total()} calls of operators archsim does not know: {listed}",
                                hint="pass unknown='opaque' to charge only the bytes they move")  # fmt: skip
    return _walked(program, name or title, dtype, unknown)


def torch_library() -> Any:
    """Import PyTorch.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import torch
        import torch.export
    except ImportError as error:
        raise MissingExtraError("torch", "torch") from error
    return torch


def _program(torch: Any, module: Any, inputs: Sequence[Any], keywords: dict[str, Any]) -> tuple[str, Any]:
    if isinstance(module, str | Path):
        return Path(module).stem, _read(torch, Path(module))
    if isinstance(module, torch.export.ExportedProgram):
        return type(module.graph_module).__name__, module
    if not isinstance(module, torch.nn.Module):
        raise UsageError(f"{type(module).__name__} is no torch.nn.Module",
                         hint="give a module, an exported program or a .pt2 file")  # fmt: skip
    if any(parameter.is_meta for parameter in module.parameters()):
        inputs = [_to_meta(torch, value) for value in inputs]
        keywords = {key: _to_meta(torch, value) for key, value in keywords.items()}
    try:
        return type(module).__name__, torch.export.export(module, tuple(inputs), keywords)
    except Exception as error:
        # torch.export fails with exceptions of many kinds; all mean that this module has no static graph.
        text = " ".join(str(error).split())[:300] or type(error).__name__
        raise ImportFormatError(
            f"torch.export cannot export {type(module).__name__}: {text}", hint="check the example inputs"
        ) from error


def _to_meta(torch: Any, value: Any) -> Any:
    return value.to("meta") if isinstance(value, torch.Tensor) else value


def _read(torch: Any, path: Path) -> Any:
    content = read_bytes(path, LARGEST_FILE)
    if not content.startswith(_SIGNATURE):
        raise ImportFormatError(f"{path.name!r} is not a .pt2 file", hint="write it with torch.export.save")
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip() if _bounded(archive, len(content)) else "its table of contents"
        program = None if damaged else torch.export.load(path)
    except Exception as error:
        # A damaged archive surfaces as whatever torch stumbles over first.
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImportFormatError(f"{path.name!r} is not a complete .pt2 file: {text}", hint="export it again") from error
    if program is None:
        raise ImportFormatError(f"{path.name!r} is damaged at {damaged}", hint="export it again")
    return program


def _bounded(archive: zipfile.ZipFile, size: int) -> bool:
    """Whether no part of the archive claims to unpack to more than the file can hold, or than is sensible."""
    return all(part.file_size <= max(LARGEST_PART, size) for part in archive.infolist())


def _decomposed(torch: Any, program: Any) -> Any:
    """Let PyTorch itself take apart what archsim has no rule for; everything else stays whole."""
    missing = unmapped(program.graph.nodes)
    table = torch.export.default_decompositions() if missing else {}
    chosen = {target: table[target] for target in missing if target in table}
    if not chosen:
        return program
    try:
        return program.run_decompositions(chosen)
    except Exception as error:
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImportFormatError(f"PyTorch cannot decompose {', '.join(map(str, chosen))}: {text}") from error


def _walked(program: Any, name: str, dtype: str, unknown: str) -> Graph:
    b = GraphBuilder(name, parameters={"dtype": dtype} if dtype else {})
    walk = Walk(b, dtype, unknown)
    try:
        outputs = walk.run(program.graph, program.graph_module, list(_given(walk, program)))
    except ArchsimError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:200] or type(error).__name__
        raise ImportFormatError(f"{name!r} cannot be read: {text}") from error
    for value in _flat(outputs):
        if value.source.tensor is not None:
            b.output(value.source.tensor)
    first = next((node.meta["val"] for node in program.graph.nodes if _is_input(program, node)), None)
    b.items = int(first.shape[0]) if first is not None and len(first.shape) and first.shape[0] else 1
    return b.build()


def _given(walk: Walk, program: Any) -> Any:
    """Values of the program's placeholders: parameters, buffers, constants, inputs. Tied parameters are one."""
    signature = program.graph_signature
    known: dict[Any, Any] = {}
    for node in program.graph.nodes:
        if node.op != "placeholder":
            continue
        if node.name in signature.inputs_to_parameters:
            path = signature.inputs_to_parameters[node.name]
            key = id(program.state_dict.get(path, node))
            if key not in known:
                known[key] = walk.source(node, path.replace(".", "/"), Role.WEIGHT)
            yield known[key]
        elif node.name in signature.inputs_to_buffers:
            path = signature.inputs_to_buffers[node.name]
            yield walk.source(node, path.replace(".", "/"), Role.STATE)
        elif node.name in signature.inputs_to_lifted_tensor_constants:
            yield walk.source(node, node.name, Role.STATE, constant=True)
        else:
            yield walk.source(node, node.name, Role.INPUT)


def _is_input(program: Any, node: Any) -> bool:
    return (
        node.op == "placeholder"
        and node.name in program.graph_signature.user_inputs
        and "val" in node.meta
        and hasattr(node.meta["val"], "shape")
    )


def _flat(outputs: Any) -> Any:
    for value in outputs if isinstance(outputs, list | tuple) else [outputs]:
        if isinstance(value, list | tuple):
            yield from _flat(value)
        elif hasattr(value, "source"):
            yield value
