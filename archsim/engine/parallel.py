"""A workload on a system: groups of chips that share one copy of it, copies side by side, and what they exchange.

``tensor_parallel`` chips share a copy, so that a system of N chips runs N / tensor_parallel of them at a time, each on
items of its own. In training the copies add up their gradients before the update (data parallelism).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod
from typing import Final

from archsim.arch.system import System
from archsim.engine.place import Placement
from archsim.engine.policy import Policy
from archsim.engine.transfer import Transfer
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role
from archsim.graph.work import Collective
from archsim.mapping.collectives import exchange
from archsim.mapping.stages import spread

GRADIENTS: Final = "gradients/all-reduce"
"""The op that adds up the gradients of all copies."""


@dataclass(frozen=True)
class Share:
    """How the chips of a system are shared out: chips of one copy, and copies."""

    chips: int
    copies: int


ALONE: Final = Share(1, 1)


def share_out(system: System | None, how: Policy, graph: Graph) -> Share:
    """Return how a system's chips are shared out; a single chip runs one copy.

    Raises
    ------
    UsageError
        A single chip was asked to split layers.
    UnsupportedError
        The chips do not divide into such groups.
    """
    if system is None:
        if how.tensor_parallel > 1:
            raise UsageError(
                f"policy tensor_parallel={how.tensor_parallel} needs a system of chips, and this is one machine",
                hint="name a system: archsim list systems",
            )
        return ALONE
    wanted = max([how.tensor_parallel, *(_participants(op) for op in graph.ops)])
    if system.chips % wanted:
        raise UnsupportedError(
            f"the {system.chips} chips of {system.name!r} do not divide into groups of {wanted}",
            hint=f"choose a divisor of {system.chips}",
        )
    return Share(wanted, system.chips // wanted)


def _participants(op: Op) -> int:
    return op.work.participants if isinstance(op.work, Collective) and op.phase is not Phase.UPDATE else 1


def synchronise(graph: Graph, copies: int) -> Graph:
    """Let the copies of a training step add up their gradients, all at once, before the first update."""
    updates = [index for index, op in enumerate(graph.ops) if op.phase is Phase.UPDATE]
    if copies == 1 or not updates:
        return graph
    read = dict.fromkeys(name for op in graph.ops if op.phase is Phase.UPDATE for name in op.inputs)
    gradients = tuple(name for name in read if graph.tensors[name].role is Role.ACTIVATION)
    payload = sum(graph.tensors[name].stored for name in gradients)
    op = Op(GRADIENTS, Collective("all_reduce", copies, payload), gradients, (), Phase.UPDATE)
    return graph.replace(ops=(*graph.ops[: updates[0]], op, *graph.ops[updates[0] :]))


def exchanges(placement: Placement, system: System, shared: Share) -> Iterable[Transfer]:
    """Cost the collectives of a run, those of equal size once; the energy is that of all copies."""
    alike: dict[tuple[Collective, bool], list[Op]] = {}
    for op in placement.exchanges:
        if isinstance(op.work, Collective):
            alike.setdefault((op.work, op.phase is Phase.UPDATE), []).append(op)
    for (work, between_copies), ops in alike.items():
        group = _between(system, shared) if between_copies else spread(system, work.participants)
        steps = ops[0].steps
        cost = exchange(system, work.function, work.payload, group, crowded=True)
        groups = system.chips // prod(group)
        yield Transfer(
            ops[0],
            cost.latency * steps,
            cost.energy * groups * steps,
            cost.payload * groups * steps,
            resource=cost.level,
            same=tuple(ops),
            cost=cost,
        )


def _between(system: System, shared: Share) -> tuple[int, ...]:
    """Return the group of one chip of each copy: what the copies leave of every level."""
    inside = spread(system, shared.chips)
    return tuple(level.members // taken for level, taken in zip(system.spec.levels, inside, strict=True))


def named(graph: Graph, shared: Share) -> Graph:
    """Return the graph of one chip as the work of all copies: their items, and what they are in its parameters."""
    if shared.copies == 1:
        return graph
    return replace(graph, items=graph.items * shared.copies, parameters={**graph.parameters, "copies": shared.copies})
