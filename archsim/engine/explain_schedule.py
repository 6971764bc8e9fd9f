"""What an explanation says of a schedule: what it gains, and the two bounds that no schedule goes below."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.units import TIME, format_quantity

if TYPE_CHECKING:
    from archsim.engine.evaluate import Run
    from archsim.engine.explain import Node


def scheduled(run: Run) -> tuple[Node, ...]:
    """Return what overlapping ops brings, as one tree; nothing of a serial run."""
    from archsim.engine.explain import Node

    if run.policy.schedule == "serial":
        return ()
    line = run.timeline
    tasks = line.tasks
    alone = float((tasks["end"] - tasks["start"] + tasks["fetched"]).sum())
    path = float(tasks["level"].max(initial=0.0))
    early = float(tasks["fetched"].sum())
    busiest = max(range(len(line.work)), key=lambda lane: line.work[lane], default=None)
    lines = [
        f"one op after the other: {format_quantity(alone, TIME)}; so: {format_quantity(line.latency, TIME)}",
        f"longest way through the graph: {format_quantity(path, TIME)}, of which weights fetched early save at most "
        f"{format_quantity(early, TIME)}",
    ]
    if busiest is not None:
        lines.append(f"busiest: {line.lanes[busiest]}, {format_quantity(line.work[busiest], TIME)}")
    if run.policy.schedule == "pipelined":
        lines.append(f"from one run to the next: {format_quantity(line.interval, TIME)}")
    return (Node(f"schedule={run.policy.schedule}", tuple(Node(each) for each in lines)),)
