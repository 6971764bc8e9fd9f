"""Who runs what: the machine, or the host for what the machine cannot; tensors that cross are moved and charged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from archsim.errors import UnsupportedError
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Collective, Move

CHIP = "chip"
HOST = "host"
LINK = "link"


@dataclass(frozen=True)
class Placement:
    """Ops by place.

    Attributes
    ----------
    graph : Graph
        The legal graph: the moves over the link are among its ops.
    chip, host, moves : tuple of Op
        What each runs, in execution order.
    exchanges : tuple of Op
        Collectives between the chips of a system.
    """

    graph: Graph
    chip: tuple[Op, ...]
    host: tuple[Op, ...]
    moves: tuple[Op, ...]
    exchanges: tuple[Op, ...] = ()


def place(
    graph: Graph, machine: str, supports: Callable[[Op], bool], *, fallback: bool = True, chips: int = 1
) -> Placement:
    """Place every op on the machine if it can run it, else on its host.

    Parameters
    ----------
    graph : Graph
        Fused as the machine runs it.
    machine : str
        Name of the machine, for messages.
    supports : callable
        Whether the machine runs an op.
    fallback : bool
        Whether the host may be used.
    chips : int
        Chips of the system the machine stands in.

    Raises
    ------
    UnsupportedError
        An op nobody may run.
    """
    where: dict[str, str] = {}
    exchanges = tuple(op for op in graph.ops if isinstance(op.work, Collective) and op.work.participants > 1)
    for op in exchanges:
        if op.work.participants > chips:  # type: ignore[attr-defined]
            there = "one" if chips == 1 else f"{chips} chips"
            raise UnsupportedError(
                f"{op.name!r} is a collective over {op.work.participants} machines and {machine!r} is {there}",  # type: ignore[attr-defined]
                hint="build the workload for one machine, or name a system: archsim list systems",
            )
    between = {op.name for op in exchanges}
    for op in graph.ops:
        where[op.name] = CHIP if op.name in between or supports(op) else HOST
    refused = [op.name for op in graph.ops if where[op.name] == HOST]
    if refused and not fallback:
        raise UnsupportedError(
            f"{machine!r} cannot run {len(refused)} of {len(graph.ops)} ops, the first is {refused[0]!r}",
            hint="allow the host with policy fallback=host",
        )
    if not refused:
        return Placement(graph, tuple(op for op in graph.ops if op.name not in between), (), (), exchanges)
    ops = list(_with_moves(graph, where))
    legal = graph.replace(ops=tuple(ops))
    chip = tuple(op for op in ops if where.get(op.name) == CHIP and op.name not in between)
    host = tuple(op for op in ops if where.get(op.name) == HOST)
    return Placement(legal, chip, host, tuple(op for op in ops if op.name not in where), exchanges)


def _with_moves(graph: Graph, where: dict[str, str]) -> list[Op]:
    """Insert a move before the first reader on the other side of what an op wrote; network inputs start on the host."""
    here = {name: where[op.name] for op in graph.ops for name in op.outputs}
    here |= {name: HOST for name, tensor in graph.tensors.items() if tensor.role is Role.INPUT}
    moved: set[tuple[str, str]] = set()
    ops: list[Op] = []
    for op in graph.ops:
        for name in dict.fromkeys(op.inputs):
            home, side = here.get(name), where[op.name]
            if home is not None and home != side and (name, side) not in moved:
                moved.add((name, side))
                ops.append(_move(graph.tensors[name], side))
        ops.append(op)
    return ops


def _move(tensor: Tensor, side: str) -> Op:
    work = Move(f"transfer to {side}", prod(tensor.shape))
    return Op(f"{tensor.name} to {side}", work, (tensor.name,), (tensor.name,))
