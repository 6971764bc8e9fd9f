"""Switch Transformer (Fedus 2021, arXiv:2101.03961): T5 whose every second feed-forward network is one of several."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Gather, Reduce, Scatter
from archsim.workloads.blocks import Block
from archsim.workloads.registry import register
from archsim.workloads.t5 import attention_layer, feed_forward_layer, position_bias


def switch(
    *,
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    head_size: int = 64,
    inner: int = 3072,
    experts: int = 8,
    capacity: int = 64,
    vocabulary: int = 32128,
    buckets: int = 32,
    source: int = 512,
    target: int = 512,
    batch: int = 1,
    dtype: str = "fp16",
) -> Graph:
    """Build one pass: `source` tokens through the encoder, `target` tokens through the decoder.

    Parameters
    ----------
    layers : int
        Layers of the encoder, and of the decoder; every second one holds experts.
    width, heads, head_size, inner, vocabulary : int
        Sizes; the heads' features need not add up to `width`.
    experts : int
        Feed-forward networks of a layer that holds experts; each token goes to one.
    capacity : int
        Tokens of one sequence that an expert takes; every expert runs on as many, filled up with nothing.
    buckets : int
        Distinct relative positions that have a bias.
    source, target, batch : int
        Tokens read and written per sequence, and sequences.
    dtype : str
        Number format.
    """
    block = Block(
        width=width,
        heads=heads,
        head_size=head_size,
        feed_forward=inner,
        activation="relu",
        norm="rms_norm",
        bias=False,
        experts=experts,
        experts_per_token=1,
    )
    block.check()
    b = GraphBuilder("switch", dtype=dtype, items=batch, item="sequence")
    table = b.weight("embedding", (vocabulary, width))
    memory: Tensor | None = None
    for side, tokens in (("encoder", source), ("decoder", target)):
        with b.scope(side):
            x = b.gather(table, b.input("tokens", (batch, tokens), dtype="int32"), name="embed")
            bias = position_bias(b, tokens, buckets, heads)
            for layer in range(layers):
                with b.scope(f"layer-{layer}"):
                    x = attention_layer(b, block, x, None, bias, causal=memory is not None)
                    if memory is not None:
                        with b.scope("cross"):
                            x = attention_layer(b, block, x, memory, None, causal=False)
                    x = _experts(b, block, x, capacity) if layer % 2 else feed_forward_layer(b, block, x)
            x = b.normalise("rms_norm", x, name="final-norm")
        memory = x
    b.linear(x, vocabulary, bias=False, name="head", weight=table)
    return b.build()


def _experts(b: GraphBuilder, block: Block, x: Tensor, capacity: int) -> Tensor:
    """Route each token to one expert; all experts run, one after the other, on the tokens that fit."""
    normed = b.normalise(block.norm, x, name="feed-forward-norm")
    batch, tokens, width = normed.shape
    shares = b.normalise("softmax", b.linear(normed, block.experts, bias=False, name="router"), name="router-softmax")
    chosen = b.op("choose", Reduce("max", batch * tokens, block.experts), [shares], (batch, tokens))
    rows = batch * min(capacity, tokens)
    parts = []
    for expert in range(block.experts):
        with b.scope(f"expert-{expert}"):
            taken = b.op("dispatch", Gather(rows, width), [normed, chosen], (rows, width), reads=[rows * width, rows])
            inner = b.elementwise("relu", b.linear(taken, block.feed_forward, bias=False, name="up"))
            parts.append(b.linear(inner, width, bias=False, name="down"))
    placed = b.op("combine", Scatter(block.experts * rows, width), [*parts, chosen], normed.shape)
    weighed = b.elementwise("multiply", placed, b.reshape(chosen, (batch, tokens, 1)), name="weigh")
    return b.elementwise("add", x, weighed, name="feed-forward-add")


register("switch-base-8", switch, "Switch-Base, 8 experts", group="transformer")
register(
    "switch-xl-4",
    switch,
    "Switch Transformer of 24 + 24 layers and 4 experts of 16,384 features",
    group="transformer",
    layers=24,
    width=1024,
    heads=32,
    head_size=128,
    inner=16384,
    experts=4,
)
