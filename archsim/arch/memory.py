"""A level of memory."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from archsim.arch.chip import Part
from archsim.arch.quantities import BytesPerClock
from archsim.units import Bandwidth, Capacity, Count, EnergyPerByte, Time


class MemoryLevel(Part):
    """One level, described per instance; a level outside the chip gives its bandwidth, one inside bytes per clock."""

    name: str = Field(description="name used in paths and results", pattern=r"^[a-z][a-z0-9-]*$")
    place: Literal["off_chip", "on_chip"] = Field(description="whose energy it is")
    instances: Count = Field(1, description="how many there are")
    capacity: Capacity = Field(description="of one instance")
    bandwidth: Bandwidth | None = Field(None, description="sustained peak of one instance, reads and writes together")
    width: BytesPerClock | None = Field(None, description="bytes one instance moves per clock of the chip")
    latency: Time = Field(0.0, description="of one dependent access, unloaded")
    line: Capacity = Field(64.0, description="smallest transfer")
    energy: EnergyPerByte | None = Field(None, description="of one byte read or written; left out: from the technology")

    @model_validator(mode="after")
    def _one_speed(self) -> Self:
        if (self.bandwidth is None) == (self.width is None):
            raise ValueError(f"memory {self.name!r} needs either a bandwidth (B/s) or a width (bytes per clock)")
        return self
