"""Bytes of a product on the arrays: buffers, the network between tiles, and what comes from outside the chip."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.crossbar.parts import MEMORY, NETWORK
from archsim.jit import Record, kernel
from archsim.laws import residency, roofline

SUM_BYTES: Final = 4.0
"""Width of a partial sum between tiles, B."""


@kernel
def tiles_across(chip: Record, work: Record) -> float:
    """Return the tiles that see the same inputs, -: a tile holds the arrays along the depth first."""
    if work.packed > 1.0:
        return 1.0
    beside = max(1.0, chip.tiles_arrays // work.row_folds)
    return math.ceil(work.column_folds / beside)


@kernel
def buffer_bytes(op: Record, chip: Record, work: Record) -> float:
    """Return what crosses the buffers, B: every window of inputs once for each tile that sees it, and the results."""
    windows = work.groups * work.vectors * op.k * op.input_bits / 8.0
    whole = (op.input_bytes + op.state_bytes) * op.steps
    return max(windows, whole) * tiles_across(chip, work) + (op.output_bytes + op.extra_bytes) * op.steps


@kernel
def network_bytes(op: Record, chip: Record, work: Record) -> float:
    """Return what crosses the network between tiles, B: inputs to each tile that needs them, and partial sums."""
    inputs = (op.input_bytes + op.state_bytes) * op.steps * tiles_across(chip, work)
    apart = math.ceil(work.row_folds / chip.tiles_arrays) - 1.0
    return inputs + apart * work.groups * work.vectors * op.n * SUM_BYTES


@kernel
def network_time(op: Record, chip: Record, work: Record) -> float:
    """Return the time of the network, s: each tile takes what comes to it."""
    if math.isnan(chip.tiles_bandwidth):
        return 0.0
    tiles = math.ceil(work.arrays * work.copies / chip.tiles_arrays)
    return roofline.bound_time(network_bytes(op, chip, work), chip.tiles_bandwidth * tiles)


@kernel
def outside_bytes(op: Record) -> float:
    """Return what an op reads and writes beside stored weights, B."""
    return (op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes) * op.steps


@kernel
def found_bytes(op: Record, chip: Record, work: Record) -> float:
    """Return which of it is on the chip, B: inputs that were written there, and results while there is room.

    Stages of a pipeline hand on what they find at once, so that there is always room.
    """
    if int(chip.memory_count) < 2:
        return 0.0
    if work.piped == 1 and op.weight_bytes > 0.0:
        inputs = op.input_bytes + op.extra_bytes + op.state_bytes if op.input_distance < math.inf else 0.0
        return (inputs + op.output_bytes) * op.steps
    room = chip.memory_capacity[1] * chip.memory_instances[1]
    inside = op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    again = residency.hit(inside, room, 1.0)
    inputs = residency.hit(op.input_distance, room, 1.0)
    return (inputs * (op.input_bytes + op.state_bytes) + again * op.output_bytes) * op.steps


@kernel
def shared_time(op: Record, chip: Record, work: Record) -> float:
    """Return the time of what all layers share, s: lanes, special functions, memories."""
    time = max(
        roofline.bound_time(op.flops * op.steps, work.lane_peak[op.precision]),
        roofline.bound_time(op.special * op.steps, work.special_peak),
    )
    outside = outside_bytes(op)
    inner = int(chip.memory_count) - 1
    for level in range(1, inner):
        time = max(time, roofline.bound_time(outside, work.bandwidth[level]))
    if inner > 0:
        time = max(time, roofline.bound_time(buffer_bytes(op, chip, work), work.bandwidth[inner]))
    return max(time, roofline.bound_time(outside - found_bytes(op, chip, work), work.bandwidth[0]))


@kernel
def fill_traffic(op: Record, chip: Record, work: Record, out: Record, written: float) -> None:
    """Fill bytes and busy times of network and memories.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the op is laid out.
    written : float
        Times its weights are written in one execution, -.
    """
    out.busy[NETWORK] = network_time(op, chip, work)
    weights = op.weight_bytes * written
    found = found_bytes(op, chip, work)
    passing = outside_bytes(op) + weights
    out.resident = found + op.weight_bytes * max(0.0, 1.0 - written)
    cross_memories(chip, work, out, passing, passing - found, buffer_bytes(op, chip, work) + weights)


@kernel
def cross_memories(chip: Record, work: Record, out: Record, passing: float, outside: float, inside: float) -> None:
    """Fill bytes and busy times of the levels: the outermost, the innermost and those between, B."""
    inner = int(chip.memory_count) - 1
    for level in range(inner + 1):
        moved = passing
        if level == 0:
            moved = outside
        elif level == inner:
            moved = inside
        out.bytes[level] = moved
        out.busy[MEMORY + level] = roofline.bound_time(moved, work.bandwidth[level])
