"""Adders beside cells that multiply with a gate: how many, and how much charge, area and time they take.

Everything is counted in two-input NAND gates: a full adder is three of them and two exclusive ORs.

Quantity                          Symbol   Unit   Source
numbers that are summed           n        -
bits of one number                b        -
levels of the tree                d        -      ceil(log2 n)
charge of an exclusive OR         -        -      1.5 NAND gates
area and delay of an exclusive OR -        -      2.4 NAND gates
charge and area of a register bit -        -      3 and 6 NAND gates
delay from an input to the sum    -        -      two exclusive ORs
delay from an input to the carry  -        -      an exclusive OR and two NANDs
delay from carry to carry         -        -      two NANDs
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

ADDER_CHARGE: Final = 6.0
ADDER_AREA: Final = 7.8
REGISTER_CHARGE: Final = 3.0
REGISTER_AREA: Final = 6.0
TO_SUM: Final = 4.8
TO_CARRY: Final = 4.4
CARRY: Final = 2.0


@kernel
def tree_levels(numbers: float) -> float:
    """Return the levels of a tree of two-input adders: d = ceil(log2 n).

    Parameters
    ----------
    numbers : float
        Numbers that are summed, n, -; at least 1.

    Returns
    -------
    float
        Levels, -.

    References
    ----------
    Definition.
    """
    return math.ceil(math.log2(numbers))


@kernel
def tree_adders(numbers: float, bits: float) -> float:
    """Return the full adders of a tree of ripple-carry adders: F = sum over levels l of floor(n_l / 2) (b + l - 1).

    A number left over on a level goes to the next one as it is. For powers of two that is n (b + 1) - (b + d + 1).

    Parameters
    ----------
    numbers, bits : float
        Numbers that are summed, n, and bits of each, b, -.

    Returns
    -------
    float
        Full adders of one bit, -.

    References
    ----------
    Houshmand, Sun, Verhelst: Benchmarking and modeling of analog and digital SRAM in-memory computing architectures,
    2023, arXiv 2305.18335 (a tree of ripple-carry adders).
    """
    adders, left, width = 0.0, numbers, bits
    while left > 1.0:
        pairs = math.floor(left / 2.0)
        adders += pairs * width
        left -= pairs
        width += 1.0
    return adders


@kernel
def place_adders(numbers: float, bits: float) -> float:
    """Return the full adders that join sums of neighbouring places: F = sum over levels of n / 2^l (b_l), b_1 = b.

    On level l numbers meet that stand s = 2^(l-1) places apart; the lowest s bits need no adder, so that an adder is as
    wide as the upper number, and its result has b_(l+1) = b_l + s + 1 bits.

    Parameters
    ----------
    numbers, bits : float
        Sums, one for each place, n, a power of two, and bits of each, b, -.

    Returns
    -------
    float
        Full adders of one bit, -.

    References
    ----------
    Definition.
    """
    adders, left, width, apart = 0.0, numbers, bits, 1.0
    while left > 1.0:
        pairs = math.floor(left / 2.0)
        adders += pairs * width
        left -= pairs
        width += apart + 1.0
        apart *= 2.0
    return adders


@kernel
def tree_delay(numbers: float, bits: float) -> float:
    """Return the delay of a tree in NAND delays: t = 4.8 (d - 1) + 4.4 + 2 (b + d - 2).

    The longest path takes the sums of all levels but the last, and ripples through the last adder.

    Parameters
    ----------
    numbers, bits : float
        Numbers that are summed, n, and bits of each, b, -.

    Returns
    -------
    float
        Delay over that of one NAND gate, -.

    References
    ----------
    Houshmand, Sun, Verhelst: Benchmarking and modeling of analog and digital SRAM in-memory computing architectures,
    2023, arXiv 2305.18335.
    """
    if numbers <= 1.0:
        return 0.0
    levels = tree_levels(numbers)
    return TO_SUM * (levels - 1.0) + TO_CARRY + CARRY * (bits + levels - 2.0)


@kernel
def accumulator_delay(bits: float, entering: float) -> float:
    """Return the delay of an accumulator behind a tree in NAND delays: t = 4.8 + 2 (b - b_in).

    Bits that enter wait for the tree anyway; the carry ripples through those above them.

    Parameters
    ----------
    bits, entering : float
        Bits of the accumulator, b, and of the sums that enter it, b_in, -.

    Returns
    -------
    float
        Delay over that of one NAND gate, -.

    References
    ----------
    Houshmand, Sun, Verhelst: Benchmarking and modeling of analog and digital SRAM in-memory computing architectures,
    2023, arXiv 2305.18335.
    """
    return TO_SUM + CARRY * max(0.0, bits - entering)


@kernel
def accumulator_bits(input_bits: float, weight_bits: float, numbers: float) -> float:
    """Return the bits an accumulator needs: b = b_x + b_w + d.

    Parameters
    ----------
    input_bits, weight_bits : float
        Bits of an activation, b_x, and of a weight, b_w, -.
    numbers : float
        Products summed, n, -.

    Returns
    -------
    float
        Bits, -.

    References
    ----------
    Definition.
    """
    return input_bits + weight_bits + tree_levels(numbers)


@kernel
def switching(gates: float, capacitance: float, voltage: float, activity: float) -> float:
    """Return the energy of gates that switch together: E = a g C V^2.

    Parameters
    ----------
    gates : float
        Charge over that of one NAND gate, g, -.
    capacitance : float
        Of one NAND gate, C, F.
    voltage : float
        Supply, V.
    activity : float
        Share that switches, a, -.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2.
    """
    return activity * gates * capacitance * voltage * voltage
