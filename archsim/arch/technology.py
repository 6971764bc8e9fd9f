"""What operations cost in energy at two published process nodes; every other node lies on the law through them."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from archsim.arch.chip import Part, Shared
from archsim.arch.precision import by_precision
from archsim.units import Capacity, Dimension, Energy, EnergyPerByte, Length, Quantity

Multiply = by_precision("Multiply", Energy, "Energy of one multiplication by format, J.")
Add = by_precision("Add", Energy, "Energy of one addition by format, J.")

WIRE_ENERGY: Final = Dimension("energy per bit and distance", "J/b/m", "120 pJ/b/m")
WireEnergy = Annotated[float, Quantity(WIRE_ENERGY, minimum=0.0)]


class SramPoint(Part):
    """Energy of one byte read from an array of one size."""

    capacity: Capacity = Field(description="size of the array")
    energy: EnergyPerByte = Field(description="one byte read")


class LogicNode(Part):
    """Energies at one process node."""

    node: Length = Field(description="feature size")
    multiply: Multiply = Field(description="one multiplication, by format")  # type: ignore[valid-type]
    add: Add = Field(description="one addition, by format")  # type: ignore[valid-type]
    special: Energy = Field(description="one special function: exp, square root, division")
    instruction: Energy = Field(description="fetch, decode and control of one instruction")
    wire: WireEnergy = Field(description="one random bit, over a distance")
    small_array: SramPoint = Field(description="a small on-chip memory")
    large_array: SramPoint = Field(description="a large on-chip memory")


class Technology(Shared):
    """Energies of logic, memory and wires at an older and a newer node."""

    older: LogicNode = Field(description="the older published node")
    newer: LogicNode = Field(description="the newer published node")
