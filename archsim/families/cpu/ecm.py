"""From the work of one op to its time: the execution-cache-memory model of one core, and of many that share memories.

A core computes while data moves, or moves data level by level (Intel's cores), or on all levels side by side. Many
cores divide the work until a memory they share is saturated.
"""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.processor import (
    LANES,
    MATRIX,
    MEMORY,
    SPECIAL,
    START,
    WAITING,
    fill_busy,
    fill_energy,
)

SERIAL: Final = 0
"""Code of cores whose transfers between levels add up."""


@kernel
def begin(op: Record, chip: Record, work: Record, out: Record, threads: float) -> None:
    """Fill busy times and bytes as if every operation ran at its peak, on some of the cores.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    threads : float
        Cores at work, -.
    """
    fork = chip.library_joins * chip.overhead_fork_join if threads > 1.0 else 0.0
    fill_busy(op, chip, work, out, chip.library_dispatch + chip.overhead_call + fork)
    share = chip.cores / threads
    out.busy[MATRIX] *= share / clock_share(chip, threads, chip.licence_matrix)
    wide = chip.licence_vector if op.macs > 0.0 else 1.0
    out.busy[LANES] *= share / clock_share(chip, threads, wide)
    out.busy[SPECIAL] *= share / clock_share(chip, threads, 1.0)
    out.mapping[0] = threads


@kernel
def clock_share(chip: Record, threads: float, licence: float) -> float:
    """Return the clock over that of all cores running ordinary code, -; one core alone runs faster."""
    return licence * (chip.licence_single if threads == 1.0 else 1.0)


@kernel
def shared_rate(level: int, threads: float, chip: Record, work: Record) -> float:
    """Return what a level delivers to some cores together, spread over its instances, B/s."""
    return min(threads, chip.memory_instances[level]) * work.instance_rate[level]


@kernel
def finish(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Fill latency, exposures, bound, utilisation and energy from busy times and bytes; return the latency, s.

    t = start + max(matrix tiles, SIMD + special functions, waiting, drawn, delivered): what T cores draw from every
    level, B / (T w), added up or side by side, and what the slowest level delivers to them, B / W.
    """
    drawn = draw(chip, work, out)
    slowest = most_loaded(chip, work, out)
    delivered = roofline.bound_time(out.bytes[slowest], shared_rate(slowest, out.mapping[0], chip, work))
    for resource in range(len(out.exposed)):
        out.exposed[resource] = 0.0
    start = out.busy[START]
    slots = out.busy[LANES] + out.busy[SPECIAL]
    longest = max(out.busy[MATRIX], slots, out.busy[WAITING], drawn, delivered)
    out.latency = start + longest
    out.exposed[START] = start
    if slots >= longest:
        out.exposed[LANES], out.exposed[SPECIAL] = out.busy[LANES], out.busy[SPECIAL]
    elif out.busy[MATRIX] >= longest:
        out.exposed[MATRIX] = longest
    elif out.busy[WAITING] >= longest:
        out.exposed[WAITING] = longest
    elif delivered >= longest:
        out.exposed[MEMORY + slowest] = longest
    else:
        expose_levels(chip, out, longest)
    name_bound(out)
    tiles = op.macs > 0.0 and work.on_matrix[op.precision] == 1
    out.utilisation = used(op, chip, work, out, tiles)
    fill_energy(op, chip, work, out)
    return out.latency


@kernel
def draw(chip: Record, work: Record, out: Record) -> float:
    """Fill the time cores take to draw their bytes from every level; return that of all levels, s."""
    adding = chip.core_transfers == SERIAL
    drawn = 0.0
    for level in range(int(chip.memory_count)):
        each = roofline.bound_time(out.bytes[level], out.mapping[0] * work.core_rate[level])
        out.busy[MEMORY + level] = each
        drawn = drawn + each if adding else max(drawn, each)
    return drawn


@kernel
def most_loaded(chip: Record, work: Record, out: Record) -> int:
    """Return the level that takes longest to deliver what all cores draw together."""
    slowest = 0
    longest = 0.0
    for level in range(int(chip.memory_count)):
        time = roofline.bound_time(out.bytes[level], shared_rate(level, out.mapping[0], chip, work))
        if time > longest:
            slowest, longest = level, time
    return slowest


@kernel
def expose_levels(chip: Record, out: Record, longest: float) -> None:
    """Let the levels answer for the time cores draw bytes: each for its own if they add up, else the slowest."""
    adding = chip.core_transfers == SERIAL
    for level in range(int(chip.memory_count)):
        if adding:
            out.exposed[MEMORY + level] = out.busy[MEMORY + level]
        elif out.busy[MEMORY + level] >= longest:
            out.exposed[MEMORY + level] = longest
            return


@kernel
def name_bound(out: Record) -> None:
    """Name the resource that answers for most of the time."""
    out.bound = START
    for resource in range(MATRIX, len(out.exposed)):
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource


@kernel
def used(op: Record, chip: Record, work: Record, out: Record, tiles: bool) -> float:
    """Return the achieved rate over the peak of all cores at the clock of its licence, -."""
    macs = op.macs * op.mask * (1.0 - out.left_out) * op.steps
    licence = chip.licence_matrix if tiles else chip.licence_vector
    useful = roofline.bound_time(2.0 * macs, work.mac_peak[op.precision] * licence)
    if not tiles:
        useful += roofline.bound_time(op.flops * op.steps, work.lane_peak[op.precision] * chip.licence_vector)
    return min(1.0, roofline.busy_share(useful, out.latency))
