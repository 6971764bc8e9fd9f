"""From the graph of one machine to that of one chip of a system, with what it exchanges and waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from archsim.arch.system import System
from archsim.engine.parallel.share import Share
from archsim.engine.policy import Policy
from archsim.graph.experts import expert_weights, split_experts
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.sharding import shard
from archsim.graph.space import split_space
from archsim.graph.tensor import Role
from archsim.graph.work import Collective

GRADIENTS: Final = "gradients/all-reduce"
"""The op that adds up the gradients of all copies."""
EXPERT_GRADIENTS: Final = "gradients/experts/all-reduce"
SERVED: Final = "gradients/push and pull"
WAIT: Final = "wait"
"""Axis of what is no exchange but time that passes until others are ready."""
SLOWEST: Final = "slowest"
LOST: Final = "lost"
BUSIEST: Final = "busiest experts"
SUMMED: Final = (
    "parameter servers add up what copies push and hand it back: workers keep the optimiser's state and update weights"
)


def split(graph: Graph, how: Policy) -> Graph:
    """Return what one chip runs of a copy that several share."""
    graph = shard(graph, how.tensor_parallel)
    graph = split_space(graph, how.spatial_parallel)
    return split_experts(graph, how.expert_parallel)


def synchronise(graph: Graph, shared: Share) -> Graph:
    """Let the copies of a training step exchange their gradients, all at once, before the first update.

    Experts that copies share are added up over those copies only that have the same ones.
    """
    updates = [index for index, op in enumerate(graph.ops) if op.phase is Phase.UPDATE]
    if not updates or (shared.copies == 1 and not shared.servers):
        return graph
    read = dict.fromkeys(name for op in graph.ops if op.phase is Phase.UPDATE for name in op.inputs)
    gradients = [name for name in read if graph.tensors[name].role is Role.ACTIVATION]
    made = []
    if shared.servers:
        made.append(_collective(graph, SERVED, "push_and_pull", shared.copies + shared.servers, gradients, "servers"))
    else:
        apart = _of_experts(graph) if shared.experts > 1 else set()
        dense = [name for name in gradients if name not in apart]
        made.append(_collective(graph, GRADIENTS, "all_reduce", shared.copies, dense, "copies"))
        replicas = shared.copies // shared.experts
        if apart and replicas > 1:
            some = [name for name in gradients if name in apart]
            made.append(_collective(graph, EXPERT_GRADIENTS, "all_reduce", replicas, some, "replicas"))
    return graph.replace(ops=(*graph.ops[: updates[0]], *made, *graph.ops[updates[0] :]))


def _collective(graph: Graph, name: str, function: str, participants: int, names: list[str], axis: str) -> Op:
    payload = sum(graph.tensors[each].stored for each in names)
    return Op(name, Collective(function, participants, payload, axis), tuple(names), (), Phase.UPDATE)


def _of_experts(graph: Graph) -> set[str]:
    """Names of the gradients of weights that chips have different ones of."""
    weights = expert_weights(graph)
    return {
        name
        for op in graph.ops
        if op.phase is Phase.UPDATE and not weights.isdisjoint((*op.inputs, *op.outputs))
        for name in op.inputs
        if graph.tensors[name].role is Role.ACTIVATION
    }


def waiting(
    graph: Graph, how: Policy, shared: Share, system: System | None, mark: str = "", *, experts: bool = True
) -> Graph:
    """Let a run end with the time it waits for slower machines, for the busiest experts, and for lost time.

    Parameters
    ----------
    graph : Graph
        As it runs.
    how, shared, system
        As in `archsim.engine.parallel.share_out`.
    mark : str
        What tells the waits of one part of a run from those of others.
    experts : bool
        Whether experts work in it.
    """
    stragglers = system.spec.stragglers if system is not None else None
    made = []
    if experts and how.expert_imbalance > 1.0:
        made.append(_wait(BUSIEST, mark))
    if stragglers and stragglers.spread and synchronous(shared) > 1:
        made.append(_wait(SLOWEST, mark))
    if stragglers and stragglers.lost:
        made.append(_wait(LOST, mark))
    # They follow the last result, so that no schedule begins them before.
    last = next((op.outputs[:1] for op in reversed(graph.ops) if op.outputs), ())
    return graph.replace(ops=(*graph.ops, *(replace(op, inputs=last) for op in made))) if made and last else graph


def _wait(what: str, mark: str) -> Op:
    # A collective that sends nothing: it takes two, however many wait.
    return Op(f"wait/{what}{mark}", Collective(what, 2, 0, WAIT), (), ())


def synchronous(shared: Share) -> int:
    """Return how many chips wait for one another: all stages of all copies; with servers, those of one copy."""
    return (shared.chips if shared.servers else shared.working) * shared.stages


def named(graph: Graph, shared: Share) -> Graph:
    """Return the graph of one chip as the work of all copies: their items, and what they are in its parameters."""
    if shared.servers:
        graph = graph.replace(notes=(*graph.notes, SUMMED))
    if shared.copies == 1:
        return graph
    return replace(graph, items=graph.items * shared.copies, parameters={**graph.parameters, "copies": shared.copies})
