"""The evaluation of design points, for every family alike: phases in order, totals on the way."""

from __future__ import annotations

from typing import Final

from archsim.jit import Record, kernel, prange, slot
from archsim.laws import power

ROUNDS: Final = 8
STATIC: Final = 0
"""Position of static energy among the causes of every family."""


@slot
def derive(chip: Record, work: Record) -> None:
    """Fill the scratch record; each family's own."""


@slot
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Look at all ops at once; each family's own."""


@slot
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op; each family's own."""


@slot
def settle(totals: Record, chip: Record, work: Record) -> bool:
    """Find one operating point; each family's own."""
    return False


@kernel
def clear(record: Record) -> None:
    """Empty an outcome or a totals record, but for the mapping."""
    record.latency = 0.0
    record.status = 0
    for index in range(len(record.busy)):
        record.busy[index] = 0.0
        record.exposed[index] = 0.0
    for index in range(len(record.energy)):
        record.energy[index] = 0.0
    for index in range(len(record.bytes)):
        record.bytes[index] = 0.0


@kernel
def add_each(count: float, each: Record, total: Record) -> None:
    """Add so many of each entry to the total's."""
    for index in range(len(each)):
        total[index] += count * each[index]


@kernel
def add(op: Record, out: Record, totals: Record) -> None:
    """Add all executions of an op to the totals, one after the other."""
    count = op.count
    totals.latency += count * out.latency
    add_each(count, out.busy, totals.busy)
    add_each(count, out.exposed, totals.exposed)
    add_each(count, out.energy, totals.energy)
    add_each(count, out.bytes, totals.bytes)
    if totals.status == 0:
        totals.status = out.status


@kernel
def run_point(ops: Record, chip: Record, work: Record, outs: Record, totals: Record) -> None:
    """Evaluate one design point.

    Parameters
    ----------
    ops : array of records, (n_ops,)
        The op table.
    chip, work : record
        The point, and scratch.
    outs : array of records, (room,)
        Outcomes of as many ops at a time; of all of them when there is room for all. Costing a few ops before adding
        them up keeps the processor from waiting for each outcome to reach its cache.
    totals : record
        Filled.
    """
    derive(chip, work)
    plan(ops, chip, work)
    room = len(outs)
    rounds = 0
    again = True
    while again and rounds < ROUNDS:
        clear(totals)
        for first in range(0, len(ops), room):
            last = min(first + room, len(ops))
            for index in range(first, last):
                out = outs[index - first]
                clear(out)
                out.bound = 0
                out.utilisation = 0.0
                cost(ops[index], chip, work, out)
            for index in range(first, last):
                add(ops[index], outs[index - first], totals)
        totals.energy[STATIC] += power.static_energy(work.static_power, totals.latency)
        rounds += 1
        again = settle(totals, chip, work)
    totals.rounds = rounds
    if work.status != 0:
        totals.status = work.status


@kernel
def run_points(ops: Record, chips: Record, works: Record, outs: Record, totals: Record, threads: int) -> None:
    """Evaluate many design points, spread over threads.

    Parameters
    ----------
    ops : array of records, (n_ops,)
        The op table.
    chips, totals : array of records, (n_points,)
        The points, and their totals to fill.
    works : array of records, (threads,)
        Scratch.
    outs : array of records, (threads, room)
        Outcomes of a few ops, or of all of one point.
    threads : int
        Parts the points are dealt into.
    """
    points = len(chips)
    for thread in prange(threads):
        for point in range(thread * points // threads, (thread + 1) * points // threads):
            run_point(ops, chips[point], works[thread], outs[thread], totals[point])
