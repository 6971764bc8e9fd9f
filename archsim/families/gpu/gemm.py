"""Matrix products: operands from the device memory or from where earlier ops left them, then tiles and waves."""

from __future__ import annotations

from archsim.families.gpu.outcome import conclude
from archsim.families.gpu.product import LANE_UNITS, TENSOR_UNITS, run_product
from archsim.jit import Record, kernel
from archsim.laws import residency, roofline
from archsim.mapping.processor import LANES, MATRIX, MEMORY, fill_busy


@kernel
def cost_gemm(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one (batched) matrix product, all its steps one after the other."""
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    written = keep_resident(op, chip, work, out)
    width = work.mac_widening[op.precision] / 8.0
    left, right, result = op.input_bits * width, op.weight_bits * width, op.output_bits / 8.0
    fill_product(op, chip, work, out, op.m, op.n, op.k, op.batch, left, right, result, written, 1.0)


@kernel
def keep_resident(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Take what is found in the outermost cache off the traffic of the device memory; return the share written to it.

    Weights and inputs hit by how far back they were last touched; weights of dependent steps after the first, by what
    one step touches. Results stay for their reader as far as one execution leaves room.
    """
    capacity = chip.memory_capacity[1] * chip.memory_instances[1]
    share = chip.generation_cache_share
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


@kernel
def fill_product(
    op: Record, chip: Record, work: Record, out: Record, m: float, n: float, k: float, batch: float, left: float,
    right: float, result: float, written: float, pace: float,
) -> None:  # fmt: skip
    """Fill the outcome of an op that runs as a matrix product of these sizes.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; `fill_busy` and `keep_resident` have run.
    m, n, k, batch, left, right, result, written
        As in `archsim.families.gpu.product.tile_time`.
    pace : float
        Share of the speed of a plain product that this one runs at, -.
    """
    stored, steps = op.precision, op.steps
    tensor = work.on_matrix[stored] == 1
    unit, units = (TENSOR_UNITS, MATRIX) if tensor else (LANE_UNITS, LANES)
    peak = work.mac_peak[stored]
    run_product(m, n, k, batch, left, right, result, peak * pace, out.bytes[0] / steps, written, unit, chip, work, out)
    near = work.near
    out.bytes[near] *= steps
    useful = roofline.bound_time(2.0 * m * n * k * batch * steps, peak)
    out.busy[units] = min(useful, out.busy[units]) if tensor else useful + op.flops * steps / work.lane_peak[stored]
    out.busy[MEMORY] = out.mapping[5] * steps
    out.busy[MEMORY + near] = out.mapping[6] * steps
    conclude(op, chip, work, out, out.mapping[7] * steps, out.mapping[4] * steps, units)
