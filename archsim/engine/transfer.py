"""What crosses a link: time and energy of each move between a machine and its host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.arch.mixed import Way
from archsim.engine.place import CHIP, HOST, Placement
from archsim.errors import UnsupportedError
from archsim.laws import link

if TYPE_CHECKING:
    from archsim.graph.op import Op
    from archsim.mapping.collectives import Exchange


LINK_RESOURCE: Final = "link to host"


@dataclass(frozen=True)
class Transfer:
    """One move over a link: s, J and B of one execution.

    Attributes
    ----------
    op : Op
        The move; of several alike the first.
    latency, energy, payload : float
        s, J, B.
    resource : str
        The link.
    same : tuple of Op
        All it stands for; empty: `op` alone.
    cost : Exchange or None
        Between chips: how it was worked out.
    ends : tuple of str
        Places where it begins and ends.
    """

    op: Op
    latency: float
    energy: float
    payload: float
    resource: str = LINK_RESOURCE
    same: tuple[Op, ...] = ()
    cost: Exchange | None = None
    ends: tuple[str, str] = (CHIP, CHIP)

    @property
    def count(self) -> int:
        """Executions."""
        return max(len(self.same), 1)


def resource_of(place: str) -> str:
    """Return the name of the link between a place and the host."""
    return LINK_RESOURCE if place == CHIP else f"link of {place}"


def crossing_cost(payload: float, way: Way) -> tuple[float, float]:
    """Return time and energy of one move, s and J."""
    return link.transfer_time(payload, way.latency, way.bandwidth), link.transfer_energy(payload, way.energy)


def way_of(place: str, ways: Mapping[str, Way | None], machine: str) -> Way:
    """Return the way between a place and the host.

    Raises
    ------
    UnsupportedError
        The description has no link.
    """
    way = ways.get(place)
    if way is None:
        where = f"{place!r} of {machine!r}" if place != CHIP else repr(machine)
        raise UnsupportedError(f"{where} has no link to a host", hint="give its description 'host_link'")
    return way


def transfers(placement: Placement, ways: Mapping[str, Way | None], machine: str) -> tuple[Transfer, ...]:
    """Cost every move of a placement over the links it takes.

    Parameters
    ----------
    placement : Placement
        With the moves.
    ways : mapping of str to Way
        From each place to the host.
    machine : str
        Name of the machine or system, for messages.

    Raises
    ------
    UnsupportedError
        A place without a link.
    """
    done = []
    for op in placement.moves:
        ends = placement.ends[op.name]
        place = ends[0] if ends[1] == HOST else ends[1]
        payload = placement.graph.tensors[op.inputs[0]].bytes
        latency, energy = crossing_cost(payload, way_of(place, ways, machine))
        done.append(Transfer(op, latency, energy, payload, resource=resource_of(place), ends=ends))
    return tuple(done)
