"""Who runs what: the machine, another one of its system, or the host; tensors that cross are moved and charged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Final

from archsim.errors import UnsupportedError
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Collective, Move

CHIP: Final = "chip"
"""The place of a machine that stands alone; those of a mixed system have names."""
HOST: Final = "host"
LINK: Final = "link"

Supports = Callable[[Op], bool]
Allowed = Mapping[str, tuple[str, ...]]
"""Places that can run an op, by its name."""
Choose = Callable[[Graph, Allowed], Mapping[str, str]]


@dataclass(frozen=True)
class Placement:
    """Ops by place.

    Attributes
    ----------
    graph : Graph
        The legal graph: the moves over the links are among its ops.
    places : mapping of str to tuple of Op
        What each machine runs, in execution order; the host last.
    moves : tuple of Op
        What crosses links.
    ends : mapping of str to tuple of str
        Where each move begins and ends, by name.
    exchanges : tuple of Op
        Collectives between the chips of a system.
    chosen : tuple of str
        Ops that run elsewhere than on the first machine that can, because that is cheaper.
    """

    graph: Graph
    places: Mapping[str, tuple[Op, ...]]
    moves: tuple[Op, ...] = ()
    ends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    exchanges: tuple[Op, ...] = ()
    chosen: tuple[str, ...] = ()

    @property
    def chip(self) -> tuple[Op, ...]:
        """What the first machine runs."""
        return next(iter(self.places.values()))

    @property
    def host(self) -> tuple[Op, ...]:
        """What the host runs."""
        return self.places.get(HOST, ())


def place(
    graph: Graph, machine: str, supports: Supports | Mapping[str, Supports], *, fallback: bool = True, chips: int = 1,
    choose: Choose | None = None,
) -> Placement:  # fmt: skip
    """Place every op on the first machine that can run it, else on the host, or where it is cheapest.

    Parameters
    ----------
    graph : Graph
        Fused as the machines run it.
    machine : str
        Name of the machine or system, for messages.
    supports : callable, or mapping of str to callable
        Whether the machine runs an op; of a mixed system, for each place. The host, if it is not among them, runs all.
    fallback : bool
        Whether the host may be used.
    chips : int
        Chips of the system the machine stands in.
    choose : callable, optional
        Chooses among the places that can run each op; left out: the first.

    Raises
    ------
    UnsupportedError
        An op nobody may run.
    """
    each = dict(supports) if isinstance(supports, Mapping) else {CHIP: supports}
    by_host = each.pop(HOST, _whatever)
    exchanges = _exchanges(graph, machine, chips)
    between = {op.name for op in exchanges}
    allowed: dict[str, tuple[str, ...]] = {}
    for op in graph.ops:
        able = tuple(name for name, can in each.items() if op.name in between or can(op))
        asked = fallback and op.name not in between and (choose is not None or not able)
        allowed[op.name] = (*able, HOST) if asked and by_host(op) else able
    refused = [name for name, able in allowed.items() if not able]
    if refused:
        raise UnsupportedError(
            f"{machine!r} cannot run {len(refused)} of {len(graph.ops)} ops, the first is {refused[0]!r}",
            hint="allow the host with policy fallback=host",
        )
    first = {name: able[0] for name, able in allowed.items()}
    where = dict(choose(graph, allowed)) if choose else first
    places = (*each, HOST) if HOST in where.values() else tuple(each)
    if len(each) == 1 and set(where.values()) <= set(each):  # alone, a machine has its inputs
        ops = {place: tuple(op for op in graph.ops if op.name not in between) if place == places[0] else ()
               for place in places}  # fmt: skip
        return Placement(graph, ops, exchanges=exchanges)
    legal, ends = _with_moves(graph, where, HOST)
    return Placement(
        graph.replace(ops=tuple(legal)),
        {name: tuple(op for op in legal if where.get(op.name) == name and op.name not in between) for name in places},
        tuple(op for op in legal if op.name in ends),
        ends,
        exchanges,
        tuple(name for name in where if where[name] != first[name]),
    )


def _whatever(op: Op) -> bool:
    return True


def _exchanges(graph: Graph, machine: str, chips: int) -> tuple[Op, ...]:
    """Return the collectives between the chips of a system; refuse those among more chips than there are."""
    found = []
    for op in graph.ops:
        if isinstance(op.work, Collective) and op.work.participants > 1:
            found.append(op)
            if op.work.payload and op.work.participants > chips:  # what sends nothing only lets time pass
                there = "one" if chips == 1 else f"{chips} chips"
                raise UnsupportedError(
                    f"{op.name!r} is a collective over {op.work.participants} machines and {machine!r} is {there}",
                    hint="build the workload for one machine, or name a system: archsim list systems",
                )
    return tuple(found)


def _with_moves(graph: Graph, where: Mapping[str, str], centre: str) -> tuple[list[Op], dict[str, tuple[str, str]]]:
    """Insert a move before the first reader on another side of what an op wrote; network inputs start on the host.

    Between two machines a tensor passes the host: it is there from then on. Weights and state that a run changes go to
    those who read them in the next one, at its end. Results that are read outside stay where they are.
    """
    here: dict[str, list[str]] = {name: [centre] for name, tensor in graph.tensors.items() if tensor.role is Role.INPUT}
    ends: dict[str, tuple[str, str]] = {}
    ops: list[Op] = []

    def bring(name: str, side: str) -> None:
        homes = here.get(name)
        if homes is None or side in homes:
            return
        for source, target in hops(homes, side, centre):
            move = _move(graph.tensors[name], target)
            while move.name in ends:  # the same tensor, written anew in between
                move = Op(f"{move.name} again", move.work, move.inputs, move.outputs)
            ends[move.name] = source, target
            ops.append(move)
            homes.append(target)

    for op in graph.ops:
        side = where[op.name]
        for name in dict.fromkeys(op.inputs):
            bring(name, side)
        ops.append(op)
        here.update({name: [side] for name in op.outputs})
    for name in graph.rewritten:
        for side in dict.fromkeys(where[reader.name] for reader in graph.consumers.get(name, ())):
            bring(name, side)
    return ops, ends


def hops(homes: Sequence[str], side: str, centre: str) -> list[tuple[str, str]]:
    """Return the ways a tensor takes from one of the places it is at."""
    if centre in homes or side == centre:
        return [(centre if centre in homes else homes[0], side)]
    return [(homes[0], centre), (centre, side)]


def _move(tensor: Tensor, side: str) -> Op:
    work = Move(f"transfer to {side}", prod(tensor.shape))
    return Op(f"{tensor.name} to {side}", work, (tensor.name,), (tensor.name,))
