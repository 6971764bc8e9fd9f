"""A product of matrices cut into tiles of results, each worked out by one multiprocessor along the whole depth.

Quantity                              Symbol   Unit   Source
rows and columns of a tile            r, c     -
depth a tile sums over                d        -
width of an operand's element         b        B
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def delivered_share(rows: float, columns: float, perimeter: float) -> float:
    """Return the share of the units' time left after operands are fetched: e = r c / (r c + p (r + c)).

    Per step of the depth a tile computes r c products and fetches r + c operands, each worth p products of time.

    Parameters
    ----------
    rows, columns : float
        Tile, r and c, -.
    perimeter : float
        Products lost per operand fetched, p, -.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    NVIDIA: Matrix multiplication background user's guide, 2023, 'Choosing tile sizes' (larger tiles reuse more),
    docs.nvidia.com/deeplearning/performance/dl-performance-matrix-multiplication; the form is an estimate.
    """
    area = rows * columns
    return area / (area + perimeter * (rows + columns))


@kernel
def fetched_bytes(tiles: float, rows: float, columns: float, depth: float, left: float, right: float) -> float:
    """Return what all tiles fetch of their operands: B = T (r b_left + c b_right) d.

    Parameters
    ----------
    tiles : float
        Tiles of results, T, -.
    rows, columns, depth : float
        Tile, r and c, and depth, d, -.
    left, right : float
        Width of an element of either operand, b, B.

    Returns
    -------
    float
        Traffic, B.

    References
    ----------
    Kerr et al.: CUTLASS, NVIDIA developer blog 2017 (thread block tiles).
    """
    return tiles * (rows * left + columns * right) * depth
