"""The evaluation of design points, for every family alike: phases in order, totals on the way."""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import ROUNDS
from archsim.engine.schedule.listing import arrange, credit
from archsim.engine.schedule.steady import answer, interval, measure
from archsim.engine.schedule.tables import PIPELINED
from archsim.jit import Record, kernel, prange, slot
from archsim.laws import power

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


@slot
def side_by_side(
    ops: Record, work: Record, outs: Record, totals: Record, tasks: Record, deps: Record, slots: Record, lanes: Record,
    of: Record, marks: Record,
) -> None:  # fmt: skip
    """Put the ops of a run on a time line: `overlap`, or `one_by_one`, with which there is less to compile."""


@kernel
def clear(record: Record) -> None:
    """Empty what an outcome and a totals record have in common."""
    record.latency = 0.0
    record.status = 0
    for index in range(len(record.exposed)):
        record.exposed[index] = 0.0
    for index in range(len(record.energy)):
        record.energy[index] = 0.0
    for index in range(len(record.bytes)):
        record.bytes[index] = 0.0


@kernel
def clear_outcome(out: Record) -> None:
    """Empty an outcome, but for the mapping."""
    clear(out)
    for index in range(len(out.busy)):
        out.busy[index] = 0.0
    out.bound = 0
    out.utilisation = 0.0
    out.resident = 0.0
    out.left_out = 0.0


@kernel
def add(op: Record, out: Record, totals: Record) -> None:
    """Add all executions of an op to the totals, one after the other."""
    count = op.count
    totals.latency += count * out.latency
    each, total = out.exposed, totals.exposed
    for index in range(len(each)):
        total[index] += count * each[index]
    joules, energy = out.energy, totals.energy
    for index in range(len(joules)):
        energy[index] += count * joules[index]
    moved, levels = out.bytes, totals.bytes
    for index in range(len(moved)):
        levels[index] += count * moved[index]
    if totals.status == 0:
        totals.status = out.status


@kernel
def one_by_one(
    ops: Record, work: Record, outs: Record, totals: Record, tasks: Record, deps: Record, slots: Record, lanes: Record,
    of: Record, marks: Record,
) -> None:  # fmt: skip
    """Leave the ops of a run one after the other."""


@kernel
def overlap(
    ops: Record, work: Record, outs: Record, totals: Record, tasks: Record, deps: Record, slots: Record, lanes: Record,
    of: Record, marks: Record,
) -> None:  # fmt: skip
    """Put the ops of a run side by side where they use different units; fill its times anew."""
    for index in range(len(ops)):
        measure(ops[index], outs[index], of, marks, work.fetch_room, slots[index])
    totals.latency = arrange(tasks, deps, slots, lanes)
    credit(tasks, slots, lanes)
    answer(slots, lanes, outs, totals.exposed)
    totals.interval = totals.latency
    if marks.mode == PIPELINED:
        totals.interval = interval(tasks, slots, lanes, totals.latency)


@kernel
def run_point(
    ops: Record, chip: Record, work: Record, outs: Record, totals: Record, tasks: Record, deps: Record, slots: Record,
    lanes: Record, of: Record, marks: Record,
) -> None:  # fmt: skip
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
    tasks, deps, slots, lanes, of : arrays
        How ops may lie side by side, see `archsim.engine.schedule.tables`; without tasks one follows the other.
    marks : record
        How the machine's resources are held.
    """
    work.status = 0
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
                clear_outcome(out)
                cost(ops[index], chip, work, out)
            for index in range(first, last):
                add(ops[index], outs[index - first], totals)
        totals.interval = totals.latency
        if len(tasks) > 0:
            side_by_side(ops, work, outs, totals, tasks, deps, slots, lanes, of, marks)
        totals.energy[STATIC] += power.static_energy(work.static_power, totals.interval)
        rounds += 1
        totals.rounds = rounds
        time = totals.latency
        totals.latency = totals.interval  # in a pipeline power is what runs spend at their pace
        again = settle(totals, chip, work)
        totals.latency = time
    if work.status != 0:
        totals.status = work.status


@kernel
def run_points(
    ops: Record, chips: Record, words: Record, places: Record, values: Record, works: Record, outs: Record,
    totals: Record, tasks: Record, deps: Record, slots: Record, lanes: Record, of: Record, marks: Record,
) -> None:  # fmt: skip
    """Evaluate many design points, dealt to as many threads as there are scratch records.

    Parameters
    ----------
    ops : array of records, (n_ops,)
        The op table.
    chips : array of records, (threads,)
        The description all points start from, once per thread.
    words : array of int, (threads, n_words)
        The same memory as `chips`, as 8-byte words.
    places : array of int, (n_swept,)
        Words that differ from point to point.
    values : array of int, (n_swept, n_points)
        Their content.
    works : array of records, (threads,)
        Scratch.
    outs : array of records, (threads, room)
        Outcomes of a few ops, or of all of one point.
    totals : array of records, (n_points,)
        Filled.
    tasks, slots, lanes : array of records, (threads, ...)
        As in `run_point`, once per thread.
    deps, of, marks
        As in `run_point`.
    """
    threads = len(works)
    points = len(totals)
    for thread in prange(threads):
        for point in range(thread * points // threads, (thread + 1) * points // threads):
            for index in range(len(places)):
                words[thread, places[index]] = values[index, point]
            run_point(
                ops, chips[thread], works[thread], outs[thread], totals[point], tasks[thread], deps, slots[thread],
                lanes[thread], of, marks[0],
            )  # fmt: skip


@kernel
def run_rows(
    ops: Record, chips: Record, works: Record, outs: Record, totals: Record, tasks: Record, deps: Record,
    slots: Record, lanes: Record, of: Record, marks: Record,
) -> None:  # fmt: skip
    """Evaluate one design point once per op, each op a run of its own.

    Parameters
    ----------
    ops : array of records, (n_ops,)
        The op table.
    chips : array of records, (1,)
        The point.
    works : array of records, (threads,)
        Scratch.
    outs, totals : array of records, (n_ops,)
        Outcome of each op, and totals of its run; filled.
    tasks, deps, slots, lanes, of, marks
        Of nothing: each op is a run of its own.
    """
    threads = len(works)
    rows = len(ops)
    for thread in prange(threads):
        for row in range(thread * rows // threads, (thread + 1) * rows // threads):
            run_point(
                ops[row : row + 1], chips[0], works[thread], outs[row : row + 1], totals[row], tasks, deps, slots,
                lanes, of, marks[0],
            )  # fmt: skip
