"""What converters and cells lose of a product on the arrays: its ratio of signal to noise, and effective bits."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.crossbar.parts import DIFFERENTIAL, DIGITAL_CELL, ENOB, PLACES, SNR, SUBTRACT_ANALOG
from archsim.jit import Record, kernel
from archsim.laws import cell, noise

DRIFT_START: Final = 1.0
"""Time after writing at which conductances are taken to be as written, s."""


@kernel
def fill_precision(chip: Record, work: Record, out: Record) -> None:
    """Fill the two details of a product that is laid out."""
    out.mapping[SNR] = output_snr(chip, work)
    out.mapping[ENOB] = noise.effective_bits(out.mapping[SNR])


@kernel
def output_snr(chip: Record, work: Record) -> float:
    """Return the ratio of signal to noise of an output, dB; not a number where it is exact, or data are constant."""
    if chip.cell_device == DIGITAL_CELL or work.bits <= 0.0:
        return math.nan
    bits = max(1.0, work.input_bits - chip.inputs_signed)
    pulse = bits if chip.inputs_coding == PLACES else min(chip.inputs_pulse_bits, bits)
    top = 2.0**pulse - 1.0
    input_mean = chip.values_input_density * top
    input_square = digit_square(chip.values_input_density, pulse)
    width = min(chip.cell_bits, work.weight_bits)
    level = 2.0**width - 1.0
    cell_mean = chip.values_weight_mean * level
    cell_square = max(cell_mean, cell_mean * cell_mean, chip.values_weight_square * level * level)  # whole: g^2 >= g
    slices = math.ceil(work.weight_bits / width)
    pulses = math.ceil(bits / pulse)
    columns = 2.0 if chip.cell_signs == DIFFERENTIAL else 1.0
    joined = chip.cell_signs == DIFFERENTIAL and chip.cell_subtract == SUBTRACT_ANALOG

    word = noise.word_square(bits, pulse, input_mean, input_square)
    weight = noise.word_square(work.weight_bits, width, cell_mean, cell_square)
    if chip.cell_signs == DIFFERENTIAL:
        signal = 2.0 * work.depth * word * weight
    else:
        signal = work.depth * word * (cell_square - cell_mean * cell_mean) * noise.recombination(slices, width)

    places = noise.recombination(slices, width)
    leak = level * leakage(chip)
    mean = noise.sum_mean(work.summed, input_mean, cell_mean + leak)
    shifted = cell_square + 2.0 * leak * cell_mean + leak * leak
    variance = noise.sum_variance(work.summed, input_mean, input_square, cell_mean + leak, shifted)
    low, high, both = 0.0, top * (level + leak) * work.summed, 1.0
    if joined:  # sums of two columns less each other, around zero
        low, high, mean, both = -top * level * work.summed, top * level * work.summed, 0.0, 2.0
        variance = 2.0 * work.summed * input_square * cell_square
    if signal <= 0.0 or variance <= 0.0:
        return math.nan
    deviation = math.sqrt(variance)
    clipped = 0.0
    reach = chip.precision_range
    if not math.isnan(reach):
        for side in range(2):
            if side == 0 and mean - reach * deviation > low:
                low = mean - reach * deviation
                clipped += noise.clip_noise(deviation, reach)
            if side == 1 and mean + reach * deviation < high:
                high = mean + reach * deviation
                clipped += noise.clip_noise(deviation, reach)
    step = (high - low) / (2.0 ** (work.bits + chip.precision_saved) - 1.0)
    reading = both * cell.column_noise(work.summed, input_square, chip.cell_read_noise * level)
    writing = both * cell.column_noise(work.summed, input_square, chip.cell_programming_noise * level)
    moved = math.sqrt(reading + writing)
    error = noise.conversion_noise(step, mean - low, deviation, moved)
    offset = noise.conversion_offset(step, mean - low, deviation, moved)
    gain = noise.conversion_gain(step, mean - low, deviation, moved)
    count = work.sums * (1.0 if joined else columns) * places * noise.recombination(pulses, pulse)
    # what writing adds is the same in every pulse: it is counted once, with the whole input
    converted = noise.recombined_noise(count, max(0.0, error + clipped - writing), offset, gain, variance, signal)
    written = columns * cell.column_noise(work.depth, word, chip.cell_programming_noise * level) * places
    return noise.decibels(signal, converted + written + lost_gain(chip) ** 2 * signal)


@kernel
def digit_square(density: float, bits: float) -> float:
    """Return the mean square of a pulse whose bits are one independently, -."""
    return noise.word_square(bits, 1.0, density, density)


@kernel
def leakage(chip: Record) -> float:
    """Return what a cell at nothing adds over what the largest adds beyond it, -, where converters have bits to lose.

    It takes range of the converter; a reference column, or the other column of a pair, takes it off the sum again.
    """
    if chip.precision_lossy == 0.0 or math.isnan(chip.cell_on) or math.isnan(chip.cell_off):
        return 0.0
    return chip.cell_off / (chip.cell_on - chip.cell_off)


@kernel
def lost_gain(chip: Record) -> float:
    """Return the share of a product that drift and wires take, -: all outputs lose it, and nothing restores it."""
    kept = 1.0
    if chip.cell_age > 0.0:
        kept = cell.drift(chip.cell_age, DRIFT_START, chip.cell_drift)
    if not math.isnan(chip.cell_on):
        conductance = chip.cell_on * chip.values_weight_mean
        kept *= 1.0 - cell.wire_drop(chip.cell_wire, conductance, rows_drawing(chip), chip.array_columns)
    return 1.0 - kept


@kernel
def rows_drawing(chip: Record) -> float:
    """Return the rows that draw current together, -."""
    return chip.array_rows if math.isnan(chip.array_active_rows) else chip.array_active_rows
