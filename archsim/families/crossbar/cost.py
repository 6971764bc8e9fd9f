"""What one op costs on a crossbar machine: on its arrays, or on the digital unit beside them."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.crossbar.attention import cost_attention
from archsim.families.crossbar.outcome import finish, refuse_loss, stream, tell
from archsim.families.crossbar.parts import (
    ARRAYS,
    DETAILS_COUNT,
    FILLING,
    MEMORY,
    NO_UNIT,
    OUTPUTS,
    WRITING,
)
from archsim.families.crossbar.plan import copies_for, lay_out_stored, stored, written_for
from archsim.families.crossbar.precision import fill_precision
from archsim.families.crossbar.product import fill_analog_energy, output_conversions, write_weights
from archsim.families.crossbar.traffic import fill_traffic
from archsim.graph.kinds import ATTENTION
from archsim.jit import Record, kernel
from archsim.mapping.digital import START, WAITING, cost_digital, fill_digital_energy, fill_units, kept
from archsim.mapping.hierarchy import waiting_time

HANDED_ON: Final = 1e30
"""Room in which stages of a pipeline find what the ones before wrote: they take it as it comes, B."""


@kernel
def cost(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one op."""
    for index in range(DETAILS_COUNT):
        out.mapping[index] = math.nan
    if work.lane_code[op.precision] < 0:
        out.status = NO_UNIT
    elif op.kind == ATTENTION and written_for(op, chip):
        cost_attention(op, chip, work, out)
    elif stored(op) or written_for(op, chip):
        cost_product(op, chip, work, out)
    else:
        cost_digital(op, chip, work, out, MEMORY, HANDED_ON if work.piped == 1 else kept(chip))


@kernel
def cost_product(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a product on the arrays: weights that are not there are written, then every vector passes all arrays."""
    lay_out_stored(op, chip, work)
    refuse_loss(chip, work, out)
    held = 0.0 if op.dynamic == 1 else work.held
    copies = copies_for(op, work, work.stage) if held == 1.0 else 1.0
    work.copies = copies
    turns = 1.0 if held == 1.0 else math.ceil(work.arrays * (1.0 - held) / work.pool)
    times = written_times(op, work, held, turns)
    vectors = turns * op.steps * math.ceil(work.vectors / op.steps / copies)
    out.busy[ARRAYS] = vectors * (work.read_time if chip.array_sampled == 1.0 else work.interval)
    out.busy[OUTPUTS] = vectors * work.convert_time
    out.busy[FILLING] = chip.array_pipeline / work.rate_scale * op.steps
    if times > 0.0:
        weights = work.groups * op.n * op.k
        together = work.arrays * (1.0 - held) / turns if held < 1.0 else work.arrays * copies
        each = write_weights(chip, work, out, weights, times * copies, together)
        rounds = times if held == 1.0 else turns * max(1.0, times / (1.0 - held))
        out.busy[WRITING] = each * rounds
    fill_units(op, work, out, 0.0)
    out.busy[START] = chip.digital_launch * op.steps
    out.busy[WAITING] = waiting_time(op, chip)
    fill_traffic(op, chip, work, out, times if op.dynamic == 0 else 0.0)
    fill_digital_energy(op, chip, work, out, 0.0)
    fill_analog_energy(op, chip, work, out, op.n, op.k)
    if work.slowest > 0.0 and op.dynamic == 0:
        stream(op, chip, work, out, vectors)
    else:
        finish(chip, work, out, vectors * work.interval)
    cells = work.groups * op.n * op.k * work.cells_per_weight
    conversions = output_conversions(op, chip, work, op.n) / (work.groups * work.vectors * op.n)
    tell(op, chip, work, out, cells, cells * times * copies, conversions, vectors * work.interval)
    fill_precision(chip, work, out)


@kernel
def written_times(op: Record, work: Record, held: float, turns: float) -> float:
    """Return how often the weights of an op are written in one execution, -.

    Two computed operands: in every step. Weights that stay: when the run finds none or changes them, once for all
    executions that use them. Others: in every execution, and in every step where they do not fit in together.
    """
    if op.dynamic == 1:
        return op.steps
    if held == 1.0:
        fresh = op.weight_distance == math.inf or work.changed == 1
        return op.weight_sets / op.count if fresh else 0.0
    return (1.0 - held) * (op.steps if turns > 1.0 else 1.0)
