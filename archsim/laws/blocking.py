"""A product blocked for registers and caches, by one core: tiles of results in registers, panels packed for the caches.

Quantity                                            Symbol   Unit   Source
SIMD registers                                      R        -
tile: registers of results by columns               v, c     -
elements of the right operand in one load           e        -
multiply-adds, loads, instructions started          P, L, I  1/clk
from one multiply-add to the next of a sum          D        clk
depth of a block                                    kc       -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def tile_columns(registers: float, vectors: float) -> float:
    """Return the columns of a tile that fits the registers: c = floor((R - 1 - v) / v), at least 1.

    v c sums, v registers of the left operand, and one for an element of the right one, which all lanes multiply by.

    Parameters
    ----------
    registers, vectors : float
        R and v, -.

    Returns
    -------
    float
        Columns, -.

    References
    ----------
    Goto, van de Geijn: Anatomy of high-performance matrix multiplication, 2008, doi:10.1145/1356052.1356053; Low et
    al.: Analytical modeling is enough for high-performance BLIS, 2016, doi:10.1145/2925987, section 4.1.
    """
    return max(1.0, math.floor((registers - 1.0 - vectors) / vectors))


@kernel
def step_clocks(
    vectors: float, columns: float, taken: float, multiplies: float, loads: float, issue: float, depth: float
) -> float:  # fmt: skip
    """Return the clocks of one step of a tile's sums: t = max(v c / P, (v + c / e) / L, (v c + v) / I, D).

    Elements of the right operand are loaded by the multiply-add itself, one each, or by the register and taken from
    its lanes. Too few sums wait for one another.

    Parameters
    ----------
    vectors, columns : float
        Tile, v and c, -.
    taken : float
        Elements of the right operand that one load brings, e, -.
    multiplies, loads, issue : float
        P, L and I, 1/clk.
    depth : float
        D, clk.

    Returns
    -------
    float
        Clocks, clk.

    References
    ----------
    Low et al. 2016, doi:10.1145/2925987, equation 1 (m_r n_r >= N_vec L_vfma N_vfma).
    """
    sums = vectors * columns
    return max(sums / multiplies, (vectors + columns / taken) / loads, (sums + vectors) / issue, depth)


@kernel
def update_clocks(vectors: float, columns: float, loads: float, depth: float) -> float:
    """Return the clocks to begin and end a tile's sums: t = D + 3 v c / L.

    Once per block of the depth: the first products fill the pipeline, results are loaded and stored, with half as many
    stores as loads per clock.

    Parameters
    ----------
    vectors, columns : float
        Tile, v and c, -.
    loads : float
        L, 1/clk.
    depth : float
        D, clk.

    Returns
    -------
    float
        Clocks, clk.

    References
    ----------
    Goto, van de Geijn 2008, doi:10.1145/1356052.1356053, section 4.2 (the update of C is amortised over k_c).
    """
    return depth + 3.0 * vectors * columns / loads


@kernel
def block_depth(capacity: float, columns: float, width: float) -> float:
    """Return the depth of a block whose panel of the right operand fills half the innermost cache: kc = S / (2 c b).

    Parameters
    ----------
    capacity : float
        Innermost cache, S, B.
    columns : float
        Of a tile, c, -.
    width : float
        Of an element, b, B.

    Returns
    -------
    float
        Depth, -; at least 1.

    References
    ----------
    Low et al. 2016, doi:10.1145/2925987, section 4.2; Goto, van de Geijn 2008 (half the cache).
    """
    return max(1.0, math.floor(capacity / (2.0 * columns * width)))


@kernel
def panel_clocks(
    vectors: float, columns: float, steps: float, blocks: float, most: float, widest: float, taken: float,
    multiplies: float, loads: float, issue: float, depth: float,
) -> float:  # fmt: skip
    """Return the clocks one core takes for a panel of results, tile by tile: t = sum over tiles of k s + b u.

    s are `step_clocks` and u `update_clocks` of each tile; the last ones in either direction are smaller.

    Parameters
    ----------
    vectors, columns : float
        Results, in registers and in columns, -.
    steps : float
        Depth k, -.
    blocks : float
        Blocks of the depth, b, -.
    most, widest : float
        Tile, v and c, -.
    taken : float
        Elements of the right operand that one load brings, e, -.
    multiplies, loads, issue : float
        P, L and I, 1/clk.
    depth : float
        D, clk.

    Returns
    -------
    float
        Clocks, clk.

    References
    ----------
    Goto, van de Geijn 2008, doi:10.1145/1356052.1356053.
    """
    down, across = math.floor(vectors / most), math.floor(columns / widest)
    rest, last = vectors - down * most, columns - across * widest
    total = down * across * (
        steps * step_clocks(most, widest, taken, multiplies, loads, issue, depth)
        + blocks * update_clocks(most, widest, loads, depth)
    )  # fmt: skip
    if rest > 0.0:
        total += across * (
            steps * step_clocks(rest, widest, taken, multiplies, loads, issue, depth)
            + blocks * update_clocks(rest, widest, loads, depth)
        )
    if last > 0.0:
        total += down * (
            steps * step_clocks(most, last, taken, multiplies, loads, issue, depth)
            + blocks * update_clocks(most, last, loads, depth)
        )
    if rest > 0.0 and last > 0.0:
        total += steps * step_clocks(rest, last, taken, multiplies, loads, issue, depth)
        total += blocks * update_clocks(rest, last, loads, depth)
    return total
