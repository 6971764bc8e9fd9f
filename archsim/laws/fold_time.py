"""How long the folds of a systolic array take, by how one follows another.

Each fold keeps r rows and c columns of what stays in the cells while T vectors stream past. Folds smaller than the
array are the last ones of a row or a column of folds; all sums over folds are in closed form.

Quantity                           Symbol     Unit   Source
rows and columns of the array      R, C       -
axis along rows, along columns     S_R, S_C   -      archsim.laws.fold
vectors that stream past           T          -      archsim.laws.fold
folds along either axis            F_R, F_C   -      ceil(S / R), ceil(S / C)
"""

from __future__ import annotations

from archsim.jit import kernel
from archsim.laws.fold import folds
from archsim.laws.waves import padded


@kernel
def streaming(along_rows: float, along_columns: float, stream: float, rows: float, columns: float) -> float:
    """Return the cycles in which vectors enter the array: t = F_R F_C T.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    stream : float
        Vectors, T, -.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Samajdar et al.: SCALE-Sim, arXiv:1811.02883, 2018, section III.
    """
    return folds(along_rows, rows) * folds(along_columns, columns) * stream


@kernel
def loading(along_rows: float, along_columns: float, rows: float, columns: float) -> float:
    """Return the cycles of loading what stays, a row a cycle, fold after fold: t = F_C S_R.

    Draining sums that stayed takes as long.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Samajdar et al.: SCALE-Sim, arXiv:1811.02883, 2018, section III.
    """
    return folds(along_columns, columns) * along_rows


@kernel
def skewing(along_rows: float, along_columns: float, rows: float, columns: float) -> float:
    """Return the cycles each fold takes beside its T vectors, summed up: t = F_C S_R + F_R S_C - 2 F_R F_C.

    The first vector meets the last cell r + c - 2 cycles after the first one.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Samajdar et al.: SCALE-Sim, arXiv:1811.02883, 2018, section III.
    """
    across, down = folds(along_columns, columns), folds(along_rows, rows)
    return across * along_rows + down * along_columns - 2.0 * across * down


@kernel
def waiting(along_rows: float, along_columns: float, stream: float, rows: float, columns: float) -> float:
    """Return the cycles in which a fold is done before the next is loaded behind it: t = sum of max(0, r - T).

    A second register in every cell takes what stays next while one fold streams.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    stream : float
        Vectors, T, -.
    rows, columns : float
        Array, R and C, -.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Jouppi et al.: In-datacenter performance analysis of a tensor processing unit, ISCA 2017, arXiv:1704.04760,
    section 2 (weights double-buffered, 256 cycles to shift a tile in).
    """
    across, down = folds(along_columns, columns), folds(along_rows, rows)
    last = along_rows - (down - 1.0) * rows
    return across * ((down - 1.0) * max(0.0, rows - stream) + max(0.0, last - stream))


@kernel
def waiting_blocks(
    along_rows: float, along_columns: float, stream: float, rows: float, columns: float, block: float
) -> float:
    """Return `waiting` where every block of at most B vectors passes all folds: t = sum of w(T_b).

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    stream : float
        Vectors, T, -.
    rows, columns : float
        Array, R and C, -.
    block : float
        Most vectors of a block, B, -, such as the sums a column keeps.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Jouppi et al.: In-datacenter performance analysis of a tensor processing unit, ISCA 2017, arXiv:1704.04760,
    section 2 (weights double-buffered, 256 cycles to shift a tile in).
    """
    blocks = folds(stream, block)
    rest = stream - (blocks - 1.0) * block
    full = (blocks - 1.0) * waiting(along_rows, along_columns, block, rows, columns)
    return full + waiting(along_rows, along_columns, rest, rows, columns)


@kernel
def pipelined_edges(
    along_rows: float, along_columns: float, stream: float, rows: float, columns: float, block: float
) -> float:
    """Return the cycles before and after all streaming: t = r_1 + r_F + c_F - 2 - max(0, r_1 - T_B).

    The last fold has none behind it to wait for, so one wait of `waiting_blocks` falls away.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    stream : float
        Vectors, T, -.
    rows, columns : float
        Array, R and C, -.
    block : float
        Most vectors of a block, B, -, such as the sums a column keeps.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Jouppi et al.: In-datacenter performance analysis of a tensor processing unit, ISCA 2017, arXiv:1704.04760,
    section 2 (weights double-buffered, 256 cycles to shift a tile in).
    """
    first = min(along_rows, rows)
    last_row = along_rows - (folds(along_rows, rows) - 1.0) * rows
    last_column = along_columns - (folds(along_columns, columns) - 1.0) * columns
    rest = stream - (folds(stream, block) - 1.0) * block
    return first + last_row + last_column - 2.0 - max(0.0, first - rest)


@kernel
def pipelined(
    along_rows: float, along_columns: float, stream: float, rows: float, columns: float, block: float
) -> float:
    """Return the cycles of all folds, each loaded behind the one at work: t = F_R F_C T + waits + edges.

    From the first weight that enters to the last sum that leaves: r_1 + sum of max(T_b, r) + r_F + c_F - 2, where the
    last fold of all waits for none after it. Rows of folds come first, then columns, then blocks.

    Parameters
    ----------
    along_rows, along_columns : float
        Axes that stay, S_R and S_C, -.
    stream : float
        Vectors, T, -.
    rows, columns : float
        Array, R and C, -.
    block : float
        Most vectors of a block, B, -, such as the sums a column keeps.

    Returns
    -------
    float
        Cycles, clk.

    References
    ----------
    Jouppi et al.: In-datacenter performance analysis of a tensor processing unit, ISCA 2017, arXiv:1704.04760,
    section 2; Ham et al.: ONNXim, arXiv:2406.08051, 2024, section II.
    """
    return (
        streaming(along_rows, along_columns, stream, rows, columns)
        + waiting_blocks(along_rows, along_columns, stream, rows, columns, block)
        + pipelined_edges(along_rows, along_columns, stream, rows, columns, block)
    )


@kernel
def packed_groups(depth: float, width: float, rows: float, columns: float, groups: float) -> float:
    """Return how many groups of a product lie on the diagonal of one fold: p = min(G, R / k, C / n), at least 1.

    Parameters
    ----------
    depth, width : float
        Rows and columns one group takes, k and n, -.
    rows, columns, groups : float
        Array, R and C, and groups, G, -.

    Returns
    -------
    float
        Groups, -; whole.

    References
    ----------
    Definition: each group keeps cells of its own, and all others of its rows and columns hold zeros.
    """
    return max(1.0, min(groups, rows // depth, columns // width))


@kernel
def laned_elements(rows: float, length: float, sublanes: float, lanes: float) -> float:
    """Return the elements a vector unit works on: E = s ceil(m / s) l ceil(n / l).

    Parameters
    ----------
    rows, length : float
        Of a matrix of elements, m and n, -.
    sublanes, lanes : float
        Of one vector register, s and l, -.

    Returns
    -------
    float
        Elements, -.

    References
    ----------
    Google: Cloud TPU performance guide, 2024 (tensors are padded to 8 x 128).
    """
    return padded(rows, sublanes) * padded(length, lanes)
