"""Description of a CPU: cores with SIMD units, optionally matrix tiles, over a cache hierarchy."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import ChipSpec, Part
from archsim.arch.memory import MemoryLevel
from archsim.arch.precision import by_precision
from archsim.arch.quantities import FlopPerClock, OpPerClock
from archsim.arch.technology import Technology
from archsim.units import Capacity, Count, Frequency, Ratio, Time

Rates = by_precision("Rates", FlopPerClock, "Arithmetic per clock of one core by format, FLOP/clk.")


class Core(Part):
    """One core."""

    vector: Rates = Field(description="SIMD units, an FMA is two")  # type: ignore[valid-type]
    matrix: Rates = Field(Rates(), description="matrix tiles, such as AMX")  # type: ignore[valid-type]
    special: OpPerClock = Field(description="vectorised special functions")
    register_width: Capacity = Field(description="bytes of one SIMD register")
    registers: Capacity = Field(description="SIMD register file of one core as the program sees it")
    instruction_scale: Ratio = Field(
        description="control energy of one SIMD instruction over the technology's instruction"
    )
    misses: Count = Field(description="cache misses one core keeps in flight")


class Overhead(Part):
    """What starting an op costs."""

    call: Time = Field(description="library call and dispatch")
    fork_join: Time = Field(description="waking and joining the threads of one parallel region")


class CpuSpec(ChipSpec):
    """A CPU, all sockets and cores of the description together."""

    family: Literal["cpu"]
    clock: Frequency = Field(description="sustained clock of all cores under vector load")
    cores: Count = Field(description="physical cores")
    core: Core = Field(description="one core")
    memory: tuple[MemoryLevel, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    overhead: Overhead = Field(description="per op")
    technology: Technology = Field(description="energies of logic, memory and wires")
