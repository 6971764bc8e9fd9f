"""How a product lies on the arrays: slices, pulses, folds, groups of rows, bits of a conversion, time of a vector."""

from __future__ import annotations

import math

from archsim.families.crossbar.logic import has_logic, logic_time
from archsim.families.crossbar.parts import (
    COUNTED,
    COUNTING,
    DIFFERENTIAL,
    DIGITAL_CELL,
    LINEAR,
    PLACES,
    SUBTRACT_ANALOG,
    SUCCESSIVE,
    WIDTH,
)
from archsim.jit import Record, kernel
from archsim.laws import crossbar, fold, fold_time
from archsim.laws import pulses as places


@kernel
def lay_out(op: Record, chip: Record, work: Record, groups: float, vectors: float, n: float, k: float) -> None:
    """Fill how a product of so many inputs with each of so many matrices of k x n lies on the arrays."""
    work.groups, work.vectors, work.copies = groups, vectors, 1.0
    slice_weights(op, chip, work)
    send_pulses(op, chip, work)
    fold_matrix(chip, work, n, k)
    choose_bits(chip, work)
    take_time(chip, work)


@kernel
def slice_weights(op: Record, chip: Record, work: Record) -> None:
    """Fill the columns of one weight; floating-point weights become integers of the width the machine takes."""
    work.weight_bits = min(op.weight_bits, chip.weights_bits)
    signs = 2.0 if chip.cell_signs == DIFFERENTIAL else 1.0
    work.cells_per_weight = (
        crossbar.weight_columns(work.weight_bits, chip.cell_bits, signs) + chip.weights_extra_columns
    )
    work.converted = work.cells_per_weight
    if chip.cell_signs == DIFFERENTIAL and chip.cell_subtract == SUBTRACT_ANALOG:
        work.converted = work.cells_per_weight / 2.0


@kernel
def send_pulses(op: Record, chip: Record, work: Record) -> None:
    """Fill the pulses of one input, how long they last and how often they drive a row."""
    work.input_bits = min(op.input_bits, chip.inputs_bits)
    bits = max(1.0, work.input_bits - chip.inputs_signed)
    pulse = min(chip.inputs_pulse_bits, bits)
    count = crossbar.pulses(bits, pulse)
    length, drives = 1.0, 1.0
    if chip.inputs_coding == WIDTH:
        length = 2.0**pulse - 1.0
    elif chip.inputs_coding == COUNTED:
        length = 2.0 ** (pulse - 1.0)
        drives = length
    work.pulses = count * chip.inputs_phases
    work.reads = work.pulses * length
    work.drives = work.pulses * drives
    if chip.inputs_coding == PLACES:
        work.reads = places.sampling_steps(bits, pulse) * chip.inputs_phases
        work.drives = bits * chip.inputs_phases


@kernel
def fold_matrix(chip: Record, work: Record, n: float, k: float) -> None:
    """Fill arrays and groups of rows. Small groups lie on the diagonal of one array; none shares a row or a column."""
    rows, columns = chip.array_rows, chip.array_columns
    work.depth = k
    work.active = rows_together(chip, work)
    wide = n * work.cells_per_weight
    work.packed = fold_time.packed_groups(k, wide, rows, columns, work.groups)
    work.row_folds, work.column_folds = fold.folds(k, rows), fold.folds(wide, columns)
    work.sums = crossbar.row_groups(k, rows, work.active)
    work.summed = min(k, work.active)
    work.arrays = fold.folds(work.groups, work.packed) * crossbar.arrays(k, wide, rows, columns)
    if work.packed > 1.0 and k <= work.active:
        work.turns = math.ceil(work.packed / (work.active // k))
    else:
        work.turns = work.packed * math.ceil(min(k, rows) / work.active)


@kernel
def rows_together(chip: Record, work: Record) -> float:
    """Return the rows read together: as described, or as many as the converters resolve where nothing may be lost."""
    if not math.isnan(chip.array_active_rows):
        return chip.array_active_rows
    if chip.precision_lossy == 1.0 or chip.cell_device == DIGITAL_CELL:
        return chip.array_rows
    resolved = chip.adc_bits + chip.precision_saved
    return min(chip.array_rows, crossbar.usable_rows(resolved, levels_sent(chip, work), chip.cell_bits))


@kernel
def levels_sent(chip: Record, work: Record) -> float:
    """Return the bits of one pulse, as many as an input has at most."""
    return min(chip.inputs_pulse_bits, max(1.0, work.input_bits - chip.inputs_signed))


@kernel
def choose_bits(chip: Record, work: Record) -> None:
    """Fill the bits a conversion needs, and those it has: asked for, or needed, but no more than it resolves."""
    cell = min(chip.cell_bits, work.weight_bits)
    work.needed_bits = crossbar.lossless_bits(work.summed, levels_sent(chip, work), cell)
    work.bits = 0.0
    if chip.cell_device == DIGITAL_CELL:
        return
    wanted = work.needed_bits - chip.precision_saved
    if not math.isnan(chip.precision_result_bits):
        wanted = chip.precision_result_bits
        if chip.inputs_coding == PLACES:
            bits = max(1.0, work.input_bits - chip.inputs_signed)
            wanted = places.resolved_bits(wanted, bits, levels_sent(chip, work)) * chip.inputs_phases / work.pulses
    work.bits = max(1.0, min(chip.adc_bits, wanted))


@kernel
def conversion_time(chip: Record, bits: float) -> float:
    """Return the time of one conversion, s: converters that decide bit by bit, or count, are done sooner with fewer."""
    whole = 1.0 / chip.adc_rate
    if chip.adc_law == LINEAR or chip.adc_law == SUCCESSIVE:  # noqa: PLR1714
        return whole * bits / chip.adc_bits
    if chip.adc_law == COUNTING:
        return whole * 2.0 ** (bits - chip.adc_bits)
    return whole


@kernel
def take_time(chip: Record, work: Record) -> None:
    """Fill the time of one vector in an array; arrays beside each other work at the same time."""
    reading = work.reads * chip.array_read
    if chip.dac_rate > 0.0:  # false when left out
        reading = max(reading, work.drives / chip.dac_rate)
    converting = work.pulses * chip.array_phase_time
    if has_logic(chip):
        converting += work.pulses * logic_time(chip, work.active, work.input_bits, work.weight_bits)
    if chip.cell_device != DIGITAL_CELL:
        columns = chip.array_columns * work.converted / work.cells_per_weight
        converting += work.pulses * math.ceil(columns / chip.array_adcs) * conversion_time(chip, work.bits)
    work.read_time = work.turns * reading / work.rate_scale
    work.convert_time = work.turns * converting / work.rate_scale
    work.interval = crossbar.pulse_time(work.read_time, work.convert_time, chip.array_sampled)
