"""Growth that compounds: what trends over years say.

Quantity                       Symbol   Unit   Source
factor of growth in a period   r        -      fitted, or published
years, years of a period       t, p     a
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def compounded(rate: float, years: float, period: float) -> float:
    """Return what growth by a factor in every period comes to over some years: g = r^(t / p).

    Parameters
    ----------
    rate : float
        Factor of one period, -, above 0.
    years, period : float
        In one unit, a.

    Returns
    -------
    float
        Factor over all years, -.

    References
    ----------
    Moore: Cramming more components onto integrated circuits, Electronics 38(8), 1965.
    """
    return math.exp(math.log(rate) * years / period)
