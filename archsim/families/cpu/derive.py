"""What follows from a CPU's description, and from the number formats of the ops: peaks, bandwidths, energies."""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.families.cpu.tiles import PRODUCTS
from archsim.jit import Record, kernel
from archsim.laws import latency
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
    Attribute("core_rate", "f8", (LEVELS,), "B/s", "what one core draws from each level, all others idle"),
    Attribute("instance_rate", "f8", (LEVELS,), "B/s", "what one instance of each level delivers"),
    Attribute("core_clock", "f8", (), "Hz", "clock of the cores running ordinary code"),
)


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    start_clock(chip, work)
    if not math.isnan(chip.nominal):
        start_voltage(
            chip.clock / chip.nominal, chip.supply_floor, chip.supply_slope, chip.supply_clocking, chip.supply_leakage,
            chip.supply_exponent, 0.0, work,
        )  # fmt: skip
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
    """Fill what follows the clock: peaks of all cores together, and what each level delivers."""
    scale_energies(chip, work, follow_voltage(work))
    clock = chip.clock * work.throttle
    work.core_clock = clock
    fill_peaks(work, chip.core_matrix, chip.core_vector, chip.cores * clock)
    work.special_peak = chip.core_special * chip.cores * clock
    derive_hierarchy(chip, work, clock, chip.core_registers * chip.core_register_width)
    own = int(chip.memory_count) - 1
    for level in range(own + 1):
        instance = work.bandwidth[level] / chip.memory_instances[level]
        if level == 0:
            instance *= chip.library_streams_memory_share
        work.instance_rate[level] = instance
        work.core_rate[level] = instance
        if level < own or own == 0:  # misses of the innermost level wait for the others
            waiting = latency.concurrent_rate(chip.core_misses, chip.memory_line[level], chip.memory_latency[level])
            work.core_rate[level] = min(instance, waiting)
