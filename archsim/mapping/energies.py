"""Energies of a digital chip at its own process node, from its technology and its memory levels.

Families of digital machines share these kernels; each needs the columns of `archsim.arch.technology`, `process` and
`memory` in its chip table, and the columns of `ENERGIES` in its scratch record.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.laws import cmos, sram, wire
from archsim.mapping.formats import ACCUMULATE, FORMATS

ENERGIES: Final = (
    Attribute("mac_energy", "f8", (PRECISIONS,), "J", "one multiplication and one accumulation, by format"),
    Attribute("add_energy", "f8", (PRECISIONS,), "J", "one addition, by format"),
    Attribute("special_energy", "f8", (), "J", "one special function"),
    Attribute("instruction_energy", "f8", (), "J", "fetch, decode and control of one instruction"),
    Attribute("level_energy", "f8", (LEVELS,), "J/B", "one byte across each memory level"),
)


@kernel
def derive_energies(chip: Record, work: Record) -> None:
    """Fill the `ENERGIES` columns of the scratch record."""
    share = cmos.progress(chip.process_node, chip.technology_older_node, chip.technology_newer_node)
    for code in range(FORMATS):
        work.add_energy[code] = cmos.between_nodes(
            share, chip.technology_older_add[code], chip.technology_newer_add[code]
        )
    for code in range(FORMATS):
        product = cmos.between_nodes(share, chip.technology_older_multiply[code], chip.technology_newer_multiply[code])
        work.mac_energy[code] = product + work.add_energy[ACCUMULATE[code]]
    work.special_energy = cmos.between_nodes(share, chip.technology_older_special, chip.technology_newer_special)
    work.instruction_energy = cmos.between_nodes(
        share, chip.technology_older_instruction, chip.technology_newer_instruction
    )
    for level in range(int(chip.memory_count)):
        work.level_energy[level] = level_energy(chip, level, share)


@kernel
def level_energy(chip: Record, level: int, share: float) -> float:
    """Return the energy of one byte across a level: as described, or from the technology.

    A memory the whole die shares adds the wires to it; a memory inside each core does not.
    """
    given = chip.memory_energy[level]
    if not math.isnan(given):
        return given
    older = sram.energy(
        chip.memory_capacity[level],
        chip.technology_older_small_array_capacity,
        chip.technology_older_small_array_energy,
        chip.technology_older_large_array_capacity,
        chip.technology_older_large_array_energy,
    )
    newer = sram.energy(
        chip.memory_capacity[level],
        chip.technology_newer_small_array_capacity,
        chip.technology_newer_small_array_energy,
        chip.technology_newer_large_array_capacity,
        chip.technology_newer_large_array_energy,
    )
    energy = cmos.between_nodes(share, older, newer)
    if chip.memory_instances[level] == 1.0 and not math.isnan(chip.process_area):
        wires = cmos.between_nodes(share, chip.technology_older_wire, chip.technology_newer_wire)
        energy += wire.die_energy(chip.process_area, wires)
    return energy
