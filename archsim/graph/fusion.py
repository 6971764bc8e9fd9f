"""Fusion: which ops run as one kernel, so that what lies between them never travels.

Fusion is a decision of the mapping, never of a front end. Five policies, each including the one before:

``eager``
    the kernels an eager framework launches: formulas operation by operation, attention with scale, mask and copies, see
    `archsim.graph.eager`; time the framework takes to launch is the machine's own setting;
``none``
    every op reads and writes memory; attention is expanded into its matmuls and softmax;
``epilogue``
    pointwise work behind a matmul or convolution runs before the result is written;
``attention``
    scaled dot-product attention stays one kernel (the default);
``full``
    chains of pointwise, normalising and data-moving ops become one kernel each.

One more stands beside them, as a compiler over a library of kernels works (``torch.compile``):

``streams``
    the chains of ``full`` and whole attention, but matmuls and convolutions stay the library's: what follows them reads
    their result from memory.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from archsim.errors import UnknownNameError
from archsim.graph.attention import expand_attention
from archsim.graph.eager import eager
from archsim.graph.graph import Graph
from archsim.graph.op import Op

POLICIES = ("eager", "none", "epilogue", "attention", "full", "streams")

_CONTRACTIONS = frozenset({"matmul", "conv", "attention"})
_STREAMS = frozenset({"elementwise", "normalise", "gather", "move"})


@dataclass
class _Group:
    members: list[Op]
    last: int

    @property
    def contracts(self) -> bool:
        return self.members[0].kind in _CONTRACTIONS


def fuse(graph: Graph, policy: str, *, attention_kernel: bool = True) -> Graph:
    """Return the graph as the machine will run it.

    Parameters
    ----------
    graph : Graph
        As imported or generated.
    policy : str
        ``eager``, ``none``, ``epilogue``, ``attention``, ``full`` or ``streams``.
    attention_kernel : bool
        Whether the machine can run attention as one kernel at all.

    Raises
    ------
    UnknownNameError
        No such policy.
    """
    if policy not in POLICIES:
        raise UnknownNameError("fusion policy", policy, POLICIES, hint=f"write one of {', '.join(POLICIES)}")
    if policy == "eager":
        return eager(graph)
    if policy in ("none", "epilogue") or not attention_kernel:
        graph = expand_attention(graph)
    if policy == "none":
        return graph
    return _merge(graph, chains=policy in ("full", "streams"), epilogues=policy != "streams")


def _merge(graph: Graph, *, chains: bool, epilogues: bool) -> Graph:
    position = {op.name: index for index, op in enumerate(graph.ops)}
    group_of: dict[str, _Group] = {}
    for index, op in enumerate(graph.ops):
        host = _host(graph, op, group_of, position, chains, epilogues) if _can_follow(op) else None
        if host is None:
            group_of[op.name] = _Group([op], index)
        else:
            host.members.append(op)
            host.last = index
            group_of[op.name] = host
    fused = []
    for index, op in enumerate(graph.ops):
        group = group_of[op.name]
        if group.last == index:
            fused.append(_as_one(graph, group) if len(group.members) > 1 else op)
    return graph.replace(ops=tuple(fused))


def _can_follow(op: Op) -> bool:
    return op.steps == 1 and op.kind in ("elementwise", "normalise")


def _pointwise(op: Op) -> bool:
    return op.kind == "elementwise" or getattr(op.work, "function", "") == "batch_norm"


def _host(
    graph: Graph, op: Op, group_of: dict[str, _Group], position: dict[str, int], chains: bool, epilogues: bool
) -> _Group | None:
    """Return the group `op` can join: that of the latest producer whose results need not exist before `op` runs."""
    hosts = []
    for name in op.inputs:
        producer = graph.producer.get(name)
        if producer is None or producer.steps != 1 or producer.phase != op.phase:
            continue
        group = group_of[producer.name]
        fits = epilogues and _pointwise(op) if group.contracts else chains and group.members[0].kind in _STREAMS
        if not fits or group.members[-1] is not producer:
            continue
        if not (_read_before(graph, group, op, position) or _rewritten(graph, group, op, position)):
            hosts.append(group)
    return max(hosts, key=lambda group: group.last, default=None)


def _read_before(graph: Graph, group: _Group, op: Op, position: dict[str, int]) -> bool:
    """Whether somebody outside the group reads one of its results before `op` would run."""
    inside = {member.name for member in group.members}
    now = position[op.name]
    return any(
        position[reader.name] < now and reader.name not in inside
        for member in group.members
        for name in member.outputs
        for reader in graph.consumers.get(name, ())
    )


def _rewritten(graph: Graph, group: _Group, op: Op, position: dict[str, int]) -> bool:
    """Whether somebody outside writes state in place between the group's reading it and `op`."""
    start, now = position[group.members[0].name], position[op.name]
    standing = {name for member in group.members for name in member.inputs if name in graph.rewritten}
    writers = [graph.rewritten[name] for name in standing]
    return any(start < position[writer.name] < now and writer not in group.members for writer in writers)


def _as_one(graph: Graph, group: _Group) -> Op:
    first, *rest = group.members
    inside = {name for op in group.members for name in op.outputs}
    names = {op.name for op in group.members}
    inputs: list[str] = []
    reads: list[int] = []
    for op in group.members:
        for name, elements in op.elements_read(graph.tensors).items():
            if name not in inside:
                inputs.append(name)
                reads.append(elements)
    visible = {*graph.outputs, *graph.rewritten}
    outputs = tuple(
        name
        for op in group.members
        for name in op.outputs
        if name in visible or any(reader.name not in names for reader in graph.consumers.get(name, ()))
    )
    return replace(
        first, inputs=tuple(inputs), reads=tuple(reads), outputs=outputs or rest[-1].outputs, epilogue=tuple(rest)
    )
