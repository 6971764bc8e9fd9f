"""Tensors that cross between a machine and its host: time and energy of each move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archsim.engine.place import Placement
from archsim.errors import UnsupportedError
from archsim.laws import link

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.graph.op import Op


@dataclass(frozen=True)
class Transfer:
    """One move: s, J, B."""

    op: Op
    latency: float
    energy: float
    payload: float


def transfers(placement: Placement, chip: Chip) -> tuple[Transfer, ...]:
    """Cost every move of a placement over the machine's link to its host.

    Raises
    ------
    UnsupportedError
        The description has no link.
    """
    way = chip.spec.host_link
    if way is None:
        raise UnsupportedError(f"{chip.name!r} has no link to a host", hint="give its description 'host_link'")
    done = []
    for op in placement.moves:
        payload = placement.graph.tensors[op.inputs[0]].bytes
        done.append(
            Transfer(
                op,
                link.transfer_time(payload, way.latency, way.bandwidth),
                link.transfer_energy(payload, way.energy),
                payload,
            )
        )
    return tuple(done)
