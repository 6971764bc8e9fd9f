"""Power and its limit.

Quantity                    Symbol   Unit   Source
mean power                  P        W
power whatever runs         P0       W
limit                       Pmax     W
clock as a share            s        -
"""

from __future__ import annotations

from archsim.jit import kernel

LARGEST_STEP = 0.5


@kernel
def throttle(power: float, static: float, limit: float) -> float:
    """Return by what factor the clock must change for the mean power to meet its limit.

    At a fixed voltage dynamic power follows the clock: s = (Pmax - P0) / (P - P0), at most a halving a step. Where
    memory hides part of the clock, power follows it less: a step down falls short of the limit, and a step up too, so
    that steps up from a clock that meets the limit never exceed it.

    Parameters
    ----------
    power, static, limit : float
        Mean power, power whatever runs, and the limit, W.

    Returns
    -------
    float
        Factor on the clock, -; 1 when nothing but static power is drawn.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2 (P = a C V^2 f).
    """
    if power <= static:
        return 1.0
    return max(LARGEST_STEP, (limit - static) / (power - static))


@kernel
def static_energy(power: float, time: float) -> float:
    """Return the energy drawn whatever runs: E = P0 t.

    Parameters
    ----------
    power : float
        Power whatever runs, W.
    time : float
        Makespan, s.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Definition.
    """
    return power * time
