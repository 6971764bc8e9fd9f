"""Whisper (arXiv:2212.04356): two convolutions and an encoder over a spectrogram, a decoder that looks at it."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.errors import UsageError
from archsim.frontends.huggingface.config import Config
from archsim.frontends.huggingface.run import Run
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import Attention
from archsim.workloads.blocks import Block, feed_forward, project


@dataclass(frozen=True)
class _Sizes:
    width: int
    bands: int
    frames: int
    context: int
    past: int


def whisper(config: Config, run: Run) -> Graph:
    """Prefill: the whole spectrogram and `sequence` tokens. Decode: one token over what both left in the cache."""
    context = config.size("max_target_positions", default=448)
    tokens, past = run.tokens(context), run.cached(context)
    if past + tokens > context:
        raise UsageError(f"{past + tokens} tokens do not fit into the {context} positions of {config.name!r}",
                         hint="shorten sequence or past")  # fmt: skip
    sizes = _Sizes(
        width=config.size("d_model"),
        bands=config.size("num_mel_bins", default=80),
        frames=config.size("max_source_positions", default=1500),
        context=context,
        past=past,
    )
    encoder, decoder = (_block(config, run, side) for side in ("encoder", "decoder"))
    b = GraphBuilder(config.name, dtype=run.dtype, items=run.batch * tokens, item="token", parameters=run.parameters)
    memory = None
    if not past:
        with b.scope("encoder"):
            memory = _encode(b, encoder, sizes, run.batch, config.layers("encoder_layers"))
    table = b.weight("embedding", (config.size("vocab_size"), sizes.width))
    with b.scope("decoder"):
        x = b.gather(table, b.input("tokens", (run.batch, tokens), dtype="int32"), name="embed")
        learned = b.weight("position-embedding", (context, sizes.width))
        where = b.input("positions", (tokens,), dtype="int32")
        x = b.elementwise("add", x, b.gather(learned, where, name="embed-position"), name="add-position")
        for index in range(config.layers("decoder_layers")):
            with b.scope(f"layer-{index}"):
                x = _decode(b, decoder, sizes, x, memory)
        x = b.normalise("layer_norm", x, name="final-norm")
    x = b.part(x, 1, 1) if run.logits == "last" else x
    b.linear(x, table.shape[0], bias=False, name="head", weight=table)
    return b.build()


def _block(config: Config, run: Run, side: str) -> Block:
    block = Block(
        width=config.size("d_model"),
        heads=config.size(f"{side}_attention_heads"),
        feed_forward=config.size(f"{side}_ffn_dim"),
        activation=config.activation("activation_function", default="gelu"),
        weight_dtype=run.weight_dtype or None,
    )
    block.check()
    return block


def _encode(b: GraphBuilder, block: Block, sizes: _Sizes, batch: int, layers: int) -> Tensor:
    x = b.input("spectrogram", (batch, sizes.bands, 1, 2 * sizes.frames))
    x = b.elementwise("gelu", b.conv(x, sizes.width, (1, 3), padding=(0, 1), bias=True, name="conv-1"))
    x = b.conv(x, sizes.width, (1, 3), stride=(1, 2), padding=(0, 1), bias=True, name="conv-2")
    x = b.move("transpose", b.elementwise("gelu", x), shape=(batch, sizes.frames, sizes.width))
    x = b.elementwise("add", x, b.weight("position-embedding", (sizes.frames, sizes.width)), name="add-position")
    for index in range(layers):
        with b.scope(f"layer-{index}"):
            normed = b.normalise("layer_norm", x, name="attention-norm")
            q, (k, v) = _query(b, block, normed), _keys(b, block, normed)
            x = _add(b, block, x, b.attention(q, k, v, heads=block.heads), "attention-add")
            x = _network(b, block, x)
    return b.normalise("layer_norm", x, name="final-norm")


def _decode(b: GraphBuilder, block: Block, sizes: _Sizes, x: Tensor, memory: Tensor | None) -> Tensor:
    normed = b.normalise("layer_norm", x, name="attention-norm")
    q, (k, v) = _query(b, block, normed), _keys(b, block, normed)
    if sizes.past:
        new = [b.move("append", k, name="append-key"), b.move("append", v, name="append-value")]
        mixed = _cached(b, block, q, sizes.past, new)
    else:
        mixed = b.attention(q, k, v, heads=block.heads, causal=True)
    x = _add(b, block, x, mixed, "attention-add")
    with b.scope("cross"):
        q = _query(b, block, b.normalise("layer_norm", x, name="attention-norm"))
        if memory is None:
            mixed = _cached(b, block, q, sizes.frames, [])
        else:
            k, v = _keys(b, block, memory)
            mixed = b.attention(q, k, v, heads=block.heads)
        x = _add(b, block, x, mixed, "attention-add")
    return _network(b, block, x)


def _query(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    return project(b, block, x, block.query_width, "query")


def _keys(b: GraphBuilder, block: Block, x: Tensor) -> tuple[Tensor, Tensor]:
    """Keys and values; keys have no bias."""
    return project(b, block, x, block.kv_width, "key", bias=False), project(b, block, x, block.kv_width, "value")


def _cached(b: GraphBuilder, block: Block, q: Tensor, past: int, new: list[Tensor]) -> Tensor:
    """Attend to `past` cached keys and values and to the `new` ones."""
    batch, tokens, width = q.shape
    length = past + (tokens if new else 0)
    kept = (batch, length, block.kv_width)
    size = width // block.heads
    work = Attention(batch, block.heads, block.heads, tokens, length, size, size, causal=bool(new))
    inputs = [q, b.state("key-cache", kept), b.state("value-cache", kept), *new]
    cached = batch * past * block.kv_width
    return b.op("attention", work, inputs, q.shape, reads=[q.elements, cached, cached, *(t.elements for t in new)])


def _add(b: GraphBuilder, block: Block, x: Tensor, mixed: Tensor, name: str) -> Tensor:
    return b.elementwise("add", x, project(b, block, mixed, block.width, "output"), name=name)


def _network(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    update = feed_forward(b, block, b.normalise("layer_norm", x, name="feed-forward-norm"))
    return b.elementwise("add", x, update, name="feed-forward-add")
