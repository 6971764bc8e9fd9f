"""What follows from a GPU's description alone: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    Attribute("matrix_peak", "f8", (PRECISIONS,), "FLOP/s", "tensor cores, by format"),
    Attribute("vector_peak", "f8", (PRECISIONS,), "FLOP/s", "SIMT lanes, by format"),
    Attribute("special_peak", "f8", (), "OP/s", "special-function units"),
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
)


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill the scratch record."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    at_clock(chip, work)
    derive_energies(chip, work)


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    clock = chip.clock * work.throttle
    for code in range(FORMATS):
        work.matrix_peak[code] = chip.matrix[code] * chip.multiprocessors * clock
        work.vector_peak[code] = chip.vector[code] * chip.multiprocessors * clock
    work.special_peak = chip.special * chip.multiprocessors * clock
    derive_hierarchy(chip, work, clock, chip.registers)
