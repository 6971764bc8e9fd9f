"""Description of a null machine: one rate, one energy, one memory."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import ChipSpec
from archsim.arch.memory import MemoryLevel
from archsim.units import EnergyPerOp, OpRate


class NullSpec(ChipSpec):
    """The simplest machine there can be: for tests of the engine, and a first family to copy."""

    family: Literal["null"]
    rate: OpRate = Field(description="operations of any kind")
    energy: EnergyPerOp = Field(description="of one operation")
    memory: tuple[MemoryLevel, ...] = Field(description="levels, outermost first", min_length=1, max_length=6)
    kinds: tuple[str, ...] = Field((), description="op kinds it runs; none named: all of them")
