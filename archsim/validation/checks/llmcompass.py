"""Products, softmax, layer norm and GELU called one at a time from PyTorch, the host waiting for each."""

from __future__ import annotations

from typing import Final

from archsim.graph.work import MatMul
from archsim.validation import ops
from archsim.validation.cells import SkipRow, parts, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.kernels import COLUMNS, Reader, Reading, judge
from archsim.validation.launch import Launch
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

LAYER: Final = "gpt3_175b_layer_"
"""Ops of a layer on four GPUs, which have a table of their own."""
TARGET: Final = Target("mape", 15.0)


def read(row: Row) -> Reading:
    """Read a row: dims ``m=..;n=..;k=..`` of products, ``rows=..;cols=..`` of all others.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op").lower()
    stored = formats(text(row, "dtype"))
    dims = parts(row)
    if kind == "gemm":
        work = MatMul(1, size(dims, "m"), size(dims, "n"), size(dims, "k"))
        return Reading(ops.product(work, stored), {"op": kind, "m": work.m, "n": work.n, "k": work.k})
    rows, columns = size(dims, "rows"), size(dims, "cols")
    labels = {"op": kind, "rows": rows, "cols": columns}
    if kind == "softmax":
        return Reading(ops.normalise("softmax", rows, columns, stored.input), labels)
    if kind == "layernorm":
        return Reading(ops.normalise("layer_norm", rows, columns, stored.input), labels)
    if kind == "gelu":
        return Reading(ops.pointwise("gelu_tanh", rows, columns, stored.input), labels)
    raise SkipRow(f"unknown op {quoted(kind)}")


def label(kind: str, _: str) -> str:
    """Name a group by the op."""
    return "layer" if kind.startswith(LAYER) else kind.lower()


READER: Final = Reader(read, label, lambda _: TARGET, Launch.CALL)


@check(
    "llmcompass.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="Products, softmax, layer norm and GELU called from PyTorch, the host waiting for each",
    reader=READER,
)
def llmcompass(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one op, per machine and op."""
    return judge(dataset, READER)
