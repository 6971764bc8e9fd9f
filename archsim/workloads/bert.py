"""BERT encoders (Devlin 2018): post-norm layers, learned positions, a pooler on the first token."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.blocks import Block, feed_forward, self_attention
from archsim.workloads.registry import register


def bert(
    *,
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    inner: int = 0,
    vocabulary: int = 30522,
    positions: int = 512,
    segments: int = 2,
    sequence: int = 512,
    batch: int = 1,
    embeddings: bool = True,
    pooler: bool = True,
    dropout: bool = False,
    packed: bool = True,
    dtype: str = "fp16",
) -> Graph:
    """Build a BERT encoder.

    Parameters
    ----------
    layers, width, heads, vocabulary, positions, segments : int
        Sizes of the network.
    inner : int
        Width of the feed-forward network; 0: four times `width`.
    sequence, batch : int
        Tokens per sequence, and sequences.
    embeddings, pooler : bool
        Whether the graph starts at token numbers (else at activations) and ends behind the pooler.
    dropout : bool
        Whether dropout runs, as in training.
    packed : bool
        Whether query, key and value come from one matmul.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        Sizes that do not fit together.
    """
    block = Block(width=width, heads=heads, feed_forward=inner or 4 * width, packed=packed)
    block.check()
    if embeddings and sequence > positions:
        raise UsageError(
            f"sequence={sequence} does not fit into positions={positions}", hint="shorten it, or raise positions"
        )
    b = GraphBuilder("bert", dtype=dtype, items=batch, item="sequence")
    if embeddings:
        x = _embed(b, (batch, sequence), width, vocabulary=vocabulary, positions=positions, segments=segments)
    else:
        x = b.input("activations", (batch, sequence, width))
    for layer in range(layers):
        with b.scope(f"layer-{layer}"):
            x = _add_norm(b, x, self_attention(b, block, x), "attention", dropout=dropout)
            x = _add_norm(b, x, feed_forward(b, block, x), "feed-forward", dropout=dropout)
    if pooler:
        b.elementwise("tanh", b.linear(b.part(x, 1, 1), width, name="pooler"), name="pooler-tanh")
    return b.build()


def _embed(
    b: GraphBuilder, tokens: tuple[int, int], width: int, *, vocabulary: int, positions: int, segments: int
) -> Tensor:
    word = b.gather(b.weight("word-embedding", (vocabulary, width)), b.input("tokens", tokens, dtype="int32"))
    place = b.input("positions", tokens[1:], dtype="int32")
    position = b.gather(b.weight("position-embedding", (positions, width)), place, name="gather-position")
    kind = b.input("segments", tokens, dtype="int32")
    segment = b.gather(b.weight("segment-embedding", (segments, width)), kind, name="gather-segment")
    return b.normalise("layer_norm", b.elementwise("add", word, position, segment), name="embedding-norm")


def _add_norm(b: GraphBuilder, x: Tensor, update: Tensor, name: str, *, dropout: bool) -> Tensor:
    if dropout:
        update = b.elementwise("dropout", update, name=f"{name}-dropout")
    return b.normalise("layer_norm", b.elementwise("add", x, update, name=f"{name}-add"), name=f"{name}-norm")


register("bert-base", bert, "BERT-base encoder", group="transformer")
register("bert-large", bert, "BERT-large encoder", group="transformer", layers=24, width=1024, heads=16)
register(
    "bert-large-layer",
    bert,
    "One BERT-large layer, 8 sequences of 512 tokens, with dropout",
    group="transformer",
    layers=1,
    width=1024,
    heads=16,
    batch=8,
    embeddings=False,
    pooler=False,
    dropout=True,
)
