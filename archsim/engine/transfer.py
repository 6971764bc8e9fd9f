"""What crosses a link: time and energy of each move between a machine and its host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from archsim.engine.place import Placement
from archsim.errors import UnsupportedError
from archsim.laws import link

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
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
    """

    op: Op
    latency: float
    energy: float
    payload: float
    resource: str = LINK_RESOURCE
    same: tuple[Op, ...] = ()
    cost: Exchange | None = None

    @property
    def count(self) -> int:
        """Executions."""
        return max(len(self.same), 1)


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
