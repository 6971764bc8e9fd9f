"""Published figures of analog chips: peaks, energies, powers, areas and capacities that follow from descriptions.

A peak is that of the arrays: one product that fills all of them, with memories and network out of the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.families.crossbar.area import areas
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.checks import isaac_table
from archsim.validation.dataset import Dataset
from archsim.validation.full_load import ARRAY_CAUSES, FullLoad, full_load
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

FOUR_PHASES: Final = {"HERMES-64core": "hermes-64-core-4-phase"}
"""Machines whose other mode of reading has a description of its own."""
WHY_NOT: Final = {
    ("ISAAC", "array-only compute efficiency"): "which parts it counts is not said",
    ("ISAAC", "MVM cycle"): "describes the machine",
    ("PUMA", "area efficiency"): "peak over area, which have rows of their own",
    ("PUMA", "digital MVMU energy ratio"): "of a digital unit that is not described",
    ("PUMA", "digital MVMU area ratio"): "of a digital unit that is not described",
    ("HERMES-64core", "ResNet-9 latency"): "less than the reads of one layer take: 1,024 positions of 133 ns",
    ("HERMES-64core", "throughput density"): "the area it refers to is not said",
    ("ISAAC", "eDRAM+bus share of tile area"): "the description does not divide the area of a tile",
    ("RAELLA", "ADC converts reduction"): "a range over layers, without a number",
}
LIMITS: Final = {"peak": 3.0, "energy": 3.0, "area": 10.0, "power": 10.0, "capacity": 3.0, "time": 3.0, "gain": 25.0}
SHARES: Final = Target("max_abs_points", 3.0)
NETWORKS: Final = ("googlenet", "inception-v3", "resnet18", "resnet50", "shufflenet-v2-x1-0", "mobilenet-v2")
"""Six of the seven that RAELLA's mean is over."""
ON_CHIP: Final = (*ARRAY_CAUSES, "on-chip memory", "network")
UNITS_OF_BITS: Final = 8.0
TERA: Final = 1e12
MEBI: Final = 2.0**20
NANO: Final = 1e-9
MICRO: Final = 1e-6
SQUARE_MILLIMETRE: Final = 1e-6
PERCENT: Final = 100.0


@check(
    "chips_published.csv",
    topic="analog",
    family="crossbar",
    columns=("chip", "metric", "value", "unit"),
    title="Peaks, energies, powers, areas and capacities published of analog chips",
)
def published_chips(dataset: Dataset) -> list[Outcome]:
    """Judge what a description implies; rows a constant was set from, and vendors' claims, are shown."""
    tally, chips = Tally(), _Chips()
    for row in dataset.rows:
        try:
            _judge(dataset, row, chips, tally)
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
    return tally.outcomes(
        dataset.name,
        dataset.split,
        lambda group: SHARES if group == "share" else Target("mape", LIMITS.get(group.split(",")[0], 5.0)),
    )


def _judge(dataset: Dataset, row: Row, chips: _Chips, tally: Tally) -> None:
    label, metric = text(row, "chip"), text(row, "metric")
    if (label, metric) in WHY_NOT:
        raise SkipRow(WHY_NOT[label, metric])
    figure = FIGURES.get(metric)
    if figure is None:
        raise SkipRow("nothing that follows from a description")
    name = FOUR_PHASES.get(label, label) if "4-phase" in metric else label
    predicted = figure.predict(chips, name)
    measured = positive(row, "value")
    group = f"peak, {label}" if figure is PEAK else figure.group
    if dataset.is_anchor(row):
        tally.anchor(group, Anchor(f"{label}, {metric}", predicted, measured))
    else:
        tally.compare(group, predicted, measured)


class _Chips:
    """Machines, each at full load once."""

    def __init__(self) -> None:
        self.machines = Machines()
        self._loads: dict[str, FullLoad] = {}

    def chip(self, label: str) -> Chip:
        """Return a crossbar machine by label."""
        found = self.machines.find(label)
        if found.family != "crossbar":
            raise SkipRow("no crossbar machine")
        return found

    def load(self, label: str) -> FullLoad:
        """Return a machine at full load."""
        if label not in self._loads:
            self._loads[label] = full_load(self.chip(label))
        return self._loads[label]


def _power(chips: _Chips, label: str) -> float:
    """Return the power of a whole machine at full load, without memory outside, W."""
    spec: Any = chips.chip(label).spec
    return chips.load(label).power(*ON_CHIP) + float(spec.power.idle)


def _area(chips: _Chips, label: str) -> float:
    return sum(areas(chips.chip(label)).values()) / SQUARE_MILLIMETRE


def _capacity(chips: _Chips, label: str) -> float:
    """Return the weights all cells hold, MiB."""
    spec: Any = chips.chip(label).spec
    bits = spec.array.count * spec.array.rows * spec.array.columns * spec.cell.bits
    return float(bits / UNITS_OF_BITS / MEBI)


def _vector_time(chips: _Chips, label: str) -> float:
    """Return how long one vector takes from its first input to its last output, ns."""
    spec: Any = chips.chip(label).spec
    return (chips.load(label).time + float(spec.array.pipeline)) / NANO


def _converter_share(chips: _Chips, label: str) -> float:
    """Return the share of the output converters in the power of a tile, percent."""
    chip = chips.chip(label)
    full = full_load(chip, shallow=True)
    spec: Any = chip.spec
    tiles = spec.array.count / spec.tiles.arrays
    return float(PERCENT * full.power("output conversion") / tiles / isaac_table.power(full)[isaac_table.TILE])


def _gain(chips: _Chips, label: str) -> float:
    """Return the energy of ISAAC over that of a machine: geometric mean over networks of 8 bits, on the chip alone."""
    logarithms = 0.0
    for name in NETWORKS:
        graph = workload(name)
        runs = [evaluate(graph, chips.chip(each), precision="int8") for each in ("ISAAC", label)]
        logarithms += math.log(_on_chip(runs[0]) / _on_chip(runs[1]))
    return math.exp(logarithms / len(NETWORKS))


def _on_chip(result: Result) -> float:
    return sum(op.count * sum(op.energy_by_cause.get(cause, 0.0) for cause in ON_CHIP) for op in result.ops)


@dataclass(frozen=True)
class Figure:
    """A published figure: the group it counts in, and what we make of it in its unit."""

    group: str
    predict: Callable[[_Chips, str], float]


PEAK: Final = Figure("peak", lambda chips, label: chips.load(label).peak / TERA)
ENERGY: Final = Figure("energy", lambda chips, label: chips.load(label).energy / MICRO)
FIGURES: Final = {
    "peak throughput": PEAK,
    "throughput": PEAK,
    "MVM throughput 1-phase": PEAK,
    "MVM throughput 4-phase": PEAK,
    "MVM energy 1-phase all cores": ENERGY,
    "MVM energy 4-phase all cores": ENERGY,
    "chip sustained efficiency": Figure(
        "energy", lambda chips, label: 2.0 * chips.load(label).op.macs / _arrays_energy(chips.load(label)) / TERA
    ),
    "area": Figure("area", _area),
    "power": Figure("power", _power),
    "weight capacity": Figure("capacity", _capacity),
    "MVMU latency 128x128 16b": Figure("time", _vector_time),
    "ADC share of tile power": Figure("share", _converter_share),
    "energy efficiency gain vs ISAAC": Figure("gain", _gain),
}


def _arrays_energy(full: FullLoad) -> float:
    return sum(full.op.energy_by_cause.get(cause, 0.0) for cause in ARRAY_CAUSES)
