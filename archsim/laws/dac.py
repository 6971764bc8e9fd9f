"""Energy of digital-to-analog converters by bits.

Quantity                            Symbol   Unit
bits                                b        b
energy of one conversion            E        J
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def weighted_energy(energy: float, bits: float, most: float) -> float:
    """Return the energy of weighted sources: E = E_0 (2^b / b) / (2^b_0 / b_0).

    Parameters
    ----------
    energy : float
        With all its bits, E_0, J.
    bits, most : float
        b and b_0, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533, its simulator.
    """
    return energy * (2.0**bits / bits) / (2.0**most / most)


@kernel
def binary_energy(energy: float, bits: float, most: float) -> float:
    """Return the energy of binary sources: E = E_0 (2^b / (b + 1)) / (2^b_0 / (b_0 + 1)).

    Parameters
    ----------
    energy : float
        With all its bits, E_0, J.
    bits, most : float
        b and b_0, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Yin et al.: SimPhony, DAC 2025, arXiv:2411.13715, its device models.
    """
    return energy * (2.0**bits / (bits + 1.0)) / (2.0**most / (most + 1.0))
