"""T5 (Raffel 2019): an encoder and a decoder that looks at it, relative position bias, RMS norms, no linear bias."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Attention
from archsim.workloads.blocks import Block, feed_forward, project
from archsim.workloads.registry import register


def t5(
    *,
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    head_size: int = 64,
    inner: int = 3072,
    vocabulary: int = 32128,
    buckets: int = 32,
    source: int = 512,
    target: int = 512,
    batch: int = 1,
    gated: bool = False,
    tied: bool = True,
    dtype: str = "fp16",
) -> Graph:
    """Build one pass: `source` tokens through the encoder, `target` tokens through the decoder.

    Parameters
    ----------
    layers : int
        Layers of the encoder, and of the decoder.
    width, heads, head_size, inner, vocabulary : int
        Sizes; the heads' features need not add up to `width`.
    buckets : int
        Distinct relative positions that have a bias.
    source, target, batch : int
        Tokens read and written per sequence, and sequences.
    gated, tied : bool
        Gated GELU and a head of its own make version 1.1 and Flan-T5; ReLU and a tied head the original.
    dtype : str
        Number format.
    """
    block = Block(
        width=width,
        heads=heads,
        head_size=head_size,
        feed_forward=inner,
        activation="gelu_tanh" if gated else "relu",
        gated=gated,
        norm="rms_norm",
        bias=False,
    )
    block.check()
    b = GraphBuilder("t5", dtype=dtype, items=batch, item="sequence")
    table = b.weight("embedding", (vocabulary, width))
    with b.scope("encoder"):
        x = b.gather(table, b.input("tokens", (batch, source), dtype="int32"), name="embed")
        bias = position_bias(b, source, buckets, heads)
        for layer in range(layers):
            with b.scope(f"layer-{layer}"):
                x = attention_layer(b, block, x, None, bias, causal=False)
                x = feed_forward_layer(b, block, x)
        memory = b.normalise("rms_norm", x, name="final-norm")
    with b.scope("decoder"):
        x = b.gather(table, b.input("tokens", (batch, target), dtype="int32"), name="embed")
        bias = position_bias(b, target, buckets, heads)
        for layer in range(layers):
            with b.scope(f"layer-{layer}"):
                x = attention_layer(b, block, x, None, bias, causal=True)
                with b.scope("cross"):
                    x = attention_layer(b, block, x, memory, None, causal=False)
                x = feed_forward_layer(b, block, x)
        x = b.normalise("rms_norm", x, name="final-norm")
    b.linear(x, vocabulary, bias=False, name="head", weight=table if tied else None)
    return b.build()


def position_bias(b: GraphBuilder, length: int, buckets: int, heads: int) -> Tensor:
    """Look up the bias of every pair of positions: (length, length, heads)."""
    where = b.input("relative-positions", (length, length), dtype="int32")
    return b.gather(b.weight("position-bias", (buckets, heads)), where, name="bias")


def attention_layer(
    b: GraphBuilder, block: Block, x: Tensor, memory: Tensor | None, bias: Tensor | None, *, causal: bool
) -> Tensor:
    """Attend to `x` itself, or to the encoder's `memory`, and add what came in."""
    normed = b.normalise(block.norm, x, name="attention-norm")
    source = normed if memory is None else memory
    q = project(b, block, normed, block.query_width, "query")
    k = project(b, block, source, block.kv_width, "key")
    v = project(b, block, source, block.kv_width, "value")
    size = block.head_size
    work = Attention(x.shape[0], block.heads, block.heads, x.shape[1], k.shape[1], size, size, causal)
    mixed = b.op("attention", work, [q, k, v] if bias is None else [q, k, v, bias], q.shape)
    return b.elementwise("add", x, project(b, block, mixed, block.width, "output"), name="attention-add")


def feed_forward_layer(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    """Run the feed-forward network and add what came in."""
    update = feed_forward(b, block, b.normalise(block.norm, x, name="feed-forward-norm"))
    return b.elementwise("add", x, update, name="feed-forward-add")


register("t5-small", t5, "T5-small", group="transformer", layers=6, width=512, heads=8, inner=2048)
register("t5-base", t5, "T5-base", group="transformer")
register("t5-large", t5, "T5-large", group="transformer", layers=24, width=1024, heads=16, inner=4096)
register("t5-3b", t5, "T5-3B", group="transformer", layers=24, width=1024, heads=32, head_size=128, inner=16384)
register("t5-11b", t5, "T5-11B", group="transformer", layers=24, width=1024, heads=128, head_size=128, inner=65536)
register("flan-t5-base", t5, "Flan-T5-base", group="transformer", inner=2048, gated=True, tied=False)
