"""Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434, section 2.1).

Keys and values of all heads come from one small latent vector per token. A prompt is attended to with full keys and
values. Over a cache, which holds the latent vectors alone, the up-projections are absorbed: queries are taken into
the latent space, every head attends to the same latent keys, and what they return is taken out again.
"""

from __future__ import annotations

from dataclasses import dataclass

from archsim.graph import GraphBuilder, Tensor
from archsim.graph.work import Attention, MatMul
from archsim.workloads.blocks import Block, project


@dataclass(frozen=True)
class Latent:
    """Ranks and head sizes.

    Attributes
    ----------
    query_rank : int
        Width of the query's bottleneck; 0: there is none.
    rank : int
        Width of the latent vector keys and values come from.
    plain, rotated, value : int
        Features per head: of queries and keys without and with positions, and of values.
    """

    query_rank: int
    rank: int
    plain: int
    rotated: int
    value: int


def latent_attention(b: GraphBuilder, block: Block, latent: Latent, x: Tensor) -> Tensor:
    """Attend, and project back to the width of `x` (batch, tokens, width)."""
    heads = block.heads
    plain, rotated = _queries(b, block, latent, x)
    joint = project(b, block, x, latent.rank + latent.rotated, "key-value-down")
    vector = b.normalise("rms_norm", b.part(joint, -1, latent.rank), name="key-value-norm")
    key = b.elementwise("rotary", b.part(joint, -1, latent.rotated), name="rotary-key")
    up = b.weight("key-value-up/weight", (latent.rank, heads * (latent.plain + latent.value)), dtype=block.weight_dtype)
    mixed = (_absorbed if block.past else _expanded)(b, block, latent, (plain, rotated, vector, key), up)
    return project(b, block, mixed, block.width, "output")


def _queries(b: GraphBuilder, block: Block, latent: Latent, x: Tensor) -> tuple[Tensor, Tensor]:
    heads = block.heads
    if latent.query_rank:
        low = project(b, block, x, latent.query_rank, "query-down")
        x = b.normalise("rms_norm", low, name="query-norm")
    bias = block.bias and not latent.query_rank
    q = project(b, block, x, heads * (latent.plain + latent.rotated), "query", bias=bias)
    rotated = b.elementwise("rotary", b.part(q, -1, heads * latent.rotated), name="rotary-query")
    return b.part(q, -1, heads * latent.plain), rotated


def _expanded(
    b: GraphBuilder, block: Block, latent: Latent, parts: tuple[Tensor, Tensor, Tensor, Tensor], up: Tensor
) -> Tensor:
    plain, rotated, vector, key = parts
    heads, (batch, tokens, _) = block.heads, vector.shape
    both = b.linear(vector, up.shape[-1], bias=False, name="key-value-up", weight=up)
    shape = (batch, tokens, heads * (latent.plain + latent.rotated))
    q = b.move("concat", plain, rotated, shape=shape, name="join-query")
    k = b.move("concat", b.part(both, -1, heads * latent.plain), key, shape=shape, name="join-key")
    v = b.part(both, -1, heads * latent.value)
    return b.attention(q, k, v, heads=heads, causal=block.causal)


def _absorbed(
    b: GraphBuilder, block: Block, latent: Latent, parts: tuple[Tensor, Tensor, Tensor, Tensor], up: Tensor
) -> Tensor:
    plain, rotated, vector, key = parts
    heads, (batch, tokens, _) = block.heads, vector.shape
    rows, size = batch * tokens, latent.rank + latent.rotated
    inside = b.op(
        "absorb-query",
        MatMul(heads, rows, latent.rank, latent.plain),
        [plain, b.part(up, -1, heads * latent.plain)],
        (batch, tokens, heads * latent.rank),
    )
    q = b.move("concat", inside, rotated, shape=(batch, tokens, heads * size), name="join-query")
    new = b.move("append", vector, key, shape=(batch, tokens, size), name="append-latent")
    cache = b.state("latent-cache", (batch, block.past + tokens, size))
    work = Attention(batch, heads, 1, tokens, block.past + tokens, size, latent.rank, causal=block.causal)
    kept = batch * block.past
    mixed = b.op(
        "attention",
        work,
        [q, cache, cache, new],
        (batch, tokens, heads * latent.rank),
        reads=[q.elements, kept * size, kept * latent.rank, new.elements],
    )
    return b.op(
        "expand-value",
        MatMul(heads, rows, latent.value, latent.rank),
        [mixed, b.part(up, -1, heads * latent.value)],
        (batch, tokens, heads * latent.value),
    )
