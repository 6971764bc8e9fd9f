"""What follows the process node in a crossbar machine: logic, buffers and output converters; cells stay."""

from __future__ import annotations

from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.scaling import MIXED_SIGNAL, Rules, Scale

CELLS: Final = "cells and their reading"
SUPPLY: Final = "supply"

SCALING: Final[Rules] = {
    **MIXED_SIGNAL,
    "cell.energy": CELLS,
    "cell.read_voltage": CELLS,
    "cell.capacitance": CELLS,
    "cell.age": CELLS,
    "cell.area": CELLS,
    "array.read": CELLS,
    "array.pipeline": CELLS,
    "array.phase_time": CELLS,
    "array.sample": CELLS,
    "array.shift_add": Scale.LOGIC,
    "array.periphery": Scale.LOGIC,
    "array.row_periphery": Scale.LOGIC,
    "array.phase_periphery": Scale.LOGIC,
    "array.integrate": "sampling and integrating",
    "array.area": Scale.AREA,
    "writing.energy": "writing of cells",
    "writing.pulse": "writing of cells",
    "writing.verify_time": "writing of cells",
    "logic.capacitance": Scale.LOGIC,
    "logic.delay": Scale.DELAY,
    "logic.area": Scale.AREA,
    "logic.voltage": SUPPLY,
    "tiles.hop": Scale.LOGIC,
    "tiles.bandwidth": Scale.RATE,
    "tiles.area": Scale.AREA,
    "tiles.shared_area": "links off the chip",
    "supply.voltage": SUPPLY,
    "supply.nominal": SUPPLY,
    "supply.threshold": SUPPLY,
    "supply.points.*.voltage": SUPPLY,
}
"""Cells, their drivers and the time they settle in are set by devices and by noise, not by transistors."""

_LOGIC_CELLS: Final[Rules] = {
    "cell.energy": Scale.LOGIC,
    "cell.area": Scale.AREA,
    "array.read": Scale.DELAY,
    "array.pipeline": Scale.DELAY,
    "array.phase_time": Scale.DELAY,
}


def scaling(chip: Chip) -> Rules:
    """Return what follows the node: cells of logic do, cells that sum on wires do not."""
    spec: Any = chip.spec
    return {**SCALING, **_LOGIC_CELLS} if spec.cell.device == "digital" else SCALING
