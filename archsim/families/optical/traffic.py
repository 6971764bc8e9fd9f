"""Bytes of a product on the cores: what converters read and write, and what crosses the levels outside."""

from __future__ import annotations

from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import residency, roofline, traffic
from archsim.mapping.hierarchy import cross_level
from archsim.mapping.reuse import move_bytes


@kernel
def move_product(op: Record, chip: Record, work: Record, out: Record, first: int) -> None:
    """Fill bytes and busy times of all levels, and what never crosses the outermost one.

    The innermost level feeds every conversion but those of both signs of one number; the levels outside see what tiles
    that fit inside need again. Weights in their cores, and values handed on in analog, cross none.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the conversions are counted.
    first : int
        Position of the outermost level among the family's resources.
    """
    steps, signs = op.steps, work.signs
    last = int(chip.memory_count) - 1
    second = 0.0
    if op.dynamic == 1:  # the second operand is computed too
        second = min(op.k * op.n * op.weight_bits / 8.0 * op.batch, op.input_bytes) if op.kind == CONV else (
            op.input_bytes * op.n / (op.m + op.n)
        )  # fmt: skip
    left = (op.input_bytes - second) * work.plain_inputs
    weights = op.weight_bytes * work.moved
    right = second + weights
    output = op.output_bytes * work.plain_outputs
    besides = op.extra_bytes + op.state_bytes
    left_size = min(left / op.batch, op.m * op.k * op.input_bits / 8.0)
    right_size = op.k * op.n * op.weight_bits / 8.0 if right > 0.0 else 0.0
    output_size = op.m * op.n * op.input_bits / 8.0
    for level in range(last):
        inverse = work.inner_inverse[level]
        kept = weights if steps <= 1.0 else traffic.kept_bytes(
            weights, weights / steps, weights, work.inner[level]
        )  # fmt: skip
        moved = traffic.gemm_bytes(
            left, second + kept, output, left_size * inverse, right_size * inverse, output_size * inverse
        )
        cross_level(work, out, first, level, (moved + besides) * steps)
    encoded = work.inputs / signs * work.plain_inputs * op.input_bits / 8.0
    if op.dynamic == 1 or weights > 0.0:
        encoded += second_encodings(work, op) * op.weight_bits / 8.0
    least = left + right
    cross_level(work, out, first, last, (max(least, encoded) + output + besides) * steps)
    stay(op, chip, work, out, first)


@kernel
def move_scores(op: Record, chip: Record, work: Record, out: Record, first: int) -> None:
    """Fill bytes and busy times for attention: scores are converted, stored and read again at the innermost level.

    The softmax between its two products needs whole rows, so that light cannot carry scores from one to the other.
    """
    move_bytes(op, chip, work, out, first, 1.0)
    last = int(chip.memory_count) - 1
    width = op.input_bits / 8.0
    encoded = (work.inputs / work.signs + second_encodings(work, op)) * width
    written = op.output_bytes + op.batch * op.m * op.n * width
    inner = encoded + written + op.extra_bytes + op.state_bytes
    cross_level(work, out, first, last, max(out.bytes[last], inner * op.steps))
    stay(op, chip, work, out, first)


@kernel
def second_encodings(work: Record, op: Record) -> float:
    """Return the second operands read from memory in one step, -: both signs of a number are one read."""
    return work.written / op.steps if work.written > 0.0 else work.settings / work.signs


@kernel
def stay(op: Record, chip: Record, work: Record, out: Record, first: int) -> None:
    """Take off the main memory's traffic what is found on the chip; tell what crosses no memory at all."""
    steps = op.steps
    found = 0.0
    if int(chip.memory_count) > 1:
        capacity = chip.memory_capacity[1] * chip.memory_instances[1]
        inside = op.weight_bytes * work.moved + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
        again = residency.hit(inside, capacity, 1.0)
        weights = residency.hit(op.weight_distance, capacity, 1.0)
        inputs = residency.hit(op.input_distance, capacity, 1.0)
        weights = (weights + (steps - 1.0) * again) / steps
        found = (
            weights * op.weight_bytes * work.moved
            + inputs * (op.input_bytes * work.plain_inputs + op.state_bytes)
            + again * op.output_bytes * work.plain_outputs
        ) * steps
        found = min(found, out.bytes[0])
    out.bytes[0] -= found
    out.busy[first] = roofline.bound_time(out.bytes[0], work.bandwidth[0])
    out.resident = found + steps * (
        op.weight_bytes * (1.0 - work.moved)
        + op.input_bytes * (1.0 - work.plain_inputs)
        + op.output_bytes * (1.0 - work.plain_outputs)
    )
