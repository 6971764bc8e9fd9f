"""Who reads what: nodes whose results reach an output, and names a node reads, its subgraphs included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def reads(proto: Any) -> set[str]:
    """Names a node reads, those inside its subgraphs included."""
    found = {name for name in proto.input if name}
    for attribute in proto.attribute:
        graphs = [attribute.g] if attribute.HasField("g") else []
        for graph in (*graphs, *attribute.graphs):
            found |= {entry.name for entry in graph.output}
            for inner in graph.node:
                found |= reads(inner)
    return found


def names_read(nodes: Iterable[Any]) -> set[str]:
    """Names any of the nodes reads."""
    found: set[str] = set()
    for proto in nodes:
        found |= reads(proto)
    return found


def live_nodes(graph: Any, outputs: Iterable[str]) -> tuple[list[Any], list[Any]]:
    """Nodes that some output depends on, and the others, both in the file's order."""
    wanted = set(outputs)
    live: list[Any] = []
    dead: list[Any] = []
    for proto in reversed(graph.node):
        if any(name in wanted for name in proto.output if name):
            wanted |= reads(proto)
            live.append(proto)
        else:
            dead.append(proto)
    return live[::-1], dead[::-1]
