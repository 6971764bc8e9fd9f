"""What one op costs on a GPU: a roofline over the memory hierarchy, a launch, and energy by cause."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.hierarchy import waiting_time
from archsim.mapping.reuse import move_bytes

LAUNCH: Final = 0
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
    """Cost one op: t = launch + max(arithmetic, special functions, every memory level, waiting)."""
    stored = op.precision
    if work.lane_code[stored] < 0:
        out.status = NO_UNIT
        return
    macs = op.macs * op.mask * op.steps
    other = op.flops * op.steps
    special = op.special * op.steps
    tensor = macs > 0.0 and work.on_matrix[stored] == 1

    out.busy[LAUNCH] = chip.launch_latency * op.steps
    if tensor:
        out.busy[MATRIX] = roofline.bound_time(2.0 * macs, work.mac_peak[stored])
        out.busy[VECTOR] = roofline.bound_time(other, work.lane_peak[stored])
    else:
        out.busy[VECTOR] = roofline.bound_time(2.0 * macs + other, work.lane_peak[stored])
    out.busy[SPECIAL] = roofline.bound_time(special, work.special_peak)
    out.busy[LATENCY] = waiting_time(op, chip)
    move_bytes(op, chip, work, out, MEMORY, work.mac_widening[stored] if macs > 0.0 else work.lane_widening[stored])
    attribute(chip, out)
    out.utilisation = roofline.busy_share(out.busy[MATRIX] if tensor else out.busy[VECTOR], out.latency)
    fill_energy(chip, work, out, macs, other, special, stored)


@kernel
def attribute(chip: Record, out: Record) -> None:
    """Fill the latency, and which resource answers for it: the launch, and the slowest of the rest, which overlap."""
    launch = out.busy[LAUNCH]
    limit = MATRIX
    slowest = out.busy[MATRIX]
    for resource in range(MATRIX + 1, MEMORY + int(chip.memory_count)):
        time = out.busy[resource]
        if time > slowest:
            limit = resource
            slowest = time
    out.latency = launch + slowest
    out.exposed[LAUNCH] = launch
    out.exposed[limit] = slowest
    out.bound = limit if slowest >= launch else LAUNCH


@kernel
def fill_energy(
    chip: Record, work: Record, out: Record, macs: float, other: float, special: float, stored: int
) -> None:
    """Fill the energy by cause: operations, the instructions that start them, and bytes at every level."""
    out.energy[ARITHMETIC_ENERGY] = macs * work.mac_energy[stored] + other * work.lane_energy[stored]
    out.energy[SPECIAL_ENERGY] = special * work.special_energy
    out.energy[INSTRUCTION_ENERGY] = macs * work.mac_control[stored] + (other + special) * work.lane_control
    on_chip = 0.0
    off_chip = 0.0
    for level in range(int(chip.memory_count)):
        energy = out.bytes[level] * work.level_energy[level]
        if chip.memory_place[level] == 0:
            off_chip += energy
        else:
            on_chip += energy
    out.energy[ON_CHIP_ENERGY] = on_chip
    out.energy[OFF_CHIP_ENERGY] = off_chip
