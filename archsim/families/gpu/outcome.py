"""From the busy times of one kernel to its latency, what answers for it, and its energy."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.processor import (
    INSTRUCTION_ENERGY,
    LANES,
    MATRIX,
    MEMORY,
    START,
    WAITING,
    fill_energy,
    slowest_resource,
)

EAGER: Final = 1
"""Code of the launch mode in which a framework dispatches every kernel."""
HALF: Final = 0.5
"""Share of the time of its waves below which the units of a product are said to wait, not to work."""


@kernel
def finish(op: Record, chip: Record, work: Record, out: Record, ramp: float) -> None:
    """Fill latency, bound, utilisation and energy: t = launch + max(busy) + ramp, at least the dispatch if eager.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the busy times and the bytes are filled.
    ramp : float
        Time in which nothing overlaps: filling and draining the pipeline, the tail of a reduction, s.
    """
    conclude(op, chip, work, out, ramp, 0.0, LANES)


@kernel
def conclude(op: Record, chip: Record, work: Record, out: Record, ramp: float, computing: float, units: int) -> None:
    """Fill what `finish` does for a kernel whose units take longer than their arithmetic: t = ... max(busy, computing).

    Parameters
    ----------
    op, chip, work, out, ramp
        As in `finish`.
    computing : float
        Time of all waves of tiles, s.
    units : int
        Resource that works in them; latency answers instead where it does so less than half of the time.
    """
    limit = slowest_resource(chip, out, MATRIX)
    slowest = out.busy[limit]
    if computing > slowest:
        slowest = computing
        limit = units if out.busy[units] >= HALF * computing else WAITING
    start = out.busy[START]
    out.latency = start + slowest + ramp
    out.exposed[START] = start
    out.exposed[limit] += slowest
    out.exposed[WAITING] += ramp
    dispatch = chip.generation_launch_eager * op.steps
    if chip.generation_launch_mode == EAGER and out.latency < dispatch:
        out.exposed[START] += dispatch - out.latency
        out.latency = dispatch
    out.bound = START
    for resource in range(MATRIX, len(out.exposed)):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
    tensor = op.macs > 0.0 and work.on_matrix[op.precision] == 1
    out.utilisation = roofline.busy_share(out.busy[MATRIX] if tensor else out.busy[LANES], out.latency)
    fill_energy(op, chip, work, out)
    out.energy[INSTRUCTION_ENERGY] += work.busy_now * max(computing, working_time(chip, out))


@kernel
def working_time(chip: Record, out: Record) -> float:
    """Return the time in which some unit or some memory works, s: not what starts, fills, drains or waits."""
    longest = 0.0
    for resource in range(MATRIX, MEMORY + int(chip.memory_count)):
        if resource != WAITING:
            longest = max(longest, out.busy[resource])
    return longest
