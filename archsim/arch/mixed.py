"""A host and several machines of different kinds on its links: each op runs on one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import ClassVar, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from archsim.arch.chip import Chip, HostLink, Part
from archsim.arch.system import Level, Link, System, SystemHeader
from archsim.units import Count

HOST_NAMES = ("host", "link")
"""Names that results use for the host and what crosses."""


class Way(NamedTuple):
    """The way between a machine and the host's memory: s of one transfer, B/s one direction, J/B."""

    latency: float
    bandwidth: float
    energy: float


class Member(Part):
    """One machine of a mixed system and its way to the host."""

    name: str = Field(description="name used in results", pattern=r"^[a-z][a-z0-9-]*$")
    chip: str = Field(description="its name in the catalogue of hardware")
    memory: Literal["own", "shared"] = Field(
        "own", description="shared: it computes out of the host's memory, and nothing need be moved"
    )
    lanes: Count = Field(1, description="lanes of its link")
    link: Link | None = Field(None, description="kind of link; left out: the way its own description gives to a host")

    @model_validator(mode="after")
    def _name_is_free(self) -> Self:
        if self.name in HOST_NAMES:
            raise ValueError(f"a member cannot be called {self.name!r}: results name the host and links so")
        return self

    def way(self, own: HostLink | None) -> Way | None:
        """Return the way to the host: by its link, else as its chip says; None if neither does."""
        if self.memory == "shared":
            return Way(0.0, inf, 0.0)
        if self.link is not None:
            return Way(self.link.start, self.lanes * self.link.lane * self.link.efficiency, self.link.energy)
        return None if own is None else Way(own.latency, own.bandwidth, own.energy)


class MixedSpec(SystemHeader):
    """What a file of a host with different machines says."""

    host: str = Field(description="machine whose memory the links end at: its name in the catalogue of hardware")
    members: tuple[Member, ...] = Field(description="the machines, the one preferred at equal cost first", min_length=1,
                                        max_length=8)  # fmt: skip
    levels: ClassVar[tuple[Level, ...]] = ()
    """It has no copies: what members exchange passes the host."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [member.name for member in self.members]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two members are called {twice!r}: give each a name of its own")
        return self


@dataclass(frozen=True)
class MixedSystem(System):
    """A validated description of a host with machines of different kinds.

    Attributes
    ----------
    machines : mapping of str to Chip
        The members by name.
    host : Chip
        The machine whose memory the links end at.
    """

    machines: Mapping[str, Chip] = field(default_factory=dict)
    host: Chip | None = None

    @property
    def boundary(self) -> str:
        """What power and time include: that of each machine; different ones are warned of."""
        return " + ".join(dict.fromkeys(chip.boundary for chip in self.machines.values()))

    def ways(self) -> dict[str, Way | None]:
        """Return the way of each member to the host."""
        return {
            member.name: member.way(self.machines[member.name].spec.host_link)
            for member in self.spec.members  # type: ignore[attr-defined]
        }

    def __repr__(self) -> str:
        kinds = ", ".join(f"{name}: {chip.name}" for name, chip in self.machines.items())
        return f"<system {self.name}: {kinds}>"
