"""Sparsity from which published sparse libraries beat dense products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from archsim.arch.chip import Chip
from archsim.graph.work import MatMul
from archsim.io.hardware import with_all
from archsim.validation import ops
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.crossover import crossing
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("hardware", "library", "shape", "sparsity", "t_dense", "t_sparse")
LIBRARIES: Final[Mapping[str, str]] = {
    "torch sparse@sparse": "cpu-torch-coo",
    "scipy sparse@sparse": "cpu-scipy",
}
"""Libraries that leave out the zeros of both operands, by label."""
SETS: Final[Mapping[str, tuple[str, MatMul]]] = {"DLMC set": ("fp64", MatMul(1, 512, 512, 2048))}
"""Number format and sizes by label: see the protocol of the table."""
BREAK_EVEN: Final = "(break-even)"
TILED: Final = 32
"""Rows of the dense operand that Sputnik's kernels fetch together: one for each thread of a warp."""
SPUTNIK: Final = MatMul(1, 128, 8192, 2048)
"""Sizes the same source times; those its break-even is over are not said."""
STEP: Final = 0.005
LIMIT: Final = Target("max_abs_points", 5.0)
PERCENT: Final = 100.0


@check(
    "sparse_crossover_lit.csv",
    topic="neuromorphic",
    family=("cpu", "gpu"),
    columns=COLUMNS,
    title="Sparsity from which published sparse libraries beat the dense product",
    device=lambda row: _device(row.cells.get("hardware", "")),
)
def sparse_crossover(dataset: Dataset) -> list[Outcome]:
    """Judge crossovers, in points of sparsity: between timed points, or as published."""
    tally, machines = Tally(), Machines()
    series: dict[tuple[str, str, str], list[Row]] = {}
    for row in dataset.rows:
        label = _device(row.cells.get("hardware", "")) or "unreadable"
        try:
            chip = machines.find(label)
            label = f"{chip.name} {text(row, 'library')}"
            if text(row, "sparsity").endswith(BREAK_EVEN):
                measured = float(text(row, "sparsity").removesuffix(BREAK_EVEN))
                tally.compare(label, PERCENT * _break_even(chip), PERCENT * measured)
                continue
            _check(row, chip)
        except SkipRow as skip:
            tally.skip(label, skip.reason, row.line)
            continue
        series.setdefault((chip.name, text(row, "library"), text(row, "shape")), []).append(row)
    for (name, library, shape), rows in series.items():
        try:
            predicted, measured = _crossovers(machines.find(name), LIBRARIES[library], shape, rows)
            tally.compare(f"{name} {library}", PERCENT * predicted, PERCENT * measured)
        except SkipRow as skip:
            tally.skip(f"{name} {library}", skip.reason, rows[0].line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


def _device(label: str) -> str:
    """Return the machine's own name: labels of GPUs begin with what they are."""
    return label.strip().removeprefix("GPU ")


def _check(row: Row, chip: Chip) -> None:
    """Refuse rows of which no crossover can be predicted."""
    if chip.family != "cpu":
        raise SkipRow("no crossover, or a product of two compressed operands, which GPUs are not described for")
    if text(row, "library") not in LIBRARIES:
        raise SkipRow(f"unknown library {quoted(text(row, 'library'))}")
    for column in ("sparsity", "t_dense", "t_sparse"):
        positive(row, column)


def _crossovers(chip: Chip, library: str, shape: str, rows: list[Row]) -> tuple[float, float]:
    """Return the crossover predicted and measured, from the same sparsities; on one thread, as timed."""
    if shape not in SETS:
        raise SkipRow(f"unknown shape {quoted(shape)}")
    alone = with_all(chip, {"library": library})
    alone = with_all(alone, {"library.threads": "one"})
    dtype, work = SETS[shape]
    sparsities = [positive(row, "sparsity") for row in rows]
    measured = crossing(
        sparsities, [positive(row, "t_sparse") for row in rows], [positive(row, "t_dense") for row in rows]
    )
    dense = _time(alone, work, dtype, 1.0, both=False)
    made = [_time(alone, work, dtype, 1.0 - share, both=True) for share in sparsities]
    return crossing(sparsities, made, [dense] * len(made)), measured


def _break_even(chip: Chip) -> float:
    """Return the sparsity from which a GPU takes kernels that gather whole rows for faster than dense ones."""
    tiled = with_all(chip, {"generation.sparse.vector": TILED})
    dense = _time(tiled, SPUTNIK, "fp32", 1.0, both=False)
    for step in range(1, int(1.0 / STEP)):
        if _time(tiled, SPUTNIK, "fp32", 1.0 - STEP * step, both=False) < dense:
            return STEP * step
    raise SkipRow("dense kernels are faster at all sparsities")


def _time(chip: Chip, work: MatMul, dtype: str, density: float, *, both: bool) -> float:
    """Return the time of a product with weights of this density, and activations of it too, s."""
    timed = ops.product(work, formats(dtype), density=density)
    tensors = {tensor.name: tensor for tensor in timed.tensors}
    if both:
        name = timed.ops[0].inputs[0]
        tensors[name] = replace(tensors[name], density=density, structure="uniform")
    made = run_alone(chip, timed.ops, tensors)
    if made.verdict[0] != "ok":
        raise SkipRow(made.verdict[0])
    return float(made.latency[0])
