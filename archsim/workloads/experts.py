"""Mixture of experts: each token visits a few of many feed-forward networks (Shazeer 2017, Fedus 2021).

Tokens are spread evenly over as many distinct experts as can be busy, ``min(experts, tokens x experts_per_token)``.
All experts' weights are tensors of the graph; ops read those of the busy ones. When the rows do not divide evenly
some experts do one row more, as a second batched matmul, so that MACs stay exact.
"""

from __future__ import annotations

from archsim.graph import GraphBuilder, Tensor
from archsim.graph.work import Gather, MatMul, Reduce, Scatter
from archsim.workloads.blocks import Block


def mixture_of_experts(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    """Route every token of `x` (batch, tokens, width) to its experts and add what they return."""
    tokens = x.elements // block.width
    visits = tokens * block.experts_per_token
    scores = b.linear(x, block.experts, bias=False, name="router")
    shares = b.normalise("softmax", scores, name="router-softmax")
    chosen = b.op("top-k", Reduce("top_k", visits, block.experts), [shares], (visits,))
    rows = b.op("dispatch", Gather(visits, block.width), [x, chosen], (visits, block.width), reads=[x.elements, visits])
    weights = _weights(b, block)
    parts = [_run(b, block, weights, rows, group) for group in spread(visits, block.experts)]
    return b.op("combine", Scatter(visits, block.width, 2.0), [*parts, chosen], x.shape)


def spread(visits: int, experts: int) -> list[tuple[int, int]]:
    """How many experts get how many rows each: ``(experts, rows)`` pairs, at most two of them."""
    busy = min(experts, visits)
    each, more = divmod(visits, busy)
    return [pair for pair in ((more, each + 1), (busy - more, each)) if pair[0]]


def _weights(b: GraphBuilder, block: Block) -> dict[str, Tensor]:
    wide, narrow = (block.width, block.feed_forward), (block.feed_forward, block.width)
    shapes = {"gate": wide, "up": wide, "down": narrow} if block.gated else {"up": wide, "down": narrow}
    return {
        name: b.weight(
            f"experts/{name}/weight",
            (block.experts, *shape),
            dtype=block.weight_dtype,
            density=block.density,
            structure=block.structure,
        )
        for name, shape in shapes.items()
    }


def _run(b: GraphBuilder, block: Block, weights: dict[str, Tensor], rows: Tensor, group: tuple[int, int]) -> Tensor:
    busy, each = group
    x = b.part(rows, 0, busy * each)

    def apply(name: str, x: Tensor) -> Tensor:
        weight = b.part(weights[name], 0, busy)
        _, k, n = weight.shape
        return b.op(f"experts/{name}", MatMul(busy, each, n, k), [x, weight], (busy * each, n))

    inner = b.elementwise(block.activation, apply("gate" if block.gated else "up", x))
    if block.gated:
        inner = b.elementwise("multiply", inner, apply("up", x))
    return apply("down", inner)
