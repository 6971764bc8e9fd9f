"""Energy of moving data across a die.

Quantity                                Symbol   Unit     Source
energy per random bit and distance      w        J/(b m)  Keckler et al. 2011
mean distance from a shared memory      d        m        half the edge of a square die
capacitance of a wire by length         c        F/m
supply, and share of bits that toggle   V, a     V, -
energy of a full charge, by length      q        J/m      drawn from the supply when a wire rises
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def die_energy(area: float, energy: float) -> float:
    """Return the energy of one byte between a memory all of the die shares and a unit: E = 8 w sqrt(A) / 2.

    Along the two edges of a square die, the mean way to its middle is half an edge.

    Parameters
    ----------
    area : float
        Die, m2.
    energy : float
        Energy of one random bit (half of them toggle) over a distance, J/(b m).

    Returns
    -------
    float
        Energy of one byte, J/B.

    References
    ----------
    Keckler et al.: GPUs and the future of parallel computing, IEEE Micro 31(5), 2011, doi:10.1109/MM.2011.89.
    """
    return 4.0 * energy * math.sqrt(area)


@kernel
def charge_energy(capacitance: float, voltage: float) -> float:
    """Return the energy a wire draws from its supply when it rises: q = c V^2.

    Half of it is lost as the wire charges, half as it discharges, so that either transition costs q / 2. Published
    wire energies mean the one or the other, or that of a random bit, and differ by up to four for it.

    Parameters
    ----------
    capacitance : float
        By length, F/m.
    voltage : float
        Supply and swing, V.

    Returns
    -------
    float
        Energy of one full charge by length, J/m.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th edition, 2011, section 5.2.
    """
    return capacitance * voltage * voltage


@kernel
def random_bit_energy(charge: float, toggles: float) -> float:
    """Return the energy of one bit over a wire: w = a q / 2, as one of two transitions charges the wire.

    Parameters
    ----------
    charge : float
        Energy of one full charge by length, J/m.
    toggles : float
        Share of bits that differ from the one before, 0 to 1; 0.5 for random ones.

    Returns
    -------
    float
        Energy by bit and distance, J/(b m).

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th edition, 2011, section 5.2.
    """
    return 0.5 * toggles * charge
