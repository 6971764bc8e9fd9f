"""What follows the process node in a spiking machine: all of it but real time and the way to other chips."""

from __future__ import annotations

from typing import Final

from archsim.arch.scaling import SHARED, Rules, Scale

_EVENTS: Final = (
    "synapse.dense", "synapse.sparse", "synapse.conv", "neuron.access", "neuron.update", "neuron.fire", "message.sent",
    "message.received", "mesh.across", "mesh.along", "learning",
)  # fmt: skip

SCALING: Final[Rules] = {
    **SHARED,
    "power.idle": Scale.POWER,
    "power.limit": Scale.POWER,
    **{f"{event}.energy": Scale.LOGIC for event in _EVENTS},
    **{f"{event}.time": Scale.DELAY for event in _EVENTS},
    "mesh.rate": Scale.RATE,
    "timestep.barrier.*.time": Scale.DELAY,
    "timestep.tick": "real time",
    "clocking.rate": Scale.RATE,
    "clocking.energy": Scale.LOGIC,
    "supply.voltage": "supply",
    "supply.nominal": "supply",
    "outside.energy": "way to other chips",
}
"""Energies of events hold their reads of synaptic memory, which scale with the logic around them."""
