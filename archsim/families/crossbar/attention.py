"""Attention on arrays that are written for it: keys for the scores, values for their weighted sum."""

from __future__ import annotations

import math

from archsim.families.crossbar.outcome import finish, refuse_loss, tell
from archsim.families.crossbar.parts import ARRAYS, FILLING, OUTPUTS, WRITING
from archsim.families.crossbar.plan import attention_arrays
from archsim.families.crossbar.precision import fill_precision
from archsim.families.crossbar.product import fill_analog_energy, output_conversions, write_weights
from archsim.families.crossbar.shape import lay_out
from archsim.families.crossbar.traffic import cross_memories, found_bytes, outside_bytes
from archsim.jit import Record, kernel
from archsim.mapping.digital import START, WAITING, fill_digital_energy, fill_units
from archsim.mapping.hierarchy import waiting_time


@kernel
def new_tokens(op: Record, work: Record) -> float:
    """Return the keys of a head that are written for one step, -: all, or those of its queries where the rest stay."""
    if op.state_bytes <= 0.0 or work.cached == 0:
        return op.n
    return min(op.n, max(1.0, op.m * op.kv_heads / op.heads))


@kernel
def cost_attention(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost attention on the arrays; scores become weights on the digital unit in between.

    Of a key that is masked nothing is converted, and of its value no row is driven.
    """
    fresh = new_tokens(op, work) * op.batch * op.steps
    turns = math.ceil(attention_arrays(op, chip, work) / max(1.0, work.pool))
    vectors = op.m * op.steps * op.mask
    period, arrays, cells, found, used = 0.0, 0.0, 0.0, 0.0, 0.0
    for second in range(2):
        n, k = op.n, op.k
        if second == 1:
            n, k = op.value_size, op.n
        lay_out(op, chip, work, op.batch, vectors, n, k)
        refuse_loss(chip, work, out)
        rounds = turns * math.ceil(vectors)
        out.busy[ARRAYS] += rounds * work.read_time
        out.busy[OUTPUTS] += rounds * work.convert_time
        out.busy[FILLING] += chip.array_pipeline / work.rate_scale * op.steps
        period += rounds * work.interval
        if second == 1:
            work.depth = min(k, new_tokens(op, work))
        size = op.value_size if second == 1 else op.k
        each = write_weights(chip, work, out, fresh * size, 1.0, work.arrays / turns)
        out.busy[WRITING] += op.steps * turns * each
        fill_analog_energy(op, chip, work, out, n, k)
        arrays += work.arrays
        cells += fresh * size * work.cells_per_weight
        used += op.batch * n * k * work.cells_per_weight
        found += output_conversions(op, chip, work, n)
    fill_precision(chip, work, out)  # of the values: a deeper sum than that of the scores, or as deep
    fill_units(op, work, out, 0.0)
    out.busy[START] = chip.digital_launch * op.steps
    out.busy[WAITING] = waiting_time(op, chip)
    outside = outside_bytes(op)
    scores = 2.0 * op.batch * vectors * op.n * op.input_bits / 8.0  # written and read again
    out.resident = found_bytes(op, chip, work)
    cross_memories(chip, work, out, outside, outside - out.resident, outside + scores)
    fill_digital_energy(op, chip, work, out, 0.0)
    finish(chip, work, out, period)
    work.arrays = arrays
    tell(op, chip, work, out, used, cells, found / (op.batch * vectors * op.value_size), period)
