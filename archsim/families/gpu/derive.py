"""What follows from a GPU's description alone: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import BITS, FORMATS, executed
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    Attribute("matrix_peak", "f8", (PRECISIONS,), "FLOP/s", "tensor cores, by format"),
    Attribute("vector_peak", "f8", (PRECISIONS,), "FLOP/s", "SIMT lanes, by format"),
    Attribute("matrix_code", "i8", (PRECISIONS,), "", "format each one runs in on matrix units, or -1"),
    Attribute("vector_code", "i8", (PRECISIONS,), "", "format each one runs in on vector units, or -1"),
    Attribute("matrix_control", "f8", (PRECISIONS,), "J", "control energy of one MAC on tensor cores, by format"),
    Attribute("lane_control", "f8", (), "J", "control energy of one operation of one lane"),
    Attribute("special_peak", "f8", (), "OP/s", "special-function units"),
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
)

HALF_WORD: Final = 16.0
"""Width the MACs of one tensor-core instruction are stated for, b."""


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill the scratch record."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    at_clock(chip, work)
    derive_energies(chip, work)
    instruction = chip.issue_energy_scale * work.instruction_energy
    work.lane_control = instruction / chip.issue_lanes
    for code in range(FORMATS):
        work.matrix_control[code] = instruction / chip.issue_matrix_macs * BITS[code] / HALF_WORD
        work.matrix_code[code] = executed(code, chip.matrix)
        work.vector_code[code] = executed(code, chip.vector)


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    clock = chip.clock * work.throttle
    for code in range(FORMATS):
        work.matrix_peak[code] = chip.matrix[code] * chip.multiprocessors * clock
        work.vector_peak[code] = chip.vector[code] * chip.multiprocessors * clock
    work.special_peak = chip.special * chip.multiprocessors * clock
    derive_hierarchy(chip, work, clock, chip.registers)
