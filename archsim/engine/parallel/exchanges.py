"""What chips of a system exchange, and how long they wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Final

from archsim.arch import registry
from archsim.arch.system import System
from archsim.engine.lower import lower
from archsim.engine.parallel.share import Group, Share, layout, level_between
from archsim.engine.parallel.split import BUSIEST, LOST, WAIT, synchronous
from archsim.engine.place import Placement
from archsim.engine.policy import Policy
from archsim.engine.run import run
from archsim.engine.transfer import Transfer
from archsim.graph.experts import busier
from archsim.graph.retype import as_stored
from archsim.graph.work import Collective
from archsim.jit import kernel
from archsim.laws import stragglers
from archsim.mapping.collectives import Exchange, exchange
from archsim.mapping.servers import serve
from archsim.mapping.stages import spread

if TYPE_CHECKING:
    from archsim.engine.evaluate import Part
    from archsim.graph.graph import Graph
    from archsim.graph.op import Op

WAITING: Final = "waiting"
"""Resource that answers for time in which nothing is done."""


@kernel
def slowest(time: float, machines: float, spread: float) -> float:
    """Return the time spent waiting for the slowest machine, s."""
    return stragglers.waiting_time(time, machines, spread)


@kernel
def lost(time: float, share: float) -> float:
    """Return the time that goes to other things, s."""
    return stragglers.lost_time(time, share)


@kernel
def busiest(most: float, mean: float) -> float:
    """Return the time spent waiting for the experts with most tokens, s: what these take longer than the mean."""
    return max(most - mean, 0.0)


def exchanges(
    placement: Placement, system: System, shared: Share, parts: Iterable[Part], how: Policy
) -> Iterable[Transfer]:
    """Cost the collectives of a run, those of equal size once; the energy is that of all copies.

    What is sent is what the chips store: a format they do not have travels as the wider one.

    Parameters
    ----------
    placement : Placement
        With the collectives.
    system : System
        The chips and their links.
    shared : Share
        How the chips are shared out.
    parts : iterable of Part
        What the machines of one chip did, for those that wait.
    how : Policy
        Its ``expert_imbalance`` is the load of the busiest experts over the mean.
    """
    parts = tuple(parts)
    stored = stored_by(placement.graph, system)
    alike: dict[tuple[Collective, int, tuple[int, int]], list[Op]] = {}
    for op in placement.exchanges:
        if isinstance(op.work, Collective) and op.work.axis != WAIT:
            ends = shared.sources.get(op.name, (0, 0))
            alike.setdefault((_sent(op, placement.graph, stored), op.steps, ends), []).append(op)
    groups = layout(system, shared)
    found: list[Transfer] = []
    for (work, steps, ends), ops in alike.items():
        cost, times = _cost(work, ends, system, shared, groups)
        found.append(
            Transfer(
                ops[0],
                cost.latency * steps,
                cost.energy * times * steps,
                cost.payload * times * steps,
                resource=cost.level,
                same=tuple(ops),
                cost=cost,
            )
        )
    return [*found, *_waits(placement, system, shared, parts, found, how)]


def stored_by(graph: Graph, system: System) -> Graph:
    """Return a graph in the formats that the chips of a system store."""
    return as_stored(graph, registry.get(system.chip.family).formats(system.chip.spec))


def message(system: System, group: Group, level: int, payload: float) -> Exchange:
    """Cost a message from each chip of a stage to its counterpart in another, with which it meets at a level."""
    pair = tuple(2 if index == level else 1 for index in range(len(system.spec.levels)))
    return exchange(system, "send_recv", payload, pair, crowded=True, strides=group.strides)


def _sent(op: Op, graph: Graph, stored: Graph) -> Collective:
    """Return a collective with the payload that chips hold: as much wider as what it reads is stored."""
    work = _work(op)
    asked, held = (sum(each.tensors[name].stored for name in op.inputs) for each in (graph, stored))
    return work if asked == held else replace(work, payload=-(-work.payload * held // asked))


def _cost(
    work: Collective, ends: tuple[int, int], system: System, shared: Share, groups: Mapping[str, Group]
) -> tuple[Exchange, float]:
    """Return the cost of a collective of one group, and how many groups do it."""
    if work.axis == "servers":
        # All stages of a copy push at a time: a server takes in what all of them send.
        beside = shared.pushed or float(work.payload)
        return serve(system, work.payload, shared.chips, shared.copies, shared.servers, beside), 1.0
    if work.axis == "stages":
        level = level_between(system, groups["stages"], *ends)
        return message(system, groups["stages"], level, work.payload), float(shared.working)
    if not work.axis:
        members = spread(system, work.participants)
        cost = exchange(system, work.function, work.payload, members, crowded=True)
        return cost, shared.working / work.participants
    group = groups[work.axis]
    cost = exchange(system, work.function, work.payload, group.members, crowded=True, strides=group.strides)
    return cost, shared.working / group.size


def _waits(
    placement: Placement, system: System, shared: Share, parts: tuple[Part, ...], moved: list[Transfer],
    how: Policy,
) -> Iterable[Transfer]:  # fmt: skip
    """Return what a run waits for, one after the other: what comes later counts the time before, too."""
    waits = [op for op in placement.exchanges if isinstance(op.work, Collective) and op.work.axis == WAIT]
    if not waits:
        return
    worked = sum(float(part.totals["latency"][0]) for part in parts)
    total = worked + sum(each.latency * each.count for each in moved)
    for op in waits:
        what = _work(op).function
        law: Callable[..., float]
        arguments: tuple[float, ...]
        if what == BUSIEST:
            law, arguments = busiest, _expert_times(placement, system, shared, parts, moved, how)
        elif what == LOST:
            law, arguments = lost, (total, system.spec.stragglers.lost)
        else:
            law, arguments = slowest, (worked, synchronous(shared), system.spec.stragglers.spread)
        latency = law(*arguments)
        total += latency
        if what == BUSIEST:
            worked += latency
        cost = Exchange(latency, 0.0, 0.0, WAITING, law.__name__, law, arguments)
        yield Transfer(op, latency, 0.0, 0.0, resource=WAITING, same=(op,), cost=cost)


def _expert_times(
    placement: Placement, system: System, shared: Share, parts: tuple[Part, ...], moved: list[Transfer], how: Policy
) -> tuple[float, float]:
    """Return the time of a run on the chip whose experts have most tokens, and on the average one, s.

    Both are those of ops one after the other, and of what travels to experts and back.
    """
    graph = placement.graph
    more = busier(graph, how.expert_imbalance)
    most = sum(_time(part, placement, more, how) for part in parts)
    mean = sum(_time(part, placement, graph, how) for part in parts)
    group = layout(system, shared)["experts"]
    for each in moved:
        work = _work(each.op)
        if work.axis == "experts" and each.cost is not None:
            wider = ceil(each.cost.arguments[0] * how.expert_imbalance)
            cost = exchange(system, work.function, wider, group.members, crowded=True, strides=group.strides)
            most += cost.latency * each.op.steps * each.count
            mean += each.latency * each.count
    return most, mean


def _time(part: Part, placement: Placement, graph: Graph, how: Policy) -> float:
    """Return the time of what one machine does of a graph, one op after the other, s."""
    mine = {op.name for op in placement.places[part.place]}
    ops = tuple(op for op in graph.ops if op.name in mine)
    lowered = lower(ops, graph.tensors, warm=how.cache == "warm", residency=how.residency)
    return float(run(part.family, lowered.table, part.chips, mode=how.jit)[1]["latency"][0])


def _work(op: Op) -> Collective:
    return op.work if isinstance(op.work, Collective) else Collective("", 1, 0)
