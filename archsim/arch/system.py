"""Several chips of one kind and the links between them, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import prod
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import Chip, Part, Path, Shared
from archsim.cited import Cited
from archsim.units import FRACTION, RATIO, Bandwidth, Capacity, Count, EnergyPerByte, Fraction, Quantity, Time

Share = Annotated[float, Quantity(FRACTION, exclusive=True, maximum=1.0)]
Oversubscription = Annotated[float, Quantity(RATIO, minimum=1.0)]

Algorithm = Literal["ring", "tree", "binary_tree", "in_switch", "one_shot", "hierarchical"]
"""How an all-reduce may be done; the other collectives have one way each. A tree joins nodes, a binary tree also the
members of a system of one level."""


class Link(Shared):
    """One generation of link, with what the software that drives it adds.

    A collective over it starts after `start`; each of its dependent steps takes `hop`. Short messages travel as words
    with a flag each, at half the bandwidth; long ones in bulk, which takes `bulk_start` more to start.
    """

    lane: Bandwidth = Field(description="one lane or one link of a bundle, one direction, before any loss")
    efficiency: Share = Field(description="share of it that long messages reach")
    duplex: Share = Field(1.0, description="share of that left when both directions are busy")
    start: Time = Field(description="until the first byte of a collective moves")
    hop: Time = Field(description="one dependent step")
    bulk_start: Time = Field(0.0, description="what long messages take more to start")
    switch_start: Time | None = Field(
        None, description="what a sum in the switch takes more to start; left out: the switch cannot add"
    )
    burst: Capacity | None = Field(None, description="bytes of one message let through at full rate")
    sustained: Bandwidth | None = Field(None, description="rate of one message behind the burst")
    energy: EnergyPerByte = Field(description="of one byte over one such link, both ends")

    @model_validator(mode="after")
    def _burst_has_a_rate(self) -> Self:
        if (self.burst is None) != (self.sustained is None):
            raise ValueError(f"link {self.name!r} gives one of burst and sustained: give both, or none")
        return self


Topology = Literal["switch", "bus", "ring", "torus", "fat_tree"]
LATTICES: Final = ("ring", "torus")


class Level(Part):
    """One level of a system: how many of what the level below describes, and the way out of each.

    Topologies: a ``switch`` gives each member a way out of its own; all traffic of a ``bus`` shares one; in a ``ring``
    and in a ``torus`` a member has a link to the next in either direction of every dimension; a ``fat_tree`` has leaf
    switches of `leaf` members each, whose ways up carry the members' own rate over `oversubscription`.
    """

    name: str = Field(description="name used in results", pattern=r"^[a-z][a-z0-9-]*$")
    members: Count = Field(description="chips of the innermost level; further out, groups of the level below")
    topology: Topology = Field("switch", description="how members are joined: see the class")
    shape: tuple[Count, ...] = Field((), description="torus: members along each dimension", max_length=6)
    leaf: Count | None = Field(None, description="fat tree: members on one leaf switch")
    oversubscription: Oversubscription = Field(
        1.0, description="fat tree: rate of a leaf switch's members over that of its ways up"
    )
    lanes: Count = Field(1, description="lanes of one way out, or of one link of a ring or torus")
    ports: Count = Field(1, description="ways out of one member; a chip uses one at a time")
    link: Link = Field(description="kind of link")

    @model_validator(mode="after")
    def _topology_is_whole(self) -> Self:
        if (self.topology == "torus") != bool(self.shape):
            raise ValueError(f"level {self.name!r} is a {self.topology} with shape {list(self.shape)}: a torus has a "
                             "shape, and nothing else has")  # fmt: skip
        if self.shape and prod(self.shape) != self.members:
            raise ValueError(
                f"level {self.name!r} has {self.members} members, its shape has {prod(self.shape)}: make them equal"
            )
        if (self.topology == "fat_tree") != (self.leaf is not None):
            raise ValueError(f"level {self.name!r} is a {self.topology} with leaf {self.leaf}: a fat_tree has leaf "
                             "switches, and nothing else has")  # fmt: skip
        if self.oversubscription > 1.0 and self.topology != "fat_tree":
            raise ValueError(f"level {self.name!r} is a {self.topology}: only a fat_tree is oversubscribed")
        if self.ports > 1 and self.topology in LATTICES:
            raise ValueError(
                f"level {self.name!r} is a {self.topology}: its links follow from its shape, not from ports"
            )
        return self

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Members along each dimension of a ring or torus, neighbours along the first closest."""
        return self.shape or (self.members,)

    @property
    def bandwidth(self) -> float:
        """What one way out sustains in one direction, B/s."""
        return self.lanes * self.link.lane * self.link.efficiency


class Stragglers(Part):
    """What many machines at a time lose: not all are equally fast, and not all of the time is theirs."""

    spread: Fraction = Field(
        0.0, description="standard deviation of the time that machines take for the same work, over its mean"
    )
    lost: Fraction = Field(
        0.0, description="share of the time in which the work stands still: failures, checkpoints, other jobs"
    )

    @model_validator(mode="after")
    def _some_time_is_left(self) -> Self:
        if self.lost == 1.0:
            raise ValueError("stragglers.lost is 1: no time is left to work")
        return self


class SystemHeader(Part):
    """How every file of a system begins, of equal chips or of different machines."""

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this file format")
    name: str = Field(description="kebab-case name", pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = Field(description="name in full")
    vendor: str = Field("", description="who makes it")
    year: int | None = Field(None, description="year of introduction", ge=1940, le=2100)
    aliases: tuple[str, ...] = Field((), description="other names, such as labels of public data sets")
    note: str = Field("", description="what a reader should know about this description")


class SystemSpec(SystemHeader):
    """What a file of many equal chips says."""

    chip: str = Field(description="the machine it has several of: its name in the catalogue of hardware")
    levels: tuple[Level, ...] = Field(description="levels, innermost first", min_length=1, max_length=4)
    algorithms: tuple[Algorithm, ...] = Field(
        ("ring", "tree", "in_switch"), description="what its software chooses from for an all-reduce", min_length=1
    )
    stragglers: Stragglers = Field(default_factory=Stragglers, description="what many machines at a time lose")


@dataclass(frozen=True)
class System:
    """A validated description of several chips and their links.

    Attributes
    ----------
    spec : SystemSpec
        The description; SI floats.
    chip : Chip
        The machine it has several of.
    cited : mapping
        Path of a leaf to what its file says about it; those of the chip stand in `chip`.
    tree : mapping
        The description as written, links expanded.
    origin : str
        File it came from.
    """

    spec: SystemSpec
    chip: Chip
    cited: Mapping[Path, Cited] = field(default_factory=dict)
    tree: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "<python>"

    @property
    def name(self) -> str:
        """Kebab-case name."""
        return self.spec.name

    @property
    def family(self) -> str:
        """A word for what it is, where machines name their family."""
        return "system"

    @property
    def boundary(self) -> str:
        """What power and time include: that of the chips, and the links between them."""
        return self.chip.boundary

    @cached_property
    def chips(self) -> int:
        """Chips in all."""
        return prod(level.members for level in self.spec.levels)

    def __repr__(self) -> str:
        return f"<system {self.name}: {self.chips} x {self.chip.name}>"
