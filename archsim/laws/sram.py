"""Energy of reading on-chip memory as it grows.

Quantity                       Symbol   Unit   Source
capacity                       C        B
energy at two known sizes      E1, E2   J/B    tables of one publication each
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def energy(capacity: float, small: float, small_energy: float, large: float, large_energy: float) -> float:
    """Return the energy per byte of an array of `capacity` on the power law through two published sizes.

    E(C) = E1 (C / C1)^p with p = ln(E2 / E1) / ln(C2 / C1); bit lines lengthen with the square root of the capacity,
    so p is between 0 and 1/2.

    Parameters
    ----------
    capacity, small, large : float
        Sizes, B.
    small_energy, large_energy : float
        Energy of one byte at those sizes, J/B.

    References
    ----------
    Horowitz: Computing's energy problem, ISSCC 2014, doi:10.1109/ISSCC.2014.6757323 (8 KB and 1 MB).
    """
    power = math.log(large_energy / small_energy) / math.log(large / small)
    return small_energy * (capacity / small) ** power
