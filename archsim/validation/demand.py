"""What a measured run asks of a GPU, known by its power at one clock; and the run at other clocks and power limits.

For runs whose kernels no description resolves: voltage, static power and the search for the clock are those of
`archsim.mapping.throttle`, and only what the run spends and how much of it waits for the clock are its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.tables import ROUNDS
from archsim.mapping.throttle import OFF_CHIP, choose_clock, follow_voltage, start_clock, start_voltage

ON_CHIP: Final = 1
"""A cause that follows the voltage."""
STEPS: Final = 1000
"""Shares of the time that are tried in a fit."""


@dataclass(frozen=True)
class Demand:
    """What a run asks of a board.

    Attributes
    ----------
    time : float
        At the nominal clock, s.
    following : float
        Share of that time that follows the clock; the rest is the memory's.
    chip : float
        Energy of its operations on the chip at the nominal voltage, J.
    memory : float
        Energy of the device memory, J.
    active : float
        Share of the multiprocessors that work.
    """

    time: float
    following: float
    chip: float
    memory: float
    active: float = 1.0


@dataclass(frozen=True)
class Point:
    """A run at one operating point: the clock over the nominal one, time, s, and energy, J."""

    clock: float
    time: float
    energy: float


def time_share(following: float, clock: float) -> float:
    """Return the time of a run over that at the nominal clock: t = a / r + 1 - a.

    Parameters
    ----------
    following : float
        Share of the time at the nominal clock that follows the clock, a, -.
    clock : float
        Clock over the nominal one, r, -.
    """
    return following / clock + 1.0 - following


def fit_following(clocks: Sequence[float], times: Sequence[float]) -> float:
    """Return the share of the time that follows the clock, from times at some clocks: the least mean |log error|.

    Parameters
    ----------
    clocks : sequence of float
        Over the nominal one, -.
    times : sequence of float
        Over that at the highest clock among them, -.
    """
    top = max(clocks)

    def error(share: float) -> float:
        whole = time_share(share, top)
        return sum(
            abs(math.log(time_share(share, clock) / whole / time)) for clock, time in zip(clocks, times, strict=True)
        )

    return min((step / STEPS for step in range(STEPS + 1)), key=error)


def run(chip: Chip, demand: Demand, clock: float = 1.0, limit: float = math.inf) -> Point | None:
    """Run at the highest clock up to `clock` whose mean power meets a limit; None where no clock does.

    Parameters
    ----------
    chip : Chip
        A GPU.
    demand : Demand
        The run.
    clock : float
        Clock asked for, over the nominal one, -.
    limit : float
        Largest mean power, W.
    """
    work = _start(chip, demand.active, clock, limit)
    again, rounds = True, 0
    point = Point(clock, 0.0, 0.0)
    while again and rounds < ROUNDS:
        follow_voltage(work)
        rounds += 1
        now = clock * work.throttle
        time = demand.time * time_share(demand.following, now)
        energy = [0.0] * (OFF_CHIP + 1)
        energy[0] = work.static_power * time
        energy[ON_CHIP] = demand.chip * work.energy_scale + work.busy_now * time
        energy[OFF_CHIP] = demand.memory
        totals = SimpleNamespace(latency=time, energy=energy, exposed=[0.0] * (OFF_CHIP + 1), rounds=rounds)
        point = Point(now, time, sum(energy))
        again = choose_clock(totals, work)
    return None if work.status else point


def demand_of(
    chip: Chip, time: float, power: float, clock: float, following: float, *, memory: float = 0.0, active: float = 1.0
) -> Demand:
    """Return the demand of a run from its time and power at one clock.

    Parameters
    ----------
    chip : Chip
        The GPU it ran on.
    time, power : float
        As measured, s and W.
    clock : float
        At which, over the nominal one, -.
    following : float
        Share of the time at the nominal clock that follows the clock, -.
    memory : float
        Power of the device memory then, W.
    active : float
        Share of the multiprocessors that work, -.
    """
    work = _start(chip, active, clock, math.inf)
    follow_voltage(work)
    spent = max(0.0, power - work.static_power - work.busy_now - memory)
    return Demand(
        time / time_share(following, clock), following, spent * time / work.energy_scale, memory * time, active
    )


def _start(chip: Chip, active: float, clock: float, limit: float) -> Any:
    spec: Any = chip.spec
    curve = spec.generation.voltage
    work = SimpleNamespace(status=0)
    start_clock(SimpleNamespace(power_idle=spec.power.idle, power_limit=limit), work)
    busy = active * curve.busy * spec.multiprocessors
    start_voltage(clock, curve.floor, curve.slope, curve.clocking, curve.leakage, curve.exponent, busy, work)
    return work
