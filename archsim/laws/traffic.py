"""How often an operand crosses a memory level when the level inside is too small to keep it.

A product C[m, n] += A[m, k] B[k, n] runs in tiles that fit the inner level of S elements. Each of the three operands
can be the one that stays; the best of the three is taken. Tiles are continuous, so the result is a smooth lower
estimate of what an integer tiling needs, never less than the compulsory traffic (every operand once).

Quantity                        Symbol    Unit       Source
capacity of the inner level     S         elements
reload factor along n, m        n / tn    -          Hong & Kung 1981
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def reload_factor(side: float, other: float, inverse_root: float) -> float:
    """Return how many tiles lie along a side of the kept operand, so how often what runs along it is fetched anew.

    side / t with t = min(side, max(sqrt(S), S / other)): the tile is square unless the other side is short, so
    r = max(1, min(side / sqrt(S), side * other / S)).

    Parameters
    ----------
    side, other : float
        Extents of the kept operand, elements.
    inverse_root : float
        1 / sqrt(S).

    Returns
    -------
    float
        Fetches, -; at least 1.

    References
    ----------
    Hong, Kung: I/O complexity, STOC 1981, doi:10.1145/800076.802486.
    """
    tiles = side * inverse_root
    return max(1.0, min(tiles, tiles * other * inverse_root))


@kernel
def gemm_bytes(m: float, n: float, k: float, a: float, b: float, c: float, capacity: float) -> float:
    """Return the traffic of a product C = A B with the best of the three operands kept.

    ========  =================================
    C kept    A r(n, m) + B r(m, n) + C
    A kept    A + B r(m, k) + C (2 r(k, m) - 1)
    B kept    B + A r(n, k) + C (2 r(k, n) - 1)
    ========  =================================

    with the `reload_factor` r; an operand that fits is kept whole and everything crosses once. Partial sums are
    written and read again.

    Parameters
    ----------
    m, n, k : float
        Sizes of the product.
    a, b, c : float
        Bytes of each operand, once; of a convolution the real tensors, not the unrolled matrices.
    capacity : float
        Elements of the inner level.

    Returns
    -------
    float
        Traffic, B; at least a + b + c.

    References
    ----------
    Hong, Kung 1981, doi:10.1145/800076.802486; Smith et al. 2017, arXiv:1702.02017 (tight bound 2 m n k / sqrt(S)).
    """
    if min(m * k, k * n, m * n) <= capacity:
        return a + b + c
    root = math.sqrt(1.0 / capacity)
    first = a * reload_factor(n, m, root) + b * reload_factor(m, n, root) + c
    second = a + b * reload_factor(m, k, root) + c * (2.0 * reload_factor(k, m, root) - 1.0)
    third = b + a * reload_factor(n, k, root) + c * (2.0 * reload_factor(k, n, root) - 1.0)
    return min(first, second, third)


@kernel
def stream_reload(passes: float, row: float, capacity: float) -> float:
    """Return how often a row is fetched by an algorithm of several passes: once if it stays, else every pass.

    Parameters
    ----------
    passes : float
        Times the algorithm reads a row.
    row : float
        Row, B.
    capacity : float
        Inner level, B.

    References
    ----------
    Two-pass and three-pass softmax: Dukhan, Ablavatski 2020, arXiv:2001.04438.
    """
    return 1.0 if row <= capacity else passes


@kernel
def line_bytes(accesses: float, width: float, line: float) -> float:
    """Return the bytes moved by accesses at unrelated addresses: each moves whole lines.

    B = accesses * line * ceil(width / line)

    Parameters
    ----------
    accesses : float
        Number of accesses.
    width : float
        Bytes wanted by each, B.
    line : float
        Smallest transfer, B.

    References
    ----------
    Hennessy, Patterson: Computer Architecture, 6th ed. 2017, appendix B (block size).
    """
    return accesses * line * math.ceil(width / line)
