"""Inputs that arrive bit by bit on wires, weighed by how often they are sampled, and conversions that stop early.

Quantity                              Symbol   Unit
bits of an input beside its sign      m        -
bits converted together, a phase      p        -
bits of a result                      o        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def sampling_steps(bits: float, phase_bits: float) -> float:
    """Return how often outputs are sampled for one input: n = floor(m / p) (2^p - 1) + 2^(m mod p) - 1.

    In a phase the bit of place k is sampled 2^k times, so that it counts 2^k times as much.

    Parameters
    ----------
    bits, phase_bits : float
        Bits of an input beside its sign, m, and bits of one phase, p, -.

    Returns
    -------
    float
        Samples, -.

    References
    ----------
    Wan et al.: A compute-in-memory chip based on resistive random-access memory, Nature 608, 2022 (2^(n-1) - 1 cycles
    for inputs of n bits with a sign), as CiMLoop models it.
    """
    whole = math.floor(bits / phase_bits)
    return whole * (2.0**phase_bits - 1.0) + 2.0 ** (bits - whole * phase_bits) - 1.0


@kernel
def resolved_bits(result_bits: float, bits: float, phase_bits: float) -> float:
    """Return the bits that converters find in all phases of one input: n = sum over phases i of max(0, o - i p).

    The first phase holds the lowest or highest places of the input; what the others find overlaps the result in p bits
    less each.

    Parameters
    ----------
    result_bits : float
        Bits of a result, o, -.
    bits, phase_bits : float
        Bits of an input beside its sign, m, and bits of one phase, p, -.

    Returns
    -------
    float
        Bits, -.

    References
    ----------
    CiMLoop 2024, its model of Wan et al. 2022.
    """
    found, behind = 0.0, 0.0
    while behind < bits:
        found += max(0.0, result_bits - behind)
        behind += phase_bits
    return found
