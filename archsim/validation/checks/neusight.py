"""Kernels of language models in fp32, one at a time: products, pointwise functions, softmax, layer norm."""

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

PRODUCTS: Final = ("bmm", "linear")
POINTWISE: Final = {
    "add": ("add", 2), "mul": ("multiply", 2), "div": ("divide", 2), "pow": ("power", 2),
    "addu": ("add", 1), "mulu": ("multiply", 1), "divu": ("divide", 1), "powu": ("power", 1),
    "relu": ("relu", 1), "tanh": ("tanh", 1), "gelu": ("gelu", 1),
}  # fmt: skip
"""The table's names: function, and tensors it reads; a name that ends in u has a number for its second operand."""
LIMITS: Final = {"bmm": 14.0, "linear": 14.0, "elementwise": 18.0, "softmax": 15.0, "ln": 25.0}
"""What kinds of kernel are held to, percent."""


def read(row: Row) -> Reading:
    """Read a row: dims ``b=..;m=..;n=..;k=..`` of products, ``rows=..;cols=..`` of all others.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op").lower()
    stored = formats(text(row, "dtype"))
    dims = parts(row)
    if kind in PRODUCTS:
        linear = kind == "linear"
        work = MatMul(
            size(dims, "b", 1), size(dims, "m"), size(dims, "n"), size(dims, "k"), dynamic=not linear, bias=linear
        )
        return Reading(ops.product(work, stored, name=kind), {"op": kind, "m": work.m, "n": work.n, "k": work.k})
    rows, columns = size(dims, "rows"), size(dims, "cols")
    labels = {"op": label(kind, ""), "rows": rows, "cols": columns}
    if kind in POINTWISE:
        function, operands = POINTWISE[kind]
        return Reading(ops.pointwise(function, rows, columns, stored.input, operands=operands), labels)
    if kind == "softmax":
        return Reading(ops.normalise("softmax", rows, columns, stored.input), labels)
    if kind == "ln":
        return Reading(ops.normalise("layer_norm", rows, columns, stored.input, affine=2), labels)
    raise SkipRow(f"unknown op {quoted(kind)}")


def label(kind: str, _: str) -> str:
    """Name a group by the kind of kernel; all pointwise functions are one kind."""
    return "elementwise" if kind.lower() in POINTWISE else kind.lower()


def target(group: str) -> Target:
    """Return what a group is held to, by the kind of kernel."""
    return Target("mape", LIMITS.get(group.rpartition(" ")[2], LIMITS["bmm"]))


READER: Final = Reader(read, label, target, Launch.KERNEL)


@check(
    "ops_neusight.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="Kernels of language models in fp32, as a profiler times them",
    reader=READER,
)
def ops_neusight(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one kernel, per machine and kind of kernel."""
    return judge(dataset, READER)
