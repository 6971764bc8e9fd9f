"""Matrix products: operands from the device memory or from where earlier ops left them, then tiles and waves."""

from __future__ import annotations

from archsim.families.gpu.outcome import conclude
from archsim.families.gpu.product import LANE_UNITS, TENSOR_UNITS, run_product
from archsim.families.gpu.sparse import HALF, cost_sparse, leave_out, packed, sparse_time, structured
from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.processor import LANES, MATRIX, MEMORY, fill_busy
from archsim.mapping.resident import keep_resident


@kernel
def cost_gemm(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one (batched) matrix product, all its steps one after the other."""
    pace = structured(op, chip, work)
    if op.weight_density < 1.0 and op.weight_bytes > 0.0 and pace == 1.0:
        dense = roofline.bound_time(2.0 * op.macs, work.mac_peak[op.precision])
        if sparse_time(op, chip, work) < max(dense, roofline.bound_time(op.weight_bytes, work.bandwidth[0])):
            cost_sparse(op, chip, work, out)
            return
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    written = keep_resident(op, chip, work, out, chip.generation_cache_share)
    width = work.mac_widening[op.precision] / 8.0
    left, right, result = op.input_bits * width, op.weight_bits * width, op.output_bits / 8.0
    if pace > 1.0:
        right *= packed(op)
        leave_out(HALF, op.weight_bytes * (1.0 - packed(op)) * op.steps, out)
    fill_product(op, chip, work, out, op.m, op.n, op.k, op.batch, left, right, result, written, pace)


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
    useful = roofline.bound_time(2.0 * m * n * k * batch * (1.0 - out.left_out) * steps, peak)
    out.busy[units] = min(useful, out.busy[units]) if tensor else useful + op.flops * steps / work.lane_peak[stored]
    out.busy[MEMORY] = out.mapping[5] * steps
    out.busy[MEMORY + near] = out.mapping[6] * steps
    conclude(op, chip, work, out, out.mapping[7] * steps, out.mapping[4] * steps, units)
