"""Decoder-only transformers of any size: prefill of a prompt, or one decode step over a cache.

Named configurations stand in `archsim.workloads.llm`.
"""

from __future__ import annotations

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.blocks import Block, feed_forward, one_of, self_attention
from archsim.workloads.experts import mixture_of_experts
from archsim.workloads.registry import register


def transformer(
    *,
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    kv_heads: int = 0,
    head_size: int = 0,
    feed_forward: int = 0,
    vocabulary: int = 50257,
    context: int = 1024,
    sequence: int = 1024,
    past: int = 0,
    batch: int = 1,
    phase: str = "prefill",
    activation: str = "gelu_tanh",
    gated: bool = False,
    norm: str = "layer_norm",
    positions: str = "learned",
    tied: bool = True,
    bias: bool = True,
    qkv_bias: bool = False,
    packed: bool = False,
    query_key_norm: bool = False,
    window: int = 0,
    causal: bool = True,
    experts: int = 0,
    experts_per_token: int = 0,
    logits: str = "all",
    dropout: bool = False,
    dtype: str = "fp16",
    weight_dtype: str = "",
    density: float = 1.0,
    structure: str = "dense",
) -> Graph:
    """Build a pre-norm decoder with an embedding and a language-model head.

    Parameters
    ----------
    layers, width, heads, vocabulary : int
        Sizes of the network.
    kv_heads, head_size, feed_forward : int
        0: `heads`, ``width / heads``, ``4 width``.
    context : int
        Longest sequence the network is made for; with learned positions the size of their table.
    sequence : int
        Tokens of the prompt.
    past : int
        Tokens already cached. 0 in decode: all of the prompt but its last token, so that the step sees `sequence`.
    batch : int
        Sequences processed together.
    phase : str
        ``prefill`` (`sequence` tokens of each at once) or ``decode`` (one token of each).
    logits : str
        ``all``: the head runs on every position; ``last``: on the last one, as serving does.
    dropout : bool
        Whether dropout runs behind the embedding and both halves of a layer, as in training.
    tied : bool
        Whether the head shares the embedding's weights.
    dtype, weight_dtype : str
        Number formats of activations and of the blocks' matrices ("": the same).
    activation, gated, norm, bias, qkv_bias, packed, query_key_norm, window, causal, experts, experts_per_token, \
density, structure
        As in `archsim.workloads.blocks.Block`.
    positions : str
        ``learned``, ``rotary`` or ``none``.

    Raises
    ------
    UsageError
        Sizes that do not fit together, or an unknown option.
    """
    arguments = dict(locals())
    one_of("phase", phase, ("prefill", "decode"))
    one_of("positions", positions, ("learned", "rotary", "none"))
    one_of("logits", logits, ("all", "last"))
    decoding = phase == "decode"
    tokens = 1 if decoding else sequence
    past = past or (sequence - 1 if decoding else 0)
    if positions == "learned" and past + tokens > context:
        raise UsageError(
            f"{past + tokens} tokens do not fit into context={context}",
            hint="shorten sequence or past, or raise context",
        )
    block = Block(
        width=width,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        feed_forward=feed_forward or 4 * width,
        activation=activation,
        gated=gated,
        norm=norm,
        rotary=positions == "rotary",
        bias=bias,
        qkv_bias=qkv_bias,
        packed=packed,
        query_key_norm=query_key_norm,
        causal=causal,
        window=window,
        past=past,
        experts=experts,
        experts_per_token=experts_per_token,
        weight_dtype=weight_dtype or None,
        density=density,
        structure=structure,
    )
    block.check()
    b = GraphBuilder("transformer", dtype=dtype, items=batch * tokens, item="token", parameters=arguments)
    if past + tokens > context:
        b.note(f"{past + tokens} tokens are more than the {context} the network was made for")
    table = b.weight("embedding", (vocabulary, width))
    x = b.gather(table, b.input("tokens", (batch, tokens), dtype="int32"), name="embed")
    if positions == "learned":
        where = b.input("positions", (tokens,), dtype="int32")
        learned = b.gather(b.weight("position-embedding", (context, width)), where, name="embed-position")
        x = b.elementwise("add", x, learned, name="add-position")
    x = b.elementwise("dropout", x, name="embed-dropout") if dropout else x
    for layer in range(layers):
        with b.scope(f"layer-{layer}"):
            x = decoder_layer(b, block, x, dropout=dropout)
    x = b.normalise(norm, x, name="final-norm")
    if logits == "last":
        x = b.part(x, 1, 1)
    b.linear(x, vocabulary, bias=False, name="head", weight=table if tied else None)
    return b.build()


def decoder_layer(b: GraphBuilder, block: Block, x: Tensor, *, dropout: bool = False) -> Tensor:
    """One pre-norm layer: attention and feed-forward network, each added to what came in."""
    mixed = self_attention(b, block, b.normalise(block.norm, x, name="attention-norm"))
    mixed = b.elementwise("dropout", mixed, name="attention-dropout") if dropout else mixed
    x = b.elementwise("add", x, mixed, name="attention-add")
    inner = b.normalise(block.norm, x, name="feed-forward-norm")
    inner = mixture_of_experts(b, block, inner) if block.experts else feed_forward(b, block, inner)
    inner = b.elementwise("dropout", inner, name="feed-forward-dropout") if dropout else inner
    return b.elementwise("add", x, inner, name="feed-forward-add")


register("transformer", transformer, "Decoder-only transformer of any size", group="transformer")
