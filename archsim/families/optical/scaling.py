"""What follows the process node in an optical machine: its electronics; light has a wavelength of its own."""

from __future__ import annotations

from typing import Final

from archsim.arch.scaling import MIXED_SIGNAL, Rules, Scale

LIGHT: Final = "light: lasers, paths and symbol rate"
DETECTORS: Final = "detectors and amplifiers"
MODULATORS: Final = "modulators"
WEIGHTS: Final = "elements that hold weights"
FUNCTIONS: Final = "functions on light"

SCALING: Final[Rules] = {
    **MIXED_SIGNAL,
    "core.clock": LIGHT,
    "core.pipeline": LIGHT,
    "laser.sensitivity": LIGHT,
    "laser.power": LIGHT,
    "laser.limit": LIGHT,
    "receiver.detector": DETECTORS,
    "receiver.amplifier": DETECTORS,
    "modulator.energy": MODULATORS,
    "modulator.power": MODULATORS,
    "tuning.power": WEIGHTS,
    "tuning.time": WEIGHTS,
    "tuning.energy": WEIGHTS,
    "nonlinearity.energy": FUNCTIONS,
    "nonlinearity.threshold": FUNCTIONS,
    "nonlinearity.bandwidth": FUNCTIONS,
    "adder": Scale.LOGIC,
    "network": Scale.LOGIC,
    "areas.core": LIGHT,
    "areas.modulator": MODULATORS,
    "areas.element": WEIGHTS,
    "areas.detector": DETECTORS,
    "areas.amplifier": DETECTORS,
    "areas.laser": LIGHT,
    "areas.comb": LIGHT,
    "areas.adder": Scale.AREA,
    "areas.memory": Scale.AREA,
    "areas.other": "other area",
    "memory.*.power": Scale.POWER,
    "memory.*.area": Scale.AREA,
    "functions.operation": Scale.LOGIC,
    "functions.softmax": Scale.LOGIC,
}
"""Symbols are as fast as modulators, detectors and converters together, which no transistor law speaks of."""
