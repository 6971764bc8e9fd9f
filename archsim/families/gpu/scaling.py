"""What follows the process node in a GPU: its clock, its caches and its power; launches are its host's."""

from __future__ import annotations

from typing import Final

from archsim.arch.scaling import SHARED, Rules, Scale

SCALING: Final[Rules] = {
    **SHARED,
    "power.idle": Scale.POWER,
    "power.limit": Scale.POWER,
    "clock": Scale.RATE,
    "boost": Scale.RATE,
    "generation.products.*.combine": "launches",
    "generation.attention.setup": "launches",
    "generation.attention.combine": "launches",
    "generation.launch.latency": "launches",
    "generation.launch.eager": "launches",
    "generation.voltage.busy": Scale.POWER,
}
"""Rates per clock follow the clock of themselves."""
