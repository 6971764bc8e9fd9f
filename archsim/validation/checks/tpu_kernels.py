"""Kernels on one core of a TPU v4, as a profiler times them: products of three ranges of sizes, pointwise functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.graph.work import MatMul
from archsim.validation import ops
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.kernels import Reading, Sample, predict
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "tpu-v4-core"
FORMAT: Final = "fp32"
MICROSECOND: Final = 1e-6
ALL: Final = "all sizes"
PRODUCTS: Final = 8.0
POINTWISE: Final = 5.0
ADD: Final = 3.0
"""What products of all sizes, pointwise functions, and additions among them are held to, percent."""
FUNCTIONS: Final = {
    "add": ("add", 2), "mul": ("multiply", 2), "relu": ("relu", 1), "sigmoid": ("sigmoid", 1), "tanh": ("tanh", 1),
    "elu": ("elu", 1), "selu": ("elu", 1), "leaky": ("leaky_relu", 1), "parametric": ("leaky_relu", 1),
    "linear": ("multiply", 1), "binary": ("binarise", 1),
}  # fmt: skip
"""The table's names: function, and tensors it reads."""


@check(
    "tpu_v4_matmul_measured.csv",
    topic="systolic",
    family="systolic",
    columns=("set", "M", "N", "K", "fusion_avg_us"),
    title="Matrix products on one core of a TPU v4",
)
def tpu_v4_matmul_measured(dataset: Dataset) -> list[Outcome]:
    """Judge the time of products, one set of constants for all three ranges of sizes."""
    return _judge(dataset, read_product, lambda _: Target("mape", PRODUCTS), together=True)


@check(
    "tpu_v4_vector_ops_measured.csv",
    topic="systolic",
    family="systolic",
    columns=("op", "shape", "avg_us"),
    title="Pointwise functions and layer norms on one core of a TPU v4",
)
def tpu_v4_vector_ops_measured(dataset: Dataset) -> list[Outcome]:
    """Judge the time of pointwise functions and layer norms."""
    return _judge(dataset, read_function, lambda group: Target("mape", ADD if group == "add" else POINTWISE))


def read_product(row: Row, chip: Chip) -> Sample:
    """Read a product."""
    m, n, k = (int(positive(row, axis)) for axis in "MNK")
    timed = ops.product(MatMul(1, m, n, k, dynamic=True), formats(FORMAT))
    return Sample(
        row, text(row, "set"), chip, Reading(timed, {"n": n, "k": k}), positive(row, "fusion_avg_us") * MICROSECOND
    )


def read_function(row: Row, chip: Chip) -> Sample:
    """Read a pointwise function or a layer norm, laid out as the compiler does."""
    name, sizes = text(row, "op"), shape(text(row, "shape"))
    elements = 1
    for size in sizes:
        elements *= size
    if name == "layer_norm":
        timed = ops.normalise("layer_norm", elements // sizes[-1], sizes[-1], FORMAT)
    elif name in FUNCTIONS:
        function, operands = FUNCTIONS[name]
        length = lane_axis(sizes, chip)
        timed = ops.pointwise(function, -(-elements // length), length, FORMAT, operands=operands, blocks=True)
    else:
        raise SkipRow(f"unknown op {quoted(name)}")
    return Sample(row, name, chip, Reading(timed, {"elements": elements}), positive(row, "avg_us") * MICROSECOND)


def shape(cell: str) -> list[int]:
    """Return the axes of ``8x16x24``.

    Raises
    ------
    SkipRow
        It is no shape.
    """
    parts = cell.split("x")
    if not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise SkipRow("shape is not whole numbers above 0 with x between")
    return [int(part) for part in parts]


def lane_axis(sizes: list[int], chip: Chip) -> int:
    """Return the length of the rows: of all axes, the compiler lays the one along the lanes that takes least padding.

    A single axis fills registers one after the other: it is cut into rows as long as the lanes.
    """
    spec: Any = chip.spec
    lanes, sublanes = int(spec.vector.lanes), int(spec.vector.sublanes)
    if len(sizes) == 1:
        return min(lanes, sizes[0])
    elements = 1
    for size in sizes:
        elements *= size

    def padded(length: int) -> int:
        rows = elements // length
        return -(-rows // sublanes) * sublanes * -(-length // lanes) * lanes

    return min(sizes, key=lambda length: (padded(length), -length))


def samples(dataset: Dataset, read: Callable[[Row, Chip], Sample], tally: Tally) -> list[Sample]:
    """Read all rows that can be evaluated; the others are counted."""
    machines = Machines()
    found = []
    for row in dataset.rows:
        try:
            found.append(read(row, machines.find(MACHINE)))
        except SkipRow as skip:
            tally.skip(ALL, skip.reason, row.line)
    return found


def _judge(
    dataset: Dataset, read: Callable[[Row, Chip], Sample], target: Callable[[str], Target], *, together: bool = False
) -> list[Outcome]:
    tally = Tally()
    scored = []
    for sample in samples(dataset, read, tally):
        groups = (sample.group, ALL) if together else (sample.group,)
        if dataset.side(sample.reading.labels, sample.row) == "fit":
            for group in groups:
                tally.keep_for_fit(group)
        else:
            scored.append((sample, groups))
    for (sample, groups), made in zip(scored, predict([each for each, _ in scored]), strict=True):
        for group in groups:
            if made.verdict != "ok":
                tally.skip(group, made.verdict, sample.row.line)
            else:
                tally.compare(group, made.latency, sample.measured)
    return tally.outcomes(dataset.name, dataset.split, target)
