"""VGG-8 as DNN+NeuroSim V1.4 sees it: energies and times of layers, energy and areas of the chip.

Layers 1 and 2 are what the energies of an event were set from. The tool leaves padding out, so here too a convolution
meets only the windows that lie wholly inside its map; between layers it keeps the sizes of the padded network.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import OpResult, Result
from archsim.families.crossbar.area import areas
from archsim.graph.builder import GraphBuilder
from archsim.graph.graph import Graph
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.full_load import unhindered
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "neurosim-22nm"
LAYERS: Final = (
    (32, 3, 128),
    (32, 128, 128),
    (16, 128, 256),
    (16, 256, 256),
    (8, 256, 512),
    (8, 512, 512),
    (1, 8192, 1024),
    (1, 1024, 10),
)
"""Side of the map, channels in and out, as in the tool's NetWork_VGG8.csv."""
KERNEL: Final = 3
PARTS: Final = {
    "energy_pJ": ("layer energy", None),
    "adc_energy_pJ": ("converters and cells", ("cells", "output conversion")),
    "accum_energy_pJ": ("accumulation", ("shift and add",)),
    "other_energy_pJ": ("other", None),
}
"""Column of a layer, its group, and our causes; none: all, or all that the others leave."""
AREAS: Final = {
    "chip area": None,
    "CIM array area": ("cells",),
    "ADC area": ("output converters",),
    "interconnect area": ("tiles",),
}
"""Quantity, and our parts of the area; none: all of it."""
OUTSIDE: Final = frozenset({"static", "main memory"})
"""Causes the tool has no part for in a layer."""
LIMITS: Final = {
    "layer energy": Target("mape", 25.0),
    "layer energy, order": Target("spearman", 1.0),
    "converters and cells": Target("mape", 20.0),
    "accumulation": Target("mape", 20.0),
    "other": Target("mape", 25.0),
    "conversions, time": Target("mape", 20.0),
    "layer time": Target("mape", 25.0),
    "energy": Target("mape", 25.0),
    "cycle": Target("mape", 25.0),
    "area": Target("mape", 20.0),
}
PICO: Final = 1e-12
NANO: Final = 1e-9
MICRO: Final = 1e-6
SQUARE_MILLIMETRE: Final = 1e-6


def network() -> Graph:
    """Return all layers side by side: each meets the windows the tool counts."""
    b = GraphBuilder("vgg8-unpadded", dtype="int8")
    for number, (side, channels, features) in enumerate(LAYERS, 1):
        if side == 1:
            b.linear(b.input(f"input{number}", (1, channels)), features, bias=False, name=f"layer{number}")
        else:
            x = b.input(f"input{number}", (1, channels, side, side))
            b.conv(x, features, KERNEL, padding=0, bias=False, name=f"layer{number}")
    return b.build()


def _layers(result: Result) -> dict[str, OpResult]:
    """Return the layers of a run by number."""
    return {op.name.removeprefix("layer"): op for op in result.ops}


@check(
    "neurosim_v14_vgg8_run.csv",
    topic="analog",
    family="crossbar",
    columns=("layer", *PARTS),
    title="Energy and time of layers of VGG-8 in DNN+NeuroSim V1.4",
)
def neurosim_layers(dataset: Dataset) -> list[Outcome]:
    """Judge the layers nothing was set from."""
    tally = Tally()
    try:
        chip = Machines().find(MACHINE)
        found = _layers(evaluate(network(), chip, precision="int8"))
        alone = _layers(evaluate(network(), unhindered(chip), precision="int8"))
    except SkipRow as skip:
        for row in dataset.rows:
            tally.skip("layer energy", skip.reason, row.line)
        return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)
    for row in dataset.rows:
        try:
            _judge_layer(dataset, row, found, alone, tally)
        except SkipRow as skip:
            tally.skip("layer energy", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def _judge_layer(
    dataset: Dataset, row: Row, found: dict[str, OpResult], alone: dict[str, OpResult], tally: Tally
) -> None:
    number = text(row, "layer")
    if number not in found:
        raise SkipRow("no such layer")
    pairs = {}
    for column, (group, causes) in PARTS.items():
        pairs[group] = (energy(found[number], column, causes) / PICO, positive(row, column))
    pairs["layer energy, order"] = pairs["layer energy"]
    converting = alone[number].exposed.get("output converters", 0.0)
    pairs["conversions, time"] = (converting / NANO, positive(row, "adc_latency_ns"))
    pairs["layer time"] = (found[number].latency / NANO, positive(row, "latency_ns"))
    for group, pair in pairs.items():
        if dataset.side({"layer": number}, row) == "fit":
            tally.keep_for_fit(group)
        else:
            tally.compare(group, *pair)


def energy(op: OpResult, column: str, causes: tuple[str, ...] | None) -> float:
    """Return the part of a layer's energy that a column holds, J."""
    inside = {name: value for name, value in op.energy_by_cause.items() if name not in OUTSIDE}
    if causes is not None:
        return sum(inside.get(name, 0.0) for name in causes)
    named = {name for _, others in PARTS.values() for name in others or ()}
    return sum(value for name, value in inside.items() if column == "energy_pJ" or name not in named)


@check(
    "neurosim_v14_vgg8_chip.csv",
    topic="analog",
    family="crossbar",
    columns=("quantity", "value", "unit"),
    title="Energy, cycle and areas of a chip for VGG-8 in DNN+NeuroSim V1.4",
)
def neurosim_chip(dataset: Dataset) -> list[Outcome]:
    """Judge what follows for the whole chip."""
    tally = Tally()
    summary: _Summary | None = None
    for row in dataset.rows:
        try:
            summary = summary or _Summary(Machines().find(MACHINE))
            group, predicted = summary.predict(text(row, "quantity"))
            measured = positive(row, "value")
            if dataset.is_anchor(row):
                tally.anchor(group, Anchor(text(row, "quantity"), predicted, measured))
            else:
                tally.compare(group, predicted, measured)
        except SkipRow as skip:
            tally.skip("energy", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


class _Summary:
    """The chip running the network, as the tool sums it up."""

    def __init__(self, chip: Chip) -> None:
        self.areas = areas(chip)
        self.result: Result = evaluate(network(), chip, precision="int8")

    def predict(self, quantity: str) -> tuple[str, float]:
        """Return the group of a quantity, and what we make of it in its unit."""
        if quantity in AREAS:
            parts = AREAS[quantity]
            found = sum(value for name, value in self.areas.items() if parts is None or name in parts)
            return "area", found / SQUARE_MILLIMETRE
        if quantity in ("accumulation area", "other periphery area"):
            raise SkipRow("one part of the description holds accumulation and other periphery")
        if quantity == "energy per image":
            return "energy", sum(energy(op, "energy_pJ", None) for op in self.result.ops) / MICRO
        if quantity == "pipeline cycle":
            return "cycle", max(op.latency for op in self.result.ops) / MICRO
        raise SkipRow("follows from other rows, or is about the tool")
