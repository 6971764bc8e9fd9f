"""Bytes across every memory level for a product, and what earlier ops left on the chip."""

from __future__ import annotations

from typing import Final

from archsim.families.systolic.parts import BOUND, MEMORY
from archsim.families.systolic.tiling import search_tiles
from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import residency, roofline, traffic
from archsim.mapping.hierarchy import cross_level

EXPLICIT: Final = 1
"""Code of windows that are written out before the product."""
HALF: Final = 0.5
"""Share of a buffer that works while the other half is filled."""
SUM: Final = 4.0
"""Width of a sum that is not complete, B."""


@kernel
def move_product(op: Record, chip: Record, work: Record, out: Record, weights: float, pad: float) -> None:
    """Fill bytes and busy times of all levels for a product or convolution.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the mapping onto the arrays is found.
    weights : float
        Second operand as stored, of one step, B.
    pad : float
        The same with what pads it, over it, -.
    """
    wide = work.mac_widening[op.precision]
    levels = int(chip.memory_count)
    batch, steps = op.batch, op.steps
    left = op.input_bytes
    if (
        op.dynamic == 1 and op.weight_bytes <= 0.0
    ):  # both operands are computed; of a convolution, the second one is not unrolled
        second = op.input_bytes * op.n / (op.m + op.n)
        if op.kind == CONV:
            second = min(op.k * op.n * op.weight_bits / 8.0 * batch, op.input_bytes)
        left, weights = op.input_bytes - second, second
    a, b, c = left * wide / batch, weights * pad * wide / batch, op.output_bytes * wide / batch
    besides = (op.extra_bytes + op.state_bytes) * wide
    unrolled = max(a, op.m * op.k * op.input_bits / 8.0 * wide) if op.kind == CONV else a
    partial = max(c, op.m * op.n * SUM)
    images = op.m / max(1.0, op.out_height * op.out_width) if op.kind == CONV else op.m
    row = op.in_width * op.in_channels / op.groups * op.input_bits / 8.0 * wide
    overlap = op.kernel_height - op.stride if op.transposed == 0 else 0.0
    for level in range(max(1, levels - 1)):
        inner = level + 1
        if inner < levels - 1:
            room = HALF * chip.memory_capacity[inner] * chip.memory_instances[inner]
            once = search_tiles(op.m, op.n, op.k, a, b, c, partial, unrolled, 1.0, room, room, room, images, overlap,
                                row, out)  # fmt: skip
        else:
            once = search_tiles(
                op.m, op.n, op.k, a, b, c, partial, unrolled, chip.buffers_shared, HALF * work.room[0],
                HALF * work.room[1], HALF * work.room[2], images, overlap, row, out,
            )  # fmt: skip
        moved = batch * once
        if steps > 1.0 and op.weight_bytes > 0.0:  # weights of dependent steps are fetched once if they stay
            kept = traffic.kept_bytes(batch * b, batch * b / steps, batch * b, chip.memory_capacity[inner]
                                      * chip.memory_instances[inner] if inner < levels else work.room[1])  # fmt: skip
            moved -= batch * b - kept
        cross_level(work, out, MEMORY, level, (moved + besides) * steps)
    if levels > 1:
        spilled = max(0.0, out.bytes[levels - 2] - (batch * (a + b) + besides) * steps)
        written = min(spilled, batch * c * steps)
        cross_level(work, out, MEMORY, levels - 1, work.reads * steps + besides * steps + written)
    out.mapping[BOUND] = (batch * (a + b + c) + besides) * steps


@kernel
def explicit_windows(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Add what writing out the windows of a convolution moves: written once and read again, at the level they fit.

    Nothing where the machine does not write them out, and where a window is one pixel.
    """
    if chip.array_unroll != EXPLICIT or op.kind != CONV or op.kernel_height * op.kernel_width <= 1.0:
        return
    wide = work.mac_widening[op.precision]
    unrolled = op.batch * op.m * op.k * op.input_bits / 8.0 * wide * op.steps
    levels = int(chip.memory_count)
    level = levels - 1
    while level > 0 and unrolled > chip.memory_capacity[level] * chip.memory_instances[level]:
        level -= 1
    cross_level(work, out, MEMORY, level, out.bytes[level] + 2.0 * unrolled)


@kernel
def keep_on_chip(op: Record, chip: Record, work: Record, out: Record, widen: float, share: float) -> None:
    """Take off the main memory's traffic what earlier ops left in the outermost memory on the chip, as far as it keeps.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the bytes are filled.
    widen : float
        Width of the format computed in over the width stored.
    share : float
        Share of the main memory's bandwidth that is reached.
    """
    found = 0.0
    if chip.memory_count > 1.0:
        capacity = chip.memory_capacity[1] * chip.memory_instances[1]
        if chip.buffers_keep > 0.0:
            inside = op.weight_bytes + op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
            again = residency.hit(inside, capacity, chip.buffers_keep)
            inputs = residency.hit(op.input_distance, capacity, chip.buffers_keep)
            found = inputs * (op.input_bytes + op.state_bytes) + again * op.output_bytes
        if chip.buffers_keep_weights > 0.0:
            found += residency.hit(op.weight_distance, capacity, chip.buffers_keep_weights) * op.weight_bytes
    out.resident = min(found * widen * op.steps, out.bytes[0])
    out.bytes[0] -= out.resident
    out.busy[MEMORY] = roofline.bound_time(out.bytes[0], work.bandwidth[0] * share)
