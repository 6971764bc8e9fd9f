"""A NIR graph as a flat list in an order that can be executed: subgraphs opened, loops cut behind a neuron."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from archsim.errors import ImportFormatError
from archsim.frontends.nir.parameters import Parameters

SPIKING: Final = frozenset({"CubaLIF", "IF", "LIF", "Threshold"})
INTEGRATING: Final = frozenset({"CubaLI", "I", "LI"})
SYNAPSES: Final = frozenset({"Affine", "Conv1d", "Conv2d", "Linear"})
PASSING: Final = frozenset({"AvgPool2d", "Delay", "Flatten", "Scale", "SumPool2d"})
"""What a spike goes through on its way to the next synapses."""
KNOWN: Final = SPIKING | INTEGRATING | SYNAPSES | PASSING | {"Input", "Output"}

_DEEPEST: Final = 20
_MOST_LOOPS: Final = 10_000


@dataclass
class Node:
    """One primitive.

    Attributes
    ----------
    name : str
        Its name, with those of the subgraphs around it in front.
    kind : str
        Name of the primitive.
    parameters : Parameters
        Its numbers.
    inputs : list of str
        Nodes it reads in this timestep.
    previous : list of str
        Neurons whose spikes of the last timestep it reads.
    """

    name: str
    kind: str
    parameters: Parameters
    inputs: list[str] = field(default_factory=list)
    previous: list[str] = field(default_factory=list)

    @property
    def passes(self) -> bool:
        """Whether it is an inner end of a subgraph, which hands on what it gets."""
        return self.kind in ("Input", "Output")


def flatten(graph: dict[str, Any]) -> dict[str, Node]:
    """Return all primitives by name, in execution order.

    Raises
    ------
    ImportFormatError
        An unknown primitive, an edge from or to nothing, or a loop without a neuron in it.
    """
    nodes: dict[str, Node] = {}
    edges: dict[tuple[str, str], None] = {}
    _open(graph, "", nodes, edges, 0)
    return _order(nodes, list(edges))


def downstream(nodes: dict[str, Node]) -> dict[str, list[str]]:
    """Which nodes read each node, in this timestep or the next."""
    readers: dict[str, list[str]] = {name: [] for name in nodes}
    for node in nodes.values():
        for name in (*node.inputs, *node.previous):
            readers[name].append(node.name)
    return readers


def _open(
    graph: dict[str, Any], prefix: str, nodes: dict[str, Node], edges: dict[tuple[str, str], None], depth: int
) -> None:
    if depth > _DEEPEST:
        raise ImportFormatError(f"subgraphs are nested more than {_DEEPEST} deep")
    inner: set[str] = set()
    for name, described in graph["nodes"].items():
        kind, full = str(described["type"]), prefix + name
        if kind == "NIRGraph":
            inner.add(name)
            _open(described, f"{full}/", nodes, edges, depth + 1)
        elif kind in KNOWN:
            nodes[full] = Node(full, kind, Parameters(full, described))
        else:
            raise ImportFormatError(f"the NIR primitive {kind!r} of {full!r} is not known",
                                    hint=f"known: {', '.join(sorted(KNOWN))}")  # fmt: skip
    for tail, head in graph["edges"]:
        start = _end(tail, prefix, nodes, "Output") if tail in inner else prefix + tail
        stop = _end(head, prefix, nodes, "Input") if head in inner else prefix + head
        for name in (start, stop):
            if name not in nodes:
                raise ImportFormatError(f"the edge {tail!r} -> {head!r} names {name!r}, which is not in the graph")
        edges[start, stop] = None


def _end(name: str, prefix: str, nodes: dict[str, Node], kind: str) -> str:
    within = f"{prefix}{name}/"
    found = [full for full, node in nodes.items()
             if node.kind == kind and full.startswith(within) and "/" not in full[len(within):]]  # fmt: skip
    if len(found) != 1:
        raise ImportFormatError(f"the subgraph {prefix + name!r} has {len(found)} nodes of kind {kind}, not one")
    return found[0]


def _order(nodes: dict[str, Node], edges: list[tuple[str, str]]) -> dict[str, Node]:
    import networkx

    directed = networkx.DiGraph()
    directed.add_nodes_from(nodes)
    directed.add_edges_from(edges)
    inputs = [name for name, node in nodes.items() if node.kind == "Input"]
    for tail, head in _cuts(directed, nodes, inputs):
        directed.remove_edge(tail, head)
        nodes[head].previous.append(tail)
    for tail, head in edges:
        if directed.has_edge(tail, head):
            nodes[head].inputs.append(tail)
    # A node that reads the last timestep comes after the neuron it reads, so that the neuron's shape is known.
    return {name: nodes[name] for name in networkx.topological_sort(directed)}


def _cuts(directed: Any, nodes: dict[str, Node], inputs: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the edges to cut, one loop at a time: the last one in it that leaves a neuron."""
    import networkx

    for _ in range(_MOST_LOOPS):
        if networkx.is_directed_acyclic_graph(directed):
            return
        try:
            loop = networkx.find_cycle(directed, source=inputs or None)
        except networkx.NetworkXNoCycle:
            loop = networkx.find_cycle(directed)
        cut = next((edge for edge in reversed(loop) if nodes[edge[0]].kind in SPIKING | INTEGRATING), None)
        if cut is None:
            names = " -> ".join([edge[0] for edge in loop] + [loop[0][0]])
            raise ImportFormatError(
                f"the loop {names} has no neuron in it", hint="a loop needs a delay of one timestep"
            )
        yield cut[0], cut[1]
    raise ImportFormatError(f"the graph has more than {_MOST_LOOPS} loops")
