"""What follows from a GPU's description, and from the number formats of the ops: peaks, bandwidths, energies."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.gpu.product import PRODUCTS, derive_products
from archsim.jit import Record, kernel
from archsim.laws import cmos
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import BITS, FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy
from archsim.mapping.throttle import CLOCK, follow_voltage, start_clock, start_voltage
from archsim.mapping.units import UNITS, fill_peaks, resolve_formats, scale_energies

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    *UNITS,
    *CLOCK,
    *PRODUCTS,
)

HALF_WORD: Final = 16.0
"""Width the MACs of one tensor-core instruction are stated for, b."""


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    start_clock(chip, work)
    if not math.isnan(chip.boost):
        start_voltage(
            chip.clock / chip.boost, chip.generation_voltage_floor, chip.generation_voltage_slope,
            chip.generation_voltage_clocking, chip.generation_voltage_leakage, chip.generation_voltage_exponent,
            chip.generation_voltage_busy * chip.multiprocessors, work,
        )  # fmt: skip
    derive_energies(chip, work)
    work.byte_control = 0.0
    if chip.memory_count > 1:
        work.fetch_room = 0.5 * chip.memory_capacity[1] * chip.memory_instances[1]  # the other half is at work


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks and energies."""
    resolve_formats(ops, chip, work, chip.matrix, chip.vector)
    instruction = chip.issue_energy_scale * work.instruction_energy
    lane = instruction / chip.issue_lanes
    operands = 0.0 if math.isnan(chip.issue_matrix_bytes) else chip.issue_matrix_bytes * register_energy(chip, work)
    tensor = (instruction + operands) / (chip.issue_matrix_macs * HALF_WORD)
    for stored in range(FORMATS):
        if work.stored[stored] == 1:
            work.lane_control[stored] = lane
            work.mac_control[stored] = tensor * BITS[work.mac_code[stored]] if work.on_matrix[stored] == 1 else lane
    scale_energies(chip, work, 1.0 / chip.generation_voltage_regulator)
    at_clock(chip, work)


@kernel
def register_energy(chip: Record, work: Record) -> float:
    """Return the energy of one byte to or from the registers, J/B: their banks are small arrays."""
    return cmos.between_nodes(
        work.progress, chip.technology_older_small_array_energy, chip.technology_newer_small_array_energy
    )


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    scale_energies(chip, work, follow_voltage(work))
    clock = chip.clock * work.throttle
    clocks = chip.multiprocessors * clock
    fill_peaks(work, chip.matrix, chip.vector, clocks)
    work.special_peak = chip.special * clocks
    derive_hierarchy(chip, work, clock, chip.registers)
    derive_products(chip, work)
