"""Annotated types for the fields of descriptions.

Rates, capacities, sizes and voltages must be positive, since one divides by them; energies, powers and times may be
zero. Counts are positive integers; a `Tally` may be zero.
"""

from __future__ import annotations

from typing import Annotated

from archsim.units import dimensions as d
from archsim.units.quantity import Quantity

Time = Annotated[float, Quantity(d.TIME)]
Frequency = Annotated[float, Quantity(d.FREQUENCY, exclusive=True)]
Energy = Annotated[float, Quantity(d.ENERGY)]
Power = Annotated[float, Quantity(d.POWER)]
Voltage = Annotated[float, Quantity(d.VOLTAGE, exclusive=True)]
Current = Annotated[float, Quantity(d.CURRENT)]
Length = Annotated[float, Quantity(d.LENGTH, exclusive=True)]
Area = Annotated[float, Quantity(d.AREA, exclusive=True)]
Temperature = Annotated[float, Quantity(d.TEMPERATURE, exclusive=True)]
Capacity = Annotated[float, Quantity(d.CAPACITY, exclusive=True)]
Bandwidth = Annotated[float, Quantity(d.BANDWIDTH, exclusive=True)]
FlopRate = Annotated[float, Quantity(d.FLOP_RATE, exclusive=True)]
OpRate = Annotated[float, Quantity(d.OP_RATE, exclusive=True)]
MacRate = Annotated[float, Quantity(d.MAC_RATE, exclusive=True)]
EnergyPerByte = Annotated[float, Quantity(d.ENERGY_PER_BYTE)]
EnergyPerOp = Annotated[float, Quantity(d.ENERGY_PER_OP)]
EnergyPerMac = Annotated[float, Quantity(d.ENERGY_PER_MAC)]
EnergyPerFlop = Annotated[float, Quantity(d.ENERGY_PER_FLOP)]
EnergyPerStep = Annotated[float, Quantity(d.ENERGY_PER_STEP)]
EnergyPerSynapticOp = Annotated[float, Quantity(d.ENERGY_PER_SYNAPTIC_OP)]
PowerDensity = Annotated[float, Quantity(d.POWER_DENSITY)]
Conductance = Annotated[float, Quantity(d.CONDUCTANCE)]
Resistance = Annotated[float, Quantity(d.RESISTANCE)]
Capacitance = Annotated[float, Quantity(d.CAPACITANCE)]
Responsivity = Annotated[float, Quantity(d.RESPONSIVITY, exclusive=True)]
NoiseCurrent = Annotated[float, Quantity(d.NOISE_CURRENT)]
Decibel = Annotated[float, Quantity(d.DECIBEL)]
DecibelPerLength = Annotated[float, Quantity(d.DECIBEL_PER_LENGTH)]
DecibelPerHertz = Annotated[float, Quantity(d.DECIBEL_PER_HERTZ, minimum=None)]
Fraction = Annotated[float, Quantity(d.FRACTION, maximum=1.0)]
Ratio = Annotated[float, Quantity(d.RATIO, exclusive=True)]
Count = Annotated[int, Quantity(d.COUNT, exclusive=True, integer=True)]
Tally = Annotated[int, Quantity(d.COUNT, integer=True)]
