"""Conversions and symbols of a matrix product on cores that compute with light.

A core takes R inputs and C columns of weights, and adds up on its detectors; it sees W input vectors at once. What it
cannot hold it sees again: inputs once for each block of columns, outputs once for each block of rows.

Quantity                              Symbol     Unit
vectors, columns and depth of a product   m, n, k   -
rows and columns of a core            R, C       -
vectors of one core at once           W          -
passes for both signs                 g          -
cores that share an encoding          s          -
symbols added up in analog            T          -
cores added up in analog              a          -

All are exact for whole numbers below 2^53.
"""

from __future__ import annotations

import math

from archsim.jit import kernel
from archsim.laws import conversion, fold


@kernel
def input_encodings(m: float, n: float, k: float, columns: float, broadcast: float, signs: float) -> float:
    """Return the conversions of the inputs: N = g m k max(1, ceil(n / C) / s).

    Parameters
    ----------
    m, n, k : float
        Product, -.
    columns : float
        C, -.
    broadcast : float
        Blocks of columns that share one encoding, s, -.
    signs : float
        g, -.

    Returns
    -------
    float
        Conversions, -.

    References
    ----------
    Zhu et al.: Lightening-Transformer: a dynamically-operated optically-interconnected photonic transformer
    accelerator, HPCA 2024, arXiv:2305.19533, and its simulator; Nahmias et al.: Photonic multiply-accumulate operations
    for neural networks, IEEE JSTQE 26(1), 2020, doi:10.1109/JSTQE.2019.2941485 (conversions grow with the sides of a
    matrix, products with its area).
    """
    return conversion.input_events(m, k, max(1.0, fold.folds(n, columns) / broadcast), signs)


@kernel
def weight_encodings(m: float, n: float, k: float, held: float, signs: float) -> float:
    """Return the conversions of weights that are not there yet: N = g n k ceil(m / h).

    Parameters
    ----------
    m, n, k : float
        Product, -.
    held : float
        Input vectors that one encoding serves, h, -.
    signs : float
        g; 1 for weights that are set, -.

    Returns
    -------
    float
        Conversions, -.

    References
    ----------
    Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533, and its simulator.
    """
    return conversion.input_events(n, k, fold.folds(m, held), signs)


@kernel
def output_reads(
    m: float, n: float, k: float, rows: float, accumulate: float, summed: float, signs: float
) -> float:  # fmt: skip
    """Return the conversions of the outputs: N = g m n ceil(ceil(ceil(k / R) / T) / a).

    Parameters
    ----------
    m, n, k : float
        Product, -.
    rows : float
        R, -.
    accumulate, summed : float
        Symbols and cores added up before a conversion, T and a, -.
    signs : float
        g, -.

    Returns
    -------
    float
        Conversions, -; what exceeds m n is added up in digital.

    References
    ----------
    Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533, and its simulator.
    """
    return conversion.output_events(m, n, fold.folds(fold.folds(fold.folds(k, rows), accumulate), summed), signs)


@kernel
def blocks(n: float, k: float, rows: float, columns: float) -> float:
    """Return the cores that hold a matrix: N = ceil(k / R) ceil(n / C).

    Parameters
    ----------
    n, k : float
        Matrix, -.
    rows, columns : float
        R and C, -.

    Returns
    -------
    float
        Blocks, -.

    References
    ----------
    Definition.
    """
    return math.ceil(k / rows) * math.ceil(n / columns)


@kernel
def symbols(m: float, blocks: float, vectors: float, cores: float, signs: float) -> float:
    """Return the symbols of a product whose blocks and vectors any core may take: N = ceil(g ceil(m / W) b / c).

    Parameters
    ----------
    m : float
        Input vectors, -.
    blocks : float
        Of the matrix, b, -.
    vectors, cores : float
        Vectors at once, W, and cores, c, -.
    signs : float
        g, -.

    Returns
    -------
    float
        Symbols, -.

    References
    ----------
    Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533, and its simulator.
    """
    return math.ceil(signs * math.ceil(m / vectors) * blocks / cores)


@kernel
def held_symbols(m: float, blocks: float, vectors: float, cores: float, signs: float) -> float:
    """Return the symbols of a product whose blocks stay in cores of their own: N = g ceil(m / W) ceil(b / c).

    Parameters
    ----------
    m : float
        Input vectors, -.
    blocks : float
        Of the matrix, b, -.
    vectors, cores : float
        Vectors at once, W, and cores, c, -.
    signs : float
        g, -.

    Returns
    -------
    float
        Symbols, -.

    References
    ----------
    Definition: cores beyond one for each block have nothing to do.
    """
    return signs * math.ceil(m / vectors) * math.ceil(blocks / cores)


@kernel
def frames(planes: float, plane: float, resolution: float, engines: float) -> float:
    """Return the frames of a lens that filters planes: N = ceil(p / (floor(P / A) e)), or ceil(p ceil(A / P) / e).

    Parameters
    ----------
    planes : float
        Planes filtered, each with a mask, p, -.
    plane : float
        Pixels of one, with what the filter adds around it, A, -.
    resolution : float
        Pixels of the engine, P, -.
    engines : float
        e, -.

    Returns
    -------
    float
        Frames, -.

    References
    ----------
    Goodman: Introduction to Fourier optics, 3rd ed. 2005, section 8.3 (a mask in the focus of a lens filters a whole
    plane, whatever the size of the filter).
    """
    together = math.floor(resolution / plane)
    if together >= 1.0:
        return math.ceil(planes / (together * engines))
    return math.ceil(planes * math.ceil(plane / resolution) / engines)


@kernel
def needed_bits(inputs: float, weights: float, k: float, most: float) -> float:
    """Return the bits of an exact sum, as far as a converter has them: b = min(b_max, b_in + b_w + log2 k).

    Parameters
    ----------
    inputs, weights : float
        Bits of the operands, b_in and b_w, -.
    k : float
        Products summed, -.
    most : float
        Bits of the converter, b_max, -.

    Returns
    -------
    float
        Bits, -.

    References
    ----------
    Definition: the largest sum of k products of such numbers.
    """
    return min(most, inputs + weights + math.log2(max(1.0, k)))
