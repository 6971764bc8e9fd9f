"""Time of work that waits for itself: dependent loads, dependent steps, and Little's law.

Quantity                    Symbol   Unit   Source
dependent accesses          N        -
latency of one              L        s
independent chains          C        -
bytes of one access         b        B
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def dependent_time(accesses: float, latency: float) -> float:
    """Return the time of accesses that each wait for the last: t = N L.

    Parameters
    ----------
    accesses : float
        Length of one chain, -.
    latency : float
        Time of one access, s.

    Returns
    -------
    float
        Time of the chain, s.

    References
    ----------
    Hennessy, Patterson: Computer Architecture, 6th ed. 2017, section 2.1.
    """
    return accesses * latency


@kernel
def concurrent_rate(outstanding: float, width: float, latency: float) -> float:
    """Return the bandwidth that a number of outstanding accesses sustains: R = C b / L (Little's law).

    Parameters
    ----------
    outstanding : float
        Accesses in flight, -.
    width : float
        Bytes of each, B.
    latency : float
        Time of one, s.

    Returns
    -------
    float
        Bandwidth, B/s; without limit when an access takes no time.

    References
    ----------
    Little: A proof for the queuing formula L = lambda W, Operations Research 9(3), 1961, doi:10.1287/opre.9.3.383.
    """
    return outstanding * width / latency if latency > 0.0 else math.inf
