"""Fully connected layers, dense and pruned, of one frame and of 64: the table of the EIE paper."""

from __future__ import annotations

from typing import Final, NamedTuple

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.graph import GraphBuilder, Role
from archsim.graph.work import MatMul
from archsim.io.hardware import with_
from archsim.validation import ops
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("platform", "batch", "matrix", "layer", "in", "out", "weight_density", "time_us")
LIBRARY: Final = "cpu-mkl-11"
"""What the CPU ran."""
MATRICES: Final = ("dense", "sparse")
WINNER: Final = "winner"
MICRO: Final = 1e-6
FASTER: Final = Target("share_right", 90.0)
TIME: Final = Target("median_ape", 30.0)
EIE: Final = "eie"
ENGINE: Final = Target("mape", 15.0)


@check(
    "eie_sparse_dense_fc.csv",
    topic="figures",
    family=("cpu", "gpu", "spiking"),
    columns=COLUMNS,
    title="Pruned fully connected layers, dense and compressed, batch 1 and 64",
    device=lambda row: row.cells.get("platform", "").strip(),
)
def eie(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one frame at batch 1, and which of dense and sparse is faster at either batch.

    The times of compressed weights at batch 64 are judged for CPUs only: GPUs are not told to keep them compressed.
    """
    tally, machines = Tally(), Machines()
    cells: dict[tuple[str, str, str], dict[str, tuple[float, float]]] = {}
    for row in dataset.rows:
        platform = row.cells.get("platform", "").strip() or "unreadable"
        try:
            chip = machine(row, machines)
            group = f"{chip.name} batch {text(row, 'batch')}"
            labels = {"in": int(positive(row, "in")), "out": int(positive(row, "out"))}
            if dataset.side(labels, row) == "fit":
                tally.keep_for_fit(group)
                continue
            measured = positive(row, "time_us") * MICRO
            predicted = time(row, chip)
        except SkipRow as skip:
            tally.skip(platform, skip.reason, row.line)
            continue
        if chip.family == "spiking":
            tally.compare(chip.name, predicted, measured)
            continue
        key = (chip.name, text(row, "batch"), text(row, "layer"))
        cells.setdefault(key, {})[text(row, "matrix")] = (predicted, measured)
        if chip.family == "cpu" or text(row, "batch") == "1":
            tally.compare(group, predicted, measured)
    for (name, _, _), cell in cells.items():
        if len(cell) == len(MATRICES):
            (sparse, sparse_measured), (dense, dense_measured) = cell["sparse"], cell["dense"]
            tally.compare(f"{name} {WINNER}", sparse / dense, sparse_measured / dense_measured)
    return tally.outcomes(dataset.name, dataset.split, _target)


class Cell(NamedTuple):
    """One layer on one machine at one batch: how many times faster it is compressed than dense."""

    machine: str
    batch: int
    layer: str
    density: float
    predicted: float
    measured: float
    scored: bool


def cells(dataset: Dataset) -> list[Cell]:
    """Return every layer that was timed dense and compressed; rows that set constants are marked, others left out.

    Parameters
    ----------
    dataset : Dataset
        The table.
    """
    machines = Machines()
    times: dict[tuple[str, int, str], dict[str, tuple[float, float, float, bool]]] = {}
    for row in dataset.rows:
        try:
            chip, matrix = machine(row, machines), text(row, "matrix")
            if matrix not in MATRICES:
                continue
            labels = {"in": int(positive(row, "in")), "out": int(positive(row, "out"))}
            key = (chip.name, int(positive(row, "batch")), text(row, "layer"))
            seconds = (time(row, chip), positive(row, "time_us") * MICRO)
            side = dataset.side(labels, row)
            times.setdefault(key, {})[matrix] = (*seconds, positive(row, "weight_density"), side == "score")
        except SkipRow:
            continue
    found = []
    for key, pair in times.items():
        if len(pair) == len(MATRICES):
            (dense, dense_measured, _, _), (sparse, sparse_measured, density, scored) = pair["dense"], pair["sparse"]
            found.append(Cell(*key, density, dense / sparse, dense_measured / sparse_measured, scored))
    return found


def _target(group: str) -> Target:
    return FASTER if group.endswith(WINNER) else ENGINE if group == EIE else TIME


def machine(row: Row, machines: Machines) -> Chip:
    """Return the machine of a row, driven by what its authors ran.

    Raises
    ------
    SkipRow
        Nobody knows it.
    """
    chip = machines.find(text(row, "platform"))
    return with_(chip, "library", LIBRARY) if chip.family == "cpu" else chip


def time(row: Row, chip: Chip) -> float:
    """Return the predicted time of one frame, s.

    Raises
    ------
    SkipRow
        The row cannot be read, or the machine does not run it.
    """
    return _engine(row, chip) if chip.family == "spiking" else _product(row, chip)


def _engine(row: Row, chip: Chip) -> float:
    """Return the predicted time of one frame on EIE, weights and activations with zeros, s."""
    if text(row, "matrix") != "actual":
        raise SkipRow("what its authors expect of it, all lanes busy")
    work = MatMul(1, int(positive(row, "batch")), int(positive(row, "out")), int(positive(row, "in")))
    b = GraphBuilder("layer", dtype="int16")
    x = b.tensor("x", (work.m, work.k), Role.INPUT, dtype="int16", density=positive(row, "act_density"),
                 structure="uniform")  # fmt: skip
    weight = b.weight("weight", (work.k, work.n), density=positive(row, "weight_density"), structure="uniform")
    b.op("layer", work, [x, weight], (work.m, work.n), dtype="int16")
    return evaluate(b.build(), chip, capacity="ignore").latency


def _product(row: Row, chip: Chip) -> float:
    matrix = text(row, "matrix")
    if matrix not in MATRICES:
        raise SkipRow(f"unknown matrix {quoted(matrix)}")
    batch = int(positive(row, "batch"))
    work = MatMul(1, batch, int(positive(row, "out")), int(positive(row, "in")))
    density = positive(row, "weight_density") if matrix == "sparse" else 1.0
    timed = ops.product(work, formats("fp32"), density=density)
    made = run_alone(chip, timed.ops, {tensor.name: tensor for tensor in timed.tensors})
    if made.verdict[0] != "ok":
        raise SkipRow(made.verdict[0])
    return float(made.latency[0]) / batch
