"""Attention inside square windows of an image, with a learned bias for every relative position.

Liu et al., "Swin Transformer", arXiv:2103.14030, section 3.2. Cutting into windows moves every byte: it is a permute.
"""

from __future__ import annotations

from archsim.graph import GraphBuilder, Role, Tensor
from archsim.graph.work import Attention


def cut(b: GraphBuilder, x: Tensor, window: int, *, name: str = "cut") -> Tensor:
    """Permute (batch, height, width, channels) into (windows, tokens, channels)."""
    batch, height, width, channels = x.shape
    windows = batch * (height // window) * (width // window)
    return b.move("window_partition", x, shape=(windows, window * window, channels), name=name)


def join(b: GraphBuilder, x: Tensor, shape: tuple[int, ...], *, name: str = "join") -> Tensor:
    """Permute windows back into an image of `shape` (batch, height, width, channels)."""
    return b.move("window_reverse", x, shape=shape, name=name)


def position_bias(b: GraphBuilder, table: Tensor, window: int) -> Tensor:
    """Look up the bias of every pair of tokens in `table` (distances, heads): (heads, tokens, tokens)."""
    tokens = window * window
    index = b.tensor("position_index", (tokens * tokens,), Role.STATE, dtype="int64")
    rows = b.gather(table, index, name="position_lookup")
    return b.move("transpose", rows, shape=(table.shape[1], tokens, tokens), name="position_bias")


def attend(b: GraphBuilder, q: Tensor, k: Tensor, v: Tensor, *, heads: int, extra: tuple[Tensor, ...] = ()) -> Tensor:
    """Attend inside each window; tensors in `extra` (bias, mask, scale) are read and added to the scores."""
    windows, tokens, channels = q.shape
    head = channels // heads
    work = Attention(windows, heads, heads, tokens, tokens, head, head)
    return b.op("attention", work, [q, k, v, *extra], (windows, tokens, channels))
