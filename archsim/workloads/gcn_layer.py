"""One graph convolution, in either order of its two phases: fused, or with a message written out for every edge."""

from __future__ import annotations

from typing import Final

from archsim.errors import UsageError, did_you_mean
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Gather, Move
from archsim.workloads.registry import register

STYLES: Final = ("fused", "messages")
PHASES: Final = ("combine", "aggregate")
BOTH: Final = "both"


def gcn_layer(
    *,
    nodes: int = 2708,
    edges: int = 10556,
    features: int = 1433,
    hidden: int = 128,
    first: str = "combine",
    style: str = "fused",
    phase: str = BOTH,
    dtype: str = "fp32",
) -> Graph:
    """Build one layer of the graph convolution of Kipf 2017, ``A X W`` with self loops in A.

    ``messages`` is what PyTorch Geometric 1.3 runs: it finds the links of A and their weights anew for every call,
    copies a row for each link, scales it, and adds it to that of its node.

    Parameters
    ----------
    nodes, edges : int
        Size of the graph; edges are directed, self loops not among them.
    features, hidden : int
        Widths in and out.
    first : str
        ``combine``: multiply by W before rows are summed up; ``aggregate``: after.
    style : str
        ``fused``: one op sums up rows as it gathers them, the weights of links already in the features;
        ``messages``: a row for each link is written and read again.
    phase : str
        ``both``, or one of them alone: ``combine``, ``aggregate``.
    dtype : str
        Number format of features.
    """
    _one_of("style", style, STYLES)
    _one_of("first", first, PHASES)
    _one_of("phase", phase, (BOTH, *PHASES))
    b = GraphBuilder("gcn-layer", dtype=dtype, items=nodes, item="node")
    width = features if phase != "aggregate" or first == "aggregate" else hidden
    x = b.input("features", (nodes, width))
    for step in (PHASES if first == "combine" else PHASES[::-1]) if phase == BOTH else (phase,):
        if step == "combine":
            x = b.linear(x, hidden, bias=False, name="combine")
        else:
            x = _messages(b, x, edges) if style == "messages" else _aggregate(b, x, edges)
    return b.build()


def _one_of(name: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        hint = did_you_mean(given, known) or f"write {', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(f"{name} is {given!r}", hint=hint)


def _aggregate(b: GraphBuilder, x: Tensor, edges: int) -> Tensor:
    """Sum the rows of linked nodes, one addition for each element of a row."""
    nodes, width = x.shape
    neighbours = b.input("neighbours", (edges + nodes,), dtype="int32")
    offsets = b.input("offsets", (nodes + 1,), dtype="int32")
    return b.op("aggregate", Gather(edges + nodes, width, 1.0), [x, neighbours, offsets], (nodes, width), dtype=x.dtype)


def _messages(b: GraphBuilder, x: Tensor, edges: int) -> Tensor:
    """Weigh links, copy a row of `x` for each, scale it, and add it to its node's."""
    with b.scope("aggregate"):
        ends, weights = _links(b, x.shape[0], edges)
        rows = b.elementwise("multiply", b.gather(x, ends, name="copy-rows"), weights, name="scale-rows")
        return b.scatter(rows, ends, x.shape[0], name="add-rows")


def _links(b: GraphBuilder, nodes: int, edges: int) -> tuple[Tensor, Tensor]:
    """Add the missing self loops to the edges, and weigh each link by the degrees of its ends."""
    pairs, links = b.input("edges", (2, edges), dtype="int64"), edges + nodes
    kept = b.elementwise("subtract", pairs, name="find-loops")  # source other than target, and its opposite
    for name in ("opposite", "place-kept", "place-loops", "keep-ends"):
        kept = b.move(name, kept)
    loops = b.move("count", b.input("loops", (2, nodes), dtype="int64"), name="make-loops")
    # Both ends are joined; what follows gathers by one of them at a time, a part of the tensor that costs nothing.
    ends = b.op("join-ends", Move("concat", 2 * links), [kept, loops], (links,), dtype="int64")
    ones, own = (b.move("fill", b.input(f"ones-{count}", (count, 1)), name=f"fill-{count}") for count in (edges, nodes))
    weights = b.concat([b.move("keep", ones, name="keep-weights"), own], 0, name="join-weights")
    roots = b.elementwise("power", b.scatter(weights, ends, nodes, name="add-degrees"), name="inverse-roots")
    roots = b.elementwise("relu", b.move("compare", roots, name="find-infinite"), name="clear-infinite")
    for end in ("sources", "targets"):
        weights = b.elementwise("multiply", b.gather(roots, ends, name=f"roots-of-{end}"), weights, name=f"scale-{end}")
    return ends, weights


register("gcn-layer", gcn_layer, "One graph convolution on Cora, fused or with messages", group="graph")
