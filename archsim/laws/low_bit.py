"""Products with weights of few bits on SIMD registers: how many instructions the published loops take for one MAC.

A register of W bytes holds 8 W / b weights of b bits. Ways to multiply them by activations of eight bits, or of one:

- unpack them to bytes, p = 8 / b registers of them, and multiply, with one scale for all weights or one per block;
- look up, bit by bit, what four activations add up to: 16 possible sums, a table that fits one register;
- for weights and activations of one bit, count the places in which they agree.

Each count is of the loop named under its reference; loads and arithmetic are counted apart.

Quantity                                     Symbol   Unit   Source
width of a register                          W        B
bits of a weight                             b        bit
registers of bytes one register unpacks to   p        -      8 / b
multiplying a register of bytes, adding up   q        -      1 dot product instruction, or several older ones
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

TABLE: Final = 4.0
"""Activations one table is made of, g: 2^g sums of a byte each fill a register of 16 bytes."""
GROUP: Final = 16.0
"""Tables whose sums share one scale: 64 activations."""
WORD: Final = 64.0
"""Bits of a general register."""


@kernel
def planes(bits: float) -> float:
    """Return the registers of bytes that one register of weights unpacks to: p = 8 / b.

    Parameters
    ----------
    bits : float
        Width of a weight, b, bit.

    Returns
    -------
    float
        Registers, -.

    References
    ----------
    Definition.
    """
    return 8.0 / bits


@kernel
def unpacking(registers: float) -> float:
    """Return the instructions that unpack one register of weights: u = 2 p - 1, p masks and a shift for all but one.

    Parameters
    ----------
    registers : float
        Registers of bytes it unpacks to, p, -.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Microsoft BitNet 2025, src/ggml-bitnet-mad.cpp (ggml_vec_dot_i2_i8_s); llama.cpp 2024, ggml-quants.c (Q2_K).
    """
    return 2.0 * registers - 1.0


@kernel
def widened(registers: float, width: float, multiply: float, columns: float) -> float:
    """Return the SIMD instructions of one MAC with weights unpacked to bytes: i = (u / c + p q) / (p W).

    Parameters
    ----------
    registers : float
        Registers of bytes a register of weights unpacks to, p, -.
    width : float
        Register, W, B.
    multiply : float
        Instructions that multiply one register of bytes and add the products up, q, -.
    columns : float
        Activation vectors that share one unpacking, c, -.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Microsoft BitNet 2025, src/ggml-bitnet-mad.cpp: 3 shifts, 4 masks, 4 multiplications and 4 additions for 128 MACs.
    """
    return (unpacking(registers) / columns + registers * multiply) / (registers * width)


@kernel
def widened_loads(registers: float, width: float, rows: float, columns: float) -> float:
    """Return the loads of one MAC with weights unpacked to bytes: l = (1 / c + p / r) / (p W).

    Parameters
    ----------
    registers, width, columns : float
        As in `widened`.
    rows : float
        Rows of weights that share the activations loaded, r, -.

    Returns
    -------
    float
        Loads of a register, -.

    References
    ----------
    Microsoft BitNet 2025, src/ggml-bitnet-mad.cpp: 5 loads for 128 MACs, 2 with four rows side by side.
    """
    return (1.0 / columns + registers / rows) / (registers * width)


@kernel
def reduction(width: float) -> float:
    """Return the instructions that add up the 32-bit sums in one register and store the result: h = 2 log2(W / 4) + 4.

    Half of the register is moved onto the other half and added, until one sum is left; before it the sums are widened
    and added, after it the sum is moved out and stored.

    Parameters
    ----------
    width : float
        Register, W, B.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Microsoft BitNet 2025, src/ggml-bitnet-mad.cpp (hsum_i32_8).
    """
    return 2.0 * math.log2(width / 4.0) + 4.0


@kernel
def dequantised(registers: float, width: float, multiply: float) -> float:
    """Return the SIMD instructions of one MAC with weights in blocks that have scales: i = (v + q + d W) / W.

    v brings one register of bytes into the order it is multiplied in, d is what a block takes over its weights. Two
    registers of bytes from one (four bits, blocks of 32): v = 2 / p + 1 and d = 5 / 32, as each register is unpacked
    and centred, and a block takes two conversions of scales, their product, a conversion of the sum and a multiply-add.
    More registers (two bits, blocks of 16 in 256): v = u / p and d = 4 / 16 + 20 / 256, as each block's sum is added up
    across the register and moved to a general one, two slots each, where its scale is multiplied; 20 instructions in
    256 weights take off what the blocks' least values contribute.

    Parameters
    ----------
    registers, width, multiply : float
        As in `widened`.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    llama.cpp 2024, ggml-quants.c (ggml_vec_dot_q4_0_q8_0 and ggml_vec_dot_q2_K_q8_K, NEON).
    """
    if registers <= 2.0:
        return (2.0 / registers + 1.0 + multiply + 5.0 * width / 32.0) / width
    return (unpacking(registers) / registers + multiply + 4.0 * width / 16.0 + 20.0 * width / 256.0) / width


@kernel
def dequantised_loads(registers: float, width: float) -> float:
    """Return the loads of one MAC with weights in blocks that have scales: l = (1 / p + 1 + W / 16) / W.

    A register of weights serves p registers of activations; every 16 weights take one scale, or every 32 two.

    Parameters
    ----------
    registers, width : float
        As in `widened`.

    Returns
    -------
    float
        Loads, -.

    References
    ----------
    llama.cpp 2024, ggml-quants.c (ggml_vec_dot_q4_0_q8_0 and ggml_vec_dot_q2_K_q8_K, NEON).
    """
    return (1.0 / registers + 1.0 + width / 16.0) / width


@kernel
def looked_up(bits: float, width: float, adds: float) -> float:
    """Return the SIMD instructions of one MAC with tables: i = b (2 + a + (10 - 2 a + 2 / b) / 16) / (4 W).

    A register of indices, each of four one-bit weights, takes one shift or mask, one look-up and a additions: one where
    bytes are averaged, two where they are widened to 16 bits. Sixteen of them add up before the sums are widened, if
    they were not yet, converted, scaled, and added to the result.

    Parameters
    ----------
    bits : float
        Width of a weight, b, bit: each bit is a pass of its own.
    width : float
        Register, W, B.
    adds : float
        Additions of a register of looked-up sums, a: 1 averaged, 2 widened.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Wei et al. 2024, T-MAC, arXiv:2407.00088; python/t_mac/intrins/tbl.cc (tbl_g4_int8_float_update, NEON).
    """
    return bits * (2.0 + adds + (10.0 - 2.0 * adds + 2.0 / bits) / GROUP) / (TABLE * width)


@kernel
def looked_up_loads(bits: float, width: float) -> float:
    """Return the loads of one MAC with tables: l = b (1 / 2 + 4 / 16) / (4 W); the tables stay in registers.

    Parameters
    ----------
    bits, width : float
        As in `looked_up`.

    Returns
    -------
    float
        Loads of a register, -.

    References
    ----------
    Wei et al. 2024, T-MAC, arXiv:2407.00088; python/t_mac/intrins/tbl.cc.
    """
    return bits * (0.5 + 4.0 / GROUP) / (TABLE * width)


@kernel
def tabulated(activations: float) -> float:
    """Return the SIMD instructions that make the tables of some activations: i = 2.5 x; `tabulated_stores` come on top.

    For 32 activations 8 registers of 16-bit sums take 24 additions, and 16 take a negation or not, a scale, a
    conversion and a narrowing.

    Parameters
    ----------
    activations : float
        x, -.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Wei et al. 2024, T-MAC, arXiv:2407.00088; python/t_mac/intrins/lut_ctor.cc (NEON).
    """
    return 2.5 * activations


@kernel
def tabulated_stores(activations: float) -> float:
    """Return the stores that make the tables of some activations, a byte each: s = 2^g / g x = 4 x.

    Parameters
    ----------
    activations : float
        x, -.

    Returns
    -------
    float
        Stores, -.

    References
    ----------
    Wei et al. 2024, T-MAC, arXiv:2407.00088; python/t_mac/intrins/lut_ctor.cc (vst1_lane_s8).
    """
    return 2.0**TABLE / TABLE * activations


@kernel
def counted(width: float, counting: float) -> float:
    """Return the SIMD instructions of one binary MAC: i = (1 + n) / (8 W): an exclusive or, then the ones are counted.

    The product of signs is +1 where bits agree: the sum of K of them is K - 2 popcount(x xor w).

    Parameters
    ----------
    width : float
        Register, W, B.
    counting : float
        Instructions that count the ones of a register and add them up, n, -.

    Returns
    -------
    float
        Instructions, -.

    References
    ----------
    Rastegari et al. 2016, XNOR-Net, arXiv:1603.05279.
    """
    return (1.0 + counting) / (8.0 * width)


@kernel
def word_clocks(issue: float) -> float:
    """Return the clocks of one binary MAC on general registers: t = max(1, 3 / f) / 64.

    A word takes an exclusive or, a count of its ones, of which one starts per clock, and an addition.

    Parameters
    ----------
    issue : float
        Instructions started per clock, f, per clock.

    Returns
    -------
    float
        Clocks, -.

    References
    ----------
    Rastegari et al. 2016, XNOR-Net, arXiv:1603.05279, section 3.2 (64 binary operations in one clock).
    """
    return max(1.0, 3.0 / issue) / WORD


@kernel
def started(arithmetic: float, loads: float, slots: float, ports: float, issue: float, overlap: float) -> float:
    """Return the clocks in which instructions start: t = max(a / s + (1 - v) l / n, l / n, (a + l) / f).

    Parameters
    ----------
    arithmetic, loads : float
        SIMD instructions and loads, a and l, -.
    slots, ports, issue : float
        SIMD instructions, loads, and instructions of any kind started per clock, s, n and f, per clock.
    overlap : float
        Share of the loads that start beside the arithmetic, v, -.

    Returns
    -------
    float
        Clocks, -.

    References
    ----------
    Stengel et al. 2015, ECM model, arXiv:1410.5010 (loads that overlap with arithmetic, and those that do not).
    """
    beside = arithmetic / slots + (1.0 - overlap) * loads / ports
    return max(beside, loads / ports, (arithmetic + loads) / issue)
