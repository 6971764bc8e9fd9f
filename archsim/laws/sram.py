"""Energy of reading on-chip memory as it grows.

Quantity                       Symbol   Unit   Source
capacity                       C        B
energy at two known sizes      E1, E2   J/B    tables of one publication each
exponent through them          p        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def exponent(small: float, small_energy: float, large: float, large_energy: float) -> float:
    """Return how the energy of one byte grows with the array: p = ln(E2 / E1) / ln(C2 / C1).

    Bit lines lengthen with the square root of the capacity, so p is between 0 and 1/2.

    Parameters
    ----------
    small, large : float
        Two published sizes, B.
    small_energy, large_energy : float
        Energy of one byte at those sizes, J/B.

    Returns
    -------
    float
        Exponent, -.

    References
    ----------
    Horowitz: Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323 (8 KB and 1 MB).
    """
    return math.log(large_energy / small_energy) / math.log(large / small)


@kernel
def energy(capacity: float, small: float, small_energy: float, growth: float) -> float:
    """Return the energy per byte of an array on the power law through two published sizes: E = E1 (C / C1)^p.

    Parameters
    ----------
    capacity, small : float
        The array and the smaller published one, B.
    small_energy : float
        Energy of one byte of that one, J/B.
    growth : float
        Result of `exponent`, -.

    Returns
    -------
    float
        Energy of one byte, J/B.

    References
    ----------
    Horowitz: Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323 (8 KB and 1 MB).
    """
    return small_energy * (capacity / small) ** growth
