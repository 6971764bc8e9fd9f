"""What one op costs on a GPU: a launch, then a roofline in which all units and memories overlap."""

from __future__ import annotations

from archsim.jit import Record, kernel
from archsim.mapping.processor import MATRIX, NO_UNIT, fill_busy, fill_outcome, slowest_resource


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op: t = launch + max(tensor cores, lanes, special functions, waiting, every memory level)."""
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
        return
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    limit = slowest_resource(chip, out, MATRIX)
    slowest = out.busy[limit]
    out.exposed[limit] = slowest
    fill_outcome(op, chip, work, out, limit, slowest)
