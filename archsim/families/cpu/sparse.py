"""Products with weights that are mostly zeros: on compressed weights, or as if there were no zeros."""

from __future__ import annotations

from typing import Final

from archsim.families.cpu.ecm import begin, clock_share, finish
from archsim.families.cpu.gemm import cached, cost_gemm
from archsim.families.cpu.sparse_loops import (
    DENSE_BYTES,
    INSTRUCTIONS,
    PASSES,
    PIECE,
    WAITED,
    add_rows,
    expand,
    sum_columns,
)
from archsim.jit import Record, kernel, search
from archsim.laws import residency, roofline, sparse_format, sparse_rate, traffic
from archsim.mapping.processor import INSTRUCTION_ENERGY, LANES, MATRIX, WAITING

COMPRESSED: Final = 1
DENSE: Final = 2
COORDINATES: Final = 1
BOTH: Final = 1
ROWS: Final = 1
ONE: Final = 0
"""Codes of the choices in `archsim.families.cpu.library.SparseKernels`."""


@kernel
def cost_pruned(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost a product with zeros among its weights on some of the cores; return its latency, s."""
    method = chip.library_sparse_method
    if method == COMPRESSED or (method != DENSE and compresses(op, chip, work, out, threads)):
        return cost_sparse(op, chip, work, out, threads)
    out.left_out = 0.0
    return cost_gemm(op, chip, work, out, threads)


@search
def compresses(op: Record, chip: Record, work: Record, out: Record, threads: float) -> bool:
    """Return whether compressed weights are faster than dense ones."""
    compressed = cost_sparse(op, chip, work, out, threads)
    out.left_out = 0.0
    return compressed < cost_gemm(op, chip, work, out, threads)


@kernel
def cost_sparse(op: Record, chip: Record, work: Record, out: Record, threads: float) -> float:
    """Cost a product on compressed weights, zeros left out; return its latency, s.

    The other operand's zeros are left out too where the library compresses both.
    """
    if chip.library_sparse_threads == ONE:
        threads = 1.0
    begin(op, chip, work, out, threads)
    clocks = loop(op, chip, work, out)
    licence = chip.licence_vector if by_rows(op, chip) else 1.0
    clock = threads * work.core_clock * clock_share(chip, threads, licence)
    rate = clock * chip.library_sparse_efficiency
    out.left_out = 1.0 - op.weight_density * (op.input_density if expands(op, chip) else 1.0)
    other = (
        roofline.bound_time(op.flops * op.steps, work.lane_peak[op.precision]) * chip.cores * work.core_clock / clock
    )
    out.busy[MATRIX] = 0.0
    out.busy[LANES] = clocks * op.steps / rate + other
    out.busy[WAITING] = max(out.busy[WAITING], out.mapping[WAITED] * op.steps / rate)
    move_compressed(op, chip, work, out)
    finish(op, chip, work, out)
    # An instruction that fetches one element has no register full of others to share its energy with.
    out.energy[INSTRUCTION_ENERGY] = out.mapping[INSTRUCTIONS] * op.steps * work.byte_control * chip.core_register_width
    return out.latency


@kernel
def expands(op: Record, chip: Record) -> bool:
    """Return whether the zeros of both operands are left out."""
    return chip.library_sparse_operands == BOTH and op.input_density < 1.0


@kernel
def by_rows(op: Record, chip: Record) -> bool:
    """Return whether a value is multiplied with a row of the dense operand at once."""
    return chip.library_sparse_layout == ROWS and op.m > 1.0 and not expands(op, chip)


@kernel
def loop(op: Record, chip: Record, work: Record, out: Record) -> float:
    """Return the clocks of one step, all cores together, clk, and fill the mapping; see `sparse_loops`."""
    if expands(op, chip):
        return expand(op, chip, work, out)
    if by_rows(op, chip):
        return add_rows(op, chip, work, out)
    return sum_columns(op, chip, work, out)


@kernel
def compressed(op: Record, chip: Record) -> float:
    """Return the size of the compressed weights, B."""
    values = op.weight_elements * op.weight_density
    index = chip.library_sparse_index
    if chip.library_sparse_format == COORDINATES:
        return sparse_format.stored_bytes(values, op.weight_bits, values * 2.0 * index)
    metadata = sparse_format.compressed_row_metadata(op.n, op.k, op.weight_density, index, index) * op.batch
    return sparse_format.stored_bytes(values, op.weight_bits, metadata)


@kernel
def move_compressed(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill the bytes across every level, and what is found in the caches.

    Values stream by once a pass, unless they stay inside the level. Of the dense operand come every element once, and
    whole lines for what is looked for at random and not found inside; every core has to fill caches of its own.
    """
    stored, again = compressed(op, chip), out.mapping[PASSES] * op.steps - 1.0
    dense, piece = out.mapping[DENSE_BYTES], out.mapping[PIECE]
    pieces = op.weight_elements * op.weight_density * op.steps
    if not by_rows(op, chip) and not expands(op, chip):
        pieces *= op.m
    fetched = pieces * piece
    once = op.input_bytes * op.steps * (op.input_density if expands(op, chip) else 1.0)
    rest = (op.output_bytes + op.extra_bytes + op.state_bytes) * op.steps
    own = int(chip.memory_count) - 1
    for level in range(own):
        inner = work.inner[level]
        copies = min(out.mapping[0], chip.memory_instances[level + 1])
        lines = traffic.line_bytes(pieces, piece, chip.memory_line[level]) * sparse_rate.random_misses(dense, inner)
        out.bytes[level] = stored * (1.0 + again * (1.0 - residency.hit(stored, inner, 1.0))) + rest
        out.bytes[level] += max(once * copies, lines)
    out.bytes[own] = stored * (1.0 + again) + fetched + rest
    if by_rows(op, chip):
        out.bytes[own] += 2.0 * fetched  # a row of the result, in and out
    if own > 0:
        keep_compressed(stored, once, op, chip, out)
    needed = op.weight_bytes / op.steps + op.input_bytes + op.extra_bytes + op.output_bytes
    out.resident = max(0.0, needed - out.bytes[0])


@kernel
def keep_compressed(stored: float, once: float, op: Record, chip: Record, out: Record) -> None:
    """Take what is found in the caches off the traffic of the main memory; weights left fewer bytes behind them."""
    capacity, share = cached(chip, out.mapping[0]), chip.library_resident
    saved = op.weight_bytes - stored
    weights = residency.hit(max(stored, op.weight_distance - saved), capacity, share)
    inputs = residency.hit(max(once, op.input_distance - saved), capacity, share)
    results = residency.hit(stored + once + op.extra_bytes + op.state_bytes + op.output_bytes, capacity, share)
    filled = once * min(out.mapping[0], chip.memory_instances[1])  # every last cache with a copy of its own
    found = weights * stored + inputs * (filled + op.state_bytes * op.steps) + results * op.output_bytes * op.steps
    out.bytes[0] = max(0.0, out.bytes[0] - found)
