"""What follows from a systolic machine's description, and from the number formats of the ops."""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import Attribute
from archsim.families.systolic.parts import FOUND
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.laws import cmos, sram
from archsim.mapping.energies import ENERGIES, derive_energies, wire_energy
from archsim.mapping.formats import FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy
from archsim.mapping.units import UNITS, fill_peaks, resolve_formats

SCRATCH: Final = (
    *HIERARCHY,
    *ENERGIES,
    *UNITS,
    *FOUND,
    Attribute("sum_energy", "f8", (), "J/B", "one byte to or from the accumulators"),
    Attribute("array_rates", "f8", (PRECISIONS,), "FLOP/clk", "all arrays, by format of the operands"),
    Attribute("room", "f8", (3,), "B", "scratchpads of all arrays for inputs, weights and results"),
)


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.byte_control = 0.0
    derive_energies(chip, work)
    work.sum_energy = cmos.between_nodes(
        work.progress, chip.technology_older_small_array_energy, chip.technology_newer_small_array_energy
    )
    bank_energy(chip, work)
    arrays = 1.0 if chip.buffers_shared == 1.0 else chip.array_count
    work.room[0] = chip.buffers_input * arrays
    work.room[1] = (chip.buffers_input if chip.buffers_shared == 1.0 else chip.buffers_weight) * arrays
    work.room[2] = (chip.buffers_input if chip.buffers_shared == 1.0 else chip.buffers_output) * arrays
    work.fetch_room = 0.5 * work.room[1]  # the other half is at work
    derive_hierarchy(chip, work, chip.clock, work.room[0])


@kernel
def bank_energy(chip: Record, work: Record) -> None:
    """Lower the energy of the scratchpads to that of one of their banks, E_1 / n^p; the way there is no shorter."""
    level = int(chip.memory_count) - 1
    if level < 1 or not math.isnan(chip.memory_energy[level]) or chip.buffers_banks <= 1.0:
        return
    older = sram.exponent(
        chip.technology_older_small_array_capacity, chip.technology_older_small_array_energy,
        chip.technology_older_large_array_capacity, chip.technology_older_large_array_energy,
    )  # fmt: skip
    newer = sram.exponent(
        chip.technology_newer_small_array_capacity, chip.technology_newer_small_array_energy,
        chip.technology_newer_large_array_capacity, chip.technology_newer_large_array_energy,
    )  # fmt: skip
    wires = wire_energy(chip, level, work.progress)
    growth = older + (newer - older) * work.progress
    work.level_energy[level] = (work.level_energy[level] - wires) * chip.buffers_banks**-growth + wires


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks, energies."""
    cells = chip.array_rows * chip.array_columns * chip.array_count
    for form in range(FORMATS):  # of all cells, to be compared with all lanes
        work.array_rates[form] = 2.0 * cells * chip.array_pace[form]
    resolve_formats(ops, chip, work, work.array_rates, chip.vector_rates)
    fill_peaks(work, work.array_rates, chip.vector_rates, chip.clock)
    for stored in range(FORMATS):
        if work.stored[stored] == 1:
            work.lane_control[stored] = work.instruction_energy / (chip.vector_lanes * chip.vector_sublanes)
            work.mac_control[stored] = 0.0
    work.special_peak = chip.vector_special * chip.clock
