"""The digital unit beside an analog core: what the core cannot do, or should not."""

from __future__ import annotations

from pydantic import Field

from archsim.arch.chip import Part
from archsim.arch.precision import by_precision
from archsim.arch.quantities import FlopPerClock, OpPerClock
from archsim.units import Frequency, Time

Products = by_precision("Products", FlopPerClock, "Multiply-accumulates per clock by format, two FLOP each; FLOP/clk.")
Lanes = by_precision("Lanes", FlopPerClock, "Other arithmetic per clock by format, FLOP/clk.")


class Digital(Part):
    """Units of multiply-accumulates and lanes for everything else, all of the chip together."""

    clock: Frequency = Field(description="of both")
    products: Products = Field(Products(), description="multiply-accumulates; none: products run on the lanes")  # type: ignore[valid-type]
    lanes: Lanes = Field(description="additions, multiplications, comparisons")  # type: ignore[valid-type]
    special: OpPerClock = Field(description="special functions")
    vector: int = Field(1, ge=1, description="lanes that share one instruction")
    launch: Time = Field(0.0, description="of one op, on whatever unit")
