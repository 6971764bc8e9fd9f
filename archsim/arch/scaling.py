"""How a machine's description follows the process node: which leaf scales with what, and a published table of nodes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from archsim.arch.chip import Part, Shared
from archsim.units import RATIO, Length, Quantity, Ratio, Voltage

Coefficient = Annotated[float, Quantity(RATIO, minimum=None)]


class Scale(StrEnum):
    """What a leaf of a description follows from one node to another."""

    LOGIC = "energy of logic"
    MEMORY = "energy of on-chip memory"
    DELAY = "delay of logic"
    RATE = "speed of logic"
    POWER = "power of logic"
    AREA = "area of logic"
    CONVERTER = "energy of output converters"
    CONVERTER_AREA = "area of output converters"
    NODE = "node"


Rules = Mapping[str, Scale | str]
"""Paths of leaves, list items as ``*``, to what they follow; text: the part of the machine that stays as described."""

SHARED: Rules = {
    "process.node": Scale.NODE,
    "process.voltage": "supply",
    "process.area": Scale.AREA,
    "host_link.bandwidth": "way to the host",
    "host_link.latency": "way to the host",
    "host_link.energy": "way to the host",
    "memory.*.bandwidth": Scale.RATE,
    "memory.*.latency": Scale.DELAY,
    "memory.*.energy": Scale.MEMORY,
}
"""Leaves that every family has; of memory outside the chip nothing scales."""


class Delay(Part):
    """Polynomial of the supply, V."""

    cubic: Coefficient = Field(description="of V^3")
    square: Coefficient = Field(description="of V^2")
    linear: Coefficient = Field(description="of V")
    constant: Coefficient = Field(description="alone")


class Energy(Part):
    """Polynomial of the supply, V."""

    square: Coefficient = Field(description="of V^2")
    linear: Coefficient = Field(description="of V")
    constant: Coefficient = Field(description="alone")


class ProcessNode(Part):
    """One process node."""

    node: Length = Field(description="feature size")
    voltage: Voltage = Field(description="nominal supply")
    delay: Delay = Field(description="delay of a circuit")
    energy: Energy = Field(description="energy of its operation")
    area: Ratio = Field(description="area over that at the last node")


class ProcessTable(Shared):
    """Delay, energy and area over a row of nodes."""

    nodes: tuple[ProcessNode, ...] = Field(description="oldest first", min_length=2)


MIXED_SIGNAL: Rules = {
    **SHARED,
    "power.idle": "power at rest and limit",
    "power.limit": "power at rest and limit",
    "adc.rate": "rate of output converters",
    "adc.energy": Scale.CONVERTER,
    "adc.step": Scale.CONVERTER,
    "adc.capacitance": Scale.CONVERTER,
    "adc.noise_capacitance": "noise of output converters",
    "adc.walden": Scale.CONVERTER,
    "adc.node": Scale.NODE,
    "adc.area": Scale.CONVERTER_AREA,
    "dac.rate": "input converters",
    "dac.energy": "input converters",
    "dac.area": "input converters",
    "digital.clock": Scale.RATE,
    "digital.launch": "launches",
}
"""Rules of machines that compute between converters, a digital unit beside them."""
