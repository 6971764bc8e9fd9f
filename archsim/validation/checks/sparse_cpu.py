"""Dense and sparse products of one size at many densities, by library: where compressed weights begin to pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from archsim.arch.chip import Chip
from archsim.graph.work import MatMul
from archsim.io.hardware import with_
from archsim.validation import ops
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, positive
from archsim.validation.crossover import crossing
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "x86-server-1-thread-loaded"
DENSE: Final = "t_dense_torch_ms"
LIBRARIES: Final[Mapping[str, str]] = {
    "t_torch_csr_ms": "cpu-torch-csr",
    "t_torch_coo_ms": "cpu-torch-coo",
    "t_scipy_csr_ms": "cpu-scipy",
}
"""Library by column."""
COLUMNS: Final = ("M", "K", "N", "density", DENSE, *LIBRARIES)
SHAPE: Final = ("M", "K", "N")
PERCENT: Final = 100.0
MILLISECOND: Final = 1e-3
CROSSOVER: Final = Target("max_abs_points", 5.0)
TIME: Final = Target("mape", 30.0)


@check(
    "sparse_cpu_measured.csv",
    topic="neuromorphic",
    family="cpu",
    columns=COLUMNS,
    title="Sparsity from which three sparse libraries beat the dense product, and all times",
)
def sparse_cpu(dataset: Dataset) -> list[Outcome]:
    """Judge the crossover of every library and shape, in points of sparsity, and the times behind it."""
    tally, machines = Tally(), Machines()
    for shape, rows in _by_shape(dataset, tally).items():
        fit = dataset.side(dict(zip(SHAPE, shape, strict=True)), rows[0]) == "fit"
        chip = machines.find(MACHINE)
        dense = _predict(rows, chip, dense=True)
        _times(tally, "dense time", rows, DENSE, dense, fit=fit)
        for column, library in LIBRARIES.items():
            made = _predict(rows, with_(chip, "library", library), dense=False)
            _times(tally, f"{library} time", rows, column, made, fit=fit)
            if fit:
                tally.keep_for_fit(f"{library} crossover")
            else:
                _crossover(tally, f"{library} crossover", rows, column, made, dense)
    return tally.outcomes(dataset.name, dataset.split, lambda group: CROSSOVER if "crossover" in group else TIME)


def _by_shape(dataset: Dataset, tally: Tally) -> dict[tuple[int, ...], list[Row]]:
    """Return the rows that can be read, by shape."""
    found: dict[tuple[int, ...], list[Row]] = {}
    for row in dataset.rows:
        try:
            for column in COLUMNS:
                positive(row, column)
            found.setdefault(tuple(int(positive(row, name)) for name in SHAPE), []).append(row)
        except SkipRow as skip:
            tally.skip("unreadable", skip.reason, row.line)
    return found


def _predict(rows: Sequence[Row], chip: Chip, *, dense: bool) -> list[float]:
    """Return the predicted times, s."""
    timed = []
    for index, row in enumerate(rows):
        m, k, n = (int(positive(row, name)) for name in SHAPE)
        density = 1.0 if dense else positive(row, "density")
        timed.append(ops.product(MatMul(1, n, m, k), formats("fp32"), density=density).prefixed(f"{index}/"))
    tensors = {tensor.name: tensor for each in timed for tensor in each.tensors}
    return [float(each) for each in run_alone(chip, [each.ops[0] for each in timed], tensors).latency]


def _times(tally: Tally, group: str, rows: Sequence[Row], column: str, made: Sequence[float], *, fit: bool) -> None:
    for row, predicted in zip(rows, made, strict=True):
        if fit:
            tally.keep_for_fit(group)
        else:
            tally.compare(group, predicted, positive(row, column) * MILLISECOND)


def _crossover(
    tally: Tally, group: str, rows: Sequence[Row], column: str, made: Sequence[float], dense: Sequence[float]
) -> None:
    sparsities = [1.0 - positive(row, "density") for row in rows]
    sparse = [positive(row, column) for row in rows]
    try:
        measured = crossing(sparsities, sparse, [positive(row, DENSE) for row in rows])
        predicted = crossing(sparsities, made, dense)
    except SkipRow as skip:
        tally.skip(group, skip.reason, rows[0].line)
        return
    tally.compare(group, PERCENT * predicted, PERCENT * measured)
