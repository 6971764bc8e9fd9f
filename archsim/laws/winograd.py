"""Winograd's minimal filtering: convolutions with fewer multiplications, for more additions.

Quantity                              Symbol   Unit   Source
results along one side of a patch     m        -
taps along one side of the kernel     r        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def patches(height: float, width: float, results: float) -> float:
    """Return the patches that cover an image of results: P = ceil(h / m) ceil(w / m).

    Parameters
    ----------
    height, width : float
        Image, h and w, -.
    results : float
        Side of the results of one patch, m, -.

    Returns
    -------
    float
        Patches, -.

    References
    ----------
    Lavin, Gray: Fast algorithms for convolutional neural networks, 2015, arXiv:1509.09308, section 4.
    """
    return math.ceil(height / results) * math.ceil(width / results)


@kernel
def multiplications(results: float, taps: float) -> float:
    """Return the multiplications of one patch and channel: M = (m + r - 1)^2, where the definition needs (m r)^2.

    Parameters
    ----------
    results, taps : float
        Sides of the patch of results and of the kernel, m and r, -.

    Returns
    -------
    float
        Multiplications, -.

    References
    ----------
    Lavin, Gray: Fast algorithms for convolutional neural networks, 2015, arXiv:1509.09308, equation 1.
    """
    return (results + taps - 1.0) ** 2.0
