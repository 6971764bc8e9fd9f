"""What one op costs on a CPU: the kernel of its kind, on one core or on all of them, whichever is faster."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.attention import cost_attention
from archsim.families.cpu.conv import cost_conv
from archsim.families.cpu.gemm import cost_gemm
from archsim.families.cpu.irregular import cost_irregular
from archsim.families.cpu.low_bit import cost_low_bit, few_bits
from archsim.families.cpu.sparse import cost_pruned
from archsim.families.cpu.streams import cost_stream
from archsim.graph.kinds import ATTENTION, CHASE, CONV, GATHER, MATMUL, SCAN, SCATTER
from archsim.jit import Record, kernel, search
from archsim.laws import roofline
from archsim.mapping.processor import NO_UNIT

ALONE: Final = 1.0
"""One thread."""
ALL: Final = 0
NONE: Final = 2
"""Codes of libraries that divide all ops among the cores, and of those that divide none."""


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op."""
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
        return
    run(op, chip, work, out, best_threads(op, chip, work, out))


@search
def best_threads(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Return how many cores take least time, -: all, or one that neither forks nor joins and has a clock of its own."""
    if chip.cores == ALONE or chip.library_threads == NONE:
        return ALONE
    together = run(op, chip, work, out, chip.cores)
    if together <= least_alone(op, chip, work) or together <= run(op, chip, work, out, ALONE):
        return chip.cores
    return ALONE


@kernel
def least_alone(op: Record, chip: Record, work: Record) -> float:
    """Return a time one core cannot beat, s: dense products at its peak; 0 where zeros or few bits may be skipped."""
    if few_bits(op) or op.weight_density < 1.0:
        return 0.0
    peak = work.mac_peak[op.precision] * chip.licence_single / chip.cores
    return roofline.bound_time(2.0 * op.macs * op.mask * op.steps, peak)


@kernel
def run(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one op on some of the cores; return its latency, s."""
    if few_bits(op):
        return cost_low_bit(op, chip, work, out, threads)
    if op.kind == MATMUL and op.weight_density < 1.0 and op.weight_bytes > 0.0:
        return cost_pruned(op, chip, work, out, threads)
    if op.kind == MATMUL:
        alone = chip.library_threads != ALL and (op.m <= 1.0 or op.n <= 1.0)
        return cost_gemm(op, chip, work, out, ALONE if alone else threads)
    if op.kind == CONV:
        return cost_conv(op, chip, work, out, threads)
    if op.kind == ATTENTION:
        return cost_attention(op, chip, work, out, threads)
    if op.kind in (CHASE, GATHER, SCATTER, SCAN):
        return cost_irregular(op, chip, work, out, threads)
    return cost_stream(op, chip, work, out, threads)
