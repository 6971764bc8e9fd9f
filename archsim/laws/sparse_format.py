"""Compressed formats of sparse tensors: how many bits say where the values lie.

A matrix of R rows and C columns has the density d, the share of its elements that are not zero. A format leaves zeros
out and stores metadata instead; at high density that is more than the zeros were.

Quantity                      Symbol   Unit   Source
density, expected share       d        -      Wu 2022, Sparseloop, arXiv:2205.05826
width of a value, an index    w, i     bit
stored metadata               M        bit
"""

from __future__ import annotations

import math

from archsim.jit import kernel

LIMIT = 1e-12
"""Densities below this count as nothing."""


@kernel
def index_bits(count: float) -> float:
    """Return the width that tells `count` positions apart: i = ceil(log2 count), bit; 0 for one position.

    Returns
    -------
    float
        Width, b.

    References
    ----------
    Definition.
    """
    if count <= 1.0:
        return 0.0
    return float(math.ceil(math.log2(count)))


@kernel
def stored_bytes(values: float, value_bits: float, metadata_bits: float) -> float:
    """Return the size of a compressed tensor: B = (n w + M) / 8, byte.

    Parameters
    ----------
    values : float
        Values that are stored, n, padding zeros of the format among them.
    value_bits : float
        Width of one, w, bit.
    metadata_bits : float
        What says where they lie, M, bit.

    Returns
    -------
    float
        Size, B.

    References
    ----------
    Definition.
    """
    return (values * value_bits + metadata_bits) / 8.0


@kernel
def bitmask_metadata(rows: float, columns: float) -> float:
    """Return the metadata of a bit mask: M = R C, bit, whatever the density (Wu 2022, arXiv:2205.05826).

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826.
    """
    return rows * columns


@kernel
def coordinate_metadata(rows: float, columns: float, density: float) -> float:
    """Return the metadata of coordinate lists (COO): M = d R C (ceil lg R + ceil lg C), bit.

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Wu 2022, Sparseloop, arXiv:2205.05826.
    """
    return density * rows * columns * (index_bits(rows) + index_bits(columns))


@kernel
def compressed_row_metadata(rows: float, columns: float, density: float, column_bits: float, row_bits: float) -> float:
    """Return the metadata of compressed rows (CSR): M = d R C i_c + (R + 1) i_r, bit.

    Parameters
    ----------
    rows, columns : float
        Shape, R and C; swap them for compressed columns.
    density : float
        d, 0 to 1.
    column_bits, row_bits : float
        Widths of a column index and of a row's offset, bit; 0: as few as can be, ceil lg C and ceil lg(d R C + 1).

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Saad, Iterative Methods for Sparse Linear Systems, 2003, section 3.4.
    """
    values = density * rows * columns
    column = column_bits if column_bits > 0.0 else index_bits(columns)
    row = row_bits if row_bits > 0.0 else index_bits(values + 1.0)
    return values * column + (rows + 1.0) * row


@kernel
def run_length_values(elements: float, density: float, run_bits: float) -> float:
    """Return how many values run-length coding stores: n (1 + q / (1 - q)), q = (1 - d)^(2^r).

    Each value carries the number of zeros before it in r bits. A longer run needs a stored zero for each 2^r of its
    zeros; runs between independent zeros are geometric, so n = d N values need n q / (1 - q) of them.

    Parameters
    ----------
    elements : float
        N, positions.
    density : float
        d, 0 to 1.
    run_bits : float
        Width of a run, r, bit.

    Returns
    -------
    float
        Values, -; fillers among them.

    References
    ----------
    Han 2016, EIE, arXiv:1602.01528, section III-B, which uses r = 4.
    """
    longest = 2.0**run_bits
    if density <= LIMIT:
        return elements / longest
    if density >= 1.0:
        return elements
    fillers = 1.0 / math.expm1(-longest * math.log1p(-density))  # q / (1 - q) without cancellation
    return density * elements * (1.0 + fillers)


@kernel
def sliced_run_length_values(slices: float, length: float, density: float, run_bits: float) -> float:
    """Return how many values coding stores of slices: n = S d sum_k max(0, L - k 2^r) (1 - d)^(k 2^r), k from 0.

    A slice begins anew, and the zeros behind its last value are not stored: a filler is needed only where 2^r zeros
    and a value follow within it.

    Parameters
    ----------
    slices, length : float
        S, and positions of each, L, -.
    density : float
        d, 0 to 1.
    run_bits : float
        Width of a run, r, bit.

    Returns
    -------
    float
        Values, -; fillers among them.

    References
    ----------
    Han 2016, EIE, arXiv:1602.01528, section III-B: columns of a matrix dealt to the lanes row by row.
    """
    longest = 2.0**run_bits
    stored, place = length, longest
    while place < length:
        stored += (length - place) * (1.0 - density) ** place
        place += longest
    return slices * density * stored


@kernel
def run_length_metadata(elements: float, density: float, run_bits: float) -> float:
    """Return the metadata of run-length coding: M = r bits for every stored value of `run_length_values`, bit.

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Han 2016, EIE, arXiv:1602.01528, section III-B.
    """
    return run_length_values(elements, density, run_bits) * run_bits


@kernel
def structured_metadata(elements: float, kept: float, group: float) -> float:
    """Return the metadata of N:M sparsity: M = E (N / M) ceil lg M, bit; 2:4 needs 2 bits for each value it keeps.

    Parameters
    ----------
    elements : float
        E, positions of the dense tensor.
    kept, group : float
        N values of every M.

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Mishra 2021, Accelerating Sparse Deep Neural Networks, arXiv:2104.08378.
    """
    return elements * kept / group * index_bits(group)


@kernel
def block_metadata(rows: float, columns: float, density: float, block: float) -> float:
    """Return the metadata of compressed rows of b x b blocks (BSR): M = `compressed_row_metadata` of the blocks, bit.

    Parameters
    ----------
    rows, columns : float
        Shape in elements, multiples of b.
    density : float
        Share of blocks that are stored; each stores b^2 values.
    block : float
        Side of a block, b.

    Returns
    -------
    float
        Metadata, b.

    References
    ----------
    Saad, Iterative Methods for Sparse Linear Systems, 2003, section 3.4.
    """
    return compressed_row_metadata(rows / block, columns / block, density, 0.0, 0.0)
