"""Bytes an op moves across every memory level, given what the level inside can keep.

Composes the laws of `archsim.laws.traffic` by kind of op. What does not differ from level to level is worked out once.
"""

from __future__ import annotations

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
    elif op.kind in (GATHER, SCATTER):
        move_irregular(op, chip, work, out, first, widen)
    elif op.kind == CHASE:  # pointers are no numbers: no format widens them
        move_irregular(op, chip, work, out, first, 1.0)
    else:
        move_streams(op, chip, work, out, first, widen)


@kernel
def move_contraction(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of a matmul or convolution: the best of keeping either input or the result."""
    weights, output, besides = op.weight_bytes, op.output_bytes, op.extra_bytes + op.state_bytes
    shared, stored = weights / op.steps, weights * widen
    steps, widened = op.steps, widen / 8.0
    right_size = op.k * op.n * op.weight_bits * widened
    output_size = op.m * op.n * op.input_bits * widened
    second = 0.0
    if op.dynamic == 1:  # the second operand of a convolution is not unrolled, the first one is
        unrolled = op.input_bytes * op.n / (op.m + op.n)
        second = min(right_size * op.batch / widen, op.input_bytes) if op.kind == CONV else unrolled
    left = op.input_bytes - second
    left_size = min(left / op.batch, op.m * op.k * op.input_bits / 8.0) * widen
    for level in range(int(chip.memory_count)):
        inner, inverse = work.inner[level], work.inner_inverse[level]
        right = second + (traffic.kept_bytes(weights, shared, stored, inner) if steps > 1.0 else weights)
        moved = traffic.gemm_bytes(
            left, right, output, left_size * inverse, right_size * inverse, output_size * inverse
        )
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
def move_irregular(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of scattered accesses: whole lines, but no more than once around if the target fits inside.

    The operands count as much of the target as was asked for, at most once around; what lines move beyond that is
    added to them.
    """
    width, target = op.access_bytes * widen, op.footprint * widen
    counted = min(op.accesses * width, target)
    regular = (op.input_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes + op.state_bytes) * widen
    for level in range(int(chip.memory_count)):
        moved = traffic.line_bytes(op.accesses, width, chip.memory_line[level])
        if target <= work.inner[level]:
            moved = min(moved, target)
        cross_level(work, out, first, level, (regular + moved - counted) * op.steps)


@kernel
def move_streams(op: Record, chip: Record, work: Record, out: Record, first: int, widen: float) -> None:
    """Fill the traffic of ops that read and write each element once, or a row at a time in several passes."""
    row = op.length * op.input_bits / 8.0 * widen if op.kind == NORMALISE else 0.0
    once = op.input_bytes + op.extra_bytes + op.output_bytes + op.state_bytes
    weights, steps = op.weight_bytes, op.steps
    shared, stored = weights / steps, weights * widen
    for level in range(int(chip.memory_count)):
        inner = work.inner[level]
        again = op.input_bytes * (traffic.stream_reload(op.passes, row, inner) - 1.0)
        read = traffic.kept_bytes(weights, shared, stored, inner) if steps > 1.0 else weights
        cross_level(work, out, first, level, (once + again + read) * widen * steps)
