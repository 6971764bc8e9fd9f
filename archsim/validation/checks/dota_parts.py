"""Power and area of Lightening-Transformer by component, and what another simulator makes of the same machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from archsim.arch.chip import Chip
from archsim.families.optical.area import areas
from archsim.families.optical.power import components
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target

POWERS: Final = {
    "laser": "lasers", "DAC": "input converters", "MZM": "modulators", "ADC": "output converters", "TIA": "amplifiers",
    "Photodetector": "detectors", "adder": "adders", "mem": "memories",
}  # fmt: skip
AREAS: Final = {
    "laser": "lasers", "DAC": "input converters", "MZM": "modulators", "ADC": "output converters", "TIA": "amplifiers",
    "photonic_core": "cores", "adder": "adders", "mem": "memories", "micro_comb": "combs",
}  # fmt: skip
"""Components of the tables to parts of an optical machine."""
MILLI: Final = 1e-3
SQUARE_MILLIMETRE: Final = 1e-6
REFERENCE: Final = "DOTA-B 4-bit"
SIMPHONY: Final = {"power_W": (components, 1.0), "area_mm2": (areas, SQUARE_MILLIMETRE)}


@check(
    "dota_power.csv",
    topic="optical",
    family="optical",
    columns=("config", "component", "power_mW"),
    title="Power of Lightening-Transformer by component",
)
def dota_power(dataset: Dataset) -> list[Outcome]:
    """Judge the power of each part, and of all: the largest error, percent."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            chip, name = machines.find(text(row, "config")), text(row, "component")
            predicted = _part(components(chip), POWERS, name) / MILLI
            tally.compare(text(row, "config"), 100.0 * predicted / positive(row, "power_mW"), 100.0)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("max_abs_points", 0.1))


@check(
    "dota_area.csv",
    topic="optical",
    family="optical",
    columns=("config", "component", "area_mm2"),
    title="Area of Lightening-Transformer by component",
)
def dota_area(dataset: Dataset) -> list[Outcome]:
    """Judge the area of each part, and of all: the largest error, percent."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            chip, name = machines.find(text(row, "config")), text(row, "component")
            predicted = _part(areas(chip), AREAS, name) / SQUARE_MILLIMETRE
            tally.compare(text(row, "config"), 100.0 * predicted / positive(row, "area_mm2"), 100.0)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("max_abs_points", 1.0))


@check(
    "simphony_vs_dota.csv",
    topic="optical",
    family="optical",
    columns=("quantity", "simphony", "reference"),
    title="Power and area of Lightening-Transformer by another simulator",
)
def simphony(dataset: Dataset) -> list[Outcome]:
    """Show what SimPhony says beside this model, and judge this model by the reference they share."""
    tally, chip = Tally(), _reference()
    for row in dataset.rows:
        try:
            quantity = text(row, "quantity")
            predicted = _whole(chip, quantity)
            tally.compare("reference", predicted, positive(row, "reference"))
            tally.anchor("reference", Anchor(f"{quantity}, by SimPhony", predicted, positive(row, "simphony")))
        except SkipRow as skip:
            tally.skip("reference", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda group: Target("mape", 1.0))


def _whole(chip: Chip, quantity: str) -> float:
    """Return power or area of all parts, in the unit of the table."""
    if quantity not in SIMPHONY:
        raise SkipRow("neither power nor area")
    function, unit = SIMPHONY[quantity]
    return sum(function(chip).values()) / unit


def _reference() -> Chip:
    return Machines().find(REFERENCE)


def _part(values: Mapping[str, float], names: Mapping[str, str], component: str) -> float:
    """Return one part's share, or that of all."""
    if component == "total":
        return sum(values.values())
    if component not in names:
        raise SkipRow(f"no part of an optical machine is called {component!r}")
    return values[names[component]]
