"""Description of a CPU: cores with SIMD units, optionally matrix tiles, over a cache hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from archsim.arch.chip import ChipSpec, Part, Shared
from archsim.arch.memory import MemoryLevel
from archsim.arch.technology import Technology
from archsim.arch.voltage import VoltageCurve
from archsim.families.cpu.core import Core
from archsim.families.cpu.library import Library
from archsim.units import Count, Frequency, Ratio, Time


class Licence(Part):
    """The clock by what runs, over the clock of all cores running ordinary code."""

    single: Ratio = Field(1.0, description="one core at work, the others idle")
    vector: Ratio = Field(1.0, description="all cores multiplying on their widest SIMD units")
    matrix: Ratio = Field(1.0, description="all cores multiplying on matrix tiles")


class Overhead(Part):
    """What starting an op costs."""

    call: Time = Field(description="library call and dispatch")
    fork_join: Time = Field(description="waking and joining the threads of one parallel region")


class Supply(Shared, VoltageCurve):
    """The supply of a CPU over its clock."""


class CpuSpec(ChipSpec):
    """A CPU, all sockets and cores of the description together."""

    AS_WRITTEN: ClassVar[Mapping[str, str]] = {"nominal": "clock"}

    family: Literal["cpu"]
    clock: Frequency = Field(description="sustained clock of all cores running ordinary code")
    nominal: Frequency | None = Field(
        None, description="clock that energies and powers are stated at; left out of a file: the clock it describes"
    )
    licence: Licence = Field(Licence(), description="the clock by what runs")
    cores: Count = Field(description="physical cores, one thread each")
    core: Core = Field(description="one core")
    memory: tuple[MemoryLevel, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    overhead: Overhead = Field(description="per op")
    library: Library = Field(description="how the software runs")
    supply: Supply = Field(description="how voltage and power at rest follow the clock")
    technology: Technology = Field(description="energies of logic, memory and wires")
