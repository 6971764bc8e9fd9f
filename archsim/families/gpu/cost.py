"""What one op costs on a GPU: a roofline over the memory hierarchy, a launch, and energy by cause."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.formats import BITS, widening
from archsim.mapping.hierarchy import move_bytes, waiting_time

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
    matrix = work.matrix_code[op.precision]
    vector = work.vector_code[op.precision]
    if vector < 0:
        out.status = NO_UNIT
        return
    tensor = on_tensor_cores(work, matrix, vector)
    code = matrix if tensor and op.macs > 0.0 else vector
    widen = widening(op.precision, code)
    macs = op.macs * op.mask * op.steps
    other = op.flops * op.steps
    special = op.special * op.steps

    busiest = fill_arithmetic(work, out, tensor, matrix, vector, macs, other)
    out.busy[SPECIAL] = roofline.bound_time(special, work.special_peak)
    out.busy[LATENCY] = waiting_time(op, chip)
    slowest = max(busiest, out.busy[SPECIAL], out.busy[LATENCY])
    slowest = max(slowest, move_bytes(op, chip, work, out, MEMORY, widen))
    out.busy[LAUNCH] = chip.launch_latency * op.steps
    out.latency = out.busy[LAUNCH] + slowest

    out.exposed[LAUNCH] = out.busy[LAUNCH]
    limit = LATENCY
    for resource in range(MATRIX, MEMORY + int(chip.memory_count)):
        if out.busy[resource] > out.busy[limit]:
            limit = resource
    out.exposed[limit] = slowest
    out.bound = limit if slowest >= out.busy[LAUNCH] else LAUNCH
    if tensor and macs > 0.0:
        out.utilisation = roofline.utilisation(2.0 * macs, work.matrix_peak[matrix], out.latency)
    else:
        out.utilisation = roofline.utilisation(2.0 * macs + other, work.vector_peak[vector], out.latency)
    fill_energy(chip, work, out, macs, other, special, tensor, code, vector)


@kernel
def on_tensor_cores(work: Record, matrix: int, vector: int) -> bool:
    """Return whether a contraction runs on tensor cores: if they have the format no wider, or are faster at it."""
    if matrix < 0:
        return False
    return BITS[matrix] <= BITS[vector] or work.matrix_peak[matrix] > work.vector_peak[vector]


@kernel
def fill_arithmetic(
    work: Record, out: Record, tensor: bool, matrix: int, vector: int, macs: float, other: float
) -> float:
    """Fill the busy times of tensor cores and lanes, and return the longer one."""
    lanes = other
    if tensor:
        out.busy[MATRIX] = roofline.bound_time(2.0 * macs, work.matrix_peak[matrix])
    else:
        lanes += 2.0 * macs
    out.busy[VECTOR] = roofline.bound_time(lanes, work.vector_peak[vector])
    return max(out.busy[MATRIX], out.busy[VECTOR])


@kernel
def fill_energy(
    chip: Record,
    work: Record,
    out: Record,
    macs: float,
    other: float,
    special: float,
    tensor: bool,
    code: int,
    vector: int,
) -> None:
    """Fill the energy by cause: operations, the instructions that start them, and bytes at every level."""
    out.energy[ARITHMETIC_ENERGY] = macs * work.mac_energy[code] + other * work.add_energy[vector]
    out.energy[SPECIAL_ENERGY] = special * work.special_energy
    control = work.matrix_control[code] if tensor else work.lane_control
    out.energy[INSTRUCTION_ENERGY] = macs * control + (other + special) * work.lane_control
    for level in range(int(chip.memory_count)):
        cause = OFF_CHIP_ENERGY if chip.memory_place[level] == 0 else ON_CHIP_ENERGY
        out.energy[cause] += out.bytes[level] * work.level_energy[level]
