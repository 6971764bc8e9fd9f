"""Bytes an op moves across one memory level, given what the level inside can keep.

Composes the laws of `archsim.laws.traffic` by kind of op; families call it once per level.
"""

from __future__ import annotations

from archsim.graph.kinds import ATTENTION, CHASE, CONV, GATHER, MATMUL, NORMALISE, SCATTER
from archsim.jit import Record, kernel
from archsim.laws import traffic


@kernel
def level_bytes(op: Record, capacity: float, line: float, widen: float) -> float:
    """Return the bytes one step of `op` moves across a level.

    Parameters
    ----------
    op : record
        Row of the op table.
    capacity : float
        Bytes one instance of the next level inside keeps.
    line : float
        Smallest transfer of this level, B.
    widen : float
        Width of the format computed in over the width stored, at least 1.

    Returns
    -------
    float
        Traffic of one step, B; never less than every operand once.
    """
    if op.kind in (MATMUL, CONV):
        return contraction_bytes(op, capacity, widen)
    if op.kind == ATTENTION:
        return attention_bytes(op, capacity, widen)
    if op.kind in (GATHER, SCATTER, CHASE):
        return irregular_bytes(op, capacity, line)
    moved = op.input_bytes + op.extra_bytes + op.output_bytes
    if op.kind == NORMALISE:
        row = op.length * op.input_bits / 8.0 * widen
        moved += op.input_bytes * (traffic.stream_reload(op.passes, row, capacity) - 1.0)
    return (moved + kept_weights(op, capacity, widen) + op.state_bytes) * widen


@kernel
def kept_weights(op: Record, capacity: float, widen: float) -> float:
    """Return the weight bytes of one step: weights that fit inside are fetched once for all dependent steps."""
    if op.steps > 1.0 and op.weight_bytes * widen <= capacity:
        return op.weight_bytes / op.steps
    return op.weight_bytes


@kernel
def contraction_bytes(op: Record, capacity: float, widen: float) -> float:
    """Return the traffic of a matmul or convolution: the best of keeping either input or the result."""
    first = op.input_bytes
    second = kept_weights(op, capacity, widen)
    if op.dynamic:
        second += first * op.n / (op.m + op.n)
        first -= first * op.n / (op.m + op.n)
    elements = capacity * 8.0 / (op.input_bits * widen)
    moved = traffic.gemm_bytes(op.m, op.n, op.k, first, second, op.output_bytes, elements)
    return (moved + op.extra_bytes + op.state_bytes) * widen


@kernel
def attention_bytes(op: Record, capacity: float, widen: float) -> float:
    """Return the traffic of fused attention: scores never leave, keys and values pass by once per tile of queries."""
    width = op.input_bits / 8.0 * widen
    head = op.n * (op.k + op.value_size) * width
    keys = op.batch * op.n * (op.k + op.value_size) * op.input_bits / 8.0
    reload = 1.0
    if head > capacity:
        queries = max(1.0, capacity / (2.0 * (op.k + op.value_size) * width))
        reload = max(1.0, op.mask * op.m / queries)
    everything = op.input_bytes + op.state_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes
    return (everything + keys * (reload - 1.0)) * widen


@kernel
def irregular_bytes(op: Record, capacity: float, line: float) -> float:
    """Return the traffic of scattered accesses: whole lines, but no more than once around if the target fits inside."""
    moved = traffic.line_bytes(op.accesses, op.access_bytes, line)
    if op.footprint <= capacity:
        moved = min(moved, max(op.footprint, op.accesses * op.access_bytes))
    regular = op.input_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes + op.state_bytes
    return max(moved + regular - op.accesses * op.access_bytes, regular)
