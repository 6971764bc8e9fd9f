"""What follows the process node in a systolic machine: its clock, its scratchpads, its vector unit."""

from __future__ import annotations

from typing import Final

from archsim.arch.scaling import SHARED, Rules, Scale

SCALING: Final[Rules] = {
    **SHARED,
    "power.idle": Scale.POWER,
    "power.limit": Scale.POWER,
    "clock": Scale.RATE,
    "array.hop": Scale.LOGIC,
    "vector.start": Scale.DELAY,
    "vector.row_pass": Scale.DELAY,
    "vector.row": Scale.DELAY,
    "overhead.launch": "launches",
}
"""Rates per clock follow the clock of themselves."""
