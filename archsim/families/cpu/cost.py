"""What one op costs on a CPU: a call, then a roofline in which SIMD units and special functions share issue slots."""

from __future__ import annotations

from archsim.jit import Record, kernel
from archsim.mapping.processor import (
    LANES,
    MATRIX,
    NO_UNIT,
    SPECIAL,
    WAITING,
    fill_busy,
    fill_outcome,
    slowest_resource,
)


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op: t = call + max(matrix tiles, SIMD + special functions, waiting, every memory level)."""
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
        return
    fill_busy(op, chip, work, out, work.start)
    limit = slowest_resource(chip, out, WAITING)
    if out.busy[MATRIX] > out.busy[limit]:
        limit = MATRIX
    slowest = out.busy[limit]
    slots = out.busy[LANES] + out.busy[SPECIAL]
    if slots >= slowest:
        slowest = slots
        limit = LANES if out.busy[LANES] >= out.busy[SPECIAL] else SPECIAL
        out.exposed[LANES] = out.busy[LANES]
        out.exposed[SPECIAL] = out.busy[SPECIAL]
    else:
        out.exposed[limit] = slowest
    fill_outcome(op, chip, work, out, limit, slowest)
