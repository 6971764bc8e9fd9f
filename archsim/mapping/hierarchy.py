"""What a memory hierarchy does with one op: bytes and time at every level.

Shared by the families whose machines have caches; each needs the `memory` columns in its chip table and the columns
of `HIERARCHY` in its scratch record.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.jit import Record, kernel
from archsim.laws import latency, roofline
from archsim.mapping.reuse import level_bytes

HIERARCHY: Final = (
    Attribute("bandwidth", "f8", (LEVELS,), "B/s", "all instances of each level together"),
    Attribute("inner", "f8", (LEVELS,), "B", "what one instance of the next level inside keeps"),
)


@kernel
def derive_hierarchy(chip: Record, work: Record, clock: float, registers: float) -> None:
    """Fill the `HIERARCHY` columns: bandwidth at `clock`, and what stands inside each level."""
    levels = int(chip.memory_count)
    for level in range(levels):
        rate = chip.memory_bandwidth[level]
        if math.isnan(rate):
            rate = chip.memory_width[level] * clock
        work.bandwidth[level] = rate * chip.memory_instances[level]
        work.inner[level] = chip.memory_capacity[level + 1] if level + 1 < levels else registers


@kernel
def move_bytes(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> float:
    """Fill the bytes and busy times of every level; return the longest time.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    first : int
        Position of the outermost level among the family's resources.
    widen : float
        Width of the format computed in over the width stored.

    Returns
    -------
    float
        Time of the slowest level, s; `out.bound` names it if it is longer than what `out.latency` holds.
    """
    slowest = 0.0
    for level in range(int(chip.memory_count)):
        moved = level_bytes(op, work.inner[level], chip.memory_line[level], widen) * op.steps
        time = roofline.bound_time(moved, work.bandwidth[level])
        out.bytes[level] = moved
        out.busy[first + level] = time
        slowest = max(slowest, time)
    return slowest


@kernel
def access_latency(chip: Record, footprint: float) -> float:
    """Return the latency of one dependent access into `footprint` bytes: that of the innermost level it fits."""
    found = chip.memory_latency[0]
    for level in range(1, int(chip.memory_count)):
        if footprint <= chip.memory_capacity[level]:
            found = chip.memory_latency[level]
    return found


@kernel
def waiting_time(op: Record, chip: Record) -> float:
    """Return the time of one execution that no amount of bandwidth shortens: its chain of dependent accesses.

    Dependent loads wait for the memory they fall into; every dependent step of a scan waits for the innermost one.
    """
    steps = op.steps * chip.memory_latency[0]
    if op.chain > 0.0:
        where = access_latency(chip, op.footprint)
        return max(steps, op.steps * latency.dependent_time(op.chain, where))
    return steps
