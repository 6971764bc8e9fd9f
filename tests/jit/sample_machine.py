"""A machine for the tests, written as families are: records, phases, four memory levels and six causes."""

import sample_laws
from sample_laws import energy_scale

from archsim.jit import Record, kernel, prange, slot

LEVELS = 4
COMPUTE, FIRST_MEMORY, STATIC = 0, 1, 5


@slot
def derive(chip: Record, work: Record) -> None:
    """What follows from the leaves alone."""


@slot
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """One operation."""


@kernel
def point(ops: Record, chip: Record, work: Record, out: Record, totals: Record) -> None:
    """One design point."""
    derive(chip, work)
    totals.latency = 0.0
    totals.energy = 0.0
    for o in range(ops.shape[0]):
        op = ops[o]
        cost(op, chip, work, out)
        totals.latency += op.count * out.latency
        for c in range(6):
            totals.energy += op.count * out.energy[c]


@kernel
def driver(ops: Record, chips: Record, works: Record, outs: Record, totals: Record) -> None:
    """All points, spread over threads."""
    threads = works.shape[0]
    points = chips.shape[0]
    for t in prange(threads):
        for p in range(t * points // threads, (t + 1) * points // threads):
            point(ops, chips[p], works[t], outs[t], totals[p])


@kernel
def derive_digital(chip: Record, work: Record) -> None:
    """Peak and energy scale."""
    work.peak = chip.lanes * chip.clock
    work.scale = energy_scale(chip.voltage, 0.8)


@kernel
def cost_digital(op: Record, chip: Record, work: Record, out: Record) -> None:
    """A roofline over four levels."""
    for c in range(6):
        out.energy[c] = 0.0
    time = sample_laws.bound_time(op.macs, work.peak)
    out.bound = 0
    size = op.footprint
    for level in range(LEVELS):
        moved = size * sample_laws.reload_factor(op.footprint, chip.capacity[level])
        t = sample_laws.bound_time(moved, chip.bandwidth[level])
        sample_laws.add_energy(out, FIRST_MEMORY + level, moved * chip.access[level] * work.scale)
        if t > time:
            time = t
            out.bound = level + 1
    sample_laws.add_energy(out, COMPUTE, op.macs * chip.mac * work.scale)
    sample_laws.add_energy(out, STATIC, chip.leakage * time)
    out.latency = time


@kernel
def derive_analog(chip: Record, work: Record) -> None:
    """Peak of an array that works on a whole column at once."""
    work.peak = chip.lanes * chip.lanes * chip.clock
    work.scale = 1.0


@kernel
def cost_analog(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Conversion bounds it."""
    for c in range(6):
        out.energy[c] = 0.0
    out.latency = sample_laws.bound_time(op.macs, work.peak) + op.footprint / chip.bandwidth[0]
    out.bound = 7
    sample_laws.add_energy(out, COMPUTE, op.macs * chip.mac * 0.1)


DIGITAL = {"derive": derive_digital, "cost": cost_digital}
ANALOG = {"derive": derive_analog, "cost": cost_analog}
