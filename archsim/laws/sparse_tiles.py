"""How often a tile of a sparse tensor is empty, and how many values it holds.

Quantity                    Symbol    Unit   Source
density                     d         -      share of elements that are not zero
elements of a tile          n         -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def tile_empty(size: float, density: float) -> float:
    """Return the probability that a tile holds no value: p = (1 - d)^n, its elements drawn independently.

    Returns
    -------
    float
        Probability, -.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (uniform density model).
    """
    if density >= 1.0:
        return 0.0 if size > 0.0 else 1.0
    return math.exp(size * math.log1p(-density))


@kernel
def tile_occupied(size: float, density: float) -> float:
    """Return the probability that a tile of n elements must be fetched: p = 1 - (1 - d)^n, exact for small d n.

    Returns
    -------
    float
        Probability, -.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (uniform density model).
    """
    if density >= 1.0:
        return 1.0 if size > 0.0 else 0.0
    return -math.expm1(size * math.log1p(-density))


@kernel
def block_density(density: float, block: float) -> float:
    """Return the share of blocks with any non-zero: d' = 1 - (1 - d)^(b^2) when zeros lie independently.

    Zeros in blocks by design keep their own density; then this law is not needed.

    Returns
    -------
    float
        Share of the blocks, -; at least d.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (uniform density model).
    """
    return tile_occupied(block * block, density)


@kernel
def tile_empty_of(size: float, total: float, values: float) -> float:
    """Return the probability that a tile is empty when the tensor holds z values: p = C(N - n, z) / C(N, z).

    Hypergeometric: (N - n)! (N - z)! / (N! (N - n - z)!).

    Parameters
    ----------
    size : float
        Elements of the tile, n.
    total : float
        Elements of the tensor, N.
    values : float
        Its non-zeros, z.

    Returns
    -------
    float
        Probability, -.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826 (uniform density model).
    """
    rest = total - size - values
    if rest < 0.0:
        return 0.0
    return math.exp(
        math.lgamma(total - size + 1.0)
        + math.lgamma(total - values + 1.0)
        - math.lgamma(total + 1.0)
        - math.lgamma(rest + 1.0)
    )


@kernel
def tile_capacity(size: float, density: float, deviations: float) -> float:
    """Return the values a tile's buffer must hold: C = min(n, n d + z sqrt(n d (1 - d))).

    A buffer for the mean overflows in every other tile; z = 3 leaves one in a thousand (normal approximation).

    Parameters
    ----------
    size : float
        Elements of the tile, n.
    density : float
        d, 0 to 1.
    deviations : float
        z, standard deviations above the mean.

    Returns
    -------
    float
        Values, -; at most n.

    References
    ----------
    Feller, An Introduction to Probability Theory, volume 1, 1968, section VII.3 (normal approximation).
    """
    return min(size, size * density + deviations * math.sqrt(size * density * (1.0 - density)))
