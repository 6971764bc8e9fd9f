"""Energy of a write pulse of cells that descriptions may copy, from voltage, time and resistance."""

from __future__ import annotations

from typing import Final

from archsim.laws import writing
from archsim.validation.cells import positive
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target

ENERGY: Final = "E_pulse_pJ_at_Ron (V^2 t/Ron)"
PICO: Final = 1e-12
NANO: Final = 1e-9


@check(
    "device_cells.csv",
    topic="analog",
    family="crossbar",
    columns=("device", "Ron_ohm", "Vset_V", "pulse_ns", ENERGY),
    title="Energy of a write pulse, from voltage, time and resistance",
)
def device_cells(dataset: Dataset) -> list[Outcome]:
    """Judge the law of a pulse; rows without its quantities only repeat what a simulator takes."""
    tally = Tally()
    for row in dataset.rows:
        if not row.cells.get("Ron_ohm", "").strip():
            tally.skip("pulse", "no voltage and resistance to work it out from", row.line)
            continue
        time = positive(row, "pulse_ns") * NANO
        found = writing.pulse_energy(positive(row, "Vset_V"), time, positive(row, "Ron_ohm"))
        tally.compare("pulse", found / PICO, positive(row, ENERGY))
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", 2.0))
