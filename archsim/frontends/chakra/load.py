"""From a trace to a graph: what each node computes or moves, in an order that keeps its dependencies.

A trace gives operations and bytes, not shapes. Each node reads its bytes from a tensor of its own and writes one
element, which the nodes that depend on it read.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from archsim.errors import ImportFormatError, UsageError
from archsim.frontends.chakra.schema import (
    COLLECTIVE,
    COLLECTIVES,
    COMP,
    KINDS,
    MEM_LOAD,
    MEM_STORE,
    RECEIVE,
    SEND,
    STORAGE,
    Node,
    read_trace,
)
from archsim.frontends.files import read_bytes
from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.dtypes import dtype as number_format
from archsim.graph.work import Collective, Elementwise, Move, Opaque, Work

LARGEST_FILE: Final = 2**28

_MOVES: Final = {MEM_LOAD: "tensor_size", MEM_STORE: "tensor_size", SEND: "comm_size", RECEIVE: "comm_size"}


def load_chakra(path: str | Path, *, participants: int | None = None, dtype: str = "fp16") -> Graph:
    """Read a Chakra execution trace.

    Parameters
    ----------
    path : str or Path
        An ``.et`` file, the trace of one machine.
    participants : int
        Machines that take part in its collectives; the trace does not say.
    dtype : str
        Number format that operations are done in; the trace does not say.

    Raises
    ------
    UsageError
        No such file, or a trace with collectives and no `participants`.
    ImportFormatError
        It is cut off, malformed or cyclic, with the byte.
    """
    bits = number_format(dtype).bits
    if participants is not None and (
        isinstance(participants, bool) or not isinstance(participants, int) or participants < 1
    ):
        raise UsageError(f"participants={participants!r}", hint="write a whole number of at least 1")
    file = Path(path)
    version, nodes = read_trace(read_bytes(file, LARGEST_FILE))
    if not nodes:
        raise ImportFormatError(f"the trace {file.name!r} has no nodes", hint="export it again")
    if participants is None and any(node.kind == COLLECTIVE for node in nodes):
        raise UsageError(f"{file.name!r} has collectives and does not say over how many machines",
                         hint="give participants=8")  # fmt: skip
    parameters = {"schema": version, "dtype": dtype, "participants": participants}
    b = GraphBuilder(file.stem, dtype=dtype, items=1, item="trace", parameters=parameters)
    if any(node.kind == COMP for node in nodes):
        b.note("compute nodes give operations and no shapes: they count as element by element, not as matrix products")
    done: dict[int, Tensor] = {}
    for node in _ordered(nodes):
        before = [done[key] for key in dict.fromkeys(node.needs)]
        done[node.key] = _emit(b, node, before, bits / 8, participants or 1)
    return b.build()


def _emit(b: GraphBuilder, node: Node, before: list[Tensor], width: float, participants: int) -> Tensor:
    name = node.name or f"node-{node.key}"
    size = _number(node, "comm_size" if node.kind == COLLECTIVE else _MOVES.get(node.kind, "tensor_size"))
    elements = math.ceil(size / width)
    inputs = list(before)
    with b.scope(b.unique(name)):
        if elements:
            inputs.append(b.input("data", (elements,)))
        work = _work(b, node, name, elements, participants)
        return b.op(KINDS[node.kind], work, inputs, (1,), dtype=b.dtype)


def _work(b: GraphBuilder, node: Node, name: str, elements: int, participants: int) -> Work:
    if node.kind == COMP:
        operations = _number(node, "num_ops")
        if not operations:
            return Opaque(name, elements)
        return Elementwise("compute", max(elements, 1), operations / max(elements, 1))
    if node.kind in _MOVES:
        return Move(KINDS[node.kind], elements)
    if node.kind == COLLECTIVE:
        code = int(_number(node, "comm_type"))
        if code >= len(COLLECTIVES):
            raise ImportFormatError(f"node {name!r} at byte {node.place} has the unknown comm_type {code}")
        return Collective(COLLECTIVES[code], participants, int(_number(node, "comm_size")))
    if node.kind == STORAGE:
        b.note(f"{name}: storage traffic is not counted")
    return Move(KINDS[node.kind], 0)


def _number(node: Node, key: str) -> float:
    value = node.attributes.get(key, 0)
    if isinstance(value, str) or not 0 <= value < math.inf:
        raise ImportFormatError(f"node {node.name!r} at byte {node.place} has {key} = {value!r}",
                                hint="sizes are numbers of at least 0")  # fmt: skip
    return value


def _ordered(nodes: list[Node]) -> Iterator[Node]:
    """Yield the nodes so that each comes after what it needs, otherwise in the order of the file."""
    place = {node.key: index for index, node in enumerate(nodes)}
    if len(place) < len(nodes):
        twin = next(node for index, node in enumerate(nodes) if place[node.key] != index)
        raise ImportFormatError(f"two nodes have the number {twin.key}, one of them at byte {twin.place}")
    readers: list[list[int]] = [[] for _ in nodes]
    waiting = [0] * len(nodes)
    for index, node in enumerate(nodes):
        for key in dict.fromkeys(node.needs):
            if key not in place:
                raise ImportFormatError(f"node {node.name!r} at byte {node.place} needs node {key}, which is not there")
            readers[place[key]].append(index)
            waiting[index] += 1
    ready = [index for index, needs in enumerate(waiting) if not needs]
    left = len(nodes)
    while ready:
        index = heapq.heappop(ready)
        left -= 1
        yield nodes[index]
        for reader in readers[index]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if left:
        stuck = nodes[next(index for index, needs in enumerate(waiting) if needs)]
        raise ImportFormatError(f"{left} nodes wait for one another, {stuck.name!r} at byte {stuck.place} among them")
