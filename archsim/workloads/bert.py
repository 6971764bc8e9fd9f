"""BERT encoders (Devlin 2018): post-norm layers, learned positions, a pooler on the first token."""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.blocks import Block, feed_forward, one_of, self_attention
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
    activation: str = "gelu",
    sequence: int = 512,
    batch: int = 1,
    embeddings: bool = True,
    pooler: bool = True,
    head: str = "",
    dropout: bool = False,
    inner_dropout: bool = False,
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
    activation : str
        Pointwise function of the feed-forward network.
    sequence, batch : int
        Tokens per sequence, and sequences.
    embeddings, pooler : bool
        Whether the graph starts at token numbers (else at activations) and ends behind the pooler.
    head : str
        What stands on top: ``classifier`` (two classes, on the pooler), ``pretraining`` (every token's word, and the
        order of two sentences), or nothing.
    dropout : bool
        Whether dropout runs, as in training.
    inner_dropout : bool
        Whether it runs behind the activation too, as in PyTorch's own encoder layer; BERT has none there.
    packed : bool
        Whether query, key and value come from one matmul.
    dtype : str
        Number format.

    Raises
    ------
    UsageError
        Sizes that do not fit together.
    """
    one_of("head", head, ("", "classifier", "pretraining"))
    if head and not pooler:
        raise UsageError(f"head={head!r} needs the pooler", hint="write pooler=true, or no head")
    block = Block(
        width=width, heads=heads, feed_forward=inner or 4 * width, activation=activation, packed=packed,
        inner_dropout=inner_dropout,
    )  # fmt: skip
    block.check()
    if embeddings and sequence > positions:
        raise UsageError(
            f"sequence={sequence} does not fit into positions={positions}", hint="shorten it, or raise positions"
        )
    b = GraphBuilder("bert", dtype=dtype, items=batch, item="sequence")
    words = b.weight("word-embedding", (vocabulary, width)) if embeddings or head == "pretraining" else None
    if embeddings and words:
        x = _embed(b, words, (batch, sequence), positions=positions, segments=segments)
        x = b.elementwise("dropout", x, name="embedding-dropout") if dropout else x
    else:
        x = b.input("activations", (batch, sequence, width))
    for layer in range(layers):
        with b.scope(f"layer-{layer}"):
            x = _add_norm(b, x, self_attention(b, block, x), "attention", dropout=dropout)
            x = _add_norm(b, x, feed_forward(b, block, x), "feed-forward", dropout=dropout)
    if pooler:
        pooled = b.elementwise("tanh", b.linear(b.part(x, 1, 1), width, name="pooler"), name="pooler-tanh")
        if head:
            b.linear(pooled, 2, name="classifier")
    if head == "pretraining":
        y = b.elementwise("gelu", b.linear(x, width, name="transform"), name="transform-gelu")
        b.linear(b.normalise("layer_norm", y, name="transform-norm"), vocabulary, name="words", weight=words)
    return b.build()


def _embed(b: GraphBuilder, words: Tensor, tokens: tuple[int, int], *, positions: int, segments: int) -> Tensor:
    width = words.shape[1]
    word = b.gather(words, b.input("tokens", tokens, dtype="int32"))
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
