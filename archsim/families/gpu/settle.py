"""One operating point for the whole run: the clock falls until the mean power meets the board's limit."""

from __future__ import annotations

from typing import Final

from archsim.families.gpu.derive import at_clock
from archsim.jit import Record, kernel
from archsim.laws import power

CAUSES: Final = 6
TOLERANCE: Final = 1.001
LOWEST: Final = 0.05
"""Least share of the clock; below it the limit cannot be met by the clock alone."""


@kernel
def settle(totals: Record, chip: Record, work: Record) -> bool:
    """Lower the clock if the mean power exceeds the limit; return whether the run must be costed again."""
    energy = 0.0
    for cause in range(CAUSES):
        energy += totals.energy[cause]
    if totals.latency <= 0.0 or energy <= work.power_cap * totals.latency * TOLERANCE or work.throttle <= LOWEST:
        return False
    work.throttle = max(
        LOWEST, work.throttle * power.throttle(energy / totals.latency, work.static_power, work.power_cap)
    )
    at_clock(chip, work)
    return True
