"""What chips of a system exchange, and how long they wait for one another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from archsim.arch.system import System
from archsim.engine.parallel.share import Group, Share, layout, level_between
from archsim.engine.parallel.split import BUSIEST, LOST, WAIT, synchronous
from archsim.engine.place import Placement
from archsim.engine.transfer import Transfer
from archsim.graph.experts import works_for_experts
from archsim.graph.work import Collective
from archsim.jit import kernel
from archsim.laws import stragglers
from archsim.mapping.collectives import Exchange, exchange, serve
from archsim.mapping.stages import spread

if TYPE_CHECKING:
    from archsim.engine.evaluate import Part
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
def busiest(time: float, imbalance: float) -> float:
    """Return the time spent waiting for the experts with most tokens, s: what these take longer than the mean."""
    return (imbalance - 1.0) * time


def exchanges(
    placement: Placement, system: System, shared: Share, parts: Iterable[Part], imbalance: float = 1.0
) -> Iterable[Transfer]:
    """Cost the collectives of a run, those of equal size once; the energy is that of all copies.

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
    imbalance : float
        Load of the busiest experts over the mean.
    """
    alike: dict[tuple[Collective, int, tuple[int, int]], list[Op]] = {}
    for op in placement.exchanges:
        if isinstance(op.work, Collective) and op.work.axis != WAIT:
            ends = shared.sources.get(op.name, (0, 0))
            alike.setdefault((op.work, op.steps, ends), []).append(op)
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
    return [*found, *_waits(placement, system, shared, tuple(parts), found, imbalance)]


def _cost(
    work: Collective, ends: tuple[int, int], system: System, shared: Share, groups: Mapping[str, Group]
) -> tuple[Exchange, float]:
    """Return the cost of a collective of one group, and how many groups do it."""
    if work.axis == "servers":
        # All stages of a copy push at a time: each is charged what all take, and its part of the energy.
        chips = shared.chips * shared.stages
        return serve(system, work.payload, chips, shared.copies, shared.servers), 1.0 / shared.stages
    if work.axis == "stages":
        level = level_between(system, groups["stages"], *ends)
        pair = tuple(2 if index == level else 1 for index in range(len(system.spec.levels)))
        cost = exchange(system, "send_recv", work.payload, pair, crowded=True, strides=groups["stages"].strides)
        return cost, float(shared.working)
    if not work.axis:
        members = spread(system, work.participants)
        cost = exchange(system, work.function, work.payload, members, crowded=True)
        return cost, shared.working / work.participants
    group = groups[work.axis]
    cost = exchange(system, work.function, work.payload, group.members, crowded=True, strides=group.strides)
    return cost, shared.working / group.size


def _waits(
    placement: Placement, system: System, shared: Share, parts: tuple[Part, ...], moved: list[Transfer],
    imbalance: float,
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
            law, arguments = busiest, (_expert_time(placement, parts, moved), imbalance)
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


def _expert_time(placement: Placement, parts: tuple[Part, ...], moved: list[Transfer]) -> float:
    """Return the time of all ops whose load follows the tokens of the busiest experts, s."""
    inside = works_for_experts(placement.graph)
    time = sum(each.latency * each.count for each in moved if _work(each.op).axis == "experts")
    for part in parts:
        for same, out in zip(part.lowered.rows, part.outs, strict=True):
            mine = sum(op.name in inside or any(each.name in inside for each in op.epilogue) for op in same)
            time += mine * float(out["latency"])
    return time


def _work(op: Op) -> Collective:
    return op.work if isinstance(op.work, Collective) else Collective("", 1, 0)
