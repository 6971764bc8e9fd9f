"""Work bound by latency: chains of loads, recurrences, and accesses at random that overlap as far as a core allows."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.cpu.ecm import begin, clock_share, finish
from archsim.families.cpu.gemm import find
from archsim.families.cpu.latencies import innermost, mean_latency
from archsim.graph.kinds import CHASE, SCAN
from archsim.jit import Record, kernel
from archsim.laws import latency, parallelism, roofline
from archsim.mapping.hierarchy import access_latency
from archsim.mapping.processor import LANES, WAITING

LOOP: Final = 2.0
"""Instructions that count and branch, in every iteration."""
FUSED: Final = 2.0
"""Operations of one multiply-add."""
ELEMENT: Final = 8.0
"""Widest access that is one element, B; wider ones are loaded register by register."""


@kernel
def cost_irregular(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost a pointer chain, a scan, a gather or a scatter on some of the cores; return its latency, s."""
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    out.busy[LANES] *= FUSED
    if op.kind == CHASE:
        follow_chains(op, chip, work, out)
    elif op.kind == SCAN:
        repeat_steps(op, chip, work, out)
    else:
        access_at_random(op, chip, work, out)
    return finish(op, chip, work, out)


@kernel
def core_clocks(chip: Record, work: Record, threads: float) -> float:
    """Return the clock of one of some cores running ordinary code, Hz."""
    return work.core_clock * clock_share(chip, threads, 1.0)


@kernel
def follow_chains(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the waiting of pointer chains: t = n c L / min(c, misses, window), for c chains of n loads on each core."""
    threads = out.mapping[0]
    chains = math.ceil(op.rows / threads)
    instructions = LOOP + 1.0 + op.flops / max(1.0, op.accesses)
    where = access_latency(chip, op.footprint)
    flying = parallelism.misses_in_flight(chains, chip.core_misses, chip.core_window, instructions)
    waiting = latency.dependent_time(op.chain, where) * chains / flying
    out.busy[WAITING] = op.steps * max(chip.memory_latency[0], waiting)
    issued = op.accesses * instructions * op.steps
    starts = threads * chip.core_issue * core_clocks(chip, work, threads)
    out.busy[LANES] = max(out.busy[LANES], roofline.bound_time(issued, starts))


@kernel
def repeat_steps(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the waiting of a scan: every step needs the last one's sums, handed on through the nearest memory.

    Lanes that do not fill a register in each core leave the rest of it idle.
    """
    threads = out.mapping[0]
    clock = core_clocks(chip, work, threads)
    chained = math.ceil(op.flops / (FUSED * op.rows * op.length)) * chip.core_depth + innermost(chip, work)
    out.busy[WAITING] = op.steps * max(chip.memory_latency[0], op.chain * chained / clock)
    lanes = chip.core_register_width / (op.input_bits / 8.0 * work.lane_widening[op.precision])
    together = threads * lanes
    out.busy[LANES] *= math.ceil(op.rows / together) * together / op.rows


@kernel
def access_at_random(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the waiting and the instructions of accesses that do not wait for one another, and of branches on them.

    A branch that was predicted wrongly waits for what it depends on, and begins anew.
    """
    threads = out.mapping[0]
    clock = core_clocks(chip, work, threads)
    width = op.access_bytes * work.lane_widening[op.precision]
    registers = math.ceil(width / chip.core_register_width)
    lines = math.ceil(width / chip.memory_line[0])
    element = width <= ELEMENT
    loads = 1.0 / max(chip.core_loads, chip.core_gather) if element else registers / chip.core_loads
    instructions = LOOP + 1.0 + registers  # the index is loaded too
    body = max(1.0 / chip.core_loads + loads, instructions / chip.core_issue)
    where = mean_latency(chip, op.footprint)
    flying = parallelism.misses_in_flight(op.accesses * lines, chip.core_misses, chip.core_window, instructions / lines)
    waiting = op.accesses * lines * where / max(1.0, flying)
    wrong = op.branches * parallelism.mispredicted_share(op.taken)
    lost = wrong * (where + chip.core_mispredict / clock)
    out.busy[WAITING] = max(out.busy[WAITING], op.steps * (waiting + lost) / threads)
    out.busy[LANES] = max(out.busy[LANES], op.steps * op.accesses * body / (threads * clock))
