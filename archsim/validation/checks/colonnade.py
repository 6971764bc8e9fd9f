"""Energy per product of Colonnade over bits of inputs and weights, at the voltages it was measured at."""

from __future__ import annotations

from typing import Final

from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.one_product import filled, macro
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

VECTORS: Final = 64
BOTH: Final = "input bits = weight bits"
WEIGHTS: Final = "weight bits only"
MOST: Final = 16
LIMIT: Final = Target("mape", 10.0)
FEMTO: Final = 1e-15


@check(
    "colonnade_energy.csv",
    topic="analog",
    family="crossbar",
    columns=("chip", "series", "bits", "V", "fJ_per_MAC"),
    title="Energy per product of a digital macro over bits and supply",
)
def colonnade_energy(dataset: Dataset) -> list[Outcome]:
    """Judge products that fill the macro; the rows its two constants were set from are anchors."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            _judge(row, machines, tally, dataset)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMIT)


def _judge(row: Row, machines: Machines, tally: Tally, dataset: Dataset) -> None:
    label, series, voltage = text(row, "chip"), text(row, "series"), positive(row, "V")
    bits, measured = positive(row, "bits"), positive(row, "fJ_per_MAC")
    if bits > MOST or bits != int(bits):
        raise SkipRow("bits that the macro does not take")
    bits = int(bits)
    if BOTH not in series and series != WEIGHTS:
        raise SkipRow("the series does not say which bits vary")
    sets = {"weights.bits": bits, "inputs.bits": bits if BOTH in series else 1, "supply.voltage": voltage}
    peak = filled(macro(machines, label, sets), VECTORS)
    predicted = 2.0 * peak.energy / peak.operations / FEMTO
    group = f"{voltage:g} V, {BOTH if BOTH in series else WEIGHTS}"
    if dataset.is_anchor(row):
        tally.anchor(group, Anchor(f"{bits} bits", predicted, measured))
    else:
        tally.compare(group, predicted, measured)
