"""Which axis of a product lies where on an array, and what crosses its edges, by what stays in the cells.

An M x K by K x N product is mapped by what stays: weights (ws), outputs (os) or inputs (is).

=====================  ======================  ================  ======================
..                     ws                      os                is
=====================  ======================  ================  ======================
along the rows         K                       M                 K
along the columns      N                       N                 M
streams past           M                       K                 N
inputs that enter      M K ceil(N / C)         M K ceil(N / C)   M K
weights that enter     K N                     K N ceil(M / R)   K N ceil(M / C)
sums that leave        M N ceil(K / R)         M N               M N ceil(K / R)
=====================  ======================  ================  ======================

A convolution is the product of M = output pixels, K = kernel height x width x input channels, N = output channels.
"""

from __future__ import annotations

from typing import Final

from archsim.jit import kernel
from archsim.laws import fold

WEIGHTS: Final = 0
OUTPUTS: Final = 1
INPUTS: Final = 2
"""What stays in the cells; codes of ``array.dataflow``."""


@kernel
def along_rows(stays: int, m: float, n: float, k: float) -> float:
    """Return the axis along the rows, S_R."""
    return m if stays == OUTPUTS else k


@kernel
def along_columns(stays: int, m: float, n: float, k: float) -> float:
    """Return the axis along the columns, S_C."""
    return m if stays == INPUTS else n


@kernel
def streamed(stays: int, m: float, n: float, k: float) -> float:
    """Return the axis that streams past the cells, T."""
    if stays == WEIGHTS:
        return m
    return k if stays == OUTPUTS else n


@kernel
def fold_count(stays: int, m: float, n: float, k: float, rows: float, columns: float) -> float:
    """Return the folds of a product."""
    return fold.folds(along_rows(stays, m, n, k), rows) * fold.folds(along_columns(stays, m, n, k), columns)


@kernel
def input_reads(stays: int, m: float, n: float, k: float, columns: float) -> float:
    """Return the inputs that enter the array."""
    return m * k if stays == INPUTS else fold.passed_words(m * k, n, columns)


@kernel
def weight_reads(stays: int, m: float, n: float, k: float, rows: float, columns: float) -> float:
    """Return the weights that enter the array."""
    if stays == WEIGHTS:
        return k * n
    return fold.passed_words(k * n, m, rows if stays == OUTPUTS else columns)


@kernel
def output_writes(stays: int, m: float, n: float, k: float, rows: float) -> float:
    """Return the sums that leave the array, partial ones too."""
    return m * n if stays == OUTPUTS else fold.passed_words(m * n, k, rows)
