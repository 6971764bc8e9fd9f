"""What follows from a GPU's description, and from the number formats of the ops: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.families.gpu.product import PRODUCTS, derive_products
from archsim.jit import Record, kernel
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import BITS, FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy
from archsim.mapping.throttle import CLOCK, start_clock
from archsim.mapping.units import UNITS, fill_peaks, resolve_formats

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
    derive_energies(chip, work)
    work.byte_control = 0.0


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks and energies."""
    resolve_formats(ops, chip, work, chip.matrix, chip.vector)
    instruction = chip.issue_energy_scale * work.instruction_energy
    lane = instruction / chip.issue_lanes
    tensor = instruction / (chip.issue_matrix_macs * HALF_WORD)
    for stored in range(FORMATS):
        if work.stored[stored] == 1:
            work.lane_control[stored] = lane
            work.mac_control[stored] = tensor * BITS[work.mac_code[stored]] if work.on_matrix[stored] == 1 else lane
    at_clock(chip, work)


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    clock = chip.clock * work.throttle
    clocks = chip.multiprocessors * clock
    fill_peaks(work, chip.matrix, chip.vector, clocks)
    work.special_peak = chip.special * clocks
    derive_hierarchy(chip, work, clock, chip.registers)
    derive_products(chip, work)
