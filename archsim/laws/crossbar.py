"""A matrix product on arrays of cells that sum on their columns: slices, pulses, folds, conversions, time.

A weight of several bits lies in cells of neighbouring columns, an input of several bits arrives in pulses, and what a
column sums in one pulse is converted on its own.

Quantity                                  Symbol     Unit
vectors, columns and depth of a product   m, n, k    -
bits of a weight, of one cell             b_w, b_c   -
bits of an input, of one pulse            b_x, b_p   -
rows and columns of an array              R, C       -
rows read together                        a          -

All are exact for whole numbers below 2^53.
"""

from __future__ import annotations

import math

from archsim.jit import kernel
from archsim.laws import fold


@kernel
def weight_columns(bits: float, cell_bits: float, polarity: float) -> float:
    """Return the cells of one weight: c = p ceil(b_w / b_c).

    Parameters
    ----------
    bits, cell_bits : float
        Of a weight, b_w, and of one cell, b_c, -.
    polarity : float
        Cells for either sign, p: 2 where signs have cells of their own, else 1, -.

    Returns
    -------
    float
        Cells, each in a column of its own, -.

    References
    ----------
    Shafiee et al.: ISAAC: a convolutional neural network accelerator with in-situ analog arithmetic in crossbars, ISCA
    2016.
    """
    return polarity * math.ceil(bits / cell_bits)


@kernel
def pulses(bits: float, pulse_bits: float) -> float:
    """Return the pulses of one input: p = ceil(b_x / b_p).

    Parameters
    ----------
    bits, pulse_bits : float
        Of an input, b_x, and of one pulse, b_p, -.

    Returns
    -------
    float
        Pulses, each read and converted on its own, -.

    References
    ----------
    Shafiee et al.: ISAAC, ISCA 2016.
    """
    return math.ceil(bits / pulse_bits)


@kernel
def row_groups(depth: float, rows: float, active: float) -> float:
    """Return the groups of rows that are read one after the other: G = floor(k / R) ceil(R / a) + ceil((k mod R) / a).

    Each has conversions of its own, as a sum of no more than a products leaves an array at a time.

    Parameters
    ----------
    depth, rows, active : float
        Depth of the sum, k, rows of an array, R, and those read together, a, -.

    Returns
    -------
    float
        Groups in all arrays along the depth, -.

    References
    ----------
    Definition.
    """
    whole = math.floor(depth / rows)
    return whole * math.ceil(rows / active) + math.ceil((depth - whole * rows) / active)


@kernel
def arrays(depth: float, columns: float, rows: float, width: float) -> float:
    """Return the arrays that hold a matrix: A = ceil(k / R) ceil(N / C).

    Parameters
    ----------
    depth, columns : float
        Rows and columns of cells the matrix takes, k and N = n c, -.
    rows, width : float
        Of an array, R and C, -.

    Returns
    -------
    float
        Arrays, -.

    References
    ----------
    Definition.
    """
    return fold.folds(depth, rows) * fold.folds(columns, width)


@kernel
def lossless_bits(rows: float, pulse_bits: float, cell_bits: float) -> float:
    """Return the bits that tell all sums of a column apart: b = ceil(log2(a (2^b_p - 1)(2^b_c - 1) + 1)).

    Parameters
    ----------
    rows : float
        Read together, a, -.
    pulse_bits, cell_bits : float
        Of one pulse, b_p, and of one cell, b_c, -.

    Returns
    -------
    float
        Bits, -.

    References
    ----------
    Definition: the largest sum of a products, and zero. 128 rows of one bit and cells of two bits need 9.
    """
    largest = rows * (2.0**pulse_bits - 1.0) * (2.0**cell_bits - 1.0)
    bits = math.ceil(math.log2(largest + 1.0))
    return bits + 1.0 if 2.0**bits < largest + 1.0 else bits  # a logarithm just below a whole number


@kernel
def resolution(rows: float, pulse_bits: float, cell_bits: float) -> float:
    """Return the bits that ISAAC asks of its converters: b = log2 a + b_p + b_c, less 1 where b_p or b_c is 1.

    Parameters
    ----------
    rows : float
        Read together, a, -.
    pulse_bits, cell_bits : float
        Of one pulse, b_p, and of one cell, b_c, -.

    Returns
    -------
    float
        Bits, -; for powers of two as many as `lossless_bits`, or one more.

    References
    ----------
    Shafiee et al.: ISAAC, ISCA 2016, as works that build on it give it.
    """
    both = math.log2(rows) + pulse_bits + cell_bits
    return both - 1.0 if pulse_bits == 1.0 or cell_bits == 1.0 else both


@kernel
def usable_rows(bits: float, pulse_bits: float, cell_bits: float) -> float:
    """Return the rows whose sums so many bits tell apart: a = floor((2^b - 1) / ((2^b_p - 1)(2^b_c - 1))), at least 1.

    Parameters
    ----------
    bits : float
        Of a conversion, b, -.
    pulse_bits, cell_bits : float
        Of one pulse, b_p, and of one cell, b_c, -.

    Returns
    -------
    float
        Rows, -.

    References
    ----------
    Definition: `lossless_bits` the other way round.
    """
    return max(1.0, math.floor((2.0**bits - 1.0) / ((2.0**pulse_bits - 1.0) * (2.0**cell_bits - 1.0))))


@kernel
def pulse_time(read: float, converting: float, sampled: float) -> float:
    """Return the time from one pulse to the next: t = max(tr, tc) where outputs are held, else tr + tc.

    Parameters
    ----------
    read, converting : float
        Settling and reading, tr, and converting all columns, tc, s.
    sampled : float
        1 where outputs are held while the next pulse goes in, -.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Shafiee et al.: ISAAC, ISCA 2016 (sample and hold; 128 conversions behind the next read).
    """
    return max(read, converting) if sampled == 1.0 else read + converting


@kernel
def product_time(vectors: float, copies: float, interval: float, latency: float) -> float:
    """Return the time of a product: t = ceil(m / D) ti + tp.

    Parameters
    ----------
    vectors, copies : float
        Input vectors, m, and copies of the weights that divide them, D, -.
    interval, latency : float
        From one vector to the next, ti, and from the last input of a vector to its last output, tp, s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Shafiee et al.: ISAAC, ISCA 2016.
    """
    return math.ceil(vectors / copies) * interval + latency


@kernel
def used_share(cells: float, arrays: float, rows: float, columns: float) -> float:
    """Return the share of cells that hold a weight: u = N / (A R C).

    Parameters
    ----------
    cells : float
        With a weight, N, -.
    arrays, rows, columns : float
        Arrays, A, and their sides, R and C, -.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    Definition.
    """
    return cells / (arrays * rows * columns)


@kernel
def mean_hops(tiles: float) -> float:
    """Return the mean way between two tiles of a square mesh: h = 2/3 sqrt(T).

    Parameters
    ----------
    tiles : float
        T, -.

    Returns
    -------
    float
        Hops, -.

    References
    ----------
    Dally, Towles: Principles and Practices of Interconnection Networks, 2004, section 3.2 (n k / 3 in each dimension).
    """
    return 2.0 / 3.0 * math.sqrt(tiles)


@kernel
def current_energy(square: float, conductance: float, voltage: float, time: float) -> float:
    """Return what a cell takes that conducts while it is read: E = E[x^2] E[g] V^2 t.

    Parameters
    ----------
    square : float
        Mean square of the input over the largest, E[x^2], -.
    conductance : float
        Mean, E[g], S.
    voltage, time : float
        Of a full input, V, V, and how long it is read, t, s.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Definition (Ohm's law).
    """
    return square * conductance * voltage * voltage * time


@kernel
def charge_energy(activity: float, capacitance: float, voltage: float) -> float:
    """Return what a cell takes whose capacitor is charged: E = a C V^2.

    Parameters
    ----------
    activity : float
        Share of reads that charge it, a, -.
    capacitance, voltage : float
        C, F, and V, V.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2.
    """
    return activity * capacitance * voltage * voltage
