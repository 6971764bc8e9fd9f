"""Matrix products and convolutions on the cores: conversions, symbols, time."""

from __future__ import annotations

from typing import Final

from archsim.families.optical.boundary import hands_on, takes_up
from archsim.families.optical.energy import fill_core_energy, tell
from archsim.families.optical.parts import FILLING, INPUTS, LIGHT, MEMORY, OUTPUTS, WRITING
from archsim.families.optical.residency import blocks_of, staying_share
from archsim.families.optical.times import finish
from archsim.families.optical.traffic import move_product
from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import fold, optical_core, roofline
from archsim.mapping.digital import START, WAITING, fill_units
from archsim.mapping.hierarchy import waiting_time

IN_PLACE: Final = 0
RELOAD: Final = 1
STREAMED: Final = 2
"""Codes of how weights are held."""


@kernel
def cost_product(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a product: t = start + pipeline + max(symbols / f + setting, conversions, memories, digital unit)."""
    count_conversions(op, chip, work, op.batch, op.m, op.n, op.k, op.dynamic)
    move_and_run(op, chip, work, out)


@kernel
def move_and_run(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill times, bytes and energy of a product whose conversions are counted."""
    work.plain_inputs = 1.0 - work.lit_inputs if takes_up(op, chip) else 1.0
    work.plain_outputs = 1.0 - work.lit_outputs if hands_on(op, chip) else 1.0
    move_product(op, chip, work, out, MEMORY)
    run_cores(op, chip, work, out)


@kernel
def run_cores(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Fill times and energy of an op whose conversions and bytes are counted."""
    steps = op.steps
    fill_units(op, work, out, 0.0)
    if work.plain_outputs < 1.0:  # the function itself is analog
        for unit in range(START, WAITING):
            out.busy[unit] *= work.plain_outputs
    out.busy[START] = chip.digital_launch * steps
    out.busy[WAITING] = waiting_time(op, chip)
    out.busy[FILLING] = chip.core_pipeline * steps
    out.busy[LIGHT] = work.symbols * steps / work.pace
    out.busy[WRITING] = work.turns * work.setting_time
    encoded = (work.inputs * work.plain_inputs + work.settings) * steps
    if chip.dac_rate > 0.0:  # false when left out
        out.busy[INPUTS] = roofline.bound_time(encoded, work.dacs * work.occupied * chip.dac_rate)
    read = work.outputs * work.plain_outputs * steps
    out.busy[OUTPUTS] = roofline.bound_time(read, work.adcs * work.occupied * chip.adc_rate)
    finish(chip, out)
    fill_core_energy(op, chip, work, out)
    tell(op, chip, work, out)


@kernel
def count_conversions(
    op: Record, chip: Record, work: Record, batch: float, m: float, n: float, k: float, computed: float
) -> None:
    """Fill the conversions and symbols of one step, and how often weights are set in all steps.

    Parameters
    ----------
    op, chip, work : record
        As in a family's cost.
    batch, m, n, k : float
        Products, and sizes of each, -.
    computed : float
        1 where the second operand is computed as the first one is, else 0.
    """
    rows, columns, vectors, cores = chip.core_rows, chip.core_columns, chip.core_vectors, chip.core_count
    signs = work.signs
    blocks = blocks_of(chip, batch, n, k)
    shared = shared_windows(op, chip)
    work.inputs = batch * optical_core.input_encodings(m, n, k, columns, chip.core_broadcast, signs) / shared
    work.outputs = batch * optical_core.output_reads(m, n, k, rows, chip.core_accumulate, chip.core_summed, signs)
    work.results = batch * m * n
    work.seen = signs * work.results * fold.folds(k, rows)
    work.written, work.turns = 0.0, 0.0
    if chip.core_weights == STREAMED:
        held = chip.core_held if chip.core_held > 0.0 else vectors  # left out: those at once
        work.settings = batch * optical_core.weight_encodings(m, n, k, held, signs)
        work.symbols = optical_core.symbols(m, blocks, vectors, cores, signs)
        work.occupied = min(cores, blocks * fold.folds(m, vectors))
        work.moved = 1.0
        if chip.core_supplied == 1.0 and computed == 0.0:  # as light from elsewhere
            work.settings, work.moved = 0.0, 0.0
        return
    work.symbols = optical_core.held_symbols(m, blocks, vectors, cores, signs)
    work.occupied = min(cores, blocks)
    held = m
    if chip.core_weights == RELOAD and chip.core_held > 0.0:  # left out: all of a product
        held = min(m, chip.core_held)
    again = op.steps if computed == 1.0 or blocks > cores else 1.0  # dependent steps find weights in their cores
    late = 1.0 if computed == 1.0 else 1.0 - staying_share(op, chip, work)
    work.written = batch * optical_core.weight_encodings(m, n, k, held, 1.0) * again * late
    work.turns = fold.folds(blocks, cores) * fold.folds(m, held) * again * late
    placed = chip.core_weights == IN_PLACE and computed == 0.0
    work.settings = 0.0 if placed else work.written / op.steps
    work.moved = late


@kernel
def shared_windows(op: Record, chip: Record) -> float:
    """Return how many windows of a convolution share one encoding of an input, -: no more than hold it."""
    if op.kind != CONV or chip.core_windows <= 1.0:
        return 1.0
    overlap = max(1.0, op.kernel_height * op.kernel_width / (op.stride * op.stride))
    return min(chip.core_windows, overlap)
