"""How often an operand crosses a memory level when the level inside is too small to keep it.

A product C[m, n] += A[m, k] B[k, n] runs in tiles that fit the inner level of S bytes. Each of the three operands can
be the one that stays; the best of the three is taken, with tiles of the best shape. Tiles are continuous and fill the
level, so the result is a smooth lower estimate of what integer tilings need, never less than the compulsory traffic
(every operand once).

Quantity                        Symbol    Unit       Source
capacity of the inner level     S         B
tiles of a kept operand         x         -          Hong & Kung 1981
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def streamed_bytes(first: float, second: float, tiles: float) -> float:
    """Return the least traffic of two operands that stream past a third, kept in x tiles: B = min p r + q x / r.

    A grid of r by x / r tiles fetches one operand r times and the other x / r times. Free, r = sqrt(q x / p) and the
    traffic is 2 sqrt(p q x); at the edge, 1 <= r <= x, one of the two crosses once.

    Parameters
    ----------
    first, second : float
        The operands that stream, once, p and q, B.
    tiles : float
        The kept operand over the capacity, x, at least 1.

    Returns
    -------
    float
        Traffic, B; at least p + q.

    References
    ----------
    Hong, Kung: I/O complexity, STOC 1981, doi:10.1145/800076.802486.
    """
    if second * tiles <= first:
        return first + second * tiles
    if first * tiles <= second:
        return first * tiles + second
    return 2.0 * math.sqrt(first * second * tiles)


@kernel
def gemm_bytes(a: float, b: float, c: float, a_tiles: float, b_tiles: float, c_tiles: float) -> float:
    """Return the traffic of a product C = A B: B = min(c + t(a, b, x), a - c + t(b, 2 c, x), b - c + t(a, 2 c, x)).

    t is `streamed_bytes`, and each term keeps another operand, its own x tiles of it: results, A, or B. Partial sums
    are written and read again, but not read before they are first written. An operand that fits is kept whole and
    everything crosses once.

    Parameters
    ----------
    a, b, c : float
        Operands, once, B; of a convolution the real tensors, not the unrolled matrices.
    a_tiles, b_tiles, c_tiles : float
        Size of each operand of one product over the capacity of the inner level, x.

    Returns
    -------
    float
        Traffic, B; at least a + b + c.

    References
    ----------
    Hong, Kung 1981, doi:10.1145/800076.802486; Smith et al. 2017, arXiv:1702.02017 (tight bound 2 m n k / sqrt(S)).
    """
    if min(a_tiles, b_tiles, c_tiles) <= 1.0:
        return a + b + c
    partial = 2.0 * c
    return min(
        c + streamed_bytes(a, b, c_tiles),
        a - c + streamed_bytes(b, partial, a_tiles),
        b - c + streamed_bytes(a, partial, b_tiles),
    )


@kernel
def attention_passes(queries: float, keys: float, pair: float, capacity: float) -> float:
    """Return how often the keys and values of one head pass by: r = max(1, q / max(1, S / (2 w))).

    Once per tile of queries that stays inside; r = 1 if all keys and values fit. Half the level holds queries and
    results, of together about the width w of a key and its value each, the other half what streams past.

    Parameters
    ----------
    queries : float
        Queries of one head that see a key on the mean, q, -.
    keys : float
        Keys of one head, -.
    pair : float
        Width of one key and its value, w, B.
    capacity : float
        Inner level, S, B.

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
    """Return the bytes one of many dependent steps fetches of what all read: B = a share if it stays, else all.

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
    """Return how often a row is fetched by an algorithm of several passes: r = 1 if it stays, else every pass.

    Parameters
    ----------
    passes : float
        Times the algorithm reads a row, -.
    row : float
        Row, B.
    capacity : float
        Inner level, B.

    Returns
    -------
    float
        Fetches, -; 1 or `passes`.

    References
    ----------
    Two-pass and three-pass softmax: Dukhan, Ablavatski 2020, arXiv:2001.04438.
    """
    return 1.0 if row <= capacity else passes


@kernel
def line_bytes(accesses: float, width: float, line: float) -> float:
    """Return the bytes moved by accesses at unrelated addresses, each whole lines: B = N L ceil(d / L).

    Exact where accesses begin with a line or do not straddle one; elsewhere up to one line each more is touched.

    Parameters
    ----------
    accesses : float
        Accesses, N, -.
    width : float
        Bytes wanted by each, d, B.
    line : float
        Smallest transfer, L, B.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Hennessy, Patterson: Computer Architecture, 6th ed. 2017, appendix B (block size).
    """
    return accesses * line * math.ceil(width / line)


@kernel
def block_passes(sums: float, room: float) -> float:
    """Return how often a table is read whole when sums of its rows are made block by block: n = ceil(S / M).

    Parameters
    ----------
    sums : float
        Size of all sums, S, B.
    room : float
        Memory that holds the sums being made, M, B.

    Returns
    -------
    float
        Passes over the table, -; at least one.

    References
    ----------
    Kyrola, Blelloch, Guestrin: GraphChi, OSDI 2012 (intervals and shards); Yan et al.: HyGCN, HPCA 2020, section 4.3.
    """
    return max(1.0, math.ceil(sums / room))
