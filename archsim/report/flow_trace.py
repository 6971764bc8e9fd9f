"""Pieces that flow through stages as a Chrome trace: each stage is a track, and each piece a slice of it.

A training piece is one slice, forward and back: when its halves run depends on the order the stages keep, the time of
the whole does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.parallel import Flowing

if TYPE_CHECKING:
    from archsim.engine.result import Result

MICRO: Final = 1e6
"""Trace events are in microseconds."""
COLOURS: Final = ("thread_state_running", "thread_state_runnable", "rail_response", "rail_animation")


def flow_trace(result: Result, flowing: Flowing) -> dict[str, Any]:
    """Return the time line of stages as Trace Event JSON."""
    return {
        "traceEvents": list(_events(result, flowing)),
        "displayTimeUnit": "ms",
        "otherData": {"hardware": result.hardware},
    }


def passages(flowing: Flowing) -> Iterator[tuple[int, int, float, float]]:
    """Yield piece, stage, start and end, s: a stage begins when it is free and the one before has done the piece."""
    free = [0.0] * len(flowing.stages)
    for piece in range(flowing.pieces):
        ready = 0.0
        for stage, time in enumerate(flowing.stages):
            start = max(ready, free[stage])
            free[stage] = ready = start + time
            yield piece, stage, start, ready


def _events(result: Result, flowing: Flowing) -> Iterator[dict[str, Any]]:
    yield {"ph": "M", "pid": 0, "name": "process_name", "args": {"name": f"{result.workload} on {result.hardware}"}}
    for stage in range(len(flowing.stages)):
        yield {"ph": "M", "pid": 0, "tid": stage, "name": "thread_name", "args": {"name": f"stage {stage}"}}
    last = 0.0
    for piece, stage, start, end in passages(flowing):
        last = max(last, end)
        yield {"ph": "X", "pid": 0, "tid": stage, "name": f"piece {piece}", "cat": "piece", "ts": start * MICRO,
               "dur": (end - start) * MICRO, "cname": COLOURS[piece % len(COLOURS)]}  # fmt: skip
    for stage, time in enumerate(flowing.updates):
        if time:
            yield {"ph": "X", "pid": 0, "tid": stage, "name": "update", "cat": "update", "ts": last * MICRO,
                   "dur": time * MICRO}  # fmt: skip
