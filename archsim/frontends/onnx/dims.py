"""Symbolic dimensions: which names a file leaves open, and what the caller binds them to."""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable, Mapping
from typing import Any, Final

from archsim.errors import ImportFormatError, UnknownNameError, UsageError

_OPERATORS: Final[dict[type[ast.AST], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}
_LONGEST = 200


class Dims:
    """The names bound by the caller, checked against those the file has.

    Parameters
    ----------
    bind : mapping of str to int
        Sizes by name; an axis without a name is called ``tensor.axis``, for example ``images.0``.
    """

    def __init__(self, bind: Mapping[str, int]) -> None:
        for name, size in bind.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 0:
                raise UsageError(f"cannot bind {name}={size!r}", hint="write a whole number that is not negative")
        self.bound = dict(bind)

    def check(self, graph: Any) -> None:
        """Raise when a bound name occurs nowhere in the file.

        Raises
        ------
        UnknownNameError
            Names the nearest dimensions.
        """
        known = set(names_in(graph.input)) | set(names_in(graph.output)) | set(names_in(graph.value_info))
        tensors = {name for node in graph.node for name in node.output} | {entry.name for entry in graph.input}
        for name in self.bound:
            if name in known or _is_axis(name, tensors):
                continue
            listed = ", ".join(sorted(known)) or "none"
            raise UnknownNameError("dimension", name, known, hint=f"the file leaves open: {listed}")

    def size(self, dim: Any, tensor: str, axis: int) -> int | None:
        """Concrete size of a protobuf dimension, or None when it is open."""
        if dim.WhichOneof("value") == "dim_value" and dim.dim_value >= 0:
            return int(dim.dim_value)
        unnamed = f"{tensor}.{axis}"
        return self.bound[unnamed] if unnamed in self.bound else self._evaluate(dim.dim_param)

    def shape(self, proto: Any, tensor: str) -> tuple[int | None, ...]:
        """Sizes of a protobuf shape; None for those still open."""
        return tuple(self.size(dim, tensor, axis) for axis, dim in enumerate(proto.dim))

    def concrete(self, proto: Any, tensor: str) -> tuple[int, ...]:
        """Sizes of a protobuf shape.

        Raises
        ------
        ImportFormatError
            One is open; the message says how to bind it.
        """
        sizes = []
        for axis, dim in enumerate(proto.dim):
            size = self.size(dim, tensor, axis)
            if size is None:
                raise open_dimension(dim.dim_param or f"{tensor}.{axis}", tensor, axis)
            sizes.append(size)
        return tuple(sizes)

    def _evaluate(self, text: str) -> int | None:
        if text in self.bound:
            return self.bound[text]
        tree = _parsed(text)
        try:
            size = None if tree is None else self._reduce(tree)
        except (ZeroDivisionError, RecursionError):
            return None
        return size if size is not None and size >= 0 else None

    def _reduce(self, tree: ast.expr) -> int | None:
        if isinstance(tree, ast.Name):
            return self.bound.get(tree.id)
        if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
            return tree.value
        if isinstance(tree, ast.BinOp) and type(tree.op) in _OPERATORS:
            left, right = self._reduce(tree.left), self._reduce(tree.right)
            return None if left is None or right is None else int(_OPERATORS[type(tree.op)](left, right))
        return None


def open_dimension(name: str, tensor: str, axis: int) -> ImportFormatError:
    """Return the error for a dimension nobody bound."""
    parts = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if (tree := _parsed(name)) else []
    wanted = " ".join(f"--bind {part}=1" for part in dict.fromkeys(parts)) or f"--bind {name}=1"
    return ImportFormatError(
        f"dimension {name!r} (axis {axis} of tensor {tensor!r}) is open",
        hint=f"give it a size: {wanted}",
    )


def names_in(entries: Iterable[Any]) -> list[str]:
    """Names of the symbolic dimensions of some value infos, sums taken apart."""
    found: list[str] = []
    for entry in entries:
        for axis, dim in enumerate(entry.type.tensor_type.shape.dim):
            if dim.WhichOneof("value") == "dim_value" and dim.dim_value >= 0:
                continue
            tree = _parsed(dim.dim_param)
            parts = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
            found += [dim.dim_param, *parts] if dim.dim_param else [f"{entry.name}.{axis}"]
    return list(dict.fromkeys(found))


def _parsed(text: str) -> ast.expr | None:
    # A hyphen without spaces belongs to a name such as "batch-size".
    if not text or len(text) > _LONGEST or ("-" in text and " - " not in text):
        return None
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_axis(name: str, tensors: set[str]) -> bool:
    tensor, dot, axis = name.rpartition(".")
    return bool(dot) and axis.isdigit() and tensor in tensors
