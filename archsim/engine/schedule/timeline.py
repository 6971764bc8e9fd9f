"""The schedule of a whole run: the ops of its machines and what crosses its links, on one time line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim import jit
from archsim.engine.place import HOST
from archsim.engine.rows import from_rows, to_rows
from archsim.engine.schedule.lanes import Lanes, lanes_of
from archsim.engine.schedule.listing import arrange, credit
from archsim.engine.schedule.steady import interval, measure
from archsim.engine.schedule.tables import CODES, LANE, LANES, NOTHING, PIPELINED, SERIAL, SLOT, empty
from archsim.engine.schedule.tasks import effective, tasks_of
from archsim.errors import UnsupportedError
from archsim.jit import Record, kernel

if TYPE_CHECKING:
    import numpy as np

    from archsim.engine.evaluate import Part
    from archsim.engine.transfer import Transfer
    from archsim.graph.op import Op

PLAIN_LIMIT: Final = 2_000
"""Tasks times lanes up to which plain Python answers sooner than compiled code is at hand."""


@dataclass(frozen=True)
class Timeline:
    """When every op of a run starts and ends.

    Attributes
    ----------
    latency, interval : float
        Of one run, and from one to the next, s.
    exposed : mapping of str to float
        What answers for the latency, s.
    tasks : ndarray of records, (n_ops,)
        See `archsim.engine.schedule.tables.TASK`.
    lanes : tuple of str
        Names of the lanes.
    occupied : ndarray, (n_rows, n_lanes)
        How long one execution of a row holds each lane, from its start on, s.
    shared : ndarray of bool, (n_rows, n_lanes)
        Whether it keeps others off it.
    memories : ndarray of int, (n_rows,)
        Lane that the weights of a row come over, or `NOTHING`.
    deps : ndarray of int, (n_dependencies,)
        Tasks waited for, see `archsim.engine.schedule.tables.TASK`.
    work : tuple of float
        What each lane does in one run, s; of lanes apart, the busiest.
    """

    latency: float
    interval: float
    exposed: Mapping[str, float]
    tasks: np.ndarray
    lanes: tuple[str, ...]
    occupied: np.ndarray
    shared: np.ndarray
    memories: np.ndarray
    deps: np.ndarray
    work: tuple[float, ...]


@kernel
def measure_rows(
    ops: Record, outs: Record, of: Record, marks: Record, slots: Record, room: float
) -> None:  # fmt: skip
    """Fill the durations of all rows of one machine."""
    for index in range(len(ops)):
        measure(ops[index], outs[index], of, marks, room, slots[index])


@kernel
def arrange_run(tasks: Record, deps: Record, slots: Record, lanes: Record, found: Record) -> None:
    """Fill the time of a run and the interval between runs, with starts, ends and credits of all tasks."""
    found[0] = arrange(tasks, deps, slots, lanes)
    credit(tasks, slots, lanes)
    found[1] = interval(tasks, slots, lanes, found[0])


def timeline(ops: Sequence[Op], parts: Sequence[Part], crossings: Sequence[Transfer], schedule: str) -> Timeline:
    """Put everything that happens in a run on one time line.

    Parameters
    ----------
    ops : sequence of Op
        All of them, in program order; moves and collectives included.
    parts : sequence of Part
        The machines.
    crossings : sequence of Transfer
        What crosses links.
    schedule : str
        ``serial``, ``overlap`` or ``pipelined``.

    Raises
    ------
    UnsupportedError
        More units and links than a schedule has lanes for.
    """
    import numpy as np

    schedule = effective(schedule, ops)
    parts = [part for part in parts if len(part.outs)]
    owned = [lanes_of(part.family, part.chip) for part in parts]
    names = [part.mark + name for part, each in zip(parts, owned, strict=True) for name in each.names]
    links = tuple(dict.fromkeys(_way(each) for each in crossings))
    if len(names) + len(links) > LANES:
        raise UnsupportedError(
            f"{len(names) + len(links)} units, memories and links in one run: a schedule has {LANES} lanes",
            hint="set policy schedule=serial",
        )
    slots = empty(SLOT, sum(len(part.outs) for part in parts) + len(crossings))
    lanes = empty(LANE, len(names) + len(links))
    rows: dict[str, int] = {}
    sides: dict[str, tuple[str, str]] = {}
    row = lane = 0
    for part, each in zip(parts, owned, strict=True):
        _fill(part, each, schedule, slots[row : row + len(part.outs)], lanes[lane : lane + len(each.names)], lane)
        for index, same in enumerate(part.lowered.rows):
            rows.update((op.name, row + index) for op in same)
            sides.update((op.name, (part.place, part.place)) for op in same)
        row, lane = row + len(part.outs), lane + len(each.names)
    for index, crossing in enumerate(crossings, row):
        slot, on = slots[index], len(names) + links.index(_way(crossing))
        slot["length"], slot["repeats"], slot["memory"] = crossing.latency, 1.0, NOTHING
        slot["busy"][on] = slot["occupied"][on] = crossing.latency
        for op in crossing.same or (crossing.op,):
            rows[op.name], sides[op.name] = index, crossing.ends
    tasks, deps = tasks_of(ops, rows, sides)
    found = np.zeros(2)
    if CODES[schedule] == SERIAL:
        _follow(tasks, slots, found)
    else:
        _arrange(tasks, deps, slots, lanes, found)
    exposed = _exposed(parts, owned, crossings, slots["credit"], lanes["credit"].tolist())
    latency, pace = float(found[0]), float(found[1])
    interval = pace if CODES[schedule] == PIPELINED else latency
    both = {name for name, _ in links if (name, True) in links and (name, False) in links}
    names += [f"{name}, {'from' if out else 'to'} the host" if name in both else name for name, out in links]
    occupied = slots["occupied"][:, : len(lanes)]
    shared = (lanes["apart"] == 0) | (slots["shared"] == 1)[:, None]
    held = np.einsum("ij->j", (occupied * shared)[tasks["row"]])
    work = np.maximum(held, (occupied * ~shared * slots["repeats"][:, None]).max(axis=0, initial=0.0))
    return Timeline(
        latency,
        interval,
        exposed,
        tasks,
        tuple(names),
        occupied,
        shared,
        slots["memory"].copy(),
        deps,
        tuple(work.tolist()),
    )


def _follow(tasks: np.ndarray, slots: np.ndarray, found: np.ndarray) -> None:
    """Let every task start when the one before has ended."""
    import numpy as np

    lengths = slots["length"][tasks["row"]]
    tasks["end"] = np.cumsum(lengths)
    tasks["start"] = tasks["end"] - lengths
    slots["credit"] = np.bincount(tasks["row"], minlength=len(slots))
    found[:] = lengths.sum()


def _way(crossing: Transfer) -> tuple[str, bool]:
    """Return the link of a crossing, and the direction: each has a lane of its own."""
    return crossing.resource, crossing.ends[0] == HOST


def _fill(part: Part, owned: Lanes, schedule: str, slots: np.ndarray, lanes: np.ndarray, first: int) -> None:
    """Fill the slots of one machine, its lanes counted from `first` on."""
    import numpy as np

    of = np.array([each if each == NOTHING else first + each for each in owned.of], dtype=np.int64)
    marks = owned.marks(schedule)
    if owned.whole != NOTHING:
        marks["whole"] += first
    own = owned.table()
    for name in ("apart", "resource"):
        lanes[name] = own[name]
    rooms = float(part.room)
    if len(part.outs) * len(of) > PLAIN_LIMIT and jit.enabled():
        jit.compiled(measure_rows, family="schedule")(part.lowered.table, part.outs, of, marks[0], slots, rooms)
        return
    rows = to_rows(slots)
    measure_rows(to_rows(part.lowered.table), to_rows(part.outs), of.tolist(), to_rows(marks)[0], rows, rooms)
    from_rows(rows, slots)


def _arrange(tasks: np.ndarray, deps: np.ndarray, slots: np.ndarray, lanes: np.ndarray, found: np.ndarray) -> None:
    if len(tasks) * len(lanes) > PLAIN_LIMIT and jit.enabled():
        jit.compiled(arrange_run, family="schedule")(tasks, deps, slots, lanes, found)
        return
    each: tuple[list[Any], ...] = to_rows(tasks), to_rows(slots), to_rows(lanes)
    times = found.tolist()
    arrange_run(each[0], deps.tolist(), each[1], each[2], times)
    for rows, table in zip(each, (tasks, slots, lanes), strict=True):
        from_rows(rows, table)
    found[:] = times


def _exposed(
    parts: Sequence[Part], owned: Sequence[Lanes], crossings: Sequence[Transfer], executions: np.ndarray,
    waits: Sequence[float],
) -> dict[str, float]:  # fmt: skip
    """Return what answers for the time of a run: ops it waits for as a whole, and lanes that others held."""
    exposed: dict[str, float] = {}
    row = lane = 0
    for part, each in zip(parts, owned, strict=True):
        names = [part.mark + name for name in part.family.resource_names(part.chip.spec)]
        credits = executions[row : row + len(part.outs)]
        amounts = (credits[:, None] * part.outs["exposed"]).sum(axis=0).tolist()[: len(names)]
        for resource, waited in zip(each.resources, waits[lane:], strict=False):
            amounts[resource] += waited
        exposed.update(zip(names, (max(0.0, amount) for amount in amounts), strict=True))
        row, lane = row + len(part.outs), lane + len(each.names)
    links = tuple(dict.fromkeys(_way(crossing) for crossing in crossings))
    for crossing, times in zip(crossings, executions[row:].tolist(), strict=True):
        exposed[crossing.resource] = exposed.get(crossing.resource, 0.0) + times * crossing.latency
    for (name, _), waited in zip(links, waits[lane:], strict=True):
        exposed[name] += waited
    return exposed
