"""What one op costs on a programmable processor: lanes and perhaps matrix units over a hierarchy of memories.

CPUs and GPUs share all of this; how the parts overlap is each family's own. The family needs the columns of
`archsim.mapping.units`, `hierarchy` and `energies` in its scratch record, and names resources and causes in the order
of the positions below.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.family import STATIC, Cause
from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.hierarchy import waiting_time
from archsim.mapping.reuse import move_bytes

START: Final = 0
MATRIX: Final = 1
LANES: Final = 2
SPECIAL: Final = 3
WAITING: Final = 4
MEMORY: Final = 5
"""Positions among the resources; the memory levels follow `MEMORY`."""

ARITHMETIC_ENERGY: Final = 1
SPECIAL_ENERGY: Final = 2
INSTRUCTION_ENERGY: Final = 3
ON_CHIP_ENERGY: Final = 4
OFF_CHIP_ENERGY: Final = 5
"""Positions among the causes; 0 is static."""

NO_UNIT: Final = 1
"""Verdict on an op in a format that no unit computes."""
VERDICTS: Final = (
    "ok",
    "no unit has the number format, or a wider one",
    "its mean power exceeds the limit at every clock tried",
)
"""The second is `NO_UNIT`, the third `archsim.mapping.throttle.NO_CLOCK`."""


def causes(on_chip: str, off_chip: str) -> tuple[Cause, ...]:
    """Name the causes of energy of a processor, given its names for memory on the chip and off it."""
    return (
        STATIC,
        Cause("arithmetic", "compute"),
        Cause("special functions", "compute"),
        Cause("instructions", "control"),
        Cause(on_chip, "on_chip_memory"),
        Cause(off_chip, "off_chip_memory"),
    )


@kernel
def fill_busy(op: Record, chip: Record, work: Record, out: Record, start: float) -> None:
    """Fill the time every resource works for one execution, and the bytes across every level.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    start : float
        Time before one dependent step begins, s.
    """
    stored = op.precision
    macs = op.macs * op.mask * op.steps
    other = op.flops * op.steps
    out.busy[START] = start * op.steps
    if macs > 0.0 and work.on_matrix[stored] == 1:
        out.busy[MATRIX] = roofline.bound_time(2.0 * macs, work.mac_peak[stored])
        out.busy[LANES] = roofline.bound_time(other, work.lane_peak[stored])
    else:
        out.busy[LANES] = roofline.bound_time(2.0 * macs + other, work.lane_peak[stored])
    out.busy[SPECIAL] = roofline.bound_time(op.special * op.steps, work.special_peak)
    out.busy[WAITING] = waiting_time(op, chip)
    move_bytes(op, chip, work, out, MEMORY, work.mac_widening[stored] if macs > 0.0 else work.lane_widening[stored])


@kernel
def slowest_resource(chip: Record, out: Record, first: int) -> int:
    """Return the position of the resource from `first` on that works longest."""
    limit = first
    for resource in range(first + 1, MEMORY + int(chip.memory_count)):
        if out.busy[resource] > out.busy[limit]:
            limit = resource
    return limit


@kernel
def fill_energy(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the energy by cause: operations that are not left out, their instructions, and bytes at every level.

    Instructions also move what the registers hold from the innermost memory, where the machine pays for that apart.
    """
    stored = op.precision
    macs = op.macs * op.mask * (1.0 - out.left_out) * op.steps
    other = op.flops * op.steps
    special = op.special * op.steps
    out.energy[ARITHMETIC_ENERGY] = macs * work.mac_energy[stored] + other * work.lane_energy[stored]
    out.energy[SPECIAL_ENERGY] = special * work.special_energy
    inside = out.bytes[int(chip.memory_count) - 1]
    out.energy[INSTRUCTION_ENERGY] = (
        macs * work.mac_control[stored] + (other + special) * work.lane_control[stored] + inside * work.byte_control
    )
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
