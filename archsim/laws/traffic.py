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
def reload_factor(side: float, other: float) -> float:
    """Return how many tiles lie along a side of the kept operand, so how often what runs along it is fetched anew.

    side / t with t = min(side, max(sqrt(S), S / other)): the tile is square unless the other side is short, so
    r = max(1, min(side / sqrt(S), side * other / S)).

    Parameters
    ----------
    side, other : float
        Extents of the kept operand, in edges of the largest square tile: elements / sqrt(S).

    Returns
    -------
    float
        Fetches, -; at least 1.

    References
    ----------
    Hong, Kung: I/O complexity, STOC 1981, doi:10.1145/800076.802486.
    """
    return max(1.0, min(side, side * other))


@kernel
def gemm_bytes(
    m: float, n: float, k: float, a: float, b: float, c: float, capacity: float, inverse_root: float
) -> float:
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
        Elements of the inner level, S.
    inverse_root : float
        1 / sqrt(S), which many products share.

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
    rows, columns, depth = m * inverse_root, n * inverse_root, k * inverse_root
    first = a * reload_factor(columns, rows) + b * reload_factor(rows, columns) + c
    second = a + b * reload_factor(rows, depth) + c * (2.0 * reload_factor(depth, rows) - 1.0)
    third = b + a * reload_factor(columns, depth) + c * (2.0 * reload_factor(depth, columns) - 1.0)
    return min(first, second, third)


@kernel
def attention_passes(queries: float, keys: float, pair: float, capacity: float) -> float:
    """Return how often the keys and values of one head pass by: once per tile of queries that stays inside.

    r = 1 if all keys and values fit, else max(1, q / max(1, S / (2 w))): half the level holds queries and results,
    of together about the width w of a key and its value each, the other half what streams past.

    Parameters
    ----------
    queries : float
        Queries of one head that see a key on the mean.
    keys : float
        Keys of one head.
    pair : float
        Width of one key and its value, B.
    capacity : float
        Inner level, B.

    Returns
    -------
    float
        Passes, -; at least 1.

    References
    ----------
    Dao et al.: FlashAttention, NeurIPS 2022, arXiv:2205.14135 (theorem 2).
    """
    if keys * pair <= capacity:
        return 1.0
    return max(1.0, queries / max(1.0, capacity / (2.0 * pair)))


@kernel
def kept_bytes(each: float, shared: float, stored: float, capacity: float) -> float:
    """Return the bytes one of many dependent steps fetches of what all of them read: a share if it stays, else all.

    Parameters
    ----------
    each : float
        What one step reads, B.
    shared : float
        The same over the number of steps, B.
    stored : float
        Room it takes, B.
    capacity : float
        Inner level, B.

    Returns
    -------
    float
        Traffic of one step, B.

    References
    ----------
    Diamos et al.: Persistent RNNs, ICML 2016, proceedings.mlr.press/v48/diamos16.
    """
    return shared if stored <= capacity else each


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
