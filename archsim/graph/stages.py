"""Pipeline stages: which ops of a graph belong together, and the graph of each stage.

Forward ops are cut into runs; what goes back belongs to the stage of the op whose gradient it computes, and an update
to the stage that computes its gradient. A tensor that another stage wrote is received before it is read. Where stages
share a weight, as an embedding and its tied head do, their gradients of it are added up once, with the updates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Collective

RECEIVED: Final = "received"
SUMS: Final = ("gradient-sum", "gradient-parts")
"""How `archsim.graph.gradients` names the sums of a tensor's gradients."""


@dataclass(frozen=True)
class StageGraph:
    """What one stage runs.

    Attributes
    ----------
    flow : Graph
        For every piece of the work.
    update : Graph or None
        Once, when all pieces are through.
    whole : Graph
        Both, for what has to be kept.
    late : frozenset of str
        Names of the ops that run once.
    sources : mapping of str to int
        Stage that each received tensor comes from, by the name of the op that receives it.
    """

    flow: Graph
    update: Graph | None
    whole: Graph
    late: frozenset[str]
    sources: Mapping[str, int]


def forward(graph: Graph) -> tuple[Op, ...]:
    """Return the ops that may be cut between, in execution order."""
    return tuple(op for op in graph.ops if op.phase is Phase.FORWARD)


def owners(graph: Graph) -> dict[str, int]:
    """Return for each op the place of the forward op it belongs to, counted among `forward`."""
    place: dict[str, int] = {}
    for index, op in enumerate(forward(graph)):
        for name in op.inputs:  # a sum of gradients comes from the readers, the first of which adds the last
            for sum_of_them in SUMS:
                place.setdefault(f"{name}/{sum_of_them}", index)
        for each in (op, *op.epilogue):
            place[each.name] = index
        place.update(dict.fromkeys(op.outputs, index))
    found: dict[str, int] = {}
    last = max(place.values(), default=0)
    for op in graph.ops:
        if op.phase is Phase.FORWARD:
            found[op.name] = place[op.name]
        elif op.phase is Phase.UPDATE:
            sources = [graph.producer[name].name for name in op.inputs if name in graph.producer]
            found[op.name] = max((found[name] for name in sources if name in found), default=last)
        else:
            found[op.name] = last = _place_of(op.name, place, last)
    return found


def _place_of(name: str, place: Mapping[str, int], default: int) -> int:
    """Return the place of the op a backward op is named after: its name with more behind it."""
    while name:
        for known in (name, name.rpartition("-")[0]):  # of several with one name all but the first are numbered
            if known in place:
                return place[known]
        name = name.rpartition("/")[0]
    return default


def crossing(graph: Graph, cuts: int) -> list[int]:
    """Return the bytes of activations that are alive before each forward op but the first, which is 0."""
    changes = [0] * (cuts + 1)
    ops = forward(graph)
    written = {name: index for index, op in enumerate(ops) for name in op.outputs}
    read: dict[str, int] = {}
    for index, op in enumerate(ops):
        for name in op.inputs:
            read[name] = index
    for name, start in written.items():
        end, tensor = read.get(name, start), graph.tensors[name]
        if end > start and tensor.role is Role.ACTIVATION:
            changes[start + 1] += tensor.stored
            changes[end + 1] -= tensor.stored
    total, found = 0, []
    for index in range(cuts):
        total += changes[index]
        found.append(total)
    return found


def cut(graph: Graph, starts: Sequence[int], owner: Mapping[str, int]) -> list[StageGraph]:
    """Return the stages of a graph.

    Parameters
    ----------
    graph : Graph
        As it would run on one machine.
    starts : sequence of int
        Place of the first forward op of each stage, rising from 0.
    owner : mapping of str to int
        As `owners` says.
    """
    stage = {op.name: sum(start <= owner[op.name] for start in starts) - 1 for op in graph.ops}
    written = {name: stage[op.name] for op in graph.ops for name in op.outputs}
    return [_stage(graph, number, stage, written) for number in range(len(starts))]


def _stage(graph: Graph, number: int, stage: Mapping[str, int], written: Mapping[str, int]) -> StageGraph:
    tensors = dict(graph.tensors)
    ops: list[Op] = []
    sources: dict[str, int] = {}
    here: set[str] = set()
    late: set[str] = set()
    for op in graph.ops:
        if stage[op.name] != number:
            continue
        far = [name for name in dict.fromkeys(op.inputs) if _comes_from_afar(name, number, written, tensors)]
        follows = any(graph.producer[name].name in late for name in op.inputs if name in graph.producer)
        shared = op.phase is Phase.WGRAD and _adds_gradients(graph, far)
        if op.phase is Phase.UPDATE or shared or follows:
            late.add(op.name)
        for name in (name for name in far if name not in here):
            there = replace(tensors[name], name=f"{name}/sent", role=Role.INPUT)
            tensors[there.name] = there
            work = Collective("send_recv", 2, there.stored, axis="stages")
            made = Op(f"{name}/{RECEIVED}-{number}", work, (there.name,), (name,), Phase.FORWARD)
            sources[made.name] = written[name]
            ops.append(made)
            if op.name in late:
                late.add(made.name)
            here.add(name)
        here.update(op.outputs)
        ops.append(op)
    flowing = [op for op in ops if op.name not in late]
    updates = [op for op in ops if op.name in late]
    name = f"{graph.name}-stage-{number}"
    return StageGraph(
        part(graph, name, flowing, tensors),
        part(graph, f"{name}-update", updates, tensors) if updates else None,
        part(graph, name, ops, tensors),
        frozenset(late),
        MappingProxyType(sources),
    )


def _comes_from_afar(name: str, number: int, written: Mapping[str, int], tensors: Mapping[str, Tensor]) -> bool:
    return written.get(name, number) != number and tensors[name].role is Role.ACTIVATION


def _adds_gradients(graph: Graph, far: Sequence[str]) -> bool:
    """Whether tensors of other stages are gradients of a weight."""
    return any(graph.producer[name].phase is Phase.WGRAD for name in far)


def part(graph: Graph, name: str, ops: Iterable[Op], tensors: Mapping[str, Tensor] | None = None) -> Graph:
    """Return some ops of a graph as one of its own: what others write is its input, what others read its output."""
    ops = tuple(ops)
    stored = dict(graph.tensors if tensors is None else tensors)
    mine = {op.name for op in ops}
    members = [each for op in ops for each in (op, *op.epilogue)]
    made = {name for op in members for name in op.outputs}
    used = made | {name for op in members for name in op.inputs}
    kept = {}
    for key in used:
        tensor = stored[key]
        outside = key not in made and tensor.role is Role.ACTIVATION
        kept[key] = replace(tensor, role=Role.INPUT) if outside else tensor
    wanted = set(graph.outputs) | {key for key in made if any(r.name not in mine for r in graph.consumers.get(key, ()))}
    return graph.replace(
        name=name, ops=ops, tensors=MappingProxyType(kept), outputs=tuple(sorted(wanted & made)), notes=()
    )
