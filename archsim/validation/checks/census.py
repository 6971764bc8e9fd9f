"""Synapses of a published NIR network, layer by layer, and NeuroBench's baselines."""

from __future__ import annotations

import re
from typing import Final

from archsim.graph.work import Conv, MatMul
from archsim.validation.cells import SkipRow, positive, text, whole
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

PAIR: Final = re.compile(r"(\d+)x(\d+)")
SYNAPSES: Final = "dense_synops_per_timestep(no padding clip)"
EXACT: Final = Target("max_difference", 0.0)


@check(
    "nir_cnn_sinabs_census.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("kind", "in", "out", SYNAPSES),
    title="Synapses of the layers of a published NIR network",
)
def census(dataset: Dataset) -> list[Outcome]:
    """Count every layer's synaptic operations of one dense timestep."""
    tally = Tally()
    for row in dataset.rows:
        try:
            tally.compare("synaptic operations", float(_count(row)), positive(row, SYNAPSES))
        except SkipRow as skip:
            tally.skip("synaptic operations", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: EXACT)


def _count(row: Row) -> int:
    cells = {name: text(row, name) for name in ("in", "out")}
    inputs, outputs = (whole(cells, name, 0) for name in ("in", "out"))
    if text(row, "kind") == "Affine":
        return int(MatMul(1, 1, outputs, inputs).macs)
    (kernel_y, kernel_x), (height, width) = (_pair(row, name) for name in ("kernel", "out_hw"))
    return int(Conv(1, inputs, outputs, height, width, height, width, kernel_y, kernel_x).macs)


def _pair(row: Row, name: str) -> tuple[int, int]:
    found = PAIR.fullmatch(text(row, name))
    if found is None:
        raise SkipRow(f"{name} is no size such as 3x3")
    return int(found[1]), int(found[2])


@check(
    "neurobench_baselines.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("case", "metric", "value"),
    title="Baselines of NeuroBench",
)
def neurobench(dataset: Dataset) -> list[Outcome]:
    """Skip every row: the table has no models. What archsim counts of one is `archsim.study.neurobench`."""
    tally = Tally()
    for row in dataset.rows:
        tally.skip("baselines", "the model behind it is not in the table", row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: EXACT)
