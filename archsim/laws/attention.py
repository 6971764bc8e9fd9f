"""Attention in blocks of queries that pass over the keys in tiles, the keys of a block perhaps split.

Quantity                                       Symbol   Unit   Source
keys                                           L        -
keys one query sees, on average                u        -
query positions of a block                     w        -
keys of a tile                                 c        -
blocks of queries                              B        -
multiprocessors                                N        -
tiles a block passes over                      n        -
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

NEARLY_FULL: Final = 0.8
"""Share of the multiprocessors from which on blocks of queries are enough, and their keys stay together."""


@kernel
def passed_keys(seen: float, keys: float, positions: float) -> float:
    """Return the keys a block passes over, averaged over blocks: v = min(L, u + w / 2) under a mask, L without one.

    A block of consecutive positions passes over the keys of its last one; a causal mask lets its mean position see
    half a block less. Exact for a causal mask and whole blocks, one half of a position apart.

    Parameters
    ----------
    seen, keys, positions : float
        u, L and w, -.

    Returns
    -------
    float
        Keys, -.

    References
    ----------
    Dao: FlashAttention-2, 2023, arXiv:2307.08691, section 3.1.1 (blocks beyond the diagonal are skipped).
    """
    return keys if seen >= keys else min(keys, seen + 0.5 * positions)


@kernel
def passed_tiles(passed: float, keys: float, positions: float, tile: float) -> float:
    """Return the tiles a block passes over, averaged over blocks: n = min(ceil(L / c), v / c + max(0, 1 - w / c) / 2).

    Where blocks end at different keys, and tiles are longer than blocks, the last tile is half needed on average.

    Parameters
    ----------
    passed : float
        Keys a block passes over, v, -.
    keys, positions, tile : float
        L, w and c, -.

    Returns
    -------
    float
        Tiles, -.

    References
    ----------
    Dao: FlashAttention-2, 2023, arXiv:2307.08691, section 3.1.1; the average of the rounding is derived here.
    """
    whole = math.ceil(keys / tile)
    if passed >= keys:
        return whole
    return min(whole, passed / tile + 0.5 * max(0.0, 1.0 - positions / tile))


@kernel
def key_parts(blocks: float, processors: float, tiles: float) -> float:
    """Return the parts the keys of each block are split into: s = ceil(n / ceil(n / min(n, floor(N / B)))).

    As many as fill the multiprocessors once, of equal whole tiles; none where the blocks nearly fill them anyway.

    Parameters
    ----------
    blocks, processors, tiles : float
        B, N and n, -.

    Returns
    -------
    float
        Parts, -; at least 1.

    References
    ----------
    Dao et al.: Flash-Decoding for long-context inference, 2023, pytorch.org/blog/flash-decoding; the threshold is that
    of num_splits_heuristic in github.com/Dao-AILab/flash-attention.
    """
    if blocks >= NEARLY_FULL * processors:
        return 1.0
    whole = math.ceil(tiles)
    parts = max(1.0, min(whole, math.floor(processors / blocks)))
    return math.ceil(whole / math.ceil(whole / parts))
