"""Rings and tori: each machine has a link to the next in every direction of every dimension.

Quantity                              Symbol   Unit   Source
machines along one dimension          k        -
bandwidth of one link, one side       R        B/s
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def ways(length: float) -> float:
    """Return the links out of a machine along one dimension: w = min(2, k - 1), both ways, or one where both meet.

    Parameters
    ----------
    length : float
        k, -.

    Returns
    -------
    float
        Links, -.

    References
    ----------
    Dally, Towles: Principles and Practices of Interconnection Networks, Morgan Kaufmann 2004, section 5.1.
    """
    return min(length - 1.0, 2.0)


@kernel
def uniform_rate(length: float, links: float, bandwidth: float) -> float:
    """Return what every machine may send to all, itself among them, before a dimension is full: r = w k R / [k^2 / 4].

    Cut in the middle, [k^2 / 4] / k of every machine's rate has to cross on average in either direction, over one link
    of a line (w = 1) or two of a ring.

    Parameters
    ----------
    length : float
        Machines along the dimension, k, -.
    links : float
        Links across a cut in the middle, w, -.
    bandwidth : float
        One link, one direction, R, B/s.

    Returns
    -------
    float
        Rate of one machine, B/s.

    References
    ----------
    Dally, Towles: Principles and Practices of Interconnection Networks, Morgan Kaufmann 2004, section 3.3: 8 / k of
    the bandwidth for a ring of even k, from the bisection.
    """
    return links * length * bandwidth / math.floor(length * length / 4.0)
