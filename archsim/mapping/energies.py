"""Energies of a digital chip at its own process node, from its technology and its memory levels.

Families of digital machines share these kernels; each needs the columns of `archsim.arch.technology`, `process` and
`memory` in its chip table, and the columns of `ENERGIES` in its scratch record.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.jit import Record, kernel
from archsim.laws import cmos, sram, wire
from archsim.mapping.formats import ACCUMULATE

ENERGIES: Final = (
    Attribute("progress", "f8", (), "", "way of the chip's node between the technology's two, see archsim.laws.cmos"),
    Attribute("special_energy", "f8", (), "J", "one special function"),
    Attribute("instruction_energy", "f8", (), "J", "fetch, decode and control of one instruction"),
    Attribute("level_energy", "f8", (LEVELS,), "J/B", "one byte across each memory level"),
)


@kernel
def derive_energies(chip: Record, work: Record) -> None:
    """Fill the `ENERGIES` columns of the scratch record."""
    share = cmos.progress(chip.process_node, chip.technology_older_node, chip.technology_newer_node)
    work.progress = share
    work.special_energy = cmos.between_nodes(share, chip.technology_older_special, chip.technology_newer_special)
    work.instruction_energy = cmos.between_nodes(
        share, chip.technology_older_instruction, chip.technology_newer_instruction
    )
    derive_levels(chip, work, share)


@kernel
def derive_levels(chip: Record, work: Record, share: float) -> None:
    """Fill the energy of one byte across each level: as described, or from the technology.

    Arrays follow a power law in their size at either published node, and a power law from node to node at either
    published size; at a node between, they follow one in their size again, its exponent between those of the nodes.
    A memory the whole die shares adds the wires to it; a memory inside each core does not.
    """
    older = sram.exponent(
        chip.technology_older_small_array_capacity,
        chip.technology_older_small_array_energy,
        chip.technology_older_large_array_capacity,
        chip.technology_older_large_array_energy,
    )
    newer = sram.exponent(
        chip.technology_newer_small_array_capacity,
        chip.technology_newer_small_array_energy,
        chip.technology_newer_large_array_capacity,
        chip.technology_newer_large_array_energy,
    )
    size = chip.technology_older_small_array_capacity
    newer_energy = sram.energy(
        size, chip.technology_newer_small_array_capacity, chip.technology_newer_small_array_energy, newer
    )
    small = cmos.between_nodes(share, chip.technology_older_small_array_energy, newer_energy)
    growth = older + (newer - older) * share
    for level in range(int(chip.memory_count)):
        given = chip.memory_energy[level]
        if not math.isnan(given):
            work.level_energy[level] = given
        else:
            arrays = sram.energy(chip.memory_capacity[level], size, small, growth)
            work.level_energy[level] = arrays + wire_energy(chip, level, share)


@kernel
def wire_energy(chip: Record, level: int, share: float) -> float:
    """Return the energy of one byte on the wires to a level, J/B; none to a memory inside each core."""
    if chip.memory_instances[level] != 1.0 or math.isnan(chip.process_area):
        return 0.0
    wires = cmos.between_nodes(share, chip.technology_older_wire, chip.technology_newer_wire)
    return wire.die_energy(chip.process_area, wires)


@kernel
def add_energy(chip: Record, code: int, share: float) -> float:
    """Return the energy of one addition in a format, J."""
    return cmos.between_nodes(share, chip.technology_older_add[code], chip.technology_newer_add[code])


@kernel
def mac_energy(chip: Record, code: int, share: float) -> float:
    """Return the energy of one multiplication in a format and of adding its product up, J."""
    product = cmos.between_nodes(share, chip.technology_older_multiply[code], chip.technology_newer_multiply[code])
    return product + add_energy(chip, ACCUMULATE[code], share)
