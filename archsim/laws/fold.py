"""A matrix product folded onto an array of MAC cells: how often, how long, and what crosses the array's edges.

One axis of the product lies along the rows, one along the columns, and the third streams past; what lies in the cells
stays there for a fold.

Quantity                                    Symbol     Unit
axis along the rows, along the columns      S_R, S_C   -
axis that streams                           T          -
rows and columns of the array               R, C       -
folds                                       F          -

All are exact for whole numbers below 2^53.
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def folds(size: float, side: float) -> float:
    """Return how often an axis is folded: F = ceil(S / R).

    Parameters
    ----------
    size, side : float
        Axis, S, and side of the array it lies along, R, -.

    Returns
    -------
    float
        Folds, -.

    References
    ----------
    Samajdar et al.: A systematic methodology for characterizing scalability of DNN accelerators using SCALE-Sim, ISPASS
    2020, section III.
    """
    return math.ceil(size / side)


@kernel
def fold_cycles(still: float, rows: float, columns: float, stream: float) -> float:
    """Return the cycles of one fold: t = L + R + C + T - 2.

    The last cell starts R - 1 + C - 1 cycles after the first, and works T cycles. Before that, or after it, the array
    moves what stays in its cells and computes nothing: one row a cycle, loading weights or inputs, or draining sums.

    Parameters
    ----------
    still : float
        Cycles in which nothing is computed, L, -: R where that is so, 0 where it is hidden or not counted.
    rows, columns : float
        Array, R and C, -.
    stream : float
        T, -.

    Returns
    -------
    float
        Cycles, -.

    References
    ----------
    Samajdar et al.: A systematic methodology for characterizing scalability of DNN accelerators using SCALE-Sim, ISPASS
    2020, equations 1 to 3: 2 R + C + T - 2.
    """
    return still + rows + columns + stream - 2.0


@kernel
def passed_words(words: float, size: float, side: float) -> float:
    """Return the words that enter an array past which they stream, or partial sums that leave: n = U ceil(S / R).

    Each fold of an axis they do not lie along takes all of them again: inputs past the output channels, weights past
    the pixels, sums past the products summed.

    Parameters
    ----------
    words : float
        Words of the operand, U, -.
    size, side : float
        Axis that is folded, S, and side of the array it lies along, R, -.

    Returns
    -------
    float
        Words, -.

    References
    ----------
    Samajdar et al.: A systematic methodology for characterizing scalability of DNN accelerators using SCALE-Sim, ISPASS
    2020, section III.
    """
    return words * folds(size, side)


@kernel
def mapped_share(along_rows: float, along_columns: float, rows: float, columns: float) -> float:
    """Return the share of cells that a fold uses, on average: u = S_R S_C / (F R C).

    Parameters
    ----------
    along_rows, along_columns : float
        Axes, S_R and S_C, -.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    SCALE-Sim 3.0.0, 2025, its mapping efficiency: the average over all folds.
    """
    count = folds(along_rows, rows) * folds(along_columns, columns)
    return along_rows * along_columns / (count * rows * columns)


@kernel
def working_share(macs: float, cycles: float, rows: float, columns: float) -> float:
    """Return the share of cells at work, on average: u = N / (t R C).

    Parameters
    ----------
    macs : float
        Multiply-accumulates, N, MAC.
    cycles : float
        Time, t, clk.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    Definition.
    """
    return macs / (cycles * rows * columns)
