"""How much of a working set that is passed over again and again a cache still holds.

Quantity                    Symbol   Unit   Source
working set                 F        B
capacity of the cache       S        B
usable share of it          a        -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def hit(footprint: float, capacity: float, share: float) -> float:
    """Return the share of accesses that find their line: h = min(1, max(0, 2 - F / (a S))).

    All of a working set that fits is found again. An LRU cache would lose all of a larger one that is passed over in
    order; hashed sets and random replacement keep a part, which falls linearly until twice the usable capacity.

    Parameters
    ----------
    footprint : float
        Bytes touched between two uses of the same byte, F, B.
    capacity : float
        Cache, S, B.
    share : float
        Usable part of it, a, -.

    Returns
    -------
    float
        Hits over accesses, -.

    References
    ----------
    Qureshi et al.: Adaptive insertion policies for high performance caching, ISCA 2007 (cyclic access larger than the
    cache); the linear fall is an estimate.
    """
    return min(1.0, max(0.0, 2.0 - footprint / (share * capacity)))
