"""Products with weights that are mostly zeros: compressed rows gather what they meet of the other operand."""

from __future__ import annotations

from typing import Final

from archsim.families.gpu.outcome import finish
from archsim.jit import Record, kernel
from archsim.laws import roofline, sparse_format, traffic
from archsim.mapping.processor import LANES, MEMORY, fill_busy
from archsim.mapping.resident import keep_resident

INDEX: Final = 32.0
"""Width of an index, b."""
N_OF_M: Final = 2
"""Code of weights with n values in every group of m, see `archsim.graph.tensor.STRUCTURES`."""
HALF: Final = 0.5
"""Density from which on the tensor cores skip zeros of that structure: 2 of 4."""
KEPT: Final = 2.0
GROUP: Final = 4.0


@kernel
def structured(op: Record, chip: Record, work: Record) -> float:
    """Return how much faster tensor cores run the weights' pattern of zeros, -; 1 where they cannot use it."""
    fits = op.weight_structure == N_OF_M and op.weight_density <= HALF
    return chip.generation_sparse_structured if fits and work.on_matrix[op.precision] == 1 else 1.0


@kernel
def packed(op: Record) -> float:
    """Return the size of weights that tensor cores run with their zeros skipped, over that with the zeros, -."""
    elements = op.weight_elements
    metadata = sparse_format.structured_metadata(elements, KEPT, GROUP)
    return sparse_format.stored_bytes(elements * HALF, op.weight_bits, metadata) * 8.0 / (elements * op.weight_bits)


@kernel
def gathered(op: Record, chip: Record, work: Record) -> float:
    """Return the bytes that values fetch of the dense operand through the last cache, B: whole lines, none used twice.

    A value meets one element in each row of the dense operand, or `vector` neighbours where its kernels lay it out so.
    """
    vector = chip.generation_sparse_vector
    values = op.weight_elements * op.weight_density
    width = op.input_bits / 8.0
    return traffic.line_bytes(values * op.m / vector, vector * width, chip.memory_line[work.near])


@kernel
def compressed(op: Record) -> float:
    """Return the size of the weights as compressed rows, B."""
    values = op.weight_elements * op.weight_density
    metadata = sparse_format.compressed_row_metadata(op.n, op.k, op.weight_density, INDEX, INDEX) * op.batch
    return sparse_format.stored_bytes(values, op.weight_bits, metadata)


@kernel
def sparse_time(op: Record, chip: Record, work: Record) -> float:
    """Return about how long a product takes on compressed weights, s, to choose between it and a dense one."""
    near = roofline.bound_time(gathered(op, chip, work), work.bandwidth[work.near])
    far = roofline.bound_time(compressed(op) + op.input_bytes + op.output_bytes, work.bandwidth[0])
    return max(near, far)


@kernel
def leave_out(share: float, zeros: float, out: Record) -> None:
    """Leave this share of the MACs out, and zeros that are not stored, B, of what the memory moves."""
    out.left_out = share
    unmoved = min(out.bytes[0], zeros)
    out.resident += unmoved
    out.bytes[0] -= unmoved


@kernel
def cost_sparse(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a product on compressed weights, zeros left out, on the lanes."""
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    keep_resident(op, chip, work, out, chip.generation_cache_share)
    leave_out(1.0 - op.weight_density, max(0.0, op.weight_bytes - compressed(op)) * op.steps, out)
    near = work.near
    out.bytes[near] = (gathered(op, chip, work) + op.output_bytes) * op.steps
    out.busy[LANES] = roofline.bound_time(
        (2.0 * op.macs * op.weight_density + op.flops) * op.steps, work.lane_peak[op.precision]
    )
    out.busy[MEMORY] = roofline.bound_time(out.bytes[0], work.stream_rate[0])
    out.busy[MEMORY + near] = roofline.bound_time(out.bytes[near], work.bandwidth[near])
    finish(op, chip, work, out, chip.memory_latency[0] * op.steps)
