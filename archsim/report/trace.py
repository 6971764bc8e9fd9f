"""A run as a Chrome trace: what every unit, memory and link does when, with power and bandwidth beside it.

The file opens in Perfetto (ui.perfetto.dev) and in ``chrome://tracing``. Each machine is a process: one track for each
of its units and memories, and one on which ops lie from their start to their end, several of them side by side when
they overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from archsim.engine.place import LINK
from archsim.errors import UsageError
from archsim.report.flow_trace import flow_trace

if TYPE_CHECKING:
    from archsim.engine.evaluate import Run
    from archsim.engine.result import OpResult, Result

MICRO: Final = 1e6
"""Trace events are in microseconds."""
OPS: Final = 0
"""Track of the ops among those of a machine."""


class Span(NamedTuple):
    """One execution: the op's name, when it starts and ends, s, and the row of the result that stands for it."""

    name: str
    start: float
    end: float
    row: OpResult


def trace(result: Result) -> dict[str, Any]:
    """Return a result as Trace Event JSON: one track per unit, memory and link, counters for power and bandwidth.

    Parameters
    ----------
    result : Result
        As `archsim.evaluate` returned it.

    Raises
    ------
    UsageError
        The result holds no run.
    """
    if result.run is None:
        raise UsageError("this result holds no run to trace", hint="evaluate it again")
    if result.run.flowing is not None:
        return flow_trace(result, result.run.flowing)
    done = list(spans(result))
    places = {place: number for number, place in enumerate(dict.fromkeys(span.row.placed_on for span in done))}
    events = [*_names(result, places), *_ops(done, places, result.run), *_lanes(result.run, done, places)]
    events += _counters(result, done)
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"hardware": result.hardware}}


def spans(result: Result) -> Iterator[Span]:
    """Yield every op of a run in program order: when it starts and ends, and which row stands for it."""
    run = result.run
    if run is None:
        return
    tasks = run.timeline.tasks
    for (name, row), start, end in zip(executions(result), tasks["start"].tolist(), tasks["end"].tolist(), strict=True):
        yield Span(name, start, end, row)


def executions(result: Result) -> Iterator[tuple[str, OpResult]]:
    """Yield every op of a run in program order, with the row of the result that stands for it."""
    rows = {op.name: op for op in result.ops}
    run = result.run
    first = (
        {same.name: each[0].name for part in run.parts for each in part.lowered.rows for same in each} if run else {}
    )
    first |= {same.name: each.op.name for each in (run.exchanges if run else ()) for same in each.same}
    for op in run.graph.ops if run else ():
        yield op.name, rows[first.get(op.name, op.name)]


def _names(result: Result, places: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield the names of processes and tracks."""
    for place, process in places.items():
        title = place if place != LINK else "links"
        yield {"ph": "M", "pid": process, "name": "process_name", "args": {"name": f"{result.workload} on {title}"}}
        yield {"ph": "M", "pid": process, "tid": OPS, "name": "thread_name", "args": {"name": "ops"}}


def _ops(done: list[Span], places: dict[str, int], run: Run) -> Iterator[dict[str, Any]]:
    """Yield every op: slices of one track when they follow one another, else asynchronous ones."""
    serial = run.policy.schedule == "serial"
    for number, span in enumerate(done):
        about = {"kind": span.row.kind, "bound": span.row.bound, "macs": span.row.macs, "energy_j": span.row.energy,
                 "row": span.row.name}  # fmt: skip
        at = {"pid": places[span.row.placed_on], "tid": OPS, "name": span.name, "cat": "op"}
        if serial:
            yield {**at, "ph": "X", "ts": span.start * MICRO, "dur": (span.end - span.start) * MICRO, "args": about}
        else:
            yield {**at, "ph": "b", "id": number, "ts": span.start * MICRO, "args": about}
            yield {**at, "ph": "e", "id": number, "ts": span.end * MICRO}


def _lanes(run: Run, done: list[Span], places: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Yield what each unit, memory and link is held for, and by which op; weights that come early first."""
    line = run.timeline
    tracks: set[tuple[int, int]] = set()
    for span, task in zip(done, line.tasks, strict=True):
        process, held = places[span.row.placed_on], line.occupied[task["row"]]
        for lane in held.nonzero()[0].tolist():
            if not line.shared[task["row"], lane]:
                continue  # every layer has units of its own, which work at the same time
            if (process, lane) not in tracks:
                tracks.add((process, lane))
                name = {"name": line.lanes[lane]}
                yield {"ph": "M", "pid": process, "tid": lane + 1, "name": "thread_name", "args": name}
            early = float(task["fetched"]) if lane == line.memories[task["row"]] else 0.0
            at = {"ph": "X", "pid": process, "tid": lane + 1, "cat": "unit"}
            if early:
                begin = float(task["begun"])
                yield {**at, "name": f"{span.name}, weights", "ts": begin * MICRO, "dur": early * MICRO}
            length = min(float(held[lane]) - early, span.end - span.start)
            yield {**at, "name": span.name, "ts": span.start * MICRO, "dur": length * MICRO}


def _counters(result: Result, done: list[Span]) -> Iterator[dict[str, Any]]:
    """Yield power and the bandwidth of every level whenever they change, means over each op."""
    changes: dict[float, dict[str, float]] = {}
    rest = sum(joules for cause, joules in result.energy_by_detail.items() if cause.endswith("static"))
    static = rest / result.interval if result.interval else 0.0
    for span in done:
        length = span.end - span.start
        if length <= 0.0:
            continue
        rates = {f"{level} GB/s": moved / length / 1e9 for level, moved in span.row.bytes_by_level.items() if moved}
        rates["W"] = span.row.energy / length
        for time, sign in ((span.start, 1.0), (span.end, -1.0)):
            at = changes.setdefault(time, {})
            for name, rate in rates.items():
                at[name] = at.get(name, 0.0) + sign * rate
    now = {"W": static, **{name: 0.0 for change in changes.values() for name in change if name != "W"}}
    for time in sorted(changes):
        for name, rate in changes[time].items():
            now[name] = max(0.0, now[name] + rate)
        moved = {name: rate for name, rate in now.items() if name != "W"}
        yield {"ph": "C", "pid": 0, "name": "power", "ts": time * MICRO, "args": {"W": now["W"]}}
        if moved:
            yield {"ph": "C", "pid": 0, "name": "bandwidth", "ts": time * MICRO, "args": moved}


def write_trace(result: Result, path: str | Path) -> None:
    """Write `trace` to a file.

    Raises
    ------
    UsageError
        The file cannot be written.
    """
    try:
        Path(path).write_text(json.dumps(trace(result), allow_nan=False), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {str(path)!r}: {error.strerror}", hint="name another file") from error
