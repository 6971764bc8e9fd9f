"""Kernels that stream: pointwise, normalising, reducing, moving and irregular ones."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.gpu.outcome import finish
from archsim.graph.dtypes import CODES
from archsim.graph.kinds import ELEMENTWISE, GATHER, MOVE, NORMALISE, REDUCE, SCATTER
from archsim.jit import Record, kernel
from archsim.laws import latency, residency, roofline, waves
from archsim.mapping.processor import LANES, MEMORY, WAITING, fill_busy
from archsim.mapping.resident import keep_resident

ACCESS: Final = 16.0
"""Bytes one thread loads at once, B."""
THREADS: Final = 256.0
"""Threads that share a row read twice."""
FEWEST: Final = 32.0
"""Threads of one warp, the fewest that share a row read three times."""
MOST: Final = 1024.0
"""Threads of one block, the most."""
VECTOR: Final = 4.0
"""Elements of a row for each of those threads, until there are no more threads."""
KEPT: Final = 1024.0
"""Elements of a row that the registers of one warp keep between three passes."""
TWICE: Final = 2.0
ISSUED: Final = 12.0
"""Instructions for one element in one pass: load, convert, combine (A100, softmax of 4096 x 1024 halves: 12.5)."""
SINGLE: Final = CODES["fp32"]
"""Code of the number format that rows are normalised in."""
BLOCK_ACCESSES: Final = 3.0
TURN_ACCESSES: Final = 2.0
"""Latencies of the device memory that a block of one row takes, and each turn of its threads."""


@kernel
def cost_stream(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one streaming kernel: t = launch + max(device memory, last cache, lanes, special functions) + ramp.

    Passes over a row after the first come on top: each waits for what the one before it has summed up.
    """
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    if op.kind not in (ELEMENTWISE, NORMALISE, REDUCE, GATHER, SCATTER, MOVE):
        finish(op, chip, work, out, 0.0)
        return
    keep_resident(op, chip, work, out, chip.generation_cache_share)
    near = work.near
    once = out.bytes[near]
    rest = chip.generation_streams_accesses * chip.memory_latency[0] * op.steps
    threads = chip.multiprocessors * chip.threads
    if op.row_blocks == 1:
        out.busy[WAITING] = max(out.busy[WAITING], row_blocks(op, chip) * op.steps)
        rest = 0.0
    elif op.kind == NORMALISE and op.passes > 1.0:
        each = row_threads(op)
        threads = min(threads, op.rows * each)
        rest += read_again(op, chip, work, out, each)
        out.busy[LANES] = max(out.busy[LANES], issue_time(op, chip, work))
    far = latency.concurrent_rate(threads, ACCESS, chip.memory_latency[0])
    close = latency.concurrent_rate(threads, ACCESS, chip.memory_latency[near])
    memory = chip.generation_streams_memory_share * work.bandwidth[0]
    cache = chip.generation_streams_cache_share * work.bandwidth[near]
    out.busy[MEMORY] = roofline.bound_time(out.bytes[0], min(far, memory))
    out.busy[MEMORY + near] = roofline.bound_time(once, min(close, cache))
    finish(op, chip, work, out, rest)


@kernel
def row_blocks(op: Record, chip: Record) -> float:
    """Return the time of blocks that each take a row, their threads one element after the other, s.

    Nothing hides the memory's latency but the few blocks beside one another: every turn waits for two
    accesses, its own and that of the result before, and beginning and ending a block for three.
    """
    threads = MOST
    resident = max(1.0, math.floor(chip.threads / threads))
    turns = math.ceil(op.length / threads)
    each = (BLOCK_ACCESSES + TURN_ACCESSES * turns) * chip.memory_latency[0]
    return waves.makespan(op.rows, chip.multiprocessors, resident, 0.0, each, 0.0)


@kernel
def issue_time(op: Record, chip: Record, work: Record) -> float:
    """Return the time lanes take to issue the instructions of all passes over the elements, in single precision, s."""
    instructions = ISSUED * op.passes * op.rows * op.length * op.steps
    clocks = chip.multiprocessors * chip.clock * work.throttle
    return roofline.bound_time(instructions, 0.5 * chip.vector[SINGLE] * clocks)


@kernel
def row_threads(op: Record) -> float:
    """Return the threads that share a row: a few warps if it is read twice, up to a whole block if three times."""
    if op.passes <= TWICE:
        return THREADS
    return min(MOST, max(FEWEST, op.length / VECTOR))


@kernel
def read_again(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Add the bytes of the passes after the first, as far as rows are found neither near nor in the last cache.

    As many rows as there are threads for are in work at once, each with its result. Rows longer than what stands
    inside a level were counted with all their passes already.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the bytes are filled.
    threads : float
        Threads that share a row, -.

    Returns
    -------
    float
        Time of reading again what was kept near or in the last cache, s.
    """
    if op.passes > TWICE and op.length <= KEPT:
        return 0.0
    wide = work.lane_widening[op.precision]
    near, own = work.near, int(chip.memory_count) - 1
    row = op.length * op.input_bits / 8.0 * wide
    pair = op.length * (op.input_bits + op.output_bits) / 8.0 * wide
    rows = max(1.0, chip.threads / threads)
    kept = residency.hit(rows * pair, chip.memory_capacity[own], chip.generation_streams_row_share)
    shared = chip.memory_capacity[near] * chip.memory_instances[near]
    flying = min(op.rows, chip.multiprocessors * rows) * pair
    again = (op.passes - 1.0) * op.input_bytes * wide * op.steps
    missed = again * (1.0 - kept)
    far = missed * (1.0 - residency.hit(flying, shared, chip.generation_cache_share))
    if row <= work.inner[near]:
        out.bytes[near] += missed
    if row <= work.inner[0]:
        out.bytes[0] += far
    cache = chip.generation_streams_cache_share * work.bandwidth[near]
    return again * kept / work.bandwidth[own] + (missed - far) / cache
