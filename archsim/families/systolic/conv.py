"""Convolutions: as products of unrolled windows; grouped ones by the best of three mappings."""

from __future__ import annotations

from typing import Final

from archsim.families.systolic.folds import map_product
from archsim.families.systolic.gemm import kept_share, on_vector_unit, run_product, tile_share
from archsim.families.systolic.parts import GROUPS
from archsim.jit import Record, kernel
from archsim.laws import fold, fold_time, roofline
from archsim.laws.waves import padded

TAPS: Final = 2
"""Code of windows unrolled tap by tap."""
COLOURS: Final = 4.0
"""Most channels of an image."""


@kernel
def cost_conv(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a convolution: t = min(group by group, groups on the diagonal of a fold, on the vector unit)."""
    stored = op.precision
    if work.on_matrix[stored] == 0:
        on_vector_unit(op, chip, work, out)
        return
    depth = tap_depth(op, chip)
    if op.groups <= 1.0:
        run_product(op, chip, work, out, op.batch, op.m, op.n, depth)
        return
    packed = fold_time.packed_groups(depth, op.n, chip.array_rows, chip.array_columns, op.groups)
    pace = chip.array_pace[work.mac_code[stored]]
    kept = kept_share(op, chip)
    map_product(op, chip, work, out, op.batch, op.m, op.n, max(1.0, depth * kept), pace)
    apart = max(work.period / chip.clock, fetch_time(op, chip, work, op.batch, op.n, depth))
    folded = fold.folds(op.batch, packed)
    map_product(op, chip, work, out, folded, op.m, op.n * packed, max(1.0, depth * kept * packed), pace)
    together = max(work.period / chip.clock, fetch_time(op, chip, work, folded, op.n * packed, depth * packed))
    lanes = roofline.bound_time(2.0 * op.macs, work.lane_peak[stored])
    if lanes < min(apart, together):
        on_vector_unit(op, chip, work, out)
        out.mapping[GROUPS] = 0.0
    elif together < apart:
        run_product(op, chip, work, out, folded, op.m, op.n * packed, depth * packed)
        out.mapping[GROUPS] = packed
    else:
        run_product(op, chip, work, out, op.batch, op.m, op.n, depth)
        out.mapping[GROUPS] = 1.0


@kernel
def fetch_time(op: Record, chip: Record, work: Record, batch: float, n: float, k: float) -> float:
    """Return the time in which the main memory gives the weights of `batch` products of k x n, padded, s."""
    moved = op.weight_bytes * work.mac_widening[op.precision] * tile_share(op, chip, batch, n, k)
    return moved / (work.bandwidth[0] * chip.overhead_product_bandwidth)


@kernel
def tap_depth(op: Record, chip: Record) -> float:
    """Return the depth as the rows see it, -: tap by tap, each one's channels take whole rows of their own.

    Images have so few channels that a whole row of the kernel lies along the rows of the array.
    """
    taps = op.kernel_height * op.kernel_width
    if chip.array_unroll != TAPS or taps <= 1.0:
        return op.k
    channels, turns = op.k / taps, taps
    if channels <= COLOURS:
        channels, turns = channels * op.kernel_width, op.kernel_height
    return (turns - 1.0) * padded(channels, chip.array_rows) + channels
