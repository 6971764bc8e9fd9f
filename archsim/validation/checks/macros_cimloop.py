"""Energies, efficiencies and throughputs published of four macros over bits, values and supply."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.families.crossbar.area import areas
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.one_product import Peak, filled, macro
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

VECTORS: Final = 256
TERA: Final = 1e12
PICO: Final = 1e-12
FEMTO: Final = 1e-15
SQUARE_MILLIMETRE: Final = 1e-6
SQUARE_MICROMETRE: Final = 1e-12
NUMBER: Final = r"([0-9]+(?:\.[0-9]+)?)"
SMALL_PHASE: Final = 3
"""Bits beside the sign up to which the third macro never takes two phases."""
LARGEST: Final = 15.0
"""Average output of the second macro when all inputs and weights are at their largest."""
LIMITS: Final = {"energy over values": 8.0, "area": 15.0}
OUTPUTS: Final = ("output conversion", "shift and add")
INPUTS: Final = ("input conversion", "cells")
LINES: Final = "array periphery"


@dataclass(frozen=True)
class Point:
    """A machine at an operating point, and the product that fills it there."""

    chip: Chip
    peak: Peak

    @property
    def area(self) -> float:
        """Area of what its published density counts, mm2."""
        spec: Any = self.chip.spec
        if spec.process.area is not None:
            return float(spec.process.area) / SQUARE_MILLIMETRE
        found = areas(self.chip)
        return (found["cells"] + found["output converters"]) / SQUARE_MILLIMETRE


Measure = Callable[[Point], float]
"""From a point to what was published, in its unit."""


def _per_operation(*causes: str) -> Measure:
    return lambda point: point.peak.each(*causes) / point.peak.operations / FEMTO


def _per_output(*causes: str) -> Measure:
    return lambda point: point.peak.each(*causes) / point.peak.vectors / point.peak.outputs / PICO


def _energy_share(*causes: str) -> Measure:
    return lambda point: point.peak.each(*causes) / point.peak.energy


def _area_share(part: str) -> Measure:
    return lambda point: areas(point.chip)[part] / sum(areas(point.chip).values())


def _part(part: str) -> Measure:
    return lambda point: areas(point.chip)[part] / SQUARE_MILLIMETRE


def _vector(point: Point) -> float:
    return point.peak.energy / point.peak.vectors / PICO


MEASURES: Final[dict[str, tuple[str, Measure]]] = {
    "throughput": ("throughput", lambda point: point.peak.rate / TERA),
    "throughput 1bx1b": ("throughput", lambda point: point.peak.rate / TERA),
    "throughput 4b": ("throughput", lambda point: point.peak.rate / TERA),
    "throughput 48 cores": ("throughput", lambda point: point.peak.rate / TERA),
    "efficiency": ("efficiency", lambda point: point.peak.efficiency / TERA),
    "efficiency 4b": ("efficiency", lambda point: point.peak.efficiency / TERA),
    "efficiency 8b": ("efficiency", lambda point: point.peak.efficiency / TERA),
    "density 1bx1b": ("throughput", lambda point: point.peak.rate / TERA / point.area),
    "density 8b": ("throughput", lambda point: point.peak.rate / TERA / point.area),
    "energy ADC per use": ("energy", _per_output("output conversion")),
    "energy NMC datapath per output": ("energy", _per_output("shift and add")),
    "energy per MVM vs average output value": ("energy over values", _vector),
    "energy worst-case output 15": ("energy", _vector),
    "energy per op WL switching": ("energy", _per_operation(LINES)),
    "energy per op neuron ops and control": ("energy", _per_operation(*OUTPUTS)),
    "energy per op input pulses": ("energy", _per_operation(*INPUTS)),
    "energy share ADC": ("energy", _energy_share("output conversion")),
    "energy share DAC": ("energy", _energy_share("input conversion")),
    "energy share MAC": ("energy", _energy_share("cells")),
    "energy share misc": ("energy", _energy_share(LINES)),
    "area ADC": ("area", _part("output converters")),
    "area CiM": ("area", _part("cells")),
    "area CiM circuitry": ("area", lambda point: areas(point.chip)["array edges"] / SQUARE_MICROMETRE),
    "area share neurons": ("area", _area_share("output converters")),
    "area share ADC": ("area", _area_share("output converters")),
    "area share DAC": ("area", _area_share("input converters")),
    "area share MAC": ("area", _area_share("cells")),
    "area share misc": ("area", _area_share("array edges")),
    "macro area": ("area", lambda point: sum(areas(point.chip).values()) / SQUARE_MILLIMETRE),
}
"""What is published, the group it belongs to, and how it is predicted."""


@check(
    "cimloop_macros_published.csv",
    topic="analog",
    family="crossbar",
    columns=("macro", "metric", "condition", "value"),
    title="Energies, efficiencies and throughputs of four macros over bits, values and supply",
)
def cimloop_macros(dataset: Dataset) -> list[Outcome]:
    """Judge products that fill a macro at each operating point; those its constants were set from are anchors."""
    tally, machines = Tally(), Machines()
    points: dict[tuple[str, str], Point] = {}
    for row in dataset.rows:
        try:
            _judge(row, machines, points, tally, dataset)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(
        dataset.name, dataset.split, lambda group: Target("median_ape", LIMITS.get(group.split(", ", 1)[-1], 10.0))
    )


def _judge(row: Row, machines: Machines, points: dict[tuple[str, str], Point], tally: Tally, dataset: Dataset) -> None:
    label, metric, condition = text(row, "macro"), text(row, "metric"), row.cells.get("condition", "").strip()
    if metric not in MEASURES:
        raise SkipRow("a part that the machine is not described by")
    key = (label, f"{condition}, worst" if "worst-case" in metric else condition)
    if key not in points:
        points[key] = point(machines, label, condition, worst="worst-case" in metric)
    kind, measure = MEASURES[metric]
    measured = positive(row, "value")
    try:
        predicted = measure(points[key])
    except KeyError:
        raise SkipRow("a part that the machine is not described by") from None
    group = f"{label}, {kind}"
    if dataset.is_anchor(row):
        tally.anchor(group, Anchor(f"{metric}, {condition}" if condition else metric, predicted, measured))
    else:
        tally.compare(group, predicted, measured)


def point(machines: Machines, label: str, condition: str, *, worst: bool = False) -> Point:
    """Return a macro at the operating point that a row of the table names.

    Raises
    ------
    SkipRow
        No such machine, or a point it cannot work at.
    """
    chip = macro(machines, label, _sets(macro(machines, label), condition, worst))
    return Point(chip, filled(chip, VECTORS))


def _sets(chip: Chip, condition: str, worst: bool) -> dict[str, Any]:
    """Return what a macro is set to at the operating point that a row names."""
    sets: dict[str, Any] = {}
    spec: Any = chip.spec
    voltage = _number(rf"V={NUMBER}", condition)
    if voltage is not None:
        sets["supply.voltage"] = voltage
    average = LARGEST if worst else _number(rf"avg out={NUMBER}", condition)
    if average is not None:  # as CiMLoop draws inputs and weights for an average output
        share = min(1.0, math.sqrt(average) / 4.0)
        sets["values.input_density"] = sets["values.weight_mean"] = share
        sets["values.weight_square"] = max(spec.values.weight_square, share * share)
    if spec.inputs.coding == "places":
        sets |= _places(condition)
    elif spec.inputs.pulse_bits == 1:  # bits one by one: published for products of single bits
        sets |= {"weights.bits": 1, "inputs.bits": int(_number(r"input bits=([1-9][0-9]*)", condition) or 1)}
    return sets


def _places(condition: str) -> dict[str, Any]:
    """Return the bits of inputs, of the phases they are converted in, and of results."""
    given, asked = _number(r"in bits=([1-9][0-9]*)", condition), _number(r"out bits=([1-9][0-9]*)", condition)
    if given is None or asked is None:
        return {}
    beside = max(1.0, given - 1.0)
    phases = _number(r"phases=([1-9][0-9]*)", condition) or (2.0 if beside > SMALL_PHASE else 1.0)
    return {
        "inputs.bits": int(given), "inputs.pulse_bits": math.ceil(beside / phases), "precision.result_bits": int(asked)
    }  # fmt: skip


def _number(pattern: str, condition: str) -> float | None:
    """Return what a condition says of something; None where it says nothing."""
    found = re.search(pattern, condition)
    return float(found.group(1)) if found else None
