"""Products, convolutions, recurrent layers and sparse products, each called again and again: DeepBench."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from archsim.graph.work import Conv, MatMul
from archsim.validation import ops, recurrent
from archsim.validation.cells import SkipRow, parts, quoted, share, size, text, whole
from archsim.validation.dataset import Dataset
from archsim.validation.formats import Formats, formats
from archsim.validation.kernels import COLUMNS, Reader, Reading, judge
from archsim.validation.ops import Timed
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

BYTES_PADDED: Final = 4
"""Multiple that sizes of int8 operands are padded to: rows of weights; channels, height and width of maps."""
TENSOR_PADDED: Final = 8
"""Multiple that channels are padded to for tensor cores."""
TENSOR: Final = "fp16_tc"

CONVOLUTIONS: Final[dict[str, Callable[[Conv, str], Timed]]] = {
    "conv_fwd": ops.convolution,
    "conv_bwd_inputs": ops.convolution_of_inputs,
    "conv_bwd_weights": ops.convolution_of_weights,
}
PASSES: Final = {
    "fwd": recurrent.forward,
    "bwd": recurrent.inputs,  # tables without a column for the weights' gradient time this one alone
    "bwd_inputs": recurrent.inputs,
    "bwd_weights": recurrent.weights,
}
ON_DEVICE: Final = "inference/device/"
"""Part of the source of tables of phones and boards."""
LIBRARIES: Final = {
    "gemm": "cpu-gemmlowp", "conv_fwd": "cpu-arm-compute", "spmm": "cpu-eigen", "spmm_dense_equiv": "cpu-eigen"
}  # fmt: skip
"""Libraries of those tables, by kind of kernel."""
LIMITS: Final = {
    "gemm": 20.0, "conv_fwd": 25.0, "conv_bwd_inputs": 30.0, "conv_bwd_weights": 30.0, "rnn_fwd": 30.0,
    "rnn_bwd_inputs": 30.0, "rnn_bwd_weights": 30.0, "spmm": 40.0, "spmm_dense_equiv": 20.0,
}  # fmt: skip
"""What kinds of kernel are held to, percent."""
CARRIED: Final = {"tesla-m40 gemm fp32": 16.0}
"""Groups on whose machine nothing was fitted, and whose generation was: what fits are held to elsewhere."""


def read(row: Row) -> Reading:
    """Read a row of any kind.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op").lower()
    dtype = text(row, "dtype").lower()
    if kind == "all_reduce":
        raise SkipRow("no system of several such devices is described")
    library = LIBRARIES.get(kind, "") if ON_DEVICE in row.cells.get("source", "") else ""
    if kind in ("gemm", "spmm", "spmm_dense_equiv"):
        return replace(_product(kind, parts(row), dtype), library=library)
    if kind in CONVOLUTIONS:  # the Arm Compute Library had convolutions in single precision only
        return replace(_convolution(kind, parts(row), "fp32" if library else dtype), library=library)
    if kind.startswith("rnn_"):
        return _recurrent(kind, parts(row), dtype)
    raise SkipRow(f"unknown op {quoted(kind)}")


def _product(kind: str, dims: dict[str, str], dtype: str) -> Reading:
    """Read ``m=..;n=..;k=..``: BLAS stores columns, so its m x k weights are our n x k and its n columns our m rows.

    The result is added to what stood in its place, but for sparse weights.
    """
    stored = formats(dtype)
    columns = size(dims, "m")
    if dtype == "int8":
        stored = replace(stored, output="int32")
        columns = _padded(columns, BYTES_PADDED)
    work = MatMul(1, size(dims, "n"), columns, size(dims, "k"))
    sparse = kind == "spmm"
    density = 1.0 - share(dims, "sparsity") if sparse else 1.0
    timed = ops.product(work, stored, added=not sparse, density=density)
    return Reading(timed, {"op": kind, "m": size(dims, "m"), "n": work.m, "k": work.k})


def _convolution(kind: str, dims: dict[str, str], dtype: str) -> Reading:
    """Read ``w;h;c;n;k;s;r;pad_w;pad_h;sw;sh``: n maps of c channels, k filters r high and s wide."""
    stored = formats(dtype)
    channels, height, width = size(dims, "c"), size(dims, "h"), size(dims, "w")
    filters, tall, wide = size(dims, "k"), size(dims, "r"), size(dims, "s")
    # Some sheets name the sides of a filter the other way round: both stay on one side of the split.
    labels = {"op": kind, "k": filters, "c": channels, "r": min(tall, wide), "s": max(tall, wide)}
    if dtype == "int8":
        channels, height, width = (_padded(each, BYTES_PADDED) for each in (channels, height, width))
    elif dtype == TENSOR:
        channels = _padded(channels, TENSOR_PADDED)
    above, beside = whole(dims, "pad_h", 0), whole(dims, "pad_w", 0)
    down, across = size(dims, "sh", 1), size(dims, "sw", 1)
    work = Conv(
        size(dims, "n"), channels, filters, height, width, (height + 2 * above - tall) // down + 1,
        (width + 2 * beside - wide) // across + 1, tall, wide, (down, across), padding=(above, above, beside, beside),
    )  # fmt: skip
    if work.out_height < 1 or work.out_width < 1:
        raise SkipRow("the filter is larger than the padded map")
    return Reading(CONVOLUTIONS[kind](work, stored.input), labels)


def _recurrent(kind: str, dims: dict[str, str], dtype: str) -> Reading:
    """Read ``hidden=..;n=..;t=..``: a layer as wide as its input, n sequences, t steps."""
    name, _, way = kind.removeprefix("rnn_").partition("_")
    cell, run = recurrent.CELLS.get(name), PASSES.get(way)
    if cell is None or run is None:
        raise SkipRow(f"unknown op {quoted(kind)}")
    stored: Formats = formats(dtype)
    width, batch, steps = size(dims, "hidden"), size(dims, "n"), size(dims, "t")
    labels = {"op": label(kind, ""), "cell": name, "hidden": width, "n": batch, "t": steps}
    return Reading(run(cell, width, batch, steps, stored), labels)


def _padded(length: int, multiple: int) -> int:
    return -(-length // multiple) * multiple


def label(kind: str, dtype: str) -> str:
    """Name a group by the kind of kernel and its number format; recurrent layers by the pass."""
    folded = kind.lower()
    if folded.startswith("rnn_"):
        way = folded.removeprefix("rnn_").partition("_")[2]
        folded = f"rnn_{'bwd_inputs' if way == 'bwd' else way}"
    return f"{folded} {dtype.lower()}".strip()


def target(group: str) -> Target:
    """Return what a group is held to, by the kind of kernel."""
    kind = group.split(" ")[-2] if " " in group else group
    return Target("mape", CARRIED.get(group, LIMITS.get(kind, LIMITS["gemm"])))


READER: Final = Reader(read, label, target)


@check(
    "deepbench.csv",
    topic="gpu",
    family=("gpu", "cpu"),
    columns=COLUMNS,
    title="Products, convolutions, recurrent layers and sparse products, called back to back",
    reader=READER,
    device=lambda row: row.cells.get("device", "").strip(),
)
def deepbench(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one call, per machine, kind of kernel and number format."""
    return judge(dataset, READER)
