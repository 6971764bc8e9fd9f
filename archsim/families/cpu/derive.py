"""What follows from a CPU's description, and from the number formats of the ops: peaks, bandwidths, energies."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.jit import Record, kernel
from archsim.laws import latency
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
    Attribute("start", "f8", (), "s", "call and thread fork-join of one op"),
)


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    start_clock(chip, work)
    work.start = chip.overhead_call + (chip.overhead_fork_join if chip.cores > 1.0 else 0.0)
    derive_energies(chip, work)
    work.byte_control = chip.core_instruction_scale * work.instruction_energy / chip.core_register_width


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks and energies.

    One SIMD instruction starts a register's worth of operations; this is what amortises the out-of-order core.
    """
    resolve_formats(ops, chip, work, chip.core_matrix, chip.core_vector)
    for stored in range(FORMATS):
        if work.stored[stored] == 1 and work.lane_code[stored] >= 0:
            work.mac_control[stored] = work.byte_control * BITS[work.mac_code[stored]] / 8.0
            work.lane_control[stored] = work.byte_control * BITS[work.lane_code[stored]] / 8.0
    at_clock(chip, work)


@kernel
def at_clock(chip: Record, work: Record) -> None:
    """Fill what follows the clock."""
    clock = chip.clock * work.throttle
    fill_peaks(work, chip.core_matrix, chip.core_vector, chip.cores * clock)
    work.special_peak = chip.core_special * chip.cores * clock
    derive_hierarchy(chip, work, clock, chip.core_registers)
    in_flight = chip.cores * chip.core_misses
    reachable = latency.concurrent_rate(in_flight, chip.memory_line[0], chip.memory_latency[0])
    work.bandwidth[0] = min(work.bandwidth[0], reachable)
