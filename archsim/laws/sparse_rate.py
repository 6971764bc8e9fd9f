"""Products of a compressed matrix with a dense one: loads, arithmetic and misses by how the dense operand lies.

Each stored value meets one element in every column of the dense operand. Where the elements of a column lie together,
values are taken a column, or a few, at a time, and each fetches an element from an unrelated address. Where those of a
row lie together, a value takes a whole row, register by register, and adds it to a row of the result.

Quantity                              Symbol   Unit
columns of the dense operand          c        -
columns one pass over the values
serves                                t        -
elements of one SIMD register         w        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def passes(columns: float, together: float) -> float:
    """Return how often the values are read when columns lie together: p = ceil(c / t).

    Returns
    -------
    float
        Passes, -.

    References
    ----------
    Saad, Iterative Methods for Sparse Linear Systems, 2003, section 3.5 (the product with one vector).
    """
    return float(math.ceil(columns / together))


@kernel
def column_loads(together: float) -> float:
    """Return the loads for one value in one pass: l = 2 + t, its index, itself, and an element in each column.

    Returns
    -------
    float
        Loads, -.

    References
    ----------
    Saad, Iterative Methods for Sparse Linear Systems, 2003, section 3.5.
    """
    return 2.0 + together


@kernel
def row_vectors(columns: float, lanes: float) -> float:
    """Return the registers a row of the dense operand fills: v = ceil(c / w).

    Returns
    -------
    float
        Registers, -.

    References
    ----------
    Definition.
    """
    return float(math.ceil(columns / lanes))


@kernel
def row_loads(vectors: float) -> float:
    """Return the loads for one value times a row that is added to another: l = 2 + 2 v.

    Returns
    -------
    float
        Loads, -; its index, itself, and both rows.

    References
    ----------
    Lawson et al.: Basic linear algebra subprograms for Fortran usage, ACM TOMS 5(3), 1979, doi:10.1145/355841.355847
    (axpy: y += a x).
    """
    return 2.0 + 2.0 * vectors


@kernel
def random_misses(footprint: float, capacity: float) -> float:
    """Return the share of accesses at random places that a cache does not hold: m = max(0, 1 - S / F).

    Parameters
    ----------
    footprint : float
        Bytes the accesses fall into, evenly, F, B.
    capacity : float
        Cache, least recently used replaced first, S, B.

    Returns
    -------
    float
        Share, -; 0 to 1.

    References
    ----------
    King: Analysis of paging algorithms, IFIP Congress 1971 (independent references: the cache holds S / F of them).
    """
    return max(0.0, 1.0 - capacity / footprint) if footprint > 0.0 else 0.0


@kernel
def expansion_steps(values: float, columns: float, density: float) -> float:
    """Return the products of two compressed operands, row by row: n = v c d.

    Every value of the first meets the c d values of one row of the second, and each product is added to a result found
    by its index.

    Parameters
    ----------
    values : float
        Values of the first operand, v.
    columns : float
        Columns of the second one, c.
    density : float
        Its share of values, d.

    Returns
    -------
    float
        Products, -.

    References
    ----------
    Gustavson: Two fast algorithms for sparse matrices, ACM TOMS 4(3), 1978, doi:10.1145/355791.355796.
    """
    return values * columns * density
