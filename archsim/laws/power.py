"""Power and its limit.

Quantity                    Symbol   Unit   Source
mean power                  P        W
power whatever runs         P0       W
limit                       Pmax     W
dynamic energy              E        J
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
