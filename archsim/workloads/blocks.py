"""What transformer layers are made of: attention with its projections and cache, and the feed-forward network."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.errors import UsageError
from archsim.graph import GraphBuilder, Tensor
from archsim.graph.work import Attention

ACTIVATIONS = ("gelu", "gelu_tanh", "relu", "silu")
NORMS = ("layer_norm", "rms_norm")


@dataclass(frozen=True)
class Block:
    """What every layer of one stack shares.

    Attributes
    ----------
    width, heads, kv_heads, head_size, feed_forward : int
        Sizes; `kv_heads` query-head groups share keys and values, `feed_forward` is the inner width.
    activation : str
        Pointwise function of the feed-forward network.
    gated : bool
        Whether a second projection multiplies the activation, as in SwiGLU.
    norm : str
        ``layer_norm`` or ``rms_norm``.
    rotary : bool
        Whether queries and keys are rotated by position.
    bias, qkv_bias : bool
        Bias on every projection, or on query, key and value alone.
    packed : bool
        Whether query, key and value come from one matmul.
    query_key_norm : bool
        Whether each head's queries and keys pass an RMS norm.
    causal : bool
        Whether a token sees earlier tokens only.
    window : int
        How far back a token looks; 0: no limit.
    past : int
        Tokens whose keys and values are in the cache already.
    experts, experts_per_token : int
        Size of the mixture of experts, and how many each token visits; 0 experts: one dense network.
    weight_dtype : str or None
        Number format of the matrices; None: that of the activations.
    density : float
        Share of non-zero matrix elements.
    structure : str
        How their zeros lie, see `archsim.graph.Tensor`.
    inner_dropout : bool
        Whether the activation of the feed-forward network passes a dropout.
    """

    width: int
    heads: int
    feed_forward: int
    kv_heads: int = 0
    head_size: int = 0
    activation: str = "gelu"
    gated: bool = False
    norm: str = "layer_norm"
    rotary: bool = False
    bias: bool = True
    qkv_bias: bool = False
    packed: bool = False
    query_key_norm: bool = False
    causal: bool = False
    window: int = 0
    past: int = 0
    experts: int = 0
    experts_per_token: int = 0
    weight_dtype: str | None = None
    density: float = 1.0
    structure: str = "dense"
    inner_dropout: bool = False

    def check(self) -> None:
        """Raise unless the sizes fit together.

        Raises
        ------
        UsageError
            Heads that do not divide, or a function nobody knows.
        """
        one_of("activation", self.activation, ACTIVATIONS)
        one_of("norm", self.norm, NORMS)
        if not self.head_size and self.width % self.heads:
            raise UsageError(
                f"width={self.width} does not divide into heads={self.heads}",
                hint="choose a multiple, or give head_size",
            )
        if self.kv_heads and self.heads % self.kv_heads:
            raise UsageError(
                f"heads={self.heads} do not divide into groups of kv_heads={self.kv_heads}",
                hint="write a divisor of heads",
            )
        if self.experts and not 1 <= self.experts_per_token <= self.experts:
            raise UsageError(
                f"experts_per_token={self.experts_per_token} of experts={self.experts}",
                hint=f"write a number from 1 to {self.experts}",
            )

    @property
    def query_width(self) -> int:
        """Features of all query heads."""
        return self.heads * (self.head_size or self.width // self.heads)

    @property
    def kv_width(self) -> int:
        """Features of all key heads, and of all value heads."""
        return self.query_width // self.heads * (self.kv_heads or self.heads)


def one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raise unless the parameter `name` has one of the `known` values.

    Raises
    ------
    UsageError
        It has another.
    """
    if value not in known:
        raise UsageError(f"parameter {name}={value!r} is not known", hint=f"write one of {', '.join(known)}")


def project(b: GraphBuilder, block: Block, x: Tensor, features: int, name: str, *, bias: bool | None = None) -> Tensor:
    """Multiply by a matrix in the number format and sparsity of the block."""
    return b.linear(
        x,
        features,
        bias=block.bias if bias is None else bias,
        name=name,
        weight_dtype=block.weight_dtype,
        density=block.density,
        structure=block.structure,
    )


def self_attention(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    """Project `x` (batch, tokens, width) to heads, attend, and project back."""
    q, k, v = _heads(b, block, x)
    if block.query_key_norm:
        q, k = _norm_heads(b, block, q, "query-norm"), _norm_heads(b, block, k, "key-norm")
    if block.rotary:
        q, k = b.elementwise("rotary", q, name="rotary-query"), b.elementwise("rotary", k, name="rotary-key")
    mixed = _attend(b, block, q, k, v)
    return project(b, block, mixed, block.width, "output")


def _heads(b: GraphBuilder, block: Block, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    bias = block.bias or block.qkv_bias
    if not block.packed:
        q = project(b, block, x, block.query_width, "query", bias=bias)
        k = project(b, block, x, block.kv_width, "key", bias=bias)
        return q, k, project(b, block, x, block.kv_width, "value", bias=bias)
    joint = project(b, block, x, block.query_width + 2 * block.kv_width, "query-key-value", bias=bias)
    k = b.part(joint, -1, block.kv_width)
    return b.part(joint, -1, block.query_width), k, k


def _norm_heads(b: GraphBuilder, block: Block, x: Tensor, name: str) -> Tensor:
    size = block.query_width // block.heads
    rows = b.reshape(x, (*x.shape[:-1], x.shape[-1] // size, size))
    return b.reshape(b.normalise("rms_norm", rows, name=name), x.shape)


def _attend(b: GraphBuilder, block: Block, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend to the new tokens and, where there is a past, to the cache.

    The cache has room for the new tokens: they are written by a `move` each and read as what was written, so that the
    cache itself is charged for the past alone. A window keeps no more of the past than some new token can still see.
    """
    if not block.past:
        return b.attention(
            q, k, v, heads=block.heads, kv_heads=block.kv_heads, causal=block.causal, window=block.window
        )
    batch, tokens, _ = q.shape
    past = min(block.past, block.window - 1) if block.window else block.past
    size = block.query_width // block.heads
    kept = (batch, past + tokens, block.kv_width)
    keys, values = b.state("key-cache", kept), b.state("value-cache", kept)
    new = [b.move("append", k, name="append-key"), b.move("append", v, name="append-value")]
    kv_heads = block.kv_heads or block.heads
    work = Attention(
        batch, block.heads, kv_heads, tokens, past + tokens, size, size, causal=block.causal, window=block.window
    )
    cached = batch * past * block.kv_width
    reads = [q.elements, cached, cached, new[0].elements, new[1].elements]
    return b.op("attention", work, [q, keys, values, *new], q.shape, reads=reads)


def feed_forward(b: GraphBuilder, block: Block, x: Tensor) -> Tensor:
    """Widen, apply the activation, narrow."""
    inner = project(b, block, x, block.feed_forward, "gate" if block.gated else "up")
    inner = b.elementwise(block.activation, inner)
    if block.gated:
        up = project(b, block, x, block.feed_forward, "up")
        inner = b.elementwise("multiply", inner, up)
    if block.inner_dropout:
        inner = b.elementwise("dropout", inner, name="inner-dropout")
    return project(b, block, inner, block.width, "down")
