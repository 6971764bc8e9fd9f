"""Break-even of spiking networks and their dense twins: closed forms against published ones."""

from __future__ import annotations

import re
from typing import Final

from archsim.laws import spiking_twin
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

STEPS: Final = re.compile(r"\bT=(\d+)")
DENSE: Final = "E_SNN/E_QNN dense limit"
BREAKEVEN: Final = "identical 22FDX, rate code"
ANN_SYNAPSE, SNN_SYNAPSE = 12.0, 7.0
"""Energies of a synapse of either network over that of an addition, Davidson and Furber 2021."""
LIMITS: Final = {"moves, dense limit": 1.5, "spikes per synapse": 0.5}


@check(
    "snn_vs_ann.csv",
    topic="neuromorphic",
    family="spiking",
    columns=("kind", "condition", "quantity", "value"),
    title="Break-even of spiking networks and their dense twins",
)
def snn_vs_ann(dataset: Dataset) -> list[Outcome]:
    """Judge the closed forms; figures that rest on traces or on energies nobody published are left out."""
    tally = Tally()
    for row in dataset.rows:
        try:
            group, predicted = _predict(row)
            tally.compare(group, predicted, positive(row, "value"))
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("mape", LIMITS.get(group, 1.5)))


def _predict(row: Row) -> tuple[str, float]:
    kind, condition = text(row, "kind"), text(row, "condition")
    if kind == DENSE:
        found = STEPS.search(condition)
        if found is None or not 0 < int(found[1]) < 2**20:
            raise SkipRow("no number of timesteps")
        return "moves, dense limit", spiking_twin.dense_ratio(float(found[1]))
    if condition == BREAKEVEN:
        return "spikes per synapse", spiking_twin.breakeven_spikes(ANN_SYNAPSE, SNN_SYNAPSE)
    if kind in ("breakeven", "sensitivity", "eta sweep", "parity khop"):
        raise SkipRow("rests on energies of weights by size that are not published")
    raise SkipRow("rests on traces of trained networks")
