"""Matrix products on the arrays."""

from __future__ import annotations

from typing import Final

from archsim.families.systolic.folds import map_product
from archsim.families.systolic.levels import explicit_windows, keep_on_chip, move_product
from archsim.families.systolic.outcome import fill_energy, finish
from archsim.families.systolic.parts import ARRAYS, FILLING, IDLE, LOADING, VECTOR
from archsim.families.systolic.vector import vector_time
from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import roofline, sparse_format
from archsim.laws.waves import padded

N_OF_M: Final = 2
"""Code of weights with n values in every group of m, see `archsim.graph.tensor.STRUCTURES`."""
GROUP: Final = 4.0
"""Values of a group, m, that positions are stored for."""


@kernel
def cost_gemm(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a matrix product; in a format the arrays lack it runs on the vector unit."""
    if work.on_matrix[op.precision] == 0:
        on_vector_unit(op, chip, work, out)
    else:
        run_product(op, chip, work, out, op.batch, op.m, op.n, op.k)


@kernel
def run_product(
    op: Record, chip: Record, work: Record, out: Record, batch: float, m: float, n: float, k: float
) -> None:
    """Cost a product or convolution whose folds are those of `batch` products of m x k by k x n."""
    kept = kept_share(op, chip)
    pace = chip.array_pace[work.mac_code[op.precision]]
    map_product(op, chip, work, out, batch, m, n, max(1.0, k * kept), pace)
    fill_times(op, chip, work, out, kept)
    stored = stored_share(op, kept)
    move_product(op, chip, work, out, op.weight_bytes * stored, tile_share(op, chip, batch, n, k))
    explicit_windows(op, chip, work, out)
    keep_on_chip(op, chip, work, out, work.mac_widening[op.precision], chip.overhead_product_bandwidth)
    out.resident += op.weight_bytes * (1.0 - stored) * op.steps
    finish(op, chip, work, out, 0.0)
    fill_energy(op, chip, work, out, op.macs * op.mask * kept * op.steps, 0.0)


@kernel
def fill_times(op: Record, chip: Record, work: Record, out: Record, kept: float) -> None:
    """Fill the busy times of arrays and vector unit from the mapping found."""
    stored, clock = op.precision, chip.clock
    out.left_out = 1.0 - kept
    useful = roofline.bound_time(2.0 * op.macs * op.mask * kept * op.steps, work.mac_peak[stored])
    out.busy[ARRAYS] = useful
    out.busy[IDLE] = max(0.0, work.streaming * op.steps / clock - useful)
    out.busy[LOADING] = work.shifting * op.steps / clock
    out.busy[FILLING] = work.filling * op.steps / clock + work.combining * op.steps
    out.busy[VECTOR] = vector_time(op, chip, work, result_rows(op), op.elements / result_rows(op))


@kernel
def on_vector_unit(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a product whose MACs run on the vector unit, two operations each."""
    work.streaming = 0.0
    macs = op.macs * op.mask * op.steps
    work.reads = op.batch * (op.m * op.k * op.input_bits + op.k * op.n * op.weight_bits) / 8.0
    out.busy[VECTOR] = vector_time(
        op, chip, work, result_rows(op), op.elements / result_rows(op)
    ) + roofline.bound_time(2.0 * macs, work.lane_peak[op.precision])
    move_product(op, chip, work, out, op.weight_bytes, 1.0)
    keep_on_chip(op, chip, work, out, work.lane_widening[op.precision], chip.overhead_product_bandwidth)
    finish(op, chip, work, out, 0.0)
    fill_energy(op, chip, work, out, 0.0, macs)


@kernel
def result_rows(op: Record) -> float:
    """Return the rows of the result, -: of a convolution its pixels, all channels in one row."""
    return op.m if op.kind == CONV else op.m * op.batch


@kernel
def kept_share(op: Record, chip: Record) -> float:
    """Return the share of the depth that is computed, -: zeros of N:M weights are skipped where the arrays can."""
    skips = chip.array_structured == 1.0 and op.weight_structure == N_OF_M and op.weight_bytes > 0.0
    return op.weight_density if skips else 1.0


@kernel
def tile_share(op: Record, chip: Record, batch: float, n: float, k: float) -> float:
    """Return the weights as whole tiles over the weights, -: each of `batch` folded products is padded once."""
    if chip.array_whole_tiles == 0.0:
        return 1.0
    return batch * padded(k, chip.array_rows) * padded(n, chip.array_columns) / (op.batch * op.n * op.k)


@kernel
def stored_share(op: Record, kept: float) -> float:
    """Return the size of the weights as stored over that with all zeros, -: values left, and their positions."""
    if kept >= 1.0 or op.weight_elements <= 0.0:
        return 1.0
    values = op.weight_elements * kept
    metadata = sparse_format.structured_metadata(op.weight_elements, max(1.0, kept * GROUP), GROUP)
    return sparse_format.stored_bytes(values, op.weight_bits, metadata) * 8.0 / (op.weight_elements * op.weight_bits)
