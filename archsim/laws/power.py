"""Power and its limit.

Quantity                    Symbol   Unit   Source
mean power                  P        W
power whatever runs         P0       W
limit                       Pmax     W
dynamic energy              E        J
clock period                u        -      a multiple of the described one
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def needed_time(energy: float, static: float, limit: float) -> float:
    """Return the time a run must take for its mean power to meet a limit: t = E / (Pmax - P0).

    Parameters
    ----------
    energy : float
        Dynamic energy of the run, J; at a fixed voltage it does not change with the clock.
    static, limit : float
        Power whatever runs, and the limit, W.

    Returns
    -------
    float
        Time, s; infinite when static power alone reaches the limit.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2 (P = a C V^2 f).
    """
    return energy / (limit - static) if limit > static else math.inf


@kernel
def meeting_period(period: float, time: float, longer: float, longer_time: float, needed: float) -> float:
    """Return the clock period at which a run takes as long as it must: u = u1 + (t - t1) (u2 - u1) / (t2 - t1).

    It lies on the line through two longer periods. Time never falls with the period and is convex in it, the sum of
    maxima of what follows the clock and what does not: the line lies below it, so the run at u takes at least the time
    asked for.

    Parameters
    ----------
    period, longer : float
        Periods as multiples of the described one, u1 and u2; (0, 0) is a point of the line too, if nothing is known.
    time, longer_time, needed : float
        Times of the run at them, and the time it must take, s.

    Returns
    -------
    float
        Period, -, as a multiple of the described one.

    References
    ----------
    Press et al.: Numerical Recipes, 3rd ed. 2007, section 9.2 (secant method).
    """
    return period + (needed - time) * (longer - period) / (longer_time - time)


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
