"""What the cores of one microarchitecture do per clock, whichever chip they stand in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archsim.arch.chip import Shared
from archsim.arch.precision import by_precision
from archsim.arch.quantities import Clocks, FlopPerClock, OpPerClock
from archsim.units import Capacity, Count, Fraction, Ratio

Rates = by_precision("Rates", FlopPerClock, "Arithmetic per clock of one core by format, FLOP/clk.")


class Core(Shared):
    """One core."""

    vector: Rates = Field(description="SIMD units, an FMA is two")  # type: ignore[valid-type]
    matrix: Rates = Field(Rates(), description="matrix tiles, such as AMX")  # type: ignore[valid-type]
    special: OpPerClock = Field(description="vectorised special functions")
    register_width: Capacity = Field(description="bytes of one SIMD register")
    registers: Count = Field(description="SIMD registers the program can name")
    issue: OpPerClock = Field(description="instructions of any kind started per clock")
    slots: OpPerClock = Field(description="SIMD instructions started per clock")
    loads: OpPerClock = Field(description="loads of a register started per clock")
    depth: Clocks = Field(description="from one multiply-add to the next that needs its result")
    addition: Clocks | None = Field(
        None, description="from one addition to the next that needs its result; left out: as a multiply-add"
    )
    window: Count = Field(description="instructions in flight: the reorder buffer; in order, what is issued meanwhile")
    misses: Count = Field(description="cache misses one core keeps in flight")
    transfers: Literal["serial", "overlapping"] = Field(
        description="whether transfers between cache levels add up (Intel) or run side by side"
    )
    mispredict: Clocks = Field(description="lost by a branch that was predicted wrongly")
    gather: OpPerClock = Field(description="elements a gather loads from unrelated addresses of the innermost cache")
    products: Ratio = Field(
        1.0, description="SIMD instructions that multiply a register of bytes and add neighbouring products up"
    )
    counting: Ratio = Field(description="SIMD instructions that count the ones of one register and add them up")
    slowest: Fraction = Field(
        1.0, description="pace of the slowest core over the mean; work divided evenly waits for it"
    )
    instruction_scale: Ratio = Field(
        description="control energy of one SIMD instruction over the technology's instruction"
    )
