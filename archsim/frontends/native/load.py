"""Read a workload description, in the short form (``layers:``) or in the exact form (``tensors:`` and ``ops:``)."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from archsim.errors import ArchsimError, InvalidDescriptionError
from archsim.frontends.fields import Node
from archsim.frontends.native.dump import SCHEMA
from archsim.frontends.native.exact import TENSOR_KEYS, read_op, read_tensor
from archsim.frontends.native.layers import Layers
from archsim.graph import Graph, GraphBuilder, Role, Tensor, check_graph
from archsim.graph.dtypes import NAMES
from archsim.io import yaml
from archsim.io.yaml import Document

_BOTH: Final = ("schema", "name", "title", "aliases", "items", "item", "notes", "outputs")
_SHORT: Final = (*_BOTH, "dtype", "inputs", "weights", "state", "layers")
_EXACT: Final = (*_BOTH, "parameters", "tensors", "ops")
_ROLES: Final = {"inputs": Role.INPUT, "weights": Role.WEIGHT, "state": Role.STATE}


def load_workload(path: str | Path) -> Graph:
    """Read a workload from a YAML or JSON file.

    Raises
    ------
    UsageError
        No such file.
    InvalidDescriptionError
        Anything that is wrong in it, with ``file:line:col``.
    """
    return read_workload(yaml.load(path))


def read_workload(document: Document) -> Graph:
    """Read a workload from a document of `archsim.io.yaml`."""
    root = Node(document, (), document.tree)
    exact = isinstance(document.tree, dict) and "ops" in document.tree
    entries = root.mapping(_EXACT if exact else _SHORT, what="a description: schema: 1, name: ..., layers: ...")
    _check_schema(root, entries)
    name = entries["name"].text() if "name" in entries else Path(document.name).stem
    try:
        return _exact(root, name, entries) if exact else _short(root, name, entries)
    except InvalidDescriptionError as error:
        if error.where:
            raise
        raise root.wrong(error.message, error.hint) from error


def _check_schema(root: Node, entries: dict[str, Node]) -> None:
    if "schema" not in entries:
        raise root.wrong("'schema' is missing", f"start with schema: {SCHEMA}")
    if entries["schema"].integer() != SCHEMA:
        raise entries["schema"].wrong(f"schema is {entries['schema'].value}", f"this version reads schema: {SCHEMA}")


def _short(root: Node, name: str, entries: dict[str, Node]) -> Graph:
    if "layers" not in entries:
        raise root.wrong("'layers' is missing", "write layers: and a list, or ops: and tensors: for the exact form")
    builder = GraphBuilder(name, dtype=_format(entries["dtype"]) if "dtype" in entries else "fp16", **_about(entries))
    layers = Layers(builder, _given(builder, entries))
    for node in entries["layers"].items("a list of layers"):
        layers.add(node)
    for note in _texts(entries, "notes"):
        builder.note(note)
    for node in entries["outputs"].items("a list of names") if "outputs" in entries else ():
        builder.output(layers.named(node))
    return builder.build()


def _given(builder: GraphBuilder, entries: dict[str, Node]) -> dict[str, Tensor]:
    """Register inputs, weights and state; the inputs come last, so that the first layer reads the last of them."""
    known: dict[str, Tensor] = {}
    for section in ("weights", "state", "inputs"):
        for name, node in (entries[section].mapping() if section in entries else {}).items():
            if name in known:
                raise node.wrong(f"there is already something called {name!r}", "choose another name", key=True)
            sizes = node if isinstance(node.value, dict) else Node(node.document, node.path, {"shape": node.value})
            made = _tensor(name, sizes, node)
            known[name] = builder.tensor(
                name,
                made.shape,
                _ROLES[section],
                dtype=made.dtype if "dtype" in sizes.value else None,
                density=made.density,
                structure=made.structure,
            )
    return known


def _tensor(name: str, sizes: Node, node: Node) -> Tensor:
    sizes.mapping(
        [key for key in TENSOR_KEYS if key not in ("role", "sources")], what="its sizes, such as [8, 3, 224, 224]"
    )
    if not isinstance(sizes.value.get("shape"), list):
        raise node.wrong(f"{name!r} has no sizes", "write a list of whole numbers, such as [8, 3, 224, 224]")
    if sizes is not node:
        Node(node.document, node.path, node.value).integers()
    elif "dtype" in sizes.value:
        _format(Node(node.document, (*node.path, "dtype"), sizes.value["dtype"]))
    return read_tensor(name, sizes)


def _exact(root: Node, name: str, entries: dict[str, Node]) -> Graph:
    if "tensors" not in entries:
        raise root.wrong("'tensors' is missing", "ops: go with tensors:, which say every shape")
    tensors = {key: read_tensor(key, node) for key, node in entries["tensors"].mapping().items()}
    parameters = entries["parameters"].mapping() if "parameters" in entries else {}
    about = _about(entries)
    graph = Graph(
        name,
        tuple(read_op(node) for node in entries["ops"].items("a list of ops")),
        MappingProxyType(tensors),
        _texts(entries, "outputs"),
        about.get("items", 1),
        about.get("item", "item"),
        MappingProxyType({key: _frozen(node.value) for key, node in parameters.items()}),
        _texts(entries, "notes"),
    )
    try:
        check_graph(graph)
    except ArchsimError as error:
        raise entries["ops"].wrong(error.message, error.hint) from error
    return graph


def _about(entries: dict[str, Node]) -> dict[str, Any]:
    about: dict[str, Any] = {}
    if "items" in entries:
        about["items"] = entries["items"].number()
    if "item" in entries:
        about["item"] = entries["item"].text()
    return about


def _texts(entries: dict[str, Node], key: str) -> tuple[str, ...]:
    return entries[key].texts() if key in entries else ()


def _format(node: Node) -> str:
    name = node.text()
    if name not in NAMES:
        raise node.wrong(f"there is no number format {name!r}", f"write one of {', '.join(NAMES)}")
    return name


def _frozen(value: Any) -> Any:
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value
