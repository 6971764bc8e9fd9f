"""Matrix products timed one kernel at a time."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from archsim.graph.work import MatMul
from archsim.validation import ops
from archsim.validation.cells import SkipRow, parts, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.kernels import COLUMNS, MILLISECOND, Reader, Reading, judge
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

ROTATED: Final = 6
"""Copies of the weights the benchmark behind the table uses in turn, activations staying as they are."""
STEADY: Final = 0.2e-3
"""Times from which on the mean power of a board says something of the kernel: it is sampled ten times a second, s."""

EVENTS: Final = {"sq": 4e-6, "int8_wo": 4e-6}
"""What an engine that is timed between two events adds to each of its kernels, by the formats that were timed so, s;
about the mean residue of rows kept for fitting."""
QUANTISED: Final = ("fp8",)
"""Formats whose rows begin with the kernel that casts the activations, one row to a block of threads."""

WIDE: Final = Target("mape", 13.0)
"""16-bit and wider operands."""
NARROW: Final = Target("mape", 20.0)
"""8-bit operands."""
POWER: Final = Target("mape", 20.0)


def read(row: Row) -> Reading:
    """Read a row: dims ``m=..;n=..;k=..``, with ``b=..`` when batched.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op")
    if kind.lower() != "gemm":
        raise SkipRow(f"unknown op {quoted(kind)}")
    stored = formats(text(row, "dtype"))
    dims = parts(row)
    work = MatMul(size(dims, "b", 1), size(dims, "m"), size(dims, "n"), size(dims, "k"))
    timed = ops.product(work, stored)
    if stored.label in QUANTISED:
        timed = ops.pointwise("quantise", work.m, work.k, "bf16", to=stored.input, blocks=True) + timed
    labels = {"op": "gemm", "m": work.m, "n": work.n, "k": work.k}
    overhead = EVENTS.get(text(row, "dtype").lower(), 0.0)
    return Reading(timed, labels, copies=ROTATED, overhead=overhead, power=_power(row))


def _power(row: Row) -> float | None:
    """Return what the board drew, W, where the row says so and is long enough."""
    if not row.cells.get("power_w", "").strip() or positive(row, "measured_ms") * MILLISECOND < STEADY:
        return None
    return positive(row, "power_w")


def label(_: str, dtype: str) -> str:
    """Name a group by its number format."""
    with suppress(SkipRow):
        return formats(dtype).label if dtype else ""
    return dtype


def target(group: str) -> Target:
    """Return what a group is held to: less where operands are narrow."""
    if " power" in group:
        return POWER
    word = group.rpartition(" ")[2]
    return NARROW if word.startswith(("int", "fp8", "fp4", "ternary", "binary")) else WIDE


READER: Final = Reader(read, label, target)


@check(
    "gemm_aiconfigurator.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="GEMM kernels timed in a CUDA graph, six rotating copies of the weights",
    reader=READER,
)
def gemm_aiconfigurator(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one GEMM, per machine and number format, and the power of steady rows."""
    return judge(dataset, READER)
