"""Quantities only descriptions of machines use: rates per clock, and times in clocks."""

from __future__ import annotations

from typing import Annotated, Final

from archsim.units import Dimension, Quantity

BYTES_PER_CLOCK: Final = Dimension("data per clock", "B/clk", "64 B/clk", 1e-6, 1e12)
FLOP_PER_CLOCK: Final = Dimension("arithmetic per clock", "FLOP/clk", "128 FLOP/clk", 1e-6, 1e12)
OP_PER_CLOCK: Final = Dimension("operations per clock", "OP/clk", "16 OP/clk", 1e-6, 1e12)
CLOCKS: Final = Dimension("clock periods", "clk", "5 clk", 1e-6, 1e12)

BytesPerClock = Annotated[float, Quantity(BYTES_PER_CLOCK, minimum=0.0, exclusive=True)]
FlopPerClock = Annotated[float, Quantity(FLOP_PER_CLOCK, minimum=0.0)]
OpPerClock = Annotated[float, Quantity(OP_PER_CLOCK, minimum=0.0)]
Clocks = Annotated[float, Quantity(CLOCKS, minimum=0.0)]
