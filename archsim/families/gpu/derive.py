"""What follows from a GPU's description, and from the number formats of the ops: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import BITS, FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy
from archsim.mapping.units import UNITS, fill_peaks, resolve_formats

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    *UNITS,
    Attribute("mac_control", "f8", (PRECISIONS,), "J", "control energy of one MAC, by stored format"),
    Attribute("lane_control", "f8", (), "J", "control energy of one operation of one lane"),
    Attribute("special_peak", "f8", (), "OP/s", "special-function units"),
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
    Attribute("stride", "f8", (), "", "exponent of the next step towards a lower clock"),
)

HALF_WORD: Final = 16.0
"""Width the MACs of one tensor-core instruction are stated for, b."""


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    work.stride = 1.0
    derive_energies(chip, work)
    work.lane_control = chip.issue_energy_scale * work.instruction_energy / chip.issue_lanes


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks and energies."""
    resolve_formats(ops, chip, work, chip.matrix, chip.vector)
    one = chip.issue_energy_scale * work.instruction_energy / (chip.issue_matrix_macs * HALF_WORD)
    for stored in range(FORMATS):
        if work.stored[stored] == 1:
            on_matrix = work.on_matrix[stored] == 1
            work.mac_control[stored] = one * BITS[work.mac_code[stored]] if on_matrix else work.lane_control
    at_clock(chip, work)


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    clock = chip.clock * work.throttle
    clocks = chip.multiprocessors * clock
    fill_peaks(work, chip.matrix, chip.vector, clocks)
    work.special_peak = chip.special * clocks
    derive_hierarchy(chip, work, clock, chip.registers)
