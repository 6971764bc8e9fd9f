"""From the time each part of a systolic machine works to the latency of an op, what answers for it, and its energy."""

from __future__ import annotations

from archsim.families.systolic.parts import (
    ARRAYS,
    BUFFER_ENERGY,
    CELL_ENERGY,
    CONTROL_ENERGY,
    FILLING,
    IDLE,
    LOADING,
    MEMORY,
    OFF_CHIP_ENERGY,
    REGISTER_ENERGY,
    START,
    SUM_ENERGY,
    VECTOR,
    VECTOR_ENERGY,
    WAITING,
)
from archsim.jit import Record, kernel
from archsim.laws import roofline


@kernel
def finish(op: Record, chip: Record, work: Record, out: Record, ramp: float) -> None:
    """Fill latency and exposed times: t = launch + fill + max(arrays, memories, vector unit) + what memory exposes.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; busy times and bytes are filled.
    ramp : float
        Time on top in which nothing overlaps, s.
    """
    start = chip.overhead_launch * op.steps
    out.busy[START] = start
    period = out.busy[ARRAYS] + out.busy[IDLE] + out.busy[LOADING]
    bare = exposed_time(op, chip, out)
    limit, slowest = ARRAYS, period
    if out.busy[VECTOR] > slowest:
        limit, slowest = VECTOR, out.busy[VECTOR]
    levels = int(chip.memory_count)
    for level in range(levels):  # what comes from the main memory passes all levels but the innermost on its way
        busy = out.busy[MEMORY + level] - (bare if level == 0 or level < levels - 1 else 0.0)
        if busy > slowest:
            limit, slowest = MEMORY + level, busy
    out.exposed[START] = start
    out.exposed[FILLING] = out.busy[FILLING]
    out.exposed[WAITING] = ramp
    if limit == VECTOR:
        out.exposed[VECTOR] = slowest
    else:
        share_out(chip, work, out, limit, slowest, op.steps)
    out.exposed[MEMORY] += bare
    out.latency = start + out.busy[FILLING] + slowest + bare + ramp
    out.bound = START
    for resource in range(ARRAYS, MEMORY + int(chip.memory_count)):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
    used = out.busy[ARRAYS] if op.macs > 0.0 and work.streaming > 0.0 else out.busy[VECTOR]
    out.utilisation = roofline.busy_share(used, out.latency)


@kernel
def exposed_time(op: Record, chip: Record, out: Record) -> float:
    """Return the time of the main memory that hides behind nothing, s: of so many bytes, at most, in each step.

    They are no share of the scratchpads: of a larger one a program need not fill all before it starts.
    """
    most = chip.overhead_prologue * op.steps
    if out.bytes[0] <= most:
        return chip.overhead_exposed * out.busy[MEMORY]
    return chip.overhead_exposed * out.busy[MEMORY] * most / out.bytes[0]


@kernel
def share_out(chip: Record, work: Record, out: Record, limit: int, slowest: float, steps: float) -> None:
    """Tell apart the time of a product: cells at work, cells idle, loading; the memory has what is left if it limits.

    Tiles that come late from outside the scratchpads are loaded behind nothing.
    """
    out.exposed[ARRAYS] = out.busy[ARRAYS]
    out.exposed[IDLE] = out.busy[IDLE]
    if limit == ARRAYS:
        out.exposed[LOADING] = out.busy[LOADING]
        return
    left = slowest - out.busy[ARRAYS] - out.busy[IDLE]
    late = work.streaming > 0.0 and limit < MEMORY + int(chip.memory_count) - 1
    loading = min(left, work.loading / chip.clock * steps) if late else 0.0
    out.exposed[LOADING] = loading
    out.exposed[limit] = left - loading


@kernel
def fill_energy(op: Record, chip: Record, work: Record, out: Record, macs: float, on_vector: float) -> None:
    """Fill the energy by cause.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; busy times, bytes and mapping are filled.
    macs : float
        MACs in the cells, zeros left out excepted.
    on_vector : float
        MACs on the vector unit.
    """
    stored = op.precision
    other, special = op.flops * op.steps, op.special * op.steps
    out.energy[CELL_ENERGY] = macs * work.mac_energy[stored]
    width = (op.input_bits + op.weight_bits) / 16.0 * work.mac_widening[stored]
    out.energy[REGISTER_ENERGY] = macs * 2.0 * width * chip.array_hop
    out.energy[VECTOR_ENERGY] = (
        other * work.lane_energy[stored] + special * work.special_energy + on_vector * work.mac_energy[stored]
    )
    out.energy[CONTROL_ENERGY] = (other + special + 2.0 * on_vector) * work.lane_control[stored]
    inner = int(chip.memory_count) - 1
    sums = work.sums * op.steps if work.streaming > 0.0 else 0.0
    out.energy[SUM_ENERGY] = sums * 4.0 * work.sum_energy
    inside, outside = 0.0, 0.0
    for level in range(inner + 1):
        if chip.memory_place[level] == 0:
            outside += out.bytes[level] * work.level_energy[level]
        else:
            inside += out.bytes[level] * work.level_energy[level]
    out.energy[BUFFER_ENERGY] = inside
    out.energy[OFF_CHIP_ENERGY] = outside
