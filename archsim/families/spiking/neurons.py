"""Which neurons a timestep updates."""

from __future__ import annotations

from archsim.families.spiking.numbers import DRIVEN
from archsim.jit import Record, kernel


@kernel
def updated(step: int, neuron: int, fired: Record, biased: Record, held: Record, settings: Record) -> bool:
    """Say whether a neuron is updated in a timestep: it fires, was reached in the one before, or always is."""
    return settings[DRIVEN] == 1 or fired[step, neuron] == 1 or held[neuron] == 1 or biased[neuron] == 1
