"""What needs all ops at once: which weights stay in the arrays, copies of slow layers, the slowest stage."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.crossbar.parts import ON_ARRAYS, UPDATE
from archsim.families.crossbar.shape import lay_out
from archsim.families.crossbar.traffic import network_time, shared_time
from archsim.graph.kinds import ATTENTION, CONV, MATMUL, SCAN
from archsim.jit import Record, kernel
from archsim.laws import crossbar
from archsim.mapping.digital import plan_digital

HALVINGS: Final = 24
"""Steps of the search for the time of the slowest layer, each of which halves what is unknown of it."""


@kernel
def stored(op: Record) -> bool:
    """Say whether an op is a product with stored weights."""
    return (op.kind == MATMUL or op.kind == CONV) and op.dynamic == 0 and op.macs > 0.0  # noqa: PLR1714


@kernel
def written_for(op: Record, chip: Record) -> bool:
    """Say whether an op multiplies two computed operands on arrays that are written for it."""
    if chip.mapping_dynamic != ON_ARRAYS or op.macs <= 0.0:
        return False
    return op.kind == ATTENTION or ((op.kind == MATMUL or op.kind == CONV) and op.dynamic == 1)  # noqa: PLR1714


@kernel
def matrices(op: Record) -> float:
    """Return how many matrices of weights an op has, -: one for each group, or one that a whole batch shares."""
    if op.dynamic == 1 or op.batch <= 1.0:
        return op.batch
    return min(op.batch, max(1.0, round(op.weight_elements / (op.k * op.n))))


@kernel
def lay_out_stored(op: Record, chip: Record, work: Record) -> None:
    """Fill how a product with stored weights, or one of two computed operands, lies on the arrays."""
    groups = matrices(op)
    lay_out(op, chip, work, groups, op.m * op.batch / groups * op.steps, op.n, op.k)


@kernel
def taken(op: Record, chip: Record, work: Record) -> float:
    """Return the arrays that one copy of a laid-out product takes away, -.

    Layers that work at the same time have arrays of their own. Where one follows the other, columns of several layers
    may lie side by side in an array.
    """
    if work.piped == 1:
        return work.arrays
    return work.groups * work.row_folds * op.n * work.cells_per_weight / chip.array_columns


@kernel
def attention_arrays(op: Record, chip: Record, work: Record) -> float:
    """Return the arrays for keys and values of one execution, -."""
    lay_out(op, chip, work, op.batch, op.m, op.n, op.k)
    keys = work.arrays
    lay_out(op, chip, work, op.batch, op.m, op.value_size, op.n)
    return keys + work.arrays


@kernel
def dynamic_arrays(op: Record, chip: Record, work: Record) -> float:
    """Fill and return the arrays for the second operand of one execution, -."""
    if op.kind == ATTENTION:
        work.arrays = attention_arrays(op, chip, work)
    else:
        lay_out_stored(op, chip, work)
    return work.arrays


@kernel
def waiting_share(op: Record) -> float:
    """Return the share of all vectors that an op needs before its first result, -; 0 where it takes them one by one.

    Attention, products of two computed operands and scans need a whole sequence. Attention says how many there are, a
    product of two computed operands how many of it are independent, heads included.
    """
    if op.kind == ATTENTION:
        return op.kv_heads / op.batch
    if op.kind == MATMUL and op.dynamic == 1:
        return 1.0 / op.batch
    return 1.0 if op.kind == SCAN else 0.0


@kernel
def arrays_of_weights(ops: Record, chip: Record, work: Record) -> float:
    """Return the arrays that one copy of all stored weights takes, -."""
    total = 0.0
    for index in range(len(ops)):
        op = ops[index]
        if stored(op):
            lay_out_stored(op, chip, work)
            total += op.weight_sets * taken(op, chip, work)
    return total


@kernel
def plan(ops: Record, chip: Record, work: Record) -> None:
    """Fill the `PLANNED` columns that follow from all ops."""
    plan_digital(ops, chip, work)
    largest, slowest, dynamic, caches = 1.0, 0.0, 0.0, 0.0
    work.changed, work.cached, work.waits = 0, 0, 0.0
    for index in range(len(ops)):
        op = ops[index]
        if op.phase == UPDATE:
            work.changed = 1
        work.waits = max(work.waits, waiting_share(op))
        if stored(op):
            lay_out_stored(op, chip, work)
            largest = max(largest, work.arrays)
            slowest = max(slowest, stage_time(op, work))
        elif written_for(op, chip):
            dynamic = max(dynamic, dynamic_arrays(op, chip, work))
            if op.state_bytes > 0.0:
                caches += op.count * work.arrays
    work.piped = int(chip.mapping_pipelined)
    needed = arrays_of_weights(ops, chip, work)
    if work.piped == 1 and needed + min(dynamic, 1.0) > chip.array_count:
        work.piped = 0  # too few arrays for all layers at once: layers share them, one after the other
        needed = arrays_of_weights(ops, chip, work)
    work.needed = needed
    work.stage, work.slowest, work.claims, work.hidden = 0.0, 0.0, 0.0, 0.0
    if needed + min(dynamic, 1.0) <= chip.array_count:
        work.held = 1.0
        work.cached = 1 if needed + max(caches, dynamic) <= chip.array_count else 0
        work.pool = min(max(caches if work.cached == 1 else 0.0, dynamic), chip.array_count - needed)
        if chip.mapping_duplicate == 1.0 and slowest > 0.0:
            find_stage(ops, chip, work, slowest)
        if work.piped == 1:
            find_slowest(ops, chip, work)
    else:
        work.pool = min(chip.array_count, max(largest, dynamic))
        work.held = (chip.array_count - work.pool) / needed if needed > 0.0 else 0.0


@kernel
def stage_time(op: Record, work: Record) -> float:
    """Return how long the arrays of one copy of a layer work in a run, s; the op is laid out."""
    return work.vectors * work.interval * op.count / op.weight_sets


@kernel
def copies_for(op: Record, work: Record, stage: float) -> float:
    """Return the copies of a layer with which its arrays work no longer than `stage`, -.

    Each has a vector to work on; those of dependent steps come one after the other.
    """
    if stage <= 0.0:
        return 1.0
    return max(1.0, min(work.vectors / op.steps, math.ceil(stage_time(op, work) / stage * (1.0 - 1e-12))))


@kernel
def arrays_for(ops: Record, chip: Record, work: Record, stage: float) -> float:
    """Return the arrays with which no layer takes longer than `stage`, s."""
    total = 0.0
    for index in range(len(ops)):
        op = ops[index]
        if stored(op):
            lay_out_stored(op, chip, work)
            total += op.weight_sets * taken(op, chip, work) * copies_for(op, work, stage)
    return total


@kernel
def find_stage(ops: Record, chip: Record, work: Record, slowest: float) -> None:
    """Fill the least time of the slowest layer that the arrays there are allow, by halving on a scale of ratios."""
    high = slowest
    low, room = slowest / chip.array_count, chip.array_count - work.pool
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        if arrays_for(ops, chip, work, middle) <= room:
            high = middle
        else:
            low = middle
    work.stage = high


@kernel
def find_slowest(ops: Record, chip: Record, work: Record) -> None:
    """Fill the time of the slowest stage of the pipeline, how many take it, and what all stages share beside it."""
    shared = 0.0
    for index in range(len(ops)):
        op = ops[index]
        if not stored(op):
            continue
        lay_out_stored(op, chip, work)
        shared += op.count * shared_time(op, chip, work)
        time = own_stage(op, chip, work)
        if time > work.slowest:
            work.slowest, work.claims = time, op.count
        elif time == work.slowest:
            work.claims += op.count
    if shared > 0.0:
        work.hidden = min(1.0, work.slowest / shared)


@kernel
def own_stage(op: Record, chip: Record, work: Record) -> float:
    """Return how long a layer with its copies works in a run, s: its arrays, or the network into its tiles."""
    work.copies = copies_for(op, work, work.stage)
    arrays = op.steps * crossbar.product_time(work.vectors / op.steps, work.copies, work.interval, 0.0)
    return max(arrays, network_time(op, chip, work)) * op.count / op.weight_sets
