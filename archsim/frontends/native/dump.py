"""Write a graph down in the exact form, as plain values or as YAML text that is read back equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from archsim.errors import GraphError
from archsim.frontends.native.exact import kind_of, sizes_of
from archsim.graph import Graph, Op, Phase, Role, Tensor

SCHEMA = 1


def dump_graph(graph: Graph) -> dict[str, Any]:
    """Return every tensor and op of a graph as plain values: dicts, lists, text and numbers.

    Raises
    ------
    GraphError
        A parameter of the graph that is no plain value.
    """
    return {
        "schema": SCHEMA,
        "name": graph.name,
        "items": graph.items,
        "item": graph.item,
        "parameters": {name: _plain(graph, name, value) for name, value in graph.parameters.items()},
        "notes": list(graph.notes),
        "outputs": list(graph.outputs),
        "tensors": {key: _tensor(tensor) for key, tensor in graph.tensors.items()},
        "ops": [_op(op) for op in graph.ops],
    }


def dump_text(graph: Graph) -> str:
    """Return the same as YAML text, one line for each tensor and op."""
    lines: list[str] = []
    for key, value in dump_graph(graph).items():
        if isinstance(value, dict) and value:
            lines += [f"{key}:", *(f"  {_json(name)}: {_json(entry)}" for name, entry in value.items())]
        elif isinstance(value, list) and value:
            lines += [f"{key}:", *(f"  - {_json(entry)}" for entry in value)]
        else:
            lines.append(f"{key}: {_json(value)}")
    return "\n".join(lines) + "\n"


def _tensor(tensor: Tensor) -> dict[str, Any]:
    entry: dict[str, Any] = {"shape": list(tensor.shape), "dtype": tensor.dtype}
    if tensor.role is not Role.ACTIVATION:
        entry["role"] = str(tensor.role)
    if tensor.density != 1:
        entry["density"] = tensor.density
    if tensor.structure != "dense":
        entry["structure"] = tensor.structure
    if tensor.sources != 1:
        entry["sources"] = tensor.sources
    return entry


def _op(op: Op) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": op.name,
        "kind": kind_of(op.work),
        "sizes": _sizes(op),
        "inputs": list(op.inputs),
        "outputs": list(op.outputs),
    }
    if op.phase is not Phase.FORWARD:
        entry["phase"] = str(op.phase)
    if op.steps != 1:
        entry["steps"] = op.steps
    if op.reads:
        entry["reads"] = list(op.reads)
    if op.epilogue:
        entry["epilogue"] = [_op(inner) for inner in op.epilogue]
    return entry


def _sizes(op: Op) -> dict[str, Any]:
    sizes: dict[str, Any] = {}
    for name, field in sizes_of(type(op.work)).items():
        value = getattr(op.work, name)
        if field.default is MISSING or value != field.default:
            sizes[name] = list(value) if isinstance(value, tuple) else value
    return sizes


def _plain(graph: Graph, name: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(graph, name, inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(graph, name, inner) for key, inner in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise GraphError(
        f"the parameter {name!r} of {graph.name!r} is a {type(value).__name__}",
        hint="only text, numbers and lists of them can be written down",
    )


def _json(value: Any) -> str:
    """JSON is YAML too; what YAML does not allow as it stands is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    code = ord(letter)
    return f"\\u{code:04x}" if code < 1 << 16 else f"\\U{code:08x}"
