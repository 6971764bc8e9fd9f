"""Attention on the cores: two products of computed operands, and the softmax between them on the digital unit."""

from __future__ import annotations

from archsim.families.optical.parts import MEMORY
from archsim.families.optical.product import count_conversions, run_cores
from archsim.families.optical.traffic import move_scores
from archsim.jit import Record, kernel


@kernel
def cost_attention(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost attention kept whole: queries times keys, softmax, weights times values; a masked part is computed too.

    Gradients repeat the two products as their MACs say.
    """
    count_conversions(op, chip, work, op.batch, op.m, op.n, op.k, 1.0)
    inputs, settings, outputs, results = work.inputs, work.settings, work.outputs, work.results
    symbols, seen, written, turns, occupied = work.symbols, work.seen, work.written, work.turns, work.occupied
    count_conversions(op, chip, work, op.batch, op.m, op.value_size, op.n, 1.0)
    again = op.macs / max(1.0, op.batch * op.m * op.n * (op.k + op.value_size))
    work.inputs = (work.inputs + inputs) * again
    work.settings = (work.settings + settings) * again
    work.outputs = (work.outputs + outputs) * again
    work.results = (work.results + results) * again
    work.symbols = (work.symbols + symbols) * again
    work.seen = (work.seen + seen) * again
    work.written = (work.written + written) * again
    work.turns = (work.turns + turns) * again
    work.occupied = max(work.occupied, occupied)
    work.plain_inputs, work.plain_outputs = 1.0, 1.0
    move_scores(op, chip, work, out, MEMORY)
    run_cores(op, chip, work, out)
