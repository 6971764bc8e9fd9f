"""Operands that earlier ops or runs left in the outermost cache."""

from __future__ import annotations

from archsim.jit import Record, kernel
from archsim.laws import residency


@kernel
def keep_resident(op: Record, chip: Record, work: Record, out: Record, share: float) -> float:
    """Take what is found in the outermost cache off the traffic of the device memory; return the share written to it.

    Weights and inputs hit by how far back they were last touched; weights of dependent steps after the first, by what
    one step touches. Results stay for their reader as far as one execution leaves room.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the bytes are filled.
    share : float
        Share of that cache in which operands are found again, -.

    Returns
    -------
    float
        Share of the results that is written through, -.
    """
    return keep_within(op, work, out, chip.memory_capacity[1] * chip.memory_instances[1], share)


@kernel
def keep_within(op: Record, work: Record, out: Record, capacity: float, share: float) -> float:
    """Do what `keep_resident` does, for caches that together hold `capacity`, B."""
    inside = op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    again = residency.hit(inside, capacity, share)
    weights = residency.hit(op.weight_distance, capacity, share)
    inputs = residency.hit(op.input_distance, capacity, share)
    steps = op.steps
    weights = (weights + (steps - 1.0) * again) / steps
    wide = work.mac_widening[op.precision] if op.macs > 0.0 else work.lane_widening[op.precision]
    found = weights * op.weight_bytes + inputs * (op.input_bytes + op.state_bytes) + again * op.output_bytes
    out.resident = min(found * wide * steps, out.bytes[0])
    out.bytes[0] -= out.resident
    return 1.0 - again
