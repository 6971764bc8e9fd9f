"""Equal tiles dealt to multiprocessors, wave after wave.

Quantity                              Symbol   Unit   Source
tiles                                 T        -
multiprocessors                       N        -
tiles resident on one at once         o        -
time of a tile alone on one           t        s
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def padded(size: float, tile: float) -> float:
    """Return a size rounded up to whole tiles: s = t ceil(n / t).

    Parameters
    ----------
    size, tile : float
        Size, n, and tile, t, in one unit.

    Returns
    -------
    float
        Padded size, -.

    References
    ----------
    NVIDIA: Matrix multiplication background user's guide, 2023, 'Tile quantization',
    docs.nvidia.com/deeplearning/performance/dl-performance-matrix-multiplication.
    """
    return tile * math.ceil(size / tile)


@kernel
def makespan(tiles: float, processors: float, resident: float, alone: float, least: float, drain: float) -> float:
    """Return the time of equal tiles: t = floor(T / N o) w(o) + w(ceil(r / N)), w(j) = max(j t, least) + drain.

    Tiles resident on one multiprocessor share it. A wave is o tiles on each; the rest r of the last wave is spread
    evenly. A wave takes no less than the latency of one tile, however few share a multiprocessor.

    Parameters
    ----------
    tiles, processors, resident : float
        T, N and o, -.
    alone : float
        Time of one tile that has a multiprocessor to itself, t, s.
    least : float
        Latency of one tile, s.
    drain : float
        End of a wave in which nothing overlaps, s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    NVIDIA: Matrix multiplication background user's guide, 2023, 'Wave quantization',
    docs.nvidia.com/deeplearning/performance/dl-performance-matrix-multiplication.
    """
    full = math.floor(tiles / (processors * resident))
    rest = tiles - full * processors * resident
    time = full * (max(resident * alone, least) + drain)
    if rest > 0.0:
        time += max(math.ceil(rest / processors) * alone, least) + drain
    return time
