"""Graph neural networks over a whole graph: dense combination of features, sparse aggregation of neighbours.

Aggregation is a `gather` of one row per edge with the arithmetic it does on each element, accumulated into the rows
of the nodes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from archsim.graph import Graph, GraphBuilder, Role, Tensor
from archsim.graph.work import Gather, MatMul, Scatter
from archsim.workloads.registry import register

# Nodes, directed edges, features and classes as PyTorch Geometric documents them.
DATASETS: Final[dict[str, dict[str, Any]]] = {
    "cora": {"nodes": 2708, "edges": 10556, "features": 1433, "classes": 7},
    "citeseer": {"nodes": 3327, "edges": 9104, "features": 3703, "classes": 6},
    "pubmed": {"nodes": 19717, "edges": 88648, "features": 500, "classes": 3},
    "reddit": {"nodes": 232965, "edges": 114615892, "features": 602, "classes": 41},
    "reddit2": {"nodes": 232965, "edges": 23213838, "features": 602, "classes": 41},
    "flickr": {"nodes": 89250, "edges": 899756, "features": 500, "classes": 7},
}


def gcn(
    *,
    nodes: int = 2708,
    edges: int = 10556,
    features: int = 1433,
    hidden: int = 16,
    classes: int = 7,
    feature_density: float = 1.0,
    dtype: str = "fp32",
) -> Graph:
    """Build the two-layer graph convolution of Kipf 2017, ``A ReLU(A X W1) W2`` with self loops in A.

    Parameters
    ----------
    nodes, edges : int
        Size of the graph; edges are directed, self loops not among them.
    features, hidden, classes : int
        Widths.
    feature_density : float
        Share of input features that are not zero.
    dtype : str
        Number format.
    """
    b = GraphBuilder("gcn", dtype=dtype, items=nodes, item="node")
    x = _features(b, nodes, features, feature_density)
    links = edges + nodes
    graph, weights = _adjacency(b, nodes, links), b.input("edge-weights", (links,))
    for layer, width in enumerate((hidden, classes)):
        with b.scope(f"layer-{layer}"):
            x = _aggregate(b, b.linear(x, width, bias=False, name="combine"), graph, 2.0, weights)
            x = b.elementwise("add", x, b.weight("bias", (width,)), name="bias")
            if not layer:
                x = b.elementwise("relu", x)
    b.normalise("log_softmax", x)
    return b.build()


def graphsage(
    *,
    nodes: int = 2708,
    edges: int = 10556,
    features: int = 1433,
    hidden: int = 256,
    classes: int = 7,
    feature_density: float = 1.0,
    dtype: str = "fp32",
) -> Graph:
    """Build two GraphSAGE layers (Hamilton 2017), all neighbours: one matrix for a node, one for their mean.

    Parameters are those of `gcn`.
    """
    b = GraphBuilder("graphsage", dtype=dtype, items=nodes, item="node")
    x = _features(b, nodes, features, feature_density)
    graph = _adjacency(b, nodes, edges)
    degrees = b.input("degrees", (nodes, 1))
    for layer, width in enumerate((hidden, classes)):
        with b.scope(f"layer-{layer}"):
            total = _aggregate(b, x, graph, 1.0)
            mean = b.elementwise("divide", total, degrees, name="mean")
            own = b.linear(x, width, bias=False, name="combine-own")
            x = b.elementwise("add", own, b.linear(mean, width, name="combine-neighbours"))
            if not layer:
                x = b.elementwise("relu", x)
    b.normalise("log_softmax", x)
    return b.build()


def gat(
    *,
    nodes: int = 2708,
    edges: int = 10556,
    features: int = 1433,
    hidden: int = 8,
    heads: int = 8,
    classes: int = 7,
    feature_density: float = 1.0,
    dtype: str = "fp32",
) -> Graph:
    """Build the two-layer graph attention network of Velickovic 2018: `heads` of `hidden`, then one of `classes`.

    Other parameters are those of `gcn`. The softmax over a node's edges runs as scatter, gather and pointwise ops.
    """
    b = GraphBuilder("gat", dtype=dtype, items=nodes, item="node")
    x = _features(b, nodes, features, feature_density)
    graph = _adjacency(b, nodes, edges + nodes)
    for layer, (count, width) in enumerate(((heads, hidden), (1, classes))):
        with b.scope(f"layer-{layer}"):
            x = b.linear(x, count * width, bias=False, name="combine")
            shares = _edge_softmax(b, _edge_scores(b, x, graph, count, width), graph)
            x = _aggregate(b, x, graph, 2.0, shares)
            x = b.elementwise("add", x, b.weight("bias", (count * width,)), name="bias")
            if not layer:
                x = b.elementwise("elu", x)
    b.normalise("log_softmax", x)
    return b.build()


def _features(b: GraphBuilder, nodes: int, features: int, density: float) -> Tensor:
    structure = "uniform" if density < 1 else "dense"
    return b.tensor("features", (nodes, features), Role.INPUT, density=density, structure=structure)


@dataclass(frozen=True)
class _Adjacency:
    """Links in compressed rows: `indices` say who is linked, with the row bounds and any edge weights behind them."""

    nodes: int
    links: int
    indices: tuple[Tensor, ...]


def _adjacency(b: GraphBuilder, nodes: int, links: int) -> _Adjacency:
    neighbours, offsets = (
        b.input("neighbours", (links,), dtype="int32"),
        b.input("offsets", (nodes + 1,), dtype="int32"),
    )
    return _Adjacency(nodes, links, (neighbours, offsets))


def _aggregate(b: GraphBuilder, x: Tensor, graph: _Adjacency, flops: float, *weights: Tensor) -> Tensor:
    """Sum the rows of linked nodes, `flops` operations per element of each."""
    work = Gather(graph.links, x.shape[-1], flops)
    return b.op("aggregate", work, [x, *graph.indices, *weights], (graph.nodes, x.shape[-1]), dtype=x.dtype)


def _edge_scores(b: GraphBuilder, x: Tensor, graph: _Adjacency, heads: int, width: int) -> Tensor:
    """Score every link from what its two ends contribute."""
    ends = []
    for end in ("source", "target"):
        weight = b.weight(f"score-{end}/weight", (heads, width))
        score = b.op(f"score-{end}", MatMul(heads, graph.nodes, 1, width), [x, weight], (graph.nodes, heads))
        ends.append(_to_links(b, f"spread-{end}", score, graph))
    return b.elementwise("leaky_relu", b.elementwise("add", *ends, name="score"), name="score-relu")


def _edge_softmax(b: GraphBuilder, scores: Tensor, graph: _Adjacency) -> Tensor:
    def per_node(name: str, x: Tensor) -> Tensor:
        work = Scatter(graph.links, x.shape[-1], 1.0)
        reduced = b.op(name, work, [x, graph.indices[0]], (graph.nodes, x.shape[-1]))
        return _to_links(b, f"{name}-spread", reduced, graph)

    powers = b.elementwise("exp", b.elementwise("subtract", scores, per_node("highest", scores)))
    return b.elementwise("divide", powers, per_node("total", powers))


def _to_links(b: GraphBuilder, name: str, x: Tensor, graph: _Adjacency) -> Tensor:
    """Copy each node's row to its links."""
    width = x.shape[-1]
    return b.op(name, Gather(graph.links, width), [x, graph.indices[0]], (graph.links, width))


_CITATIONS: Final = ("cora", "citeseer", "pubmed")

for _dataset, _sizes in DATASETS.items():
    _hidden = 16 if _dataset in _CITATIONS else 128
    register(f"gcn-{_dataset}", gcn, f"GCN on {_dataset}", group="graph", **_sizes, hidden=_hidden)
    register(f"graphsage-{_dataset}", graphsage, f"GraphSAGE on {_dataset}", group="graph", **_sizes)
    register(f"gat-{_dataset}", gat, f"GAT on {_dataset}", group="graph", **_sizes)
