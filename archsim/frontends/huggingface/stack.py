"""Stacks of transformer layers with a language-model head, as the transformers library lays them out.

The layers themselves are those of `archsim.workloads.blocks`; here stands how they are joined: norms before, behind
or on both sides, attention and network one after the other or side by side, experts, latent attention.
"""

from __future__ import annotations

from dataclasses import dataclass

from archsim.errors import GraphError, UsageError
from archsim.frontends.huggingface.latent import Latent, latent_attention
from archsim.frontends.huggingface.run import Run
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.workloads.blocks import Block, feed_forward, self_attention
from archsim.workloads.experts import mixture_of_experts

SEQUENTIAL = "sequential"
PARALLEL = "parallel"
PARALLEL_TWO_NORMS = "parallel, two norms"
SANDWICH = "sandwich"
POST = "post"


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes
    ----------
    attention, network : Block
        Sizes of the two halves.
    latent : Latent or None
        Ranks of a multi-head latent attention.
    shared : int
        Inner width of the expert every token visits; 0: there is none.
    shared_gate : bool
        Whether a learned gate scales that expert.
    """

    attention: Block
    network: Block
    latent: Latent | None = None
    shared: int = 0
    shared_gate: bool = False


@dataclass(frozen=True)
class Stack:
    """A decoder, or an encoder without a head.

    Attributes
    ----------
    name : str
        Name of the graph.
    vocabulary, width, context : int
        Tokens known, features, and the longest sequence the network was made for.
    layers : tuple of Layer
        From the first to the last.
    layout : str
        How norms and halves are arranged.
    norm : str
        ``layer_norm`` or ``rms_norm``.
    positions : int
        Size of a learned position table; 0: there is none.
    embedding_width : int
        Width of the token table where projections lead to and from another; 0: `width`.
    embedding_norm, scaled_embedding : bool
        Whether the embedding is normalised, or multiplied by a constant.
    final_norm, head, tied, head_bias, capped : bool
        Whether there is a norm behind the last layer; a head; whether it shares the token table, has a bias, and
        whether a tanh caps its outputs.
    notes : tuple of str
        What is not modelled.
    """

    name: str
    vocabulary: int
    width: int
    context: int
    layers: tuple[Layer, ...]
    layout: str = SEQUENTIAL
    norm: str = "rms_norm"
    positions: int = 0
    embedding_width: int = 0
    embedding_norm: bool = False
    scaled_embedding: bool = False
    final_norm: bool = True
    head: bool = True
    tied: bool = False
    head_bias: bool = False
    capped: bool = False
    notes: tuple[str, ...] = ()


def build(stack: Stack, run: Run) -> Graph:
    """Build the graph of one run.

    Raises
    ------
    UsageError
        More tokens than a learned position table has, or sizes that do not fit together.
    """
    tokens, past = run.tokens(stack.context), run.cached(stack.context)
    b = GraphBuilder(stack.name, dtype=run.dtype, items=run.batch * tokens, item="token", parameters=run.parameters)
    for note in stack.notes:
        b.note(note)
    if past + tokens > stack.context:
        if stack.positions:
            raise UsageError(
                f"{past + tokens} tokens do not fit into the {stack.context} positions of {stack.name!r}",
                hint="shorten sequence or past",
            )
        b.note(f"{past + tokens} tokens are more than the {stack.context} the network was made for")
    table = b.weight("embedding", (stack.vocabulary, stack.embedding_width or stack.width))
    x = _embed(b, stack, table, (run.batch, tokens))
    for index, layer in enumerate(stack.layers):
        _check(layer)
        with b.scope(f"layer-{index}"):
            x = _layer(b, stack, layer, x)
    if stack.final_norm:
        x = b.normalise(stack.norm, x, name="final-norm")
    if stack.head:
        _head(b, stack, table, b.part(x, 1, 1) if run.logits == "last" else x)
    return b.build()


def _check(layer: Layer) -> None:
    try:
        layer.attention.check()
        layer.network.check()
    except UsageError as error:
        raise GraphError(error.message, hint=error.hint) from error


def _embed(b: GraphBuilder, stack: Stack, table: Tensor, tokens: tuple[int, int]) -> Tensor:
    x = b.gather(table, b.input("tokens", tokens, dtype="int32"), name="embed")
    if stack.embedding_width and stack.embedding_width != stack.width:
        x = b.linear(x, stack.width, bias=False, name="embed-in")
    if stack.positions:
        where = b.input("positions", tokens[1:], dtype="int32")
        learned = b.gather(b.weight("position-embedding", (stack.positions, stack.width)), where, name="embed-position")
        x = b.elementwise("add", x, learned, name="add-position")
    if stack.embedding_norm:
        x = b.normalise(stack.norm, x, name="embedding-norm")
    return b.elementwise("multiply", x, name="embedding-scale") if stack.scaled_embedding else x


def _head(b: GraphBuilder, stack: Stack, table: Tensor, x: Tensor) -> None:
    if stack.embedding_width and stack.embedding_width != stack.width:
        x = b.linear(x, stack.embedding_width, bias=False, name="head-in")
    x = b.linear(x, stack.vocabulary, bias=stack.head_bias, name="head", weight=table if stack.tied else None)
    if stack.capped:
        b.elementwise("multiply", b.elementwise("tanh", x, name="head-cap"), name="head-cap-scale")


def _layer(b: GraphBuilder, stack: Stack, layer: Layer, x: Tensor) -> Tensor:
    norm = stack.norm
    if stack.layout == POST:
        mixed = b.elementwise("add", x, _attention(b, layer, x), name="attention-add")
        x = b.normalise(norm, mixed, name="attention-norm")
        inner = b.elementwise("add", x, _network(b, layer, x), name="feed-forward-add")
        return b.normalise(norm, inner, name="feed-forward-norm")
    normed = b.normalise(norm, x, name="attention-norm")
    mixed = _attention(b, layer, normed)
    if stack.layout in (PARALLEL, PARALLEL_TWO_NORMS):
        if stack.layout == PARALLEL_TWO_NORMS:
            normed = b.normalise(norm, x, name="feed-forward-norm")
        return b.elementwise("add", x, mixed, _network(b, layer, normed), name="add")
    if stack.layout == SANDWICH:
        mixed = b.normalise(norm, mixed, name="attention-post-norm")
    x = b.elementwise("add", x, mixed, name="attention-add")
    inner = _network(b, layer, b.normalise(norm, x, name="feed-forward-norm"))
    if stack.layout == SANDWICH:
        inner = b.normalise(norm, inner, name="feed-forward-post-norm")
    return b.elementwise("add", x, inner, name="feed-forward-add")


def _attention(b: GraphBuilder, layer: Layer, x: Tensor) -> Tensor:
    if layer.latent is not None:
        return latent_attention(b, layer.attention, layer.latent, x)
    return self_attention(b, layer.attention, x)


def _network(b: GraphBuilder, layer: Layer, x: Tensor) -> Tensor:
    block = layer.network
    if not block.experts:
        return feed_forward(b, block, x)
    routed = mixture_of_experts(b, block, x)
    if not layer.shared:
        return routed
    with b.scope("shared-expert"):
        dense = Block(**{**vars(block), "feed_forward": layer.shared, "experts": 0, "experts_per_token": 0})
        always = feed_forward(b, dense, x)
        if layer.shared_gate:
            gate = b.elementwise("sigmoid", b.linear(x, 1, bias=False, name="shared-gate"))
            always = b.elementwise("multiply", always, gate, name="shared-scale")
    return b.elementwise("add", routed, always, name="experts-add")
