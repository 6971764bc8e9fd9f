"""The highest clock of a processor, and the voltage it needs, at which the mean power of a run meets its limit.

The family needs the columns of `CLOCK` in its scratch record and the first six causes of `archsim.mapping.processor`.
It begins with `start_clock`, and with `start_voltage` behind it where its description says how voltage follows the
clock. Where `choose_clock` asks for another round it fills anew what follows `throttle`, voltage first.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import ROUNDS, Attribute
from archsim.jit import Record, kernel, search
from archsim.laws import power, voltage

CLOCK: Final = (
    Attribute("throttle", "f8", (), "", "clock as a share of the described one"),
    Attribute("relative_clock", "f8", (), "", "described clock over the one that energies are stated at"),
    Attribute("voltage_floor", "f8", (), "", "lowest voltage over the nominal one"),
    Attribute("voltage_slope", "f8", (), "", "relative rise of the voltage per relative rise of the clock"),
    Attribute("constant_power", "f8", (), "W", "drawn whatever runs, at any clock and voltage"),
    Attribute("clocking_power", "f8", (), "W", "drawn by the clock whatever runs, at the nominal clock"),
    Attribute("leakage_power", "f8", (), "W", "leaking, at the nominal voltage"),
    Attribute("leakage_exponent", "f8", (), "", "power of the voltage that leakage follows"),
    Attribute("busy_power", "f8", (), "W", "drawn by the clock while units work, at the nominal clock"),
    Attribute("busy_now", "f8", (), "W", "the same at the present clock"),
    Attribute("energy_scale", "f8", (), "", "energy of an operation on the chip over that at the nominal voltage"),
    Attribute("scaled_energy", "f8", (), "J", "what the run spends on the chip, at the nominal voltage"),
    Attribute("fixed_energy", "f8", (), "J", "what it spends where the voltage stays, static excepted"),
    Attribute("start_time", "f8", (), "s", "of the run, in which nothing works yet"),
    Attribute("busy_share", "f8", (), "", "share of `busy_power` that is reckoned with apart from the energy"),
    Attribute("step", "f8", (), "", "factor of the next blind step down"),
    Attribute("fast_period", "f8", (), "", "longest clock period known to exceed the limit; 0: none yet"),
    Attribute("fast_time", "f8", (), "s", "time of the run at it"),
    Attribute("slow_period", "f8", (), "", "shortest clock period known to meet the limit; 0: none yet"),
    Attribute("slow_time", "f8", (), "s", "time of the run at it"),
)
"""Clock periods are multiples of the described one."""
CAUSES: Final = 6
START: Final = 0
"""Position of the start among the resources."""
OFF_CHIP: Final = 5
"""Position of the only cause, besides static, that the chip's voltage has no part in."""
QUARTER: Final = 0.25
TOLERANCE: Final = 1e-6
"""How near the limit is met."""
LONGEST: Final = 1e12
"""Longest period looked for."""
HALVINGS: Final = 64
"""Steps that narrow an interval down to the precision of a number."""
NO_CLOCK: Final = 2
"""Verdict when no clock tried meets it."""


@kernel
def start_clock(chip: Record, work: Record) -> None:
    """Begin at the described clock and at a voltage that stays, and fill the powers."""
    work.static_power = chip.power_idle
    work.power_cap = chip.power_limit
    work.throttle = 1.0
    work.relative_clock = 1.0
    work.voltage_floor = 0.0
    work.voltage_slope = 0.0
    work.constant_power = chip.power_idle
    work.clocking_power = 0.0
    work.leakage_power = 0.0
    work.leakage_exponent = 1.0
    work.busy_power = 0.0
    work.busy_now = 0.0
    work.start_time = 0.0
    work.busy_share = 0.0
    work.energy_scale = 1.0
    work.step = QUARTER
    work.fast_period = 0.0
    work.fast_time = 0.0
    work.slow_period = 0.0
    work.slow_time = 0.0


@kernel
def start_voltage(
    clock: float, floor: float, slope: float, clocking: float, leakage: float, exponent: float, busy: float,
    work: Record,
) -> None:  # fmt: skip
    """Let the voltage follow the clock, and the powers follow both; after `start_clock`.

    Parameters
    ----------
    clock : float
        Described clock over the nominal one, -.
    floor, slope : float
        As in `archsim.laws.voltage.relative_voltage`.
    clocking, leakage : float
        Shares of the power at rest that follow the clock, and that leak, -; together at most 1.
    exponent : float
        As in `archsim.laws.voltage.leakage_scale`.
    busy : float
        Power that the clock draws besides while units work, at the nominal clock, W.
    work : record
        As in a family's derive.
    """
    work.relative_clock = clock
    work.voltage_floor = floor
    work.voltage_slope = slope
    work.clocking_power = clocking * work.static_power
    work.leakage_power = leakage * work.static_power
    work.constant_power = work.static_power - work.clocking_power - work.leakage_power
    work.leakage_exponent = exponent
    work.busy_power = busy


@kernel
def follow_voltage(work: Record) -> float:
    """Fill powers and scale of energies at the present clock; return the new scale over the one before, -."""
    before = work.energy_scale
    period = 1.0 / work.throttle
    work.energy_scale = voltage.energy_scale(voltage_at(period, work))
    work.static_power = static_at(period, work)
    work.busy_now = busy_at(period, work)
    return work.energy_scale / before


@kernel
def voltage_at(period: float, work: Record) -> float:
    """Return the voltage at a clock period, -, over the nominal one."""
    return voltage.relative_voltage(work.relative_clock / period, work.voltage_floor, work.voltage_slope)


@kernel
def static_at(period: float, work: Record) -> float:
    """Return the static power at a clock period, W."""
    return voltage.static_power(
        work.constant_power, work.clocking_power, work.leakage_power,
        work.relative_clock / period, voltage_at(period, work), work.leakage_exponent,
    )  # fmt: skip


@kernel
def busy_at(period: float, work: Record) -> float:
    """Return the power that the clock draws besides while units work, at a clock period, W."""
    return work.busy_power * voltage.clocking_scale(work.relative_clock / period, voltage_at(period, work))


@kernel
def needed_at(period: float, work: Record) -> float:
    """Return the time the run must take at a clock period for its mean power to meet the limit, s.

    It never rises with the period: a lower voltage leaves less energy to spend and more power to spend it at.
    """
    busy = work.busy_share * busy_at(period, work)
    energy = work.scaled_energy * voltage.energy_scale(voltage_at(period, work)) + work.fixed_energy
    return power.needed_time(energy - busy * work.start_time, static_at(period, work) + busy, work.power_cap)


@kernel
def take_apart(totals: Record, spent: float, share: float, work: Record) -> None:
    """Fill what the run spends at the nominal voltage and what it spends where the voltage stays.

    How long the units work at another clock is not known. What their clock draws is at most that over the whole time
    but for the start, which errs on the safe side towards higher clocks, and at most the energy it is now at the
    nominal voltage, which does so towards lower ones.

    Parameters
    ----------
    totals, work : record
        As in a family's settle.
    spent : float
        Energy of the run, static excepted, J.
    share : float
        1 towards higher clocks, 0 towards lower ones, -.
    """
    work.busy_share = share if work.busy_power > 0.0 else 0.0
    work.start_time = totals.exposed[START] if work.busy_share > 0.0 else 0.0
    work.fixed_energy = totals.energy[OFF_CHIP]
    busy = work.busy_share * work.busy_now * (totals.latency - work.start_time)
    work.scaled_energy = (spent - work.fixed_energy - busy) / work.energy_scale


@search
def meeting_period(period: float, time: float, slope: float, shortest: float, longest: float, work: Record) -> float:
    """Return the shortest period at which a line of time over period reaches the time needed; infinite if none does.

    Parameters
    ----------
    period, time, slope : float
        A point of the line, -, s, and its rise, s.
    shortest, longest : float
        Where it is looked for, -.
    work : record
        Energies and powers of the run.
    """
    if time + slope * (longest - period) < needed_at(longest, work):
        return math.inf
    low, high = shortest, longest
    for _ in range(HALVINGS):
        middle = math.sqrt(low) * math.sqrt(high)
        if time + slope * (middle - period) < needed_at(middle, work):
            low = middle
        else:
            high = middle
    return high


@kernel
def choose_clock(totals: Record, work: Record) -> bool:
    """Choose the next clock; return whether the run must be costed again.

    Time is convex in the clock period, being a sum of maxima of what follows the clock and what does not. Whatever
    lies below it therefore lies below on the safe side: a line through two periods beyond both of them, and a ray from
    the origin before the period it leads to. Where such a line reaches the time needed, the run takes at least that.

    The first step takes all of the run to follow the clock. Where memory hides the clock it falls short, and the line
    through both periods leads to one that meets the limit. From there rays and lines close in on the limit from below.
    """
    period = 1.0 / work.throttle
    time = totals.latency
    spent = 0.0
    for cause in range(1, CAUSES):
        spent += totals.energy[cause]
    drawn = spent + totals.energy[0]
    allowed = work.power_cap * time
    if drawn > allowed * (1.0 + TOLERANCE):
        take_apart(totals, spent, 0.0, work)
        return slow_down(period, time, totals.rounds, work)
    if work.throttle >= 1.0 or drawn >= allowed * (1.0 - TOLERANCE) or totals.rounds >= ROUNDS - 1:
        return False
    take_apart(totals, spent, 1.0, work)
    return speed_up(period, time, work)


@kernel
def slow_down(period: float, time: float, rounds: int, work: Record) -> bool:
    """Choose a longer period than one that exceeds the limit; return whether there is one to try."""
    if rounds >= ROUNDS or needed_at(LONGEST, work) == math.inf:
        work.status = NO_CLOCK
        return False
    if work.slow_period > 0.0:
        # Time was not convex: a search inside an op changed its mind. The last round goes to what is known to be safe.
        tried = rounds == ROUNDS - 1
        work.throttle = 1.0 / (work.slow_period if tried else math.sqrt(period * work.slow_period))
    elif work.fast_period == 0.0:
        chosen = meeting_period(period, time, time / period, period, LONGEST, work)
        work.throttle = 1.0 / chosen if chosen < math.inf else work.throttle * work.step
    else:
        slope = max(0.0, (time - work.fast_time) / (period - work.fast_period))
        chosen = meeting_period(period, time, slope, period, LONGEST, work)
        if chosen < math.inf:
            work.throttle = 1.0 / chosen
        else:
            work.throttle *= work.step
            work.step *= work.step
    work.fast_period, work.fast_time = period, time
    return True


@kernel
def speed_up(period: float, time: float, work: Record) -> bool:
    """Choose a shorter period than one that meets the limit; return whether there is one to try."""
    shortest = max(1.0, work.fast_period)
    chosen = meeting_period(period, time, time / period, shortest, period, work)
    if work.slow_period > 0.0:
        slope = max(0.0, (work.slow_time - time) / (work.slow_period - period))
        chosen = min(chosen, meeting_period(period, time, slope, shortest, period, work))
    if chosen <= work.fast_period * (1.0 + TOLERANCE):
        chosen = math.sqrt(shortest * period)
    if chosen >= period:
        return False
    work.slow_period, work.slow_time = period, time
    work.throttle = min(1.0, 1.0 / chosen)
    return True
