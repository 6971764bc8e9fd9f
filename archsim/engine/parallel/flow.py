"""Pieces of work that flow through stages: the stages are evaluated one by one, and put together.

Stages are runs of ops whose slowest takes least (`archsim.mapping.balance`), with what each receives. The first piece
passes all of them, and from then on the slowest sets the pace (`archsim.laws.pipeline`). Backward passes follow
forward passes as they can (one forward, one backward: Narayanan et al. 2021, arXiv:2104.04473), so that the first of p
stages keeps the activations of p pieces, and updates wait for the last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from archsim.arch.system import System
from archsim.engine.parallel.exchanges import message, stored_by
from archsim.engine.parallel.share import Share, layout, level_between
from archsim.engine.parallel.split import SERVED, synchronise, waiting
from archsim.engine.place import HOST
from archsim.engine.policy import Policy
from archsim.engine.schedule.tasks import STEPS_FOLLOW
from archsim.graph.op import Phase
from archsim.graph.stages import StageGraph, crossing, cut, forward, owners, part
from archsim.graph.work import Collective
from archsim.laws import pipeline
from archsim.mapping.balance import balanced

if TYPE_CHECKING:
    from archsim.engine.evaluate import Run
    from archsim.engine.result import OpResult, Result
    from archsim.graph.graph import Graph
    from archsim.graph.memory import Memory

Alone = Callable[["Graph", Policy, Share], "Result"]
"""Evaluates a graph that needs no more changes on the chips of one stage."""
Keeps = Callable[["Graph", Policy, int], "tuple[Memory, tuple[str, ...]]"]
"""Says what the chip of a stage keeps of a graph, with so many pieces under way, and whether it fits."""


@dataclass(frozen=True)
class Flowing:
    """How pieces flow through stages: pieces, and for each stage the time of one, and of the update, s."""

    pieces: int
    stages: tuple[float, ...]
    updates: tuple[float, ...]


@dataclass(frozen=True)
class Stage:
    """One stage: what every piece costs, what the update costs that follows, and what is kept."""

    flow: Result
    update: Result | None
    memory: Memory
    warnings: tuple[str, ...]


def flow(graph: Graph, system: System | None, how: Policy, shared: Share, alone: Alone, keeps: Keeps) -> Result:
    """Evaluate pieces of work that flow through stages.

    Parameters
    ----------
    graph : Graph
        One piece, as one chip would run all of it.
    system : System or None
        The chips and their links.
    how : Policy
        Its ``pipeline_parallel`` and ``micro_batches`` count.
    shared : Share
        How the chips are shared out.
    alone : callable
        Evaluates the graph of one stage.
    keeps : callable
        Says what it keeps, and refuses what does not fit.

    Returns
    -------
    Result
        Of all pieces, on all chips.
    """
    starts = _starts(graph, system, how, shared, alone)
    owner = owners(graph)
    cuts = cut(graph, starts, owner)
    shared = replace(shared, pushed=_pushed(cuts, system, shared))
    stages = [_evaluate(number, each, system, how, shared, alone, keeps) for number, each in enumerate(cuts)]
    return _together(graph, stages, how, shared)


def _pushed(stages: Sequence[StageGraph], system: System | None, shared: Share) -> float:
    """Return what one chip of every stage pushes to the servers, all stages together, B."""
    if system is None or not shared.servers:
        return 0.0
    made = [op for each in stages for op in synchronise(stored_by(each.whole, system), shared).ops if op.name == SERVED]
    return float(sum(op.work.payload for op in made if isinstance(op.work, Collective)))


def _starts(graph: Graph, system: System | None, how: Policy, shared: Share, alone: Alone) -> list[int]:
    """Return the place of the forward op that each stage begins with."""
    jobs = len(forward(graph))
    if shared.stages == 1 or system is None:
        return [0]
    flowing = part(graph, graph.name, [op for op in graph.ops if op.phase is not Phase.UPDATE])
    times = [0.0] * jobs
    owner = owners(graph)
    for name, latency in _latencies(alone(flowing, replace(how, capacity="ignore"), shared)).items():
        if name in owner:
            times[owner[name]] += latency
    passes = 2 if how.training else 1
    group, amounts = layout(system, shared)["stages"], crossing(stored_by(graph, system), jobs)
    known: dict[tuple[int, int], float] = {}
    arriving = [[0.0] * jobs]
    for stage in range(1, shared.stages):
        level = level_between(system, group, stage - 1, stage)
        for amount in amounts:
            if (level, amount) not in known:
                known[level, amount] = passes * message(system, group, level, amount).latency
        arriving.append([known[level, amount] for amount in amounts])
    return balanced(times, arriving)


def _latencies(result: Result) -> dict[str, float]:
    """Return the time of every op by name, those that share a row of the result among them, s."""
    rows = {row.name: row.latency for row in result.ops}
    found: dict[str, float] = {}
    run = result.run
    for each in run.parts if run else ():
        for same in each.lowered.rows:
            found.update(dict.fromkeys((op.name for op in same), rows[same[0].name]))
    for move in run.exchanges if run else ():
        found.update(dict.fromkeys((op.name for op in move.same), move.latency))
    return found


def _evaluate(
    number: int, graph: StageGraph, system: System | None, how: Policy, shared: Share, alone: Alone, keeps: Keeps
) -> Stage:  # fmt: skip
    memory, warnings = keeps(graph.whole, how, _kept(number, how, shared))
    sources = MappingProxyType({name: (source, number) for name, source in graph.sources.items()})
    # Machines that serve all stages are counted with the first.
    mine = replace(shared, sources=sources, idle=0 if number else shared.idle)
    # Within a training step nothing overlaps: what flows back follows what flowed forward.
    schedule = "overlap" if how.training and how.schedule == "pipelined" else how.schedule
    loose, mark = replace(how, capacity="ignore", schedule=schedule), f"-{number}" if number else ""
    flowing = alone(waiting(graph.flow, how, mine, system, mark), loose, mine)
    if graph.update is None:
        return Stage(flowing, None, memory, warnings)
    ops = [op for op in synchronise(graph.whole, shared).ops if op.phase is Phase.UPDATE or op.name in graph.late]
    mine = replace(mine, idle=0)
    late = waiting(part(graph.whole, graph.update.name, ops), how, mine, system, f"-update{mark}", experts=False)
    update = alone(late, loose, mine)
    return Stage(flowing, update, memory, warnings)


def _kept(number: int, how: Policy, shared: Share) -> int:
    """Pieces whose activations a stage keeps at the same time."""
    return min(how.micro_batches, shared.stages - number) if how.training else 1


def _together(graph: Graph, stages: Sequence[Stage], how: Policy, shared: Share) -> Result:
    """Put the stages together: all pieces, all chips."""
    pieces = how.micro_batches
    flows = [stage.flow for stage in stages]
    slowest = max(flows, key=lambda each: each.latency)
    last = max((stage.update for stage in stages if stage.update), key=lambda each: each.latency, default=None)
    through = sum(each.latency for each in flows)
    busy = pipeline.flow_time(pieces, through, slowest.latency)
    latency = busy + (last.latency if last else 0.0)
    exposed: dict[str, float] = {}
    for result, times in [*((each, 1) for each in flows), (slowest, pieces - 1), *([(last, 1)] if last else [])]:
        _add(exposed, result.exposed, times)
    interval = latency
    if how.schedule == "pipelined" and not how.training:  # the next run fills the stages while this one leaves them
        interval = pieces * max(each.interval for each in flows)
    totals = [_scaled(each, pieces, interval) for each in flows]
    totals += [_scaled(stage.update, 1, 0.0) for stage in stages if stage.update]
    causes: dict[str, float] = {}
    detail: dict[str, float] = {}
    levels: dict[str, float] = {}
    for by_cause, by_detail, by_level in totals:
        _add(causes, by_cause, 1)
        _add(detail, by_detail, 1)
        _add(levels, by_level, 1)
    run = _runs(graph, stages, how)
    return replace(
        flows[0],
        workload=graph.name,
        latency=latency,
        interval=interval,
        energy=sum(causes.values()),
        items=graph.items * pieces,
        ops=tuple(row for number, stage in enumerate(stages) for row in _rows(number, stage, pieces, shared)),
        energy_by_cause=causes,
        energy_by_detail=detail,
        bytes_by_level=levels,
        exposed=exposed,
        warnings=tuple(dict.fromkeys((*graph.notes, *_notes(stages, how, busy, interval)))),
        parameters={**graph.parameters, "pipeline_parallel": shared.stages, "micro_batches": pieces},
        memory=max((stage.memory for stage in stages), key=lambda kept: kept.total),
        run=run,
    )


def _notes(stages: Sequence[Stage], how: Policy, busy: float, interval: float) -> list[str]:
    told = [text for stage in stages for text in (*stage.warnings, *_unlike(stage))]
    if how.schedule == "pipelined" and how.training:
        told.append(STEPS_FOLLOW)
    if len(stages) > 1:
        pieces, runs = how.micro_batches, how.schedule == "pipelined" and not how.training
        times = [stage.flow.interval if runs else stage.flow.latency for stage in stages]
        idle = pipeline.idle_share(pieces, len(stages), sum(times), interval if runs else busy)
        bubble = 0.0 if runs else pipeline.bubble_share(pieces, len(stages))
        told.append(
            f"{len(stages)} stages stand idle {100 * idle:.1f} % of the time, equal ones would {100 * bubble:.1f} %: "
            f"{pieces} pieces in a row{', run after run' if runs else ''}; the slowest stage takes "
            f"{max(times) * len(stages) / sum(times):.2f} times the mean"
        )
    return told


def _unlike(stage: Stage) -> list[str]:
    """Return what the stage's runs have to say but of memory, which they were told to ignore."""
    return [text for text in stage.flow.warnings if not (stage.flow.run and text in stage.flow.run.warnings)]


def _add(into: dict[str, float], amounts: Mapping[str, float], times: float) -> None:
    for name, amount in amounts.items():
        into[name] = into.get(name, 0.0) + amount * times


def _scaled(
    result: Result, pieces: float, interval: float
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """Return energies and bytes of one stage: those of every piece, and static energy over the whole run."""
    causes = {name: amount * pieces for name, amount in result.energy_by_cause.items()}
    detail = {name: amount * pieces for name, amount in result.energy_by_detail.items()}
    for each in result.run.parts if result.run else ():
        static = each.family.causes[0]
        name = f"{each.mark}{static.name}"
        group = "host" if each.place == HOST else static.group
        drawn = result.energy_by_detail.get(name, 0.0)
        change = drawn * (interval / result.interval - pieces) if result.interval else 0.0
        detail[name] = detail.get(name, 0.0) + change
        causes[group] = causes.get(group, 0.0) + change
    return causes, detail, {name: amount * pieces for name, amount in result.bytes_by_level.items()}


def _rows(number: int, stage: Stage, pieces: int, shared: Share) -> list[OpResult]:
    rows = [replace(row, count=row.count * pieces) for row in stage.flow.ops]
    rows += stage.update.ops if stage.update else ()
    if shared.stages == 1:
        return rows
    return [replace(row, details={**row.details, "stage": float(number)}) for row in rows]


def _runs(graph: Graph, stages: Sequence[Stage], how: Policy) -> Run:
    """Return the runs of all stages as one, for who asks why."""
    done = [each.run for stage in stages for each in (stage.flow, stage.update) if each and each.run]
    ops = tuple(op for run in done for op in run.graph.ops)
    tensors = {name: tensor for run in done for name, tensor in run.graph.tensors.items()}
    return replace(
        done[0],
        graph=graph.replace(ops=ops, tensors=MappingProxyType(tensors)),
        policy=replace(how, schedule="serial"),  # within a stage it was kept; the stages have no time line in common
        flowing=Flowing(
            how.micro_batches,
            tuple(stage.flow.latency for stage in stages),
            tuple(stage.update.latency if stage.update else 0.0 for stage in stages),
        ),
        parts=tuple(each for run in done for each in run.parts),
        exchanges=tuple(each for run in done for each in run.exchanges),
        moves=tuple(each for run in done for each in run.moves),
    )
