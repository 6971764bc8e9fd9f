"""Fused attention timed one kernel at a time."""

from __future__ import annotations

from typing import Final

from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, Move
from archsim.validation import ops
from archsim.validation.cells import SkipRow, parts, quoted, size, text, whole
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.kernels import COLUMNS, Reader, Reading, judge
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

PREFILL: Final = "attention_prefill_causal"
DECODE: Final = "attention_decode"
TARGET: Final = Target("mape", 20.0)


def read(row: Row) -> Reading:
    """Read a row: dims ``b=..;s=..;h=..;hkv=..;d=..;prefix=..`` of a prompt, ``kv=..`` in place of s for one token.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op").lower()
    if kind not in (PREFILL, DECODE):
        raise SkipRow(f"unknown op {quoted(kind)}")
    stored = formats(text(row, "dtype"))
    dims = parts(row)
    heads, kv_heads, head = size(dims, "h"), size(dims, "hkv"), size(dims, "d")
    if heads % kv_heads:
        raise SkipRow("h does not divide by hkv")
    prefill = kind == PREFILL
    queries = size(dims, "s") if prefill else 1
    keys = queries + whole(dims, "prefix", 0) if prefill else size(dims, "kv")
    work = Attention(size(dims, "b"), heads, kv_heads, queries, keys, head, head, causal=prefill)
    labels = {"op": kind, "h": heads, "hkv": kv_heads, "d": head, "b": work.batch, "keys": keys}
    return Reading(store(work, stored.input) + ops.attention(work, stored.input), labels)


def store(work: Attention, dtype: str) -> ops.Timed:
    """Return the kernel that writes the new keys and values into their cache: the serving systems time it too."""
    shape = (2, work.batch, work.query_length, work.kv_heads * work.head_size)
    new, kept = Tensor("new", shape, dtype, Role.INPUT), Tensor("kept", shape, dtype)
    return ops.one("store", Move("copy", new.elements), (new,), (kept,))


def label(kind: str, _: str) -> str:
    """Name a group by what is computed: a prompt, or one token."""
    return {PREFILL: "prefill", DECODE: "decode"}.get(kind.lower(), kind)


READER: Final = Reader(read, label, lambda _: TARGET)


@check(
    "attention_aiconfigurator.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="Fused attention timed in a CUDA graph: causal prompts, and one token over a cache of keys",
    reader=READER,
)
def attention_aiconfigurator(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one fused attention, per machine, of prompts and of single tokens."""
    return judge(dataset, READER)
