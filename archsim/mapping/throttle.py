"""The highest clock of a processor at which the mean power of a run meets its limit.

The family needs the columns of `CLOCK` in its scratch record, the first six causes of `archsim.mapping.processor`, and
fills whatever follows `throttle` anew when `choose_clock` says so.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import ROUNDS, Attribute
from archsim.jit import Record, kernel
from archsim.laws import power

CLOCK: Final = (
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
    Attribute("stride", "f8", (), "", "exponent of the next step towards a lower clock"),
)
CAUSES: Final = 6
TOLERANCE: Final = 1.0005
"""How far above the limit counts as meeting it."""
ENOUGH: Final = 0.999
"""How near below the limit the search ends."""
LOWEST: Final = 0.01
"""Least share of the clock that is tried."""
NO_CLOCK: Final = 2
"""Verdict when even that exceeds the limit."""


@kernel
def start_clock(chip: Record, work: Record) -> None:
    """Begin at the described clock, and fill the powers."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    work.stride = 1.0


@kernel
def choose_clock(totals: Record, work: Record) -> bool:
    """Choose the next clock; return whether the run must be costed again.

    Steps down follow the power, each stretched twice as far as the last where memory hides the clock, until one meets
    the limit. Steps up from there close in on it without exceeding it.
    """
    energy = 0.0
    for cause in range(CAUSES):
        energy += totals.energy[cause]
    if totals.latency <= 0.0:
        return False
    mean = energy / totals.latency
    factor = power.throttle(mean, work.static_power, work.power_cap)
    if mean > work.power_cap * TOLERANCE:
        if work.throttle <= LOWEST:
            work.status = NO_CLOCK
            return False
        step = LOWEST if totals.rounds >= ROUNDS - 1 else factor**work.stride
        work.stride = 2.0 * work.stride
        work.throttle = max(LOWEST, work.throttle * step)
    else:
        if work.throttle >= 1.0 or mean >= work.power_cap * ENOUGH:
            return False
        work.throttle = min(1.0, work.throttle * factor)
    return True
