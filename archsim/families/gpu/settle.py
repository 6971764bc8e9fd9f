"""One operating point for the whole run: the highest clock at which the mean power meets the limit."""

from __future__ import annotations

from archsim.families.gpu.derive import at_clock
from archsim.jit import Record, kernel
from archsim.mapping.throttle import choose_clock


@kernel
def settle(totals: Record, chip: Record, work: Record) -> bool:
    """Lower or raise the clock; return whether the run must be costed again."""
    again = choose_clock(totals, work)
    if again:
        at_clock(chip, work)
    return again
