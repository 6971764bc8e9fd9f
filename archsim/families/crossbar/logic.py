"""Gates beside the cells and behind the columns: energy, delay and area from those of one gate.

Digital cells multiply one bit of a weight with one bit of an input, or with one digit of two, and a tree adds the
products of a column of weights; behind analog columns, adders join the columns of a weight. Where inputs take several
pulses, accumulators add up what each of them gives: sums behind the tree, or every product before it.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import digital_cim as gates

DIGITAL: Final = 5
"""Code of cells that are logic."""
PRODUCTS: Final = 1
"""Code of accumulators before the tree."""
HALF: Final = 0.5
"""Share of a multiplying gate that switches: its input does, the weight stays."""


@kernel
def has_logic(chip: Record) -> bool:
    """Return whether energies are worked out from gates."""
    return not math.isnan(chip.logic_capacitance)


@kernel
def trees(chip: Record) -> float:
    """Return how many digits of an input are multiplied at once."""
    return chip.inputs_pulse_bits / 2.0 if chip.logic_booth == 1.0 else chip.inputs_pulse_bits


@kernel
def product_bits(chip: Record, weight_bits: float) -> float:
    """Return the bits of the product of a weight with one digit: one more for digits from -2 to 2."""
    return weight_bits + (1.0 if chip.logic_booth == 1.0 else 0.0)


@kernel
def entering_bits(chip: Record, rows: float, weight_bits: float) -> float:
    """Return the bits of what a pulse adds to its accumulator."""
    if chip.cell_device == DIGITAL:
        return product_bits(chip, weight_bits) + gates.tree_levels(rows)
    return chip.adc_bits + weight_bits


@kernel
def register_bits(chip: Record, rows: float, input_bits: float, weight_bits: float) -> float:
    """Return the bits of an accumulator; 0 where inputs take one pulse and need none."""
    if input_bits <= chip.inputs_pulse_bits:
        return 0.0
    if not math.isnan(chip.logic_accumulator_bits):
        return chip.logic_accumulator_bits
    if chip.cell_device != DIGITAL:
        return input_bits + weight_bits + chip.adc_bits
    return gates.accumulator_bits(input_bits, weight_bits, 1.0 if by_product(chip) else rows)


@kernel
def by_product(chip: Record) -> bool:
    """Return whether products are accumulated before the tree adds them."""
    return chip.cell_device == DIGITAL and chip.logic_accumulates == PRODUCTS


@kernel
def kept_bits(chip: Record, rows: float, input_bits: float, weight_bits: float) -> float:
    """Return the bits of all accumulators of one output."""
    return register_bits(chip, rows, input_bits, weight_bits) * (rows if by_product(chip) else 1.0)


@kernel
def waiting_bits(chip: Record, rows: float, weight_bits: float) -> float:
    """Return the bits of the registers between tree and accumulator of one output."""
    if chip.logic_pipelined == 0.0 or by_product(chip):
        return 0.0
    return entering_bits(chip, rows, weight_bits)


@kernel
def adder_count(chip: Record, rows: float, input_bits: float, weight_bits: float) -> float:
    """Return the full adders of one output beside its accumulators."""
    if chip.cell_device != DIGITAL:
        return gates.place_adders(weight_bits, chip.adc_bits)
    if by_product(chip):
        return gates.tree_adders(rows, register_bits(chip, rows, input_bits, weight_bits))
    digits, bits = trees(chip), product_bits(chip, weight_bits)
    return digits * gates.tree_adders(rows, bits) + gates.place_adders(digits, bits + gates.tree_levels(rows))


@kernel
def gate_energy(chip: Record) -> float:
    """Return what the gate of one cell takes in one pulse, J."""
    digits = trees(chip) if chip.cell_device == DIGITAL else 1.0
    return gates.switching(HALF * digits, chip.logic_capacitance, chip.logic_voltage, chip.logic_activity)


@kernel
def output_energy(chip: Record, rows: float, input_bits: float, weight_bits: float) -> float:
    """Return what adders and accumulators of one output take in one pulse, J.

    Parameters
    ----------
    chip : record
        The machine.
    rows : float
        Rows summed together.
    input_bits, weight_bits : float
        Bits of an activation and of a weight.
    """
    adders = gates.ADDER_CHARGE * adder_count(chip, rows, input_bits, weight_bits)
    if by_product(chip):  # the tree works once all pulses are in
        adders /= math.ceil(input_bits / chip.inputs_pulse_bits)
    kept = (gates.ADDER_CHARGE + gates.REGISTER_CHARGE) * kept_bits(chip, rows, input_bits, weight_bits)
    kept += gates.REGISTER_CHARGE * waiting_bits(chip, rows, weight_bits)
    moving = gates.switching(adders, chip.logic_capacitance, chip.logic_voltage, chip.logic_activity)
    activity = chip.logic_activity if by_product(chip) else 1.0  # nothing is added for a product of 0
    return moving + gates.switching(kept, chip.logic_capacitance, chip.logic_voltage, activity)


@kernel
def logic_time(chip: Record, rows: float, input_bits: float, weight_bits: float) -> float:
    """Return the time of the gates in one pulse, s, of the longer half where registers stand between.

    Columns and converters are not counted.
    """
    kept = register_bits(chip, rows, input_bits, weight_bits)
    adding = 0.0
    if kept > 0.0:
        adding = gates.accumulator_delay(
            kept, product_bits(chip, weight_bits) if by_product(chip) else entering_bits(chip, rows, weight_bits)
        )
    first, second = 1.0 + tree_path(chip, rows, kept, weight_bits), adding
    if by_product(chip):
        first, second = 1.0 + adding, tree_path(chip, rows, kept, weight_bits)
    return (max(first, second) if chip.logic_pipelined == 1.0 else first + second) * chip.logic_delay


@kernel
def tree_path(chip: Record, rows: float, kept: float, weight_bits: float) -> float:
    """Return the delay of all adders but the accumulators, in NAND delays."""
    if chip.cell_device != DIGITAL:
        return gates.tree_delay(weight_bits, chip.adc_bits)
    if by_product(chip):
        return gates.tree_delay(rows, kept)
    bits = product_bits(chip, weight_bits)
    return gates.tree_delay(rows, bits) + gates.tree_delay(trees(chip), bits + gates.tree_levels(rows))


@kernel
def logic_area(chip: Record, rows: float, outputs: float, input_bits: float, weight_bits: float) -> float:
    """Return the area of the gates of one array, m2.

    Parameters
    ----------
    chip : record
        The machine.
    rows, outputs : float
        Rows summed together and outputs of the array.
    input_bits, weight_bits : float
        Bits of an activation and of a weight.
    """
    digits = trees(chip) if chip.cell_device == DIGITAL else 1.0
    multipliers = digits * rows * weight_bits
    adders = gates.ADDER_AREA * adder_count(chip, rows, input_bits, weight_bits)
    kept = (gates.ADDER_AREA + gates.REGISTER_AREA) * kept_bits(chip, rows, input_bits, weight_bits)
    kept += gates.REGISTER_AREA * waiting_bits(chip, rows, weight_bits)
    return outputs * (multipliers + adders + kept) * chip.logic_area
