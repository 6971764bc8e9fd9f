"""Distances on a rectangle of tiles.

Quantity                      Symbol   Unit
tiles in a row, in a column   w, h     -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def mean_distance(side: float) -> float:
    """Return the mean distance along one axis between two tiles taken at random: d = (w^2 - 1) / (3 w).

    Parameters
    ----------
    side : float
        Tiles along the axis, w, -.

    Returns
    -------
    float
        Hops, -; the same tile may be taken twice.

    References
    ----------
    Dally, Towles: Principles and Practices of Interconnection Networks, 2004, section 3.2.2 (mean of |i - j| over all
    pairs of 0 to w - 1).
    """
    return (side * side - 1.0) / (3.0 * side)
