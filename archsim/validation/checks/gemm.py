"""Matrix products timed one kernel at a time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import MatMul
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, parts, positive, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import Formats, formats
from archsim.validation.machines import Machines, check_format
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("device", "op", "dims", "dtype", "measured_ms")
ROTATED: Final = 6
"""Copies of the weights the benchmark behind the table uses in turn, activations staying as they are."""
MILLISECOND: Final = 1e-3

WIDE: Final = Target("mape", 13.0)
"""16-bit and wider operands."""
NARROW: Final = Target("mape", 20.0)
"""8-bit operands."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, read: group, sizes, formats and the measured time of one kernel, s."""

    row: Row
    group: str
    work: MatMul
    formats: Formats
    measured: float


@check(
    "gemm_aiconfigurator.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="GEMM kernels timed in a CUDA graph, six rotating copies of the weights",
)
def gemm_aiconfigurator(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one GEMM, per machine and number format."""
    return judge(dataset, copies=ROTATED)


def judge(dataset: Dataset, *, copies: int) -> list[Outcome]:
    """Judge GEMM rows: mean absolute error of the time, per machine and number format.

    Parameters
    ----------
    dataset : Dataset
        Columns `COLUMNS`; dims ``m=..;n=..;k=..``, with ``b=..`` when batched.
    copies : int
        Copies of the weights used in turn.
    """
    tally = Tally()
    machines = Machines()
    samples: dict[str, tuple[Chip, list[Sample]]] = {}
    for row in dataset.rows:
        try:
            chip, sample = _read(row, machines)
        except SkipRow as skip:
            tally.skip(_group(row, machines), skip.reason, row.line)
            continue
        labels = {"device": chip.name, "m": sample.work.m, "n": sample.work.n, "k": sample.work.k}
        if dataset.side(labels) == "fit" and not dataset.is_anchor(row):
            tally.keep_for_fit(sample.group)
        else:
            samples.setdefault(chip.name, (chip, []))[1].append(sample)
    for chip, rows in samples.values():
        _compare(dataset, tally, chip, rows, copies)
    return tally.outcomes(dataset.name, dataset.split, _target)


def _read(row: Row, machines: Machines) -> tuple[Chip, Sample]:
    """Read a row.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    if any(column not in row.cells for column in COLUMNS):
        raise SkipRow("the row is cut short")
    chip = machines.find(text(row, "device"))
    kind = text(row, "op")
    if kind.lower() != "gemm":
        raise SkipRow(f"unknown op {quoted(kind)}")
    stored = formats(text(row, "dtype"))
    check_format(chip, stored.input)
    dims = parts(row)
    work = MatMul(size(dims, "b", 1), size(dims, "m"), size(dims, "n"), size(dims, "k"))
    measured = positive(row, "measured_ms") * MILLISECOND
    return chip, Sample(row, f"{chip.name} {stored.label}", work, stored, measured)


def _group(row: Row, machines: Machines) -> str:
    """Name the group of a row that cannot be evaluated, as far as the row says."""
    device, stored = (row.cells.get(column, "").strip() for column in ("device", "dtype"))
    if device:
        with suppress(SkipRow):
            device = machines.find(device).name
    if stored:
        with suppress(SkipRow):
            stored = formats(stored).label
    return " ".join(word for word in (device, stored) if word) or "unreadable"


def _compare(dataset: Dataset, tally: Tally, chip: Chip, samples: list[Sample], copies: int) -> None:
    ops, tensors = [], {}
    for index, sample in enumerate(samples):
        op, own = _matmul(str(index), sample.work, sample.formats)
        ops.append(op)
        tensors.update({tensor.name: tensor for tensor in own})
    supports = registry.get(chip.family).supports
    runs = [supports(op, chip) for op in ops]
    alone = run_alone(chip, [op for op, does in zip(ops, runs, strict=True) if does], tensors, copies=copies)
    answers = iter(zip(alone.latency.tolist(), alone.verdict, strict=True))
    for sample, does in zip(samples, runs, strict=True):
        latency, verdict = next(answers) if does else (0.0, f"{chip.name} does not run matmul")
        if verdict != "ok":
            tally.skip(sample.group, verdict, sample.row.line)
        elif dataset.is_anchor(sample.row):
            tally.anchor(sample.group, Anchor(sample.row.cells["dims"], latency, sample.measured))
        else:
            tally.compare(sample.group, latency, sample.measured)


def _matmul(name: str, work: MatMul, stored: Formats) -> tuple[Op, tuple[Tensor, ...]]:
    """Make a matmul of activations by weights."""
    tensors = (
        Tensor(f"{name}.a", (work.batch, work.m, work.k), stored.input, Role.INPUT),
        Tensor(f"{name}.w", (work.batch, work.k, work.n), stored.weight, Role.WEIGHT),
        Tensor(f"{name}.c", (work.batch, work.m, work.n), stored.output),
    )
    return Op(name, work, (tensors[0].name, tensors[1].name), (tensors[2].name,)), tensors


def _target(group: str) -> Target:
    label = group.rpartition(" ")[2]
    return NARROW if label.startswith(("int", "fp8", "fp4", "ternary", "binary")) else WIDE
