"""A run as a Chrome trace: every execution of every op on a time line, with power and bandwidth beside it.

The file opens in Perfetto (ui.perfetto.dev) and in ``chrome://tracing``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError

if TYPE_CHECKING:
    from archsim.engine.result import OpResult, Result

MICRO: Final = 1e6
"""Trace events are in microseconds."""


def trace(result: Result) -> dict[str, Any]:
    """Return a result as Trace Event JSON: one track per machine and link, counters for power and bandwidth.

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
    tracks = {place: number for number, place in enumerate(dict.fromkeys(op.placed_on for op in result.ops))}
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": 0, "tid": number, "name": "thread_name", "args": {"name": place}}
        for place, number in tracks.items()
    ]
    events.insert(0, {"ph": "M", "pid": 0, "name": "process_name", "args": {"name": result.workload}})
    clock = 0.0
    for name, op in executions(result):
        at = {"pid": 0, "ts": clock * MICRO}
        about = {"kind": op.kind, "bound": op.bound, "macs": op.macs, "energy_j": op.energy, "row": op.name}
        events.append(
            {**at, "ph": "X", "tid": tracks[op.placed_on], "name": name, "dur": op.latency * MICRO, "args": about}
        )
        if op.latency > 0.0:
            moved = {f"{level} GB/s": amount / op.latency / 1e9 for level, amount in op.bytes_by_level.items()}
            events.append({**at, "ph": "C", "name": "bandwidth", "args": moved})
            events.append({**at, "ph": "C", "name": "dynamic power", "args": {"W": op.energy / op.latency}})
        clock += op.latency
    return {"traceEvents": events, "displayTimeUnit": "ms", "otherData": {"hardware": result.hardware}}


def executions(result: Result) -> Iterator[tuple[str, OpResult]]:
    """Yield every op of a run in execution order, with the row of the result that stands for it."""
    rows = {op.name: op for op in result.ops}
    run = result.run
    first = (
        {same.name: each[0].name for part in run.parts for each in part.lowered.rows for same in each} if run else {}
    )
    first |= {same.name: each.op.name for each in (run.exchanges if run else ()) for same in each.same}
    for op in run.graph.ops if run else ():
        yield op.name, rows[first.get(op.name, op.name)]


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
