"""From outcomes to what lanes are held, and the pace at which runs follow one another."""

from __future__ import annotations

from archsim.engine.schedule.tables import NOTHING
from archsim.jit import Record, kernel


@kernel
def measure(op: Record, out: Record, of: Record, marks: Record, room: float, slot: Record) -> None:
    """Fill the durations of one row.

    A lane is held for as long as the resources that belong to it work or answer for time; one that is held for the
    whole of every op, for all of it.

    Parameters
    ----------
    op, out : record
        The row and its outcome.
    of : array of int, (n_resources,)
        Lane of each resource, or none.
    marks : record
        How resources are held, see `MARKS`.
    room : float
        Of the memory on the chip, for weights that come early, B.
    slot : record
        Filled.
    """
    slot.length = out.latency
    slot.repeats = op.count / op.weight_sets if op.weight_sets > 0.0 else op.count
    slot.shared = 1 if marks.unless != NOTHING and out.busy[marks.unless] > 0.0 else 0
    slot.memory = of[marks.memory] if marks.memory != NOTHING else NOTHING
    for lane in range(len(slot.busy)):
        slot.busy[lane] = 0.0
    for resource in range(len(of)):
        if of[resource] != NOTHING:
            slot.busy[of[resource]] += max(out.busy[resource], out.exposed[resource])
    if marks.whole != NOTHING:
        slot.busy[marks.whole] = out.latency
    others = 0.0
    for lane in range(len(slot.busy)):
        slot.occupied[lane] = min(slot.busy[lane], slot.length)
        if lane != slot.memory:
            others = max(others, slot.occupied[lane])
    slot.ahead = 0.0
    if slot.memory != NOTHING and room > 0.0 and out.bytes[0] > 0.0:
        slot.ahead = fetchable(op, out, marks, room, slot.occupied[slot.memory], others)


@kernel
def fetchable(op: Record, out: Record, marks: Record, room: float, memory: float, others: float) -> float:
    """Return how much of an op is saved at most when its weights are fetched before it starts, s.

    Only where the memory keeps it longest, not more than weights take that no cache holds, and not more than there is
    room for.
    """
    fetched = min(max(0.0, op.weight_bytes - out.resident), room)
    share = min(1.0, fetched / out.bytes[0])
    return max(0.0, min(memory * share, memory - others, out.exposed[marks.memory]))


@kernel
def interval(tasks: Record, slots: Record, lanes: Record, latency: float) -> float:
    """Fill the work of every lane in one run; return the time between runs of a pipeline, s.

    That of the busiest lane, and never more than one run after the other takes.
    """
    for index in range(len(lanes)):
        lanes[index].total = 0.0
    for index in range(len(tasks)):
        slot = slots[tasks[index].row]
        for lane in range(len(lanes)):
            if lanes[lane].apart == 1 and slot.shared == 0:
                lanes[lane].total = max(lanes[lane].total, slot.busy[lane] * slot.repeats)
            else:
                lanes[lane].total += slot.busy[lane]
    longest = 0.0
    for index in range(len(lanes)):
        longest = max(longest, lanes[index].total)
    return min(longest, latency)


@kernel
def answer(slots: Record, lanes: Record, outs: Record, exposed: Record) -> None:
    """Fill what answers for the time of a run: of ops it waits for as a whole their own, of lanes one resource each.

    Parameters
    ----------
    slots, lanes : array of records
        With their credits.
    outs : array of records, (n_rows,)
        Outcomes.
    exposed : array of float, (n_resources,)
        Filled, s.
    """
    for resource in range(len(exposed)):
        exposed[resource] = 0.0
    for index in range(len(slots)):
        times = slots[index].credit
        if times > 0.0:
            shares = outs[index].exposed
            for resource in range(len(exposed)):
                exposed[resource] += times * shares[resource]
    for index in range(len(lanes)):
        resource = lanes[index].resource
        exposed[resource] = max(0.0, exposed[resource] + lanes[index].credit)
