"""Dimensions: what a quantity measures, the unit its float is kept in, and an example of how to write it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from archsim.units.terms import Unit, unit


@dataclass(frozen=True, slots=True)
class Dimension:
    """What a quantity measures.

    Attributes
    ----------
    name : str
        As in error messages: "bandwidth".
    base : str
        Unit of the float: "B/s"; empty for counts and fractions.
    example : str
        How a person writes it: "80 GB/s".
    least, most : float
        Magnitudes, in the base unit, beyond which no machine lies; a value there is a slip. Zero is always inside.
    """

    name: str
    base: str
    example: str
    least: float = 0.0
    most: float = math.inf

    @property
    def unit(self) -> Unit:
        """The base unit, reduced."""
        return unit(self.base)

    @property
    def dimensionless(self) -> bool:
        """Whether a bare number is all there is to say."""
        return self.base in ("", "x")

    @property
    def phrase(self) -> str:
        """Name with its article: "a bandwidth"."""
        return f"an {self.name}" if self.name[0] in "aeiouAEIO" else f"a {self.name}"


TIME: Final = Dimension("time", "s", "5 us", 1e-21, 1e9)
FREQUENCY: Final = Dimension("frequency", "Hz", "1.41 GHz", 1e-3, 1e18)
ENERGY: Final = Dimension("energy", "J", "20 pJ", 1e-24, 1e12)
POWER: Final = Dimension("power", "W", "400 W", 1e-18, 1e12)
VOLTAGE: Final = Dimension("voltage", "V", "0.8 V", 1e-9, 1e6)
CURRENT: Final = Dimension("current", "A", "3 uA")
LENGTH: Final = Dimension("length", "m", "7 nm", 1e-12, 1e9)
AREA: Final = Dimension("area", "m2", "826 mm2", 1e-24, 1e9)
TEMPERATURE: Final = Dimension("temperature", "K", "300 K")
CAPACITY: Final = Dimension("capacity", "B", "40 MiB", 0.125, 1e24)
DATA: Final = Dimension("amount of data", "B", "13.5 GB")
BANDWIDTH: Final = Dimension("bandwidth", "B/s", "80 GB/s", 1e-3, 1e24)
FLOPS: Final = Dimension("FLOP count", "FLOP", "4 GFLOP")
OPS: Final = Dimension("OP count", "OP", "4 GOP")
MACS: Final = Dimension("MAC count", "MAC", "2 GMAC")
FLOP_RATE: Final = Dimension("FLOP rate", "FLOP/s", "312 TFLOP/s", 1e-3, 1e27)
OP_RATE: Final = Dimension("OP rate", "OP/s", "624 TOP/s", 1e-3, 1e27)
MAC_RATE: Final = Dimension("MAC rate", "MAC/s", "45 TMAC/s", 1e-3, 1e27)
ENERGY_PER_BYTE: Final = Dimension("energy per byte", "J/B", "31.2 pJ/B", 1e-24, 1.0)
ENERGY_PER_OP: Final = Dimension("energy per OP", "J/OP", "0.5 pJ/OP", 1e-24, 1.0)
ENERGY_PER_MAC: Final = Dimension("energy per MAC", "J/MAC", "1 pJ/MAC", 1e-24, 1.0)
ENERGY_PER_FLOP: Final = Dimension("energy per FLOP", "J/FLOP", "1 pJ/FLOP", 1e-24, 1.0)
ENERGY_PER_STEP: Final = Dimension("energy per conversion step", "J/step", "30 fJ/step")
ENERGY_PER_SYNAPTIC_OP: Final = Dimension("energy per synaptic operation", "J/SOP", "23.6 pJ/SOP")
POWER_DENSITY: Final = Dimension("power density", "W/m2", "1 W/mm2")
CONDUCTANCE: Final = Dimension("conductance", "S", "20 uS")
RESISTANCE: Final = Dimension("resistance", "ohm", "50 kohm")
CAPACITANCE: Final = Dimension("capacitance", "F", "1 fF")
RESPONSIVITY: Final = Dimension("responsivity", "A/W", "0.8 A/W")
NOISE_CURRENT: Final = Dimension("noise current", "A/rtHz", "5 pA/rtHz")
DECIBEL: Final = Dimension("decibel value", "dB", "3 dB")
DECIBEL_PER_LENGTH: Final = Dimension("loss per length", "dB/m", "2 dB/cm")
DECIBEL_PER_HERTZ: Final = Dimension("noise density", "dB/Hz", "-155 dB/Hz")
FRACTION: Final = Dimension("fraction", "", "25 %")
RATIO: Final = Dimension("ratio", "x", "1.5")
COUNT: Final = Dimension("count", "", "16")

NAMED: Final = tuple(value for value in dict(globals()).values() if isinstance(value, Dimension))
"""All dimensions above, for naming what a person wrote instead."""
