"""Efficiency, area and clock published of macros, against what constants of gates and converters alone predict."""

from __future__ import annotations

from typing import Any, Final

from archsim.families.crossbar.area import areas
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.one_product import filled, macro
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

VECTORS: Final = 1024
KNOWN: Final = frozenset({"AIMC1", "DIMC1"})
"""Chips whose share of zeros is published."""
LIMIT: Final = Target("mape", 20.0)
TERA: Final = 1e12
NANO: Final = 1e-9
SQUARE_MILLIMETRE: Final = 1e-6


@check(
    "zigzag_imc_macros.csv",
    topic="analog",
    family="crossbar",
    columns=("label", "TOPSW_published", "area_mm2", "tclk_ns"),
    title="Efficiency, area and clock of macros from constants of gates and converters at 28 nm",
)
def zigzag_macros(dataset: Dataset) -> list[Outcome]:
    """Judge a product that fills every array once."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            _judge(row, machines, tally)
        except SkipRow as skip:
            tally.skip("efficiency", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: LIMIT)


def _judge(row: Row, machines: Machines, tally: Tally) -> None:
    label = text(row, "label")
    chip = macro(machines, label)
    spec: Any = chip.spec
    peak = filled(chip, VECTORS)
    pulses = -(-spec.inputs.bits // spec.inputs.pulse_bits)
    of = "zeros published" if label in KNOWN else "zeros not published"
    tally.compare(f"efficiency, {of}", peak.efficiency / TERA, positive(row, "TOPSW_published"))
    tally.compare(f"clock, {of}", peak.latency / VECTORS / pulses / NANO, positive(row, "tclk_ns"))
    tally.compare(f"area, {of}", sum(areas(chip).values()) / SQUARE_MILLIMETRE, positive(row, "area_mm2"))
