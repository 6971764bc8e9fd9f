"""Codes of the op kinds and phases, as kernels see them."""

from __future__ import annotations

from typing import Final

MATMUL: Final = 0
CONV: Final = 1
ATTENTION: Final = 2
FFT: Final = 3
ELEMENTWISE: Final = 4
NORMALISE: Final = 5
REDUCE: Final = 6
GATHER: Final = 7
SCATTER: Final = 8
MOVE: Final = 9
SCAN: Final = 10
CHASE: Final = 11
NEURON: Final = 12
COLLECTIVE: Final = 13
OPAQUE: Final = 14

NAMES: Final = (
    "matmul",
    "conv",
    "attention",
    "fft",
    "elementwise",
    "normalise",
    "reduce",
    "gather",
    "scatter",
    "move",
    "scan",
    "chase",
    "neuron",
    "collective",
    "opaque",
)
CODES: Final[dict[str, int]] = {name: code for code, name in enumerate(NAMES)}
