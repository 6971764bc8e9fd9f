"""Time and energy proportional to operations, and nothing else."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline

OPERATIONS: Final = 0
OPERATION_ENERGY: Final = 1


@kernel
def derive(chip: Record, work: Record) -> None:
    """Fill the scratch record."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op: t = operations / rate."""
    operations = (2.0 * op.macs * op.mask + op.flops + op.special) * op.steps
    out.latency = roofline.bound_time(operations, chip.rate)
    out.busy[OPERATIONS] = out.latency
    out.exposed[OPERATIONS] = out.latency
    out.bytes[0] = (op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes) * op.steps
    out.energy[OPERATION_ENERGY] = operations * chip.energy
    out.utilisation = roofline.busy_share(out.busy[OPERATIONS], out.latency)
