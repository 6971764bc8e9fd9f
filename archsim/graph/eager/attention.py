"""Attention as libraries write it out: heads apart, scores, scale, mask, softmax, dropout, values, heads together.

PyTorch's ``matmul`` of heads that lie between one another copies them apart before the product when there is more than
one item in the batch; with one item, strides describe them as they lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archsim.errors import UnknownNameError
from archsim.graph import functions
from archsim.graph.eager.pieces import Pieces
from archsim.graph.tensor import Tensor
from archsim.graph.work import Attention, MatMul, Normalise


@dataclass(frozen=True)
class Style:
    """How a library writes attention.

    Attributes
    ----------
    scale : str
        What is multiplied by a constant: ``scores``, ``query`` or nothing.
    mask : str
        Function that masks: ``masked`` (a constant where the mask says so) or ``add``; empty: none.
    always : bool
        Whether a mask is applied to attention that hides nothing too, such as a mask of padding.
    clamp : bool
        Whether masked scores are held above the smallest number by a kernel of their own.
    copies : bool
        Whether heads are copied apart even for one item.
    tokens_first : bool
        Whether tokens stand before the items of the batch: strides then describe the heads of all items as they lie,
        and only keys and values cut out of one product are copied.
    bias : bool
        Whether the bias of a projection is added by a kernel of its own.
    """

    scale: str = "scores"
    mask: str = "add"
    always: bool = False
    clamp: bool = False
    copies: bool = False
    tokens_first: bool = False
    bias: bool = False


STYLES: Final[dict[str, Style]] = {
    "transformers": Style(),
    "gpt2": Style(mask="masked"),
    "bert": Style(always=True),
    "opt": Style(scale="query", always=True, clamp=True, copies=True),
    "t5": Style(scale="", always=True),
    "timm": Style(),
    "swin": Style(scale="query"),
    "torch": Style(scale="query", tokens_first=True, bias=True),
}
"""Styles by library or model: `modeling_gpt2`, `modeling_bert`, `modeling_opt` and `modeling_t5` of the Transformers
library, version 4.40 and before, with ``attn_implementation="eager"``; timm without fused attention; ``torch``:
`torch.nn.TransformerEncoderLayer` of PyTorch 1.8 and before, whose `linear` takes a bias in only with two axes."""


def style(name: str) -> Style:
    """Look up a style.

    Raises
    ------
    UnknownNameError
        Nobody writes attention that way.
    """
    if name not in STYLES:
        raise UnknownNameError("style of attention", name, STYLES, hint=f"write one of {', '.join(STYLES)}")
    return STYLES[name]


def attention(pieces: Pieces, how: Style, *, dropout: bool) -> None:
    """Write one attention out."""
    work: Attention = pieces.op.work  # type: ignore[assignment]
    query, keys, values, *more = pieces.inputs()
    if how.scale == "query":
        query = pieces.pointwise("multiply", [query], name="scale")
    new_keys, new_values, more = _cached(work, keys, more)
    heads, queries, length = work.batch * work.heads, work.query_length, work.key_length
    if how.copies or (work.batch > 1 and not how.tokens_first):
        query = pieces.copy("query-heads", query, (heads, queries, work.head_size))
    lies_apart = work.batch == 1 and not how.copies and work.heads == work.kv_heads
    if not (lies_apart or new_keys):
        keys = pieces.copy("key-heads", keys, (heads, length, work.head_size))
        values = pieces.copy("value-heads", values, (heads, length, work.value_size))
    square = (heads, queries, length)
    product = MatMul(heads, queries, length, work.head_size, dynamic=True)
    scores = pieces.add("scores", product, [query, keys, *new_keys], square)
    if how.scale == "scores":
        scores = pieces.pointwise("multiply", [scores], name="scale")
    scores = _mask(pieces, how, work, scores, more)
    each = functions.normalise("softmax")
    softmax = Normalise("softmax", heads * queries, length, each.passes, each.flops, each.special, each.special_per_row)
    shares = pieces.add("softmax", softmax, [scores], square)
    if dropout:
        shares = pieces.pointwise("dropout", [shares])
    product = MatMul(heads, queries, work.value_size, length, dynamic=True)
    mixed = pieces.add("values", product, [shares, values, *new_values], (heads, queries, work.value_size))
    pieces.copy("heads-together", mixed, pieces.output().shape, last=True)


def _mask(pieces: Pieces, how: Style, work: Attention, scores: Tensor, more: list[Tensor]) -> Tensor:
    """Add what the op reads beside its operands (biases, masks), or the library's own mask, and clamp."""
    masked = work.causal or bool(work.window) or how.always
    for index, bias in enumerate(more):
        scores = pieces.pointwise("add", [scores, bias], name=f"bias-{index + 1}")
    if how.mask and masked and not more:
        scores = pieces.pointwise(how.mask, [scores], name="mask")
    if how.clamp and masked:
        scores = pieces.pointwise("maximum", [scores], name="clamp")
    return scores


def _cached(work: Attention, keys: Tensor, more: list[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
    """Tell the new keys and values behind a cache from biases: with them the cache is as long as the op sees."""
    needed = work.batch * work.kv_heads * work.key_length * work.head_size
    if len(more) == 2 and keys.elements < needed == keys.elements + more[0].elements:
        return [more[0]], [more[1]], []
    return [], [], more
