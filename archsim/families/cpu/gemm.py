"""Dense products as GotoBLAS does them: operands packed for the caches, tiles of results in registers."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.ecm import begin, clock_share, finish
from archsim.families.cpu.phases import add_packing, pack
from archsim.families.cpu.tiles import SIDES, prepare, product_clocks
from archsim.jit import Record, kernel, search
from archsim.laws import roofline
from archsim.mapping.processor import LANES, MATRIX
from archsim.mapping.resident import keep_within

STREAMED: Final = 0
"""Code of libraries that do not pack the matrix of a product with one vector."""


@kernel
def cost_gemm(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost one (batched) product on some of the cores: packed, or one vector after another; return its latency, s."""
    if chip.library_products_vectors == STREAMED and takes_vectors(op, chip, work, out, threads):
        return by_vectors(op, chip, work, out, threads)
    return blocked(op, chip, work, out, threads)


@search
def takes_vectors(op: Record, chip: Record, work: Record, out: Record, threads: float) -> bool:
    """Say whether the matrix is better read where it lies, once for each vector, than packed."""
    return min(op.m, op.n) <= 1.0 or by_vectors(op, chip, work, out, threads) <= blocked(op, chip, work, out, threads)


@kernel
def by_vectors(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost products of a matrix with vectors, one after another; return the latency, s.

    Every element of the matrix is loaded from where it lies, once for each vector unless it stays in a cache.
    """
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    prepare(op, chip, work)
    few = min(op.m, op.n)
    matrix = op.k * max(op.m, op.n) * work.width
    for level in range(int(chip.memory_count)):
        if matrix > work.inner[level]:
            out.bytes[level] += (few - 1.0) * matrix * op.batch * op.steps
    rate = min(work.multiplies, work.loads) * work.lanes * work.group * work.tile
    compute(op.macs / (threads * rate), op, chip, work, out)
    return finish(op, chip, work, out)


@kernel
def blocked(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost a product in tiles of packed operands; return its latency, s."""
    begin(op, chip, work, out, threads)
    find(op, chip, work, out)
    prepare(op, chip, work)
    compute(product_clocks(op.m, op.n, op.k, 1.0, op.batch, threads, SIDES, chip, work, out), op, chip, work, out)
    wide = work.mac_widening[op.precision]
    operands = (op.weight_bytes + op.input_bytes) * wide
    reach = out.bytes[0] / (out.bytes[0] + out.resident)
    divide(op, chip, out)
    pack(operands, operands, operands * reach, chip, work, out)
    join(op, chip, out)
    finish(op, chip, work, out)
    return add_packing(operands, chip.library_products_packing, op, chip, work, out)


@kernel
def find(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Take what is found in the caches off the traffic of the main memory."""
    if chip.memory_count > 1.0:
        keep_within(op, work, out, cached(chip, out.mapping[0]), chip.library_resident)


@kernel
def cached(chip: Record, threads: float) -> float:
    """Return what the caches that some cores reach hold but for the innermost, B; none is taken to repeat another."""
    own = int(chip.memory_count) - 1
    total = 0.0
    for level in range(1, max(2, own)):
        total += chip.memory_capacity[level] * min(threads, chip.memory_instances[level])
    return total


@kernel
def compute(clocks: float, op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the busy time of the units from the clocks of one step."""
    threads = out.mapping[0]
    tiles = work.on_matrix[op.precision] == 1
    clock = work.core_clock * clock_share(chip, threads, chip.licence_matrix if tiles else chip.licence_vector)
    if threads > 1.0:
        clock *= chip.core_slowest
    products = op.steps * clocks / (clock * chip.library_products_efficiency)
    other = roofline.bound_time(op.flops * op.steps, work.lane_peak[op.precision])
    other *= chip.cores / (threads * clock_share(chip, threads, chip.licence_vector))
    if tiles:
        out.busy[MATRIX], out.busy[LANES] = products, other
    else:
        out.busy[LANES] = products + other


@kernel
def divide(op: Record, chip: Record, out: Record) -> None:
    """Turn the bytes of one execution into those of one step."""
    for level in range(int(chip.memory_count)):
        out.bytes[level] /= op.steps


@kernel
def join(op: Record, chip: Record, out: Record) -> None:
    """Turn the bytes of one step into those of one execution."""
    for level in range(int(chip.memory_count)):
        out.bytes[level] *= op.steps
