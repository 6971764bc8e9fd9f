"""Convolutions: directly on blocks of channels, or unrolled into a product.

Winograd's algorithm is left out: oneDNN has it for fp32, but frameworks ask for the direct algorithm.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.families.cpu.ecm import begin, finish
from archsim.families.cpu.gemm import cached, compute, divide, find, join
from archsim.families.cpu.phases import add_packing, add_start, pack, write_again
from archsim.families.cpu.tiles import SIDES, prepare, product_clocks
from archsim.jit import Record, kernel
from archsim.laws import residency, waves

CHANNELS: Final = 1
"""Of a direct convolution the channels lie along the registers, always."""
DIRECT: Final = 0
"""Code of the direct algorithm among the library's."""


@kernel
def cost_conv(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one convolution on some of the cores; return its latency, s."""
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    prepare(op, chip, work)
    if op.groups > 1.0 and op.in_channels <= op.groups and op.dynamic == 0:
        compute(depthwise_clocks(op, chip, work, threads), op, chip, work, out)
        return finish(op, chip, work, out)
    if chip.library_products_convolution == DIRECT and op.dynamic == 0:
        compute(direct_clocks(op, chip, work, out, threads), op, chip, work, out)
        return reorder(op, chip, work, out)
    compute(product_clocks(op.m, op.n, op.k, 1.0, op.batch, threads, SIDES, chip, work, out), op, chip, work, out)
    return unroll(op, chip, work, out)


@kernel
def unroll(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Finish a convolution as a product whose operands are packed, its inputs once for each tap; return the latency, s.

    The gradient of weights sums over pixels, which lie apart: its operands are turned, and taps read them where they
    are.
    """
    wide = work.mac_widening[op.precision]
    operands = (op.weight_bytes + op.input_bytes) * wide
    written = operands if op.dynamic == 1 else op.weight_bytes * wide + op.m * op.k * op.batch * work.width
    reach = out.bytes[0] / (out.bytes[0] + out.resident)
    divide(op, chip, out)
    pack(operands, written, operands * reach, chip, work, out)
    join(op, chip, out)
    finish(op, chip, work, out)
    return add_packing(written, chip.library_products_packing, op, chip, work, out)


@kernel
def reorder(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Finish a direct convolution, its weights put in the library's order before; return the latency, s."""
    passes = chip.library_products_weights
    if op.kernel_height * op.kernel_width <= 1.0:
        passes = min(passes, 1.0)
    weights = op.weight_bytes * work.mac_widening[op.precision]
    if passes < 1.0 or weights <= 0.0:
        return finish(op, chip, work, out)
    reach = out.bytes[0] / (out.bytes[0] + out.resident)
    divide(op, chip, out)
    pack(weights, weights, weights * reach, chip, work, out)
    kept = residency.hit(2.0 * weights, cached(chip, out.mapping[0]), chip.library_resident)
    write_again(passes - 1.0, weights, kept, chip, work)
    join(op, chip, out)
    finish(op, chip, work, out)
    add_packing(passes * weights, chip.library_products_reordering, op, chip, work, out)
    start = (passes - 1.0) * chip.library_dispatch  # the permutation is a kernel of its own
    if out.mapping[0] > 1.0:
        start += (passes - 1.0) * chip.overhead_fork_join
    if weights >= chip.library_fresh_above:
        start += passes * weights / chip.library_fresh_bandwidth
    return add_start(0.0, op.steps * start, op, chip, work, out)


@kernel
def direct_clocks(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Return the clocks of a direct convolution: a product whose tiles do not cross from one row of pixels to the next.

    Filters of one tap see all pixels as one row.
    """
    lines, pixels = 1.0, op.m
    if op.kernel_height * op.kernel_width > 1.0 and op.dynamic == 0:
        lines, pixels = op.m / op.out_width, op.out_width
    return product_clocks(pixels, op.n, op.k, lines, op.batch, threads, CHANNELS, chip, work, out)


@kernel
def depthwise_clocks(op: Record, chip: Record, work: Record, threads: float) -> float:
    """Return the clocks of a convolution without sums over channels, all abreast: every product loads its input."""
    lanes = work.lanes * work.group
    products = op.m * op.k * waves.padded(op.n * op.groups, lanes) / lanes
    return math.ceil(products / threads) / min(work.multiplies, work.loads)
