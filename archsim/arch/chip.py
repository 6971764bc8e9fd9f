"""A machine's description: what every family's file says, and the validated object around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archsim.cited import Cited
from archsim.units import Area, Bandwidth, EnergyPerByte, Length, Power, Time, Voltage

Path = tuple[str | int, ...]


class Part(BaseModel):
    """Base of all parts of a description: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Shared(Part):
    """A part that many machines share, in a file of its own in models/technology/ and named where it is used."""

    name: str = Field(description="kebab-case name")
    title: str = Field("", description="name in full")
    note: str = Field("", description="what a reader should know")


class Process(Part):
    """How the chip was made."""

    node: Length = Field(description="feature size the manufacturer names")
    voltage: Voltage | None = Field(None, description="nominal core supply")
    area: Area | None = Field(None, description="die area")


class HostLink(Part):
    """The way between the chip and its host."""

    bandwidth: Bandwidth = Field(description="one direction")
    latency: Time = Field(description="of one transfer, driver included")
    energy: EnergyPerByte = Field(description="both ends and the wire")


class PowerLimits(Part):
    """What the machine draws at rest, and at most."""

    idle: Power = Field(description="drawn whatever runs")
    limit: Power = Field(description="sustained limit of the boundary: TDP of a chip, board power of a card")

    @model_validator(mode="after")
    def _room_to_work(self) -> Self:
        if self.idle >= self.limit:
            raise ValueError(f"idle power {self.idle:g} W leaves nothing to work with below the limit {self.limit:g} W")
        return self


class ChipSpec(Part):
    """What every hardware file says, whatever its family."""

    AS_WRITTEN: ClassVar[Mapping[str, str]] = {}
    """Leaves that, left out of a file, are what another one is there: the nominal clock is the clock described."""

    schema_version: Literal[1] = Field(1, alias="schema", description="version of this file format")
    family: str = Field(description="family of machine")
    name: str = Field(description="kebab-case name", pattern=r"^[a-z0-9][a-z0-9.-]*$")
    title: str = Field(description="name in full")
    vendor: str = Field("", description="who makes it")
    year: int | None = Field(None, description="year of introduction", ge=1940, le=2100)
    aliases: tuple[str, ...] = Field((), description="other names, such as labels of public data sets")
    boundary: Literal["array", "macro", "chip", "board", "system"] = Field(
        description="what the published power and time include"
    )
    note: str = Field("", description="what a reader should know about this description")
    process: Process = Field(description="how it was made")
    power: PowerLimits = Field(description="idle and largest power")
    host: str | None = Field(None, description="machine that runs what this one cannot")
    host_link: HostLink | None = Field(None, description="way to the host")


@dataclass(frozen=True)
class Chip:
    """A validated description with the source of every number.

    Attributes
    ----------
    spec : ChipSpec
        The family's description; SI floats.
    cited : mapping
        Path of a leaf to what its file says about it.
    tree : mapping
        The description as written, overrides merged; `with_` starts from it.
    origin : str
        File it came from.
    """

    spec: ChipSpec
    cited: Mapping[Path, Cited] = field(default_factory=dict)
    tree: Mapping[str, Any] = field(default_factory=dict)
    origin: str = "<python>"

    @property
    def name(self) -> str:
        """Kebab-case name."""
        return self.spec.name

    @property
    def family(self) -> str:
        """Name of the family."""
        return self.spec.family

    @property
    def boundary(self) -> str:
        """What the published power and time include."""
        return self.spec.boundary

    def __repr__(self) -> str:
        return f"<{self.family} {self.name}>"
