"""What follows the process node in a CPU: its clock, its caches, and what its own instructions take."""

from __future__ import annotations

from typing import Final

from archsim.arch.scaling import SHARED, Rules, Scale

SCALING: Final[Rules] = {
    **SHARED,
    "power.idle": Scale.POWER,
    "power.limit": Scale.POWER,
    "clock": Scale.RATE,
    "nominal": Scale.RATE,
    "overhead.call": Scale.DELAY,
    "overhead.fork_join": Scale.DELAY,
    "library.dispatch": Scale.DELAY,
    "library.fresh.bandwidth": "memory outside the chip",
}
"""Rates per clock follow the clock of themselves."""
