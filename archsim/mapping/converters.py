"""Energy and area of a machine's converters by the laws its description names.

Shared by the families whose machines compute in analog; each needs an `adc` or a `dac`, and a `process`, in its
description.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import adc, dac

FIXED: Final = 0
LINEAR: Final = 1
SAR: Final = 2
FLASH: Final = 3
COUNTING: Final = 4
SURVEY: Final = 5
WALDEN: Final = 6
"""Codes of the laws of output converters; the last one left is Schreier's."""
WEIGHTED: Final = 2
"""Code of input converters in proportion to 2^b / b; the last one left is 2^b / (b + 1)."""


@kernel
def adc_energy(chip: Record, bits: float) -> float:
    """Return the energy of one conversion to so many bits, J; at least one bit."""
    b, most = max(1.0, bits), chip.adc_bits
    law = chip.adc_law
    if law == FIXED:
        return chip.adc_energy
    if law == LINEAR:
        return adc.linear_energy(chip.adc_energy, b, most)
    if law == SAR:
        supply = 1.0 if math.isnan(chip.process_voltage) else chip.process_voltage
        return adc.capacitor_energy(chip.adc_capacitance, chip.adc_noise_capacitance, b, supply)
    if law == FLASH:
        return adc.flash_energy(chip.adc_energy, b, most)
    if law == COUNTING:
        return adc.counting_energy(chip.adc_energy, chip.adc_step, b, most)
    if law == SURVEY:
        return survey_energy(chip, b)
    if law == WALDEN:
        return adc.walden_energy(chip.adc_walden, b)
    return adc.schreier_energy(chip.adc_schreier, b)


@kernel
def survey_energy(chip: Record, bits: float) -> float:
    """Return what converters of published papers take, J: the published regression, or a quantile of the fit."""
    node = adc_node(chip)
    if math.isnan(chip.adc_quantile):
        return adc.regression_energy(bits, chip.adc_rate, node)
    return adc.surveyed_energy(bits, chip.adc_rate, node, chip.adc_quantile)


@kernel
def adc_node(chip: Record) -> float:
    """Return the feature size of the output converters, m."""
    return chip.process_node if math.isnan(chip.adc_node) else chip.adc_node


@kernel
def adc_area(chip: Record) -> float:
    """Return the area of one output converter, m2; none where the description has none and no law gives it."""
    if not math.isnan(chip.adc_area):
        return chip.adc_area
    if chip.adc_law == SURVEY:
        return adc.regression_area(adc_energy(chip, chip.adc_bits), chip.adc_rate, adc_node(chip))
    return 0.0


@kernel
def dac_energy(chip: Record, bits: float) -> float:
    """Return the energy of one conversion of so many bits, J; at least one bit."""
    b, most = max(1.0, bits), chip.dac_bits
    law = chip.dac_law
    if law == FIXED:
        return chip.dac_energy
    if law == LINEAR:
        return adc.linear_energy(chip.dac_energy, b, most)
    if law == WEIGHTED:
        return dac.weighted_energy(chip.dac_energy, b, most)
    return dac.binary_energy(chip.dac_energy, b, most)
