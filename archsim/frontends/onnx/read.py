"""Read an ONNX file as topology: the structure is kept, the weights are not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from archsim.errors import ImportFormatError, MissingExtraError

LARGEST_FILE = 2**31
"""Protobuf's own limit, byte."""
SMALL = 1024
"""Payloads up to this size (byte) are kept: shapes, axes, resize scales."""

_EXTERNAL = 1


def onnx_library() -> Any:
    """Import the `onnx` package.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        import onnx
        import onnx.shape_inference
    except ImportError as error:
        raise MissingExtraError("onnx", "onnx") from error
    return onnx


def read_model(path: Path) -> Any:
    """Parse the file and return its ``ModelProto`` without weights; external weight files are never opened.

    Raises
    ------
    ImportFormatError
        No such file, not an ONNX file, cut off, or without nodes.
    MissingExtraError
        The `onnx` package is not installed.
    """
    onnx = onnx_library()
    model, content = onnx.ModelProto(), _bytes(path)
    try:
        model.ParseFromString(content)
    except Exception as error:
        # The class of protobuf's decode error moves between its versions; whatever it raises means the same.
        raise ImportFormatError(
            f"{path.name!r} is not a complete ONNX file", hint="export it again, or check that the copy is whole"
        ) from error
    if not model.graph.node:
        raise ImportFormatError(f"the ONNX graph in {path.name!r} has no nodes", hint="export the model again")
    _check_text(model.graph, path)
    strip(model.graph)
    return _inlined(model, path) if len(model.functions) else model


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise ImportFormatError(f"{str(path)!r} is a folder", hint="give the .onnx file inside it")
    try:
        size = path.stat().st_size
        if size >= LARGEST_FILE:
            raise ImportFormatError(
                f"{path.name!r} has {size} bytes, more than protobuf can read",
                hint="save it with external data; the weights themselves are not needed",
            )
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise ImportFormatError(f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise ImportFormatError(f"{path.name!r} is empty", hint="export the model again")
    if content.startswith(b"version https://git-lfs"):
        raise ImportFormatError(f"{path.name!r} is a Git LFS pointer, not the model", hint="run: git lfs pull")
    return content


def _check_text(graph: Any, path: Path) -> None:
    """Raise when a name is not UTF-8: protobuf then hands out bytes, which are equal to no name."""
    names = [text for node in graph.node for text in (node.name, node.op_type, node.domain, *node.input, *node.output)]
    for entry in (*graph.input, *graph.output, *graph.value_info):
        names += [entry.name, *(dim.dim_param for dim in entry.type.tensor_type.shape.dim)]
    names += [tensor.name for tensor in graph.initializer]
    if any(isinstance(name, bytes) for name in names):
        raise ImportFormatError(
            f"{path.name!r} holds a name that is not text", hint="the file is damaged; export it again"
        )


def strip(graph: Any) -> None:
    """Drop every initialiser payload that is not small."""
    for tensor in graph.initializer:
        if tensor.data_location == _EXTERNAL or tensor.ByteSize() > SMALL + 512 or math.prod(tensor.dims) > SMALL:
            for payload in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
                tensor.ClearField(payload)


def _inlined(model: Any, path: Path) -> Any:
    """Replace calls of the model's own functions by their bodies."""
    try:
        from onnx import inliner

        return inliner.inline_local_functions(model)
    except Exception as error:
        raise ImportFormatError(f"the functions of {path.name!r} cannot be put in line: {error}") from error
