"""A memory hierarchy: the bandwidth of every level, what stands inside it, and how long an access takes.

Shared by the families whose machines have caches; each needs the `memory` columns in its chip table and the columns
of `HIERARCHY` in its scratch record.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.graph.kinds import SCAN
from archsim.jit import Record, kernel
from archsim.laws import latency, roofline

HIERARCHY: Final = (
    Attribute("bandwidth", "f8", (LEVELS,), "B/s", "all instances of each level together"),
    Attribute("inner", "f8", (LEVELS,), "B", "what one instance of the next level inside keeps"),
    Attribute("inner_inverse", "f8", (LEVELS,), "1/B", "1 / inner"),
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
        work.inner_inverse[level] = 1.0 / work.inner[level]


@kernel
def cross_level(work: Record, out: Record, first: int, level: int, moved: float) -> None:
    """Fill the bytes and the busy time of one level.

    Parameters
    ----------
    work, out : record
        As in a family's cost.
    first : int
        Position of the outermost level among the family's resources.
    level : int
        Which level, outermost 0.
    moved : float
        Bytes of one execution, B.
    """
    out.bytes[level] = moved
    out.busy[first + level] = roofline.bound_time(moved, work.bandwidth[level])


@kernel
def access_latency(chip: Record, footprint: float) -> float:
    """Return the latency of one dependent access into `footprint` bytes: that of the innermost level it fits, s."""
    levels = int(chip.memory_count)
    for level in range(levels - 1, 0, -1):
        if footprint <= chip.memory_capacity[level]:
            return chip.memory_latency[level]
    return chip.memory_latency[0]


@kernel
def waiting_time(op: Record, chip: Record) -> float:
    """Return the time of one execution that no amount of bandwidth shortens: its chain of dependent accesses, s.

    Every dependent step fetches its operands, so it waits for the outermost memory at least once. Inside a step, a
    chain of dependent loads waits for the memory it falls into, and the steps of a scan for the innermost one, which
    holds what one step hands to the next.
    """
    outermost = chip.memory_latency[0]
    if op.chain <= 0.0:
        return op.steps * outermost
    where = chip.memory_latency[int(chip.memory_count) - 1] if op.kind == SCAN else access_latency(chip, op.footprint)
    return op.steps * max(outermost, latency.dependent_time(op.chain, where))
