"""List scheduling: every task as early as its inputs and its lanes allow, in the order of a list.

A task holds each of its lanes from its start on for as long as it works there, so that the next one may begin on a
lane before the whole of it is done. It therefore never ends before the longest way through the graph, nor before the
work of any lane is done, and never later than one task after the other.
"""

from __future__ import annotations

from archsim.engine.schedule.tables import NOTHING
from archsim.jit import Record, kernel


@kernel
def arrange(tasks: Record, deps: Record, slots: Record, lanes: Record) -> float:
    """Fill starts and ends by the better of two lists; return the time of the run, s.

    Parameters
    ----------
    tasks : array of records, (n_tasks,)
        In program order: what they wait for stands before them.
    deps : array of int, (n_dependencies,)
        Tasks waited for, those of each task side by side.
    slots : array of records, (n_rows,)
        Durations.
    lanes : array of records, (n_lanes,)
        Scratch.
    """
    fill_levels(tasks, deps, slots)
    sort_tasks(tasks)
    by_level = put(tasks, deps, slots, lanes, 1)
    in_order = put(tasks, deps, slots, lanes, 0)
    return put(tasks, deps, slots, lanes, 1) if by_level < in_order else in_order


@kernel
def fill_levels(tasks: Record, deps: Record, slots: Record) -> None:
    """Fill the longest way from the start of every task to the end of the run."""
    for index in range(len(tasks)):
        tasks[index].level = 0.0
    for back in range(len(tasks)):
        task = tasks[len(tasks) - 1 - back]
        task.level += slots[task.row].length
        for place in range(task.first, task.last):
            before = tasks[deps[place]]
            before.level = max(before.level, task.level)


@kernel
def comes_later(tasks: Record, one: int, other: int) -> bool:
    """Say whether task `one` stands behind task `other` in the list: a shorter way to the end, or later if equal."""
    if tasks[one].level < tasks[other].level:
        return True
    return tasks[one].level == tasks[other].level and one > other


@kernel
def sink(tasks: Record, root: int, size: int) -> None:
    """Let the task at a position of the heap sink until none below it comes later."""
    while 2 * root + 1 < size:
        child = 2 * root + 1
        if child + 1 < size and comes_later(tasks, tasks[child + 1].spot, tasks[child].spot):
            child += 1
        if not comes_later(tasks, tasks[child].spot, tasks[root].spot):
            return
        kept = tasks[root].spot
        tasks[root].spot = tasks[child].spot
        tasks[child].spot = kept
        root = child


@kernel
def sort_tasks(tasks: Record) -> None:
    """Fill the list: tasks with the longest way to the end first. None comes before what it waits for."""
    size = len(tasks)
    for index in range(size):
        tasks[index].spot = index
    for back in range(size // 2):
        sink(tasks, size // 2 - 1 - back, size)
    for back in range(size - 1):
        last = size - 1 - back
        kept = tasks[0].spot
        tasks[0].spot = tasks[last].spot
        tasks[last].spot = kept
        sink(tasks, 0, last)


@kernel
def put(tasks: Record, deps: Record, slots: Record, lanes: Record, by_level: int) -> float:
    """Fill starts and ends in the order of the list, or of the program; return the end of the last task, s."""
    for index in range(len(lanes)):
        lanes[index].free = 0.0
        lanes[index].holder = NOTHING
    for index in range(len(slots)):
        slots[index].free = 0.0
        slots[index].own = own_lane(slots[index], lanes)
    last, before = 0.0, NOTHING
    for position in range(len(tasks)):
        index = tasks[position].spot if by_level == 1 else position
        task = tasks[index]
        slot = slots[task.row]
        wait(task, slot, tasks, deps, lanes)
        task.fetched = 0.0
        if before != NOTHING and slot.ahead > 0.0:
            begin = max(lanes[slot.memory].free, tasks[before].start)
            task.fetched = max(0.0, min(slot.ahead, task.start - begin))
            task.begun = begin
        task.end = task.start + slot.length - task.fetched
        for lane in range(len(lanes)):
            held = slot.occupied[lane] - (task.fetched if lane == slot.memory else 0.0)
            if slot.occupied[lane] > 0.0 and holds(slot, lanes[lane]):
                lanes[lane].free = task.start + held
                lanes[lane].holder = index
        if slot.own != NOTHING:
            slot.free = task.start + slot.occupied[slot.own]
            slot.holder = index
        last = max(last, task.end)
        before = index
    return last


@kernel
def own_lane(slot: Record, lanes: Record) -> int:
    """Return which of the units that belong to its weights a row holds longest: executions with the same wait."""
    found, longest = NOTHING, 0.0
    if slot.repeats > 1.0 and slot.shared == 0:
        for lane in range(len(lanes)):
            if lanes[lane].apart == 1 and slot.occupied[lane] > longest:
                found, longest = lane, slot.occupied[lane]
    return found


@kernel
def holds(slot: Record, lane: Record) -> bool:
    """Say whether a row keeps others off a lane: not where it has units of its own."""
    return lane.apart == 0 or slot.shared == 1


@kernel
def wait(task: Record, slot: Record, tasks: Record, deps: Record, lanes: Record) -> None:
    """Fill the earliest start of a task, and what it waits for longest."""
    task.start, task.through, task.lane = 0.0, NOTHING, NOTHING
    for place in range(task.first, task.last):
        before = deps[place]
        if tasks[before].end > task.start:
            task.start, task.through = tasks[before].end, before
    for lane in range(len(lanes)):
        if slot.occupied[lane] > 0.0 and lanes[lane].free > task.start and holds(slot, lanes[lane]):
            task.start, task.through, task.lane = lanes[lane].free, lanes[lane].holder, lane
    if slot.own != NOTHING and slot.free > task.start:
        task.start, task.through, task.lane = slot.free, slot.holder, slot.own


@kernel
def credit(tasks: Record, slots: Record, lanes: Record) -> None:
    """Fill what the run waits for: whole executions, and lanes held by others, back from the task that ends last.

    Together they are the time of the run.
    """
    for index in range(len(slots)):
        slots[index].credit = 0.0
    for index in range(len(lanes)):
        lanes[index].credit = 0.0
    current, lane = 0, NOTHING
    for index in range(len(tasks)):
        if tasks[index].end > tasks[current].end:
            current = index
    while current != NOTHING:
        task = tasks[current]
        slot = slots[task.row]
        if lane == NOTHING:
            slot.credit += 1.0
            if task.fetched > 0.0:
                lanes[slot.memory].credit -= task.fetched
        else:
            lanes[lane].credit += slot.occupied[lane] - (task.fetched if lane == slot.memory else 0.0)
        current, lane = task.through, task.lane
