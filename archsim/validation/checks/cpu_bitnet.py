"""Products with ternary weights on one core: bitnet.cpp, three ways to order its loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archsim.arch.chip import Chip
from archsim.graph.work import MatMul
from archsim.io.hardware import with_all
from archsim.validation import ops
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, parts, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import Formats
from archsim.validation.kernels import COLUMNS, MILLISECOND
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

LIBRARY: Final = "cpu-bitnet-cpp"
SIDE_BY_SIDE: Final[Mapping[str, tuple[int, int]]] = {
    "gemm_i2s_no_parallel": (1, 1),
    "gemm_i2s_weight_parallel": (4, 1),
    "gemm_i2s_activation_parallel": (1, 4),
}
"""Rows of weights and activation vectors side by side, by the kernel's name."""
STORED: Final[Mapping[str, Formats]] = {"ternary_w_int8_a": Formats("ternary", "int8", "ternary", "fp32")}
VECTOR, MATRIX = "one vector", "many vectors"
LIMITS: Final = {VECTOR: Target("mape", 40.0), MATRIX: Target("mape", 25.0)}


@check(
    "cpu_bitnet.csv",
    topic="gpu",
    family="cpu",
    columns=COLUMNS,
    title="Products with ternary weights on one core, three ways to order the loop",
)
def cpu_bitnet(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one call, for one activation vector and for many."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        group = MATRIX
        try:
            work = _work(row)
            group = VECTOR if work.m == 1 else MATRIX
            measured = positive(row, "measured_ms") * MILLISECOND
            if dataset.side({"n": work.n, "k": work.k}, row) == "fit":
                tally.keep_for_fit(group)
                continue
            tally.compare(group, time(_machine(row, machines), work, _formats(row)), measured)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def time(chip: Chip, work: MatMul, stored: Formats) -> float:
    """Return the time of one product called again and again on the same operands, s."""
    timed = ops.product(work, stored)
    tensors = {tensor.name: tensor for tensor in timed.tensors}
    made = run_alone(chip, list(timed.ops), tensors, copies=[1], between=[0.0], mode="never")
    if made.verdict[0] != "ok":
        raise SkipRow(made.verdict[0])
    return float(made.latency[0])


def _machine(row: Row, machines: Machines) -> Chip:
    kernel = text(row, "op")
    if kernel not in SIDE_BY_SIDE:
        raise SkipRow(f"unknown op {quoted(kernel)}")
    rows, columns = SIDE_BY_SIDE[kernel]
    how = {"library": LIBRARY, "library.low_bit.rows": rows, "library.low_bit.columns": columns}
    return with_all(machines.find(text(row, "device")), how)


def _work(row: Row) -> MatMul:
    dims = parts(row)
    return MatMul(1, size(dims, "m"), size(dims, "n"), size(dims, "k"))


def _formats(row: Row) -> Formats:
    name = text(row, "dtype")
    if name not in STORED:
        raise SkipRow(f"unknown dtype {quoted(name)}")
    return STORED[name]
