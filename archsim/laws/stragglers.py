"""Machines that wait for the slowest among them.

Quantity                              Symbol   Unit   Source
machines                              n        -
mean time of one machine              t        s
standard deviation over the mean      c        -
share of the time lost                l        -
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

REACH: Final = 12.0
"""Standard deviations that the integral goes to either side; beyond them lies less than 1e-32."""
STEPS: Final = 480
"""Trapezoids of the integral; the integrand is smooth, and twice as many change the sixth digit."""


@kernel
def largest_of(machines: float) -> float:
    """Return the expected largest of n standard normal numbers: z = int_0^inf (1 - F^n) dx - int_-inf^0 F^n dx.

    Parameters
    ----------
    machines : float
        Numbers drawn, n, -.

    Returns
    -------
    float
        Standard deviations above the mean, -.

    References
    ----------
    David, Nagaraja: Order Statistics, 3rd edition, Wiley 2003, doi:10.1002/0471722162, section 3.1.
    """
    step = 2.0 * REACH / STEPS
    total = 0.0
    for index in range(STEPS + 1):
        place = -REACH + index * step
        below = (1.0 - 0.5 * math.erfc(place / math.sqrt(2.0))) ** machines
        part = 1.0 - below if place > 0.0 else -below
        if place == 0.0:
            part = 0.5 - below  # the mean of both sides of the step
        total += part * step
    return max(total, 0.0)


@kernel
def waiting_time(time: float, machines: float, spread: float) -> float:
    """Return how much later than the average machine the last of n is done: w = t c z(n).

    Times of machines are taken as normal and independent.

    Parameters
    ----------
    time : float
        Mean time of one machine, t, s.
    machines : float
        n, -.
    spread : float
        Standard deviation over the mean, c, -.

    Returns
    -------
    float
        Time spent waiting, s.

    References
    ----------
    David, Nagaraja: Order Statistics, 3rd edition, Wiley 2003, doi:10.1002/0471722162, section 3.1; that synchronous
    steps wait for the largest: Chen et al.: Revisiting distributed synchronous SGD, 2016, arXiv:1604.00981.
    """
    return time * spread * largest_of(machines)


@kernel
def lost_time(time: float, lost: float) -> float:
    """Return the time that goes to other things while `time` is worked: w = t l / (1 - l).

    Parameters
    ----------
    time : float
        Time worked, t, s.
    lost : float
        Share of all time that is lost, l, -.

    Returns
    -------
    float
        Time lost, s.

    References
    ----------
    Definition.
    """
    return time * lost / (1.0 - lost)
