"""What one op costs on a CPU: a roofline over the cache hierarchy, a call, and energy by cause."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.formats import BITS, widening
from archsim.mapping.hierarchy import move_bytes, waiting_time

CALL: Final = 0
MATRIX: Final = 1
VECTOR: Final = 2
SPECIAL: Final = 3
LATENCY: Final = 4
MEMORY: Final = 5
"""Positions among the resources; the memory levels follow `MEMORY`."""

ARITHMETIC_ENERGY: Final = 1
SPECIAL_ENERGY: Final = 2
INSTRUCTION_ENERGY: Final = 3
ON_CHIP_ENERGY: Final = 4
OFF_CHIP_ENERGY: Final = 5
"""Positions among the causes; 0 is static."""

NO_UNIT: Final = 1


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op: t = call + max(arithmetic, special functions, every memory level, waiting).

    SIMD units and special functions share the cores' issue slots, so their times add up.
    """
    matrix = work.matrix_code[op.precision]
    vector = work.vector_code[op.precision]
    if vector < 0:
        out.status = NO_UNIT
        return
    tiles = matrix >= 0 and op.macs > 0.0 and BITS[matrix] <= BITS[vector]
    code = matrix if tiles else vector
    widen = widening(op.precision, code)
    macs = op.macs * op.mask * op.steps
    other = op.flops * op.steps
    special = op.special * op.steps

    lanes = other if tiles else other + 2.0 * macs
    if tiles:
        out.busy[MATRIX] = roofline.bound_time(2.0 * macs, work.matrix_peak[matrix])
    out.busy[VECTOR] = roofline.bound_time(lanes, work.vector_peak[vector])
    out.busy[SPECIAL] = roofline.bound_time(special, work.special_peak)
    out.busy[LATENCY] = waiting_time(op, chip)
    slots = out.busy[VECTOR] + out.busy[SPECIAL]
    slowest = max(slots, out.busy[MATRIX], out.busy[LATENCY])
    slowest = max(slowest, move_bytes(op, chip, work, out, MEMORY, widen))
    out.busy[CALL] = work.start * op.steps
    out.latency = out.busy[CALL] + slowest
    attribute(chip, out, slots, slowest)
    if tiles:
        out.utilisation = roofline.utilisation(2.0 * macs, work.matrix_peak[matrix], out.latency)
    else:
        out.utilisation = roofline.utilisation(2.0 * macs + other, work.vector_peak[vector], out.latency)
    fill_energy(chip, work, out, macs, other, special, code, vector)


@kernel
def attribute(chip: Record, out: Record, slots: float, slowest: float) -> None:
    """Say which resource answers for the time: the call, and the slowest of the rest."""
    out.exposed[CALL] = out.busy[CALL]
    if slots >= slowest:
        out.exposed[VECTOR] = out.busy[VECTOR]
        out.exposed[SPECIAL] = out.busy[SPECIAL]
        out.bound = VECTOR if out.busy[VECTOR] >= out.busy[SPECIAL] else SPECIAL
    else:
        limit = MATRIX
        for resource in range(LATENCY, MEMORY + int(chip.memory_count)):
            if out.busy[resource] > out.busy[limit]:
                limit = resource
        out.exposed[limit] = slowest
        out.bound = limit
    if out.busy[CALL] > slowest:
        out.bound = CALL


@kernel
def fill_energy(
    chip: Record, work: Record, out: Record, macs: float, other: float, special: float, code: int, vector: int
) -> None:
    """Fill the energy by cause: operations, the instructions that start them, and bytes at every level.

    One SIMD instruction starts a register's worth of operations, or moves one register's bytes from the innermost
    cache; this is what amortises the out-of-order core.
    """
    out.energy[ARITHMETIC_ENERGY] = macs * work.mac_energy[code] + other * work.add_energy[vector]
    out.energy[SPECIAL_ENERGY] = special * work.special_energy
    lanes = 8.0 * chip.core_register_width / BITS[code]
    inside = int(chip.memory_count) - 1
    instructions = (macs + other + special) / lanes + out.bytes[inside] / chip.core_register_width
    out.energy[INSTRUCTION_ENERGY] = instructions * work.instruction_energy
    for level in range(int(chip.memory_count)):
        cause = OFF_CHIP_ENERGY if chip.memory_place[level] == 0 else ON_CHIP_ENERGY
        out.energy[cause] += out.bytes[level] * work.level_energy[level]
