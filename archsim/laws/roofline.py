"""The roofline: work over the rate that limits it.

Quantity              Symbol   Unit       Source
work                  W        FLOP or B
sustained rate        R        per second
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def bound_time(amount: float, rate: float) -> float:
    """Return the least time for an amount of work: t = W / R.

    Parameters
    ----------
    amount : float
        Work, FLOP, OP or B.
    rate : float
        Peak rate, FLOP/s, OP/s or B/s. Zero means the unit does not exist.

    Returns
    -------
    float
        Time, s; none for no work, infinite when there is work and no unit for it.

    References
    ----------
    Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785.
    """
    if amount <= 0.0:
        return 0.0
    return amount / rate if rate > 0.0 else math.inf


@kernel
def busy_share(busy: float, time: float) -> float:
    """Return the achieved share of a unit's peak, which is the share of the time it works: u = W / (R t) = t_busy / t.

    Parameters
    ----------
    busy : float
        Time the work takes at the peak rate, s.
    time : float
        Time taken, s.

    Returns
    -------
    float
        Utilisation, -; 0 when nothing ran.

    References
    ----------
    Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009, doi:10.1145/1498765.1498785.
    """
    return busy / time if time > 0.0 else 0.0
