"""The highest clock of a processor at which the mean power of a run meets its limit.

The family needs the columns of `CLOCK` in its scratch record, the first six causes of `archsim.mapping.processor`, and
fills whatever follows `throttle` anew when `choose_clock` says so.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import ROUNDS, Attribute
from archsim.jit import Record, kernel
from archsim.laws import power

CLOCK: Final = (
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
    Attribute("step", "f8", (), "", "factor of the next step down"),
    Attribute("slow_period", "f8", (), "", "last clock period known to meet the limit; 0: none yet"),
    Attribute("slow_time", "f8", (), "s", "time of the run at it"),
)
CAUSES: Final = 6
QUARTER: Final = 0.25
TOLERANCE: Final = 1e-6
"""How near the limit is met."""
NO_CLOCK: Final = 2
"""Verdict when no clock tried meets it."""


@kernel
def start_clock(chip: Record, work: Record) -> None:
    """Begin at the described clock, and fill the powers."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    work.step = QUARTER
    work.slow_period = 0.0
    work.slow_time = 0.0


@kernel
def choose_clock(totals: Record, work: Record) -> bool:
    """Choose the next clock; return whether the run must be costed again.

    The first step down is right for a run that follows the clock. Where memory hides the clock it falls short, and
    ever longer steps follow until a clock meets the limit. From there secants close in on it and never exceed it.
    """
    energy = 0.0
    for cause in range(CAUSES):
        energy += totals.energy[cause]
    time = totals.latency
    needed = power.needed_time(energy - totals.energy[0], work.static_power, work.power_cap)
    if time < needed * (1.0 - TOLERANCE):
        if totals.rounds >= ROUNDS or needed == math.inf:
            work.status = NO_CLOCK
            return False
        if work.throttle >= 1.0:
            work.throttle = time / needed
        else:
            work.throttle *= work.step
            work.step *= work.step
        return True
    if work.throttle >= 1.0 or time <= needed * (1.0 + TOLERANCE):
        return False
    period = 1.0 / work.throttle
    work.throttle = min(1.0, 1.0 / power.meeting_period(period, time, work.slow_period, work.slow_time, needed))
    work.slow_period, work.slow_time = period, time
    return True
