"""Algorithms that are not neural: Fourier transforms, graph search, sorted search, linked lists."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder
from archsim.graph.work import Fft, Gather, MatMul, Scatter
from archsim.workloads.registry import register


def fft(*, length: int = 1024, dimensions: int = 1, batch: int = 1, dtype: str = "fp32") -> Graph:
    """Build a complex Fourier transform by the fast algorithm, 5 N log2 N FLOP per `length` N.

    Parameters
    ----------
    length : int
        Points per axis.
    dimensions : int
        1, or 2 for rows, a transpose, and columns of a square.
    batch : int
        Transforms.
    dtype : str
        Number format of real and of imaginary part.
    """
    if dimensions not in (1, 2):
        raise UsageError(f"an FFT of dimensions={dimensions}", hint="write 1 or 2")
    b = GraphBuilder("fft", dtype=dtype, items=batch, item="transform")
    lines = batch * length ** (dimensions - 1)
    x = b.input("signal", (lines, length, 2))
    x = b.op("fft", Fft(lines, length), [x], x.shape)
    if dimensions == 2:
        x = b.op("fft-columns", Fft(lines, length), [b.move("transpose", x)], x.shape)
    return b.build()


def dft(*, length: int = 1024, batch: int = 1, dtype: str = "fp32") -> Graph:
    """Build the same transform as a dense matrix product: N^2 complex MACs, four real ones each.

    Real and imaginary rows of every signal are multiplied by the cosine and sine matrices side by side, then combined.
    """
    b = GraphBuilder("dft", dtype=dtype, items=batch, item="transform")
    x = b.input("signal", (2 * batch, length))
    matrix = b.weight("cosine-sine", (length, 2 * length))
    products = b.op("products", MatMul(1, 2 * batch, 2 * length, length), [x, matrix], (2 * batch, 2 * length))
    half = b.part(products, -1, length)
    b.elementwise("add", half, half, name="combine")
    return b.build()


def breadth_first_search(*, scale: int = 20, edge_factor: int = 16, levels: int = 7) -> Graph:
    """Build a top-down breadth-first search over a Graph500 Kronecker graph.

    ``2^scale`` vertices and `edge_factor` undirected edges for each, stored in both directions as compressed rows.
    Every directed edge is looked at once, at a random address. Edges and vertices are spread evenly over the `levels`,
    which depend on one another; real frontiers bulge in the middle.
    """
    vertices = 1 << scale
    levels = min(levels, vertices)
    edges = 2 * edge_factor * vertices
    b = GraphBuilder("breadth-first-search", dtype="int32", items=edges, item="edge")
    offsets, adjacency = b.input("offsets", (vertices + 1,)), b.input("adjacency", (edges,))
    parents, frontier = b.state("parents", (vertices,)), b.input("root", (1,))
    for level in range(levels):
        found, seen = _share(vertices, levels, level), _share(edges, levels, level)
        with b.scope(f"level-{level}"):
            width = frontier.elements
            rows = b.op("rows", Gather(width, 2), [offsets, frontier], (width, 2), reads=[2 * width, width])
            reads = [min(seen, vertices), seen, rows.elements]
            # One comparison and branch per edge: has the neighbour a parent already? As often as not, it is found.
            visit = Gather(seen, 1, 1.0, branches=1.0, taken=found / seen if seen else 0.0)
            new = b.op("visit", visit, [parents, adjacency, rows], (found,), reads=reads)
            frontier = b.op("mark", Scatter(found, 1), [new], (found,))
    return b.build()


def _share(total: int, parts: int, index: int) -> int:
    return total * (index + 1) // parts - total * index // parts


def sorted_search(*, lookups: int = 1_000_000, keys: int = 1 << 20, key_bytes: int = 8) -> Graph:
    """Build independent binary searches: one dependent load and one comparison per level of the tree."""
    b = GraphBuilder("sorted-search", dtype="int64", items=lookups, item="lookup")
    tree = b.input("keys", (keys * key_bytes,), dtype="int8")
    depth = max((keys - 1).bit_length(), 1)
    b.chase(tree, loads=depth, chains=lookups, flops_per_load=1.0, name="search")
    return b.build()


def pointer_chase(
    *, loads: int = 10_000_000, chains: int = 1, footprint: int = 1 << 30, flops_per_load: float = 1.0
) -> Graph:
    """Build `chains` linked lists walked side by side, `loads` dependent loads each, over `footprint` bytes."""
    b = GraphBuilder("pointer-chase", dtype="int64", items=loads * chains, item="load")
    ring = b.input("ring", (footprint,), dtype="int8")
    b.chase(ring, loads=loads, chains=chains, flops_per_load=flops_per_load)
    return b.build()


register("fft", fft, "Fast Fourier transform", group="classical")
register("fft-2d", fft, "Fast Fourier transform of a 1024 x 1024 square", group="classical", dimensions=2)
register("dft", dft, "Fourier transform as a dense matrix product", group="classical")
register("bfs", breadth_first_search, "Breadth-first search, Graph500 scale 20", group="classical")
register("b-tree-search", sorted_search, "A million lookups among 2^20 sorted keys", group="classical")
register("pointer-chase", pointer_chase, "Ten million dependent loads over 1 GiB", group="classical")
register(
    "independent-loads",
    pointer_chase,
    "Ten million loads over 1 GiB, none waiting for another",
    group="classical",
    loads=1,
    chains=10_000_000,
)
