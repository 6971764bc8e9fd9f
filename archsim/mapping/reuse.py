"""Bytes an op moves across every memory level, given what the level inside can keep.

Composes the laws of `archsim.laws.traffic` by kind of op. What does not differ from level to level is worked out once.
"""

from __future__ import annotations

import math

from archsim.graph.kinds import ATTENTION, CHASE, CONV, GATHER, MATMUL, NORMALISE, SCATTER
from archsim.jit import Record, kernel
from archsim.laws import traffic
from archsim.mapping.hierarchy import cross_level


@kernel
def move_bytes(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the bytes and busy times of every level; never less than every operand once.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    first : int
        Position of the outermost level among the family's resources.
    widen : float
        Width of the format computed in over the width stored, at least 1.
    """
    if op.kind in (MATMUL, CONV):
        move_contraction(op, chip, work, out, first, widen)
    elif op.kind == ATTENTION:
        move_attention(op, chip, work, out, first, widen)
    elif op.kind in (GATHER, SCATTER, CHASE):
        move_irregular(op, chip, work, out, first)
    else:
        move_streams(op, chip, work, out, first, widen)


@kernel
def move_contraction(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of a matmul or convolution: the best of keeping either input or the result."""
    m, n, k = op.m, op.n, op.k
    weights, output, besides = op.weight_bytes, op.output_bytes, op.extra_bytes + op.state_bytes
    shared, stored = weights / op.steps, weights * widen
    second = op.input_bytes * n / (m + n) if op.dynamic == 1 else 0.0
    left = op.input_bytes - second
    width = op.input_bits * widen / 8.0
    density = 1.0 / width
    root = math.sqrt(width)
    steps = op.steps
    for level in range(int(chip.memory_count)):
        inner = work.inner[level]
        right = traffic.kept_bytes(weights, shared, stored, inner) + second
        inverse_root = work.inner_inverse_root[level] * root
        moved = traffic.gemm_bytes(m, n, k, left, right, output, inner * density, inverse_root)
        cross_level(work, out, first, level, (moved + besides) * widen * steps)


@kernel
def move_attention(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of fused attention: scores never leave, keys and values pass by once per tile of queries."""
    width = op.input_bits / 8.0 * widen
    pair = (op.k + op.value_size) * width
    keys = op.batch * op.n * (op.k + op.value_size) * op.input_bits / 8.0
    once = op.input_bytes + op.state_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes
    for level in range(int(chip.memory_count)):
        passes = traffic.attention_passes(op.mask * op.m, op.n, pair, work.inner[level])
        cross_level(work, out, first, level, (once + keys * (passes - 1.0)) * widen * op.steps)


@kernel
def move_irregular(op: Record, chip: Record, work: Record, out: Record, first: int) -> None:
    """Fill the traffic of scattered accesses: whole lines, but no more than once around if the target fits inside."""
    wanted = op.accesses * op.access_bytes
    regular = op.input_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes + op.state_bytes
    for level in range(int(chip.memory_count)):
        moved = traffic.line_bytes(op.accesses, op.access_bytes, chip.memory_line[level])
        if op.footprint <= work.inner[level]:
            moved = min(moved, max(op.footprint, wanted))
        cross_level(work, out, first, level, max(moved + regular - wanted, regular) * op.steps)


@kernel
def move_streams(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of ops that read and write each element once, or a row at a time in several passes."""
    row = op.length * op.input_bits / 8.0 * widen if op.kind == NORMALISE else 0.0
    once = op.input_bytes + op.extra_bytes + op.output_bytes + op.state_bytes
    shared, stored = op.weight_bytes / op.steps, op.weight_bytes * widen
    for level in range(int(chip.memory_count)):
        inner = work.inner[level]
        again = op.input_bytes * (traffic.stream_reload(op.passes, row, inner) - 1.0)
        moved = once + again + traffic.kept_bytes(op.weight_bytes, shared, stored, inner)
        cross_level(work, out, first, level, moved * widen * op.steps)
