"""How often an operand crosses a memory level when the level inside is too small to keep it.

A product C[m, n] += A[m, k] B[k, n] runs in tiles that fit the inner level of S elements. Each of the three operands
can be the one that stays; the best of the three is taken. Tiles are continuous, so the result is a smooth lower
estimate of what an integer tiling needs, never less than the compulsory traffic (every operand once).

Quantity                   Symbol   Unit       Source
capacity of inner level    S        elements
tile of C                  tm, tn   elements   tm = tn = sqrt(S) when nothing limits them
reads of A, of B           n/tn, m/tm          Hong & Kung 1981; Smith et al. 2019 (arXiv:1702.02017)
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def tile(side: float, other: float, capacity: float) -> float:
    """Return the length of a tile along `side` when it shares `capacity` with the other side: square if both allow.

    t = min(side, max(sqrt(S), S / other))

    Parameters
    ----------
    side, other : float
        Extents of the kept operand, elements.
    capacity : float
        Elements that fit.

    References
    ----------
    Hong, Kung: I/O complexity, STOC 1981, doi:10.1145/800076.802486.
    """
    return max(1.0, min(side, max(math.sqrt(capacity), capacity / other)))


@kernel
def output_kept(m: float, n: float, k: float, a: float, b: float, c: float, capacity: float) -> float:
    """Return the traffic when a tile of the result stays: A (n / tn) + B (m / tm) + C.

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
        Traffic, B.

    References
    ----------
    Smith et al.: A tight I/O lower bound for matrix multiplication, arXiv:1702.02017.
    """
    rows = tile(m, n, capacity)
    columns = tile(n, m, capacity)
    return a * n / columns + b * m / rows + c


@kernel
def first_kept(m: float, n: float, k: float, a: float, b: float, c: float, capacity: float) -> float:
    """Return the traffic when a tile of A stays: A + B (m / tm) + C (2 k / tk - 1), partial sums read and written.

    Parameters as in `output_kept`; for B kept exchange m with n and A with B.

    References
    ----------
    Smith et al.: A tight I/O lower bound for matrix multiplication, arXiv:1702.02017.
    """
    rows = tile(m, k, capacity)
    depth = tile(k, m, capacity)
    return a + b * m / rows + c * (2.0 * k / depth - 1.0)


@kernel
def gemm_bytes(m: float, n: float, k: float, a: float, b: float, c: float, capacity: float) -> float:
    """Return the least traffic of the three choices of what stays.

    Parameters as in `output_kept`.

    References
    ----------
    Smith et al.: A tight I/O lower bound for matrix multiplication, arXiv:1702.02017.
    """
    kept = output_kept(m, n, k, a, b, c, capacity)
    kept = min(kept, first_kept(m, n, k, a, b, c, capacity))
    return min(kept, first_kept(n, m, k, b, a, c, capacity))


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
