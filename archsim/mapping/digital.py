"""A digital unit over a hierarchy of memories beside an analog core: what one op costs on it.

Shared by the families whose machines compute in analog. The family needs `digital`, `memory`, `process` and
`technology` in its description and the columns of `DIGITAL` in its scratch record; its resources and causes begin with
those below, in this order.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.family import STATIC, Cause
from archsim.graph.kinds import CONV, MATMUL
from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.energies import ENERGIES, derive_energies
from archsim.mapping.formats import FORMATS
from archsim.mapping.hierarchy import HIERARCHY, derive_hierarchy, waiting_time
from archsim.mapping.resident import keep_within
from archsim.mapping.reuse import move_bytes
from archsim.mapping.units import UNITS, fill_peaks, resolve_formats

DIGITAL: Final = (*HIERARCHY, *ENERGIES, *UNITS)
"""Columns of scratch."""

START: Final = 0
PRODUCTS: Final = 1
LANES: Final = 2
SPECIAL: Final = 3
WAITING: Final = 4
DIGITAL_RESOURCES: Final = ("launch", "digital products", "digital lanes", "special functions", "waiting")
"""Resources of the unit; those of the analog core follow, and the memory levels come last."""

PRODUCT_ENERGY: Final = 1
LANE_ENERGY: Final = 2
SPECIAL_ENERGY: Final = 3
CONTROL_ENERGY: Final = 4
ON_CHIP_ENERGY: Final = 5
OFF_CHIP_ENERGY: Final = 6
DIGITAL_CAUSES: Final = (
    STATIC,
    Cause("digital products", "compute"),
    Cause("digital lanes", "compute"),
    Cause("special functions", "compute"),
    Cause("instructions", "control"),
    Cause("on-chip memory", "on_chip_memory"),
    Cause("main memory", "off_chip_memory"),
)
"""Causes of the unit and of the memories; those of the analog core follow."""

NO_UNIT: Final = 1
"""Verdict on an op in a format that no unit computes; the second verdict of the family."""


@kernel
def derive_digital(chip: Record, work: Record) -> None:
    """Fill what follows from the description alone: power at rest, energies, bandwidths."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.byte_control = 0.0
    derive_energies(chip, work)
    inner = int(chip.memory_count) - 1
    derive_hierarchy(chip, work, chip.digital_clock, chip.memory_capacity[inner])


@kernel
def plan_digital(ops: Record, chip: Record, work: Record) -> None:
    """Prepare the number formats the ops are stored in: units, peaks, energies."""
    resolve_formats(ops, chip, work, chip.digital_products, chip.digital_lanes)
    fill_peaks(work, chip.digital_products, chip.digital_lanes, chip.digital_clock)
    for stored in range(FORMATS):
        if work.stored[stored] == 1:
            work.lane_control[stored] = work.instruction_energy / chip.digital_vector
            work.mac_control[stored] = work.lane_control[stored] if work.on_matrix[stored] == 0 else 0.0
    work.special_peak = chip.digital_special * chip.digital_clock


@kernel
def cost_digital(op: Record, chip: Record, work: Record, out: Record, memory: int, room: float) -> None:
    """Cost an op that the digital unit runs alone: t = launch + max(units, memories) + waiting.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    memory : int
        Position of the outermost level among the family's resources.
    room : float
        In which what earlier ops wrote is found again, B, see `kept`.
    """
    stored = op.precision
    if work.lane_code[stored] < 0:
        out.status = NO_UNIT
        return
    macs = op.macs * op.mask * op.steps
    fill_units(op, work, out, macs)
    out.busy[START] = chip.digital_launch * op.steps
    out.busy[WAITING] = waiting_time(op, chip)
    product = op.kind in (MATMUL, CONV) or macs > 0.0
    widen = work.mac_widening[stored] if product else work.lane_widening[stored]
    move_bytes(op, chip, work, out, memory, widen)
    keep_on_chip(op, chip, work, out, memory, room)
    finish(chip, out, memory)
    fill_digital_energy(op, chip, work, out, macs)
    used = max(out.busy[PRODUCTS], out.busy[LANES], out.busy[SPECIAL])
    out.utilisation = roofline.busy_share(used, out.latency)


@kernel
def fill_units(op: Record, work: Record, out: Record, macs: float) -> None:
    """Fill the time the digital unit works: `macs` products of all steps, and what the op computes besides them."""
    stored = op.precision
    other = op.flops * op.steps
    out.busy[PRODUCTS] = 0.0
    if macs > 0.0 and work.on_matrix[stored] == 1:
        out.busy[PRODUCTS] = roofline.bound_time(2.0 * macs, work.mac_peak[stored])
        out.busy[LANES] = roofline.bound_time(other, work.lane_peak[stored])
    else:
        out.busy[LANES] = roofline.bound_time(2.0 * macs + other, work.lane_peak[stored])
    out.busy[SPECIAL] = roofline.bound_time(op.special * op.steps, work.special_peak)


@kernel
def kept(chip: Record) -> float:
    """Return what the outermost memory on the chip holds, B; nothing where there is none."""
    return chip.memory_capacity[1] * chip.memory_instances[1] if int(chip.memory_count) > 1 else 0.0


@kernel
def keep_on_chip(op: Record, chip: Record, work: Record, out: Record, memory: int, room: float) -> None:
    """Take off the main memory's traffic what is still on the chip, in so much room, from earlier ops or runs."""
    if int(chip.memory_count) < 2:
        return
    before = out.bytes[0]
    keep_within(op, work, out, room, 1.0)
    if before > 0.0:
        out.busy[memory] *= out.bytes[0] / before


@kernel
def finish(chip: Record, out: Record, memory: int) -> None:
    """Fill latency, exposed times and bound: t = launch + waiting + the slowest of all other resources."""
    limit = PRODUCTS
    for resource in range(PRODUCTS, memory + int(chip.memory_count)):
        if resource != WAITING and out.busy[resource] > out.busy[limit]:
            limit = resource
    out.exposed[START] = out.busy[START]
    out.exposed[WAITING] = out.busy[WAITING]
    out.exposed[limit] = out.busy[limit]
    out.latency = out.busy[START] + out.busy[WAITING] + out.busy[limit]
    out.bound = limit
    for resource in (START, WAITING):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource


@kernel
def fill_digital_energy(op: Record, chip: Record, work: Record, out: Record, macs: float) -> None:
    """Fill the energy of the digital unit and of the memories; bytes are filled. `macs`: products it computes."""
    stored = op.precision
    other, special = op.flops * op.steps, op.special * op.steps
    out.energy[PRODUCT_ENERGY] = macs * work.mac_energy[stored]
    out.energy[LANE_ENERGY] = other * work.lane_energy[stored]
    out.energy[SPECIAL_ENERGY] = special * work.special_energy
    out.energy[CONTROL_ENERGY] = macs * work.mac_control[stored] + (other + special) * work.lane_control[stored]
    inside, outside = 0.0, 0.0
    for level in range(int(chip.memory_count)):
        if chip.memory_place[level] == 0:
            outside += out.bytes[level] * work.level_energy[level]
        else:
            inside += out.bytes[level] * work.level_energy[level]
    out.energy[ON_CHIP_ENERGY] = inside
    out.energy[OFF_CHIP_ENERGY] = outside
