"""One op as SCALE-Sim counts it: cycles of serial folds without stalls, and words moved.

One array works, groups and independent products follow one another, a word is a byte, and a convolution has neither
padding nor dilation. Inputs of a convolution larger than their buffer are an estimate here; reports walk them, see
`archsim.families.systolic.scalesim_walk`.
"""

from __future__ import annotations

from typing import Final

from archsim.families.systolic import dataflow
from archsim.families.systolic.dataflow import INPUTS, OUTPUTS, WEIGHTS, fold_count
from archsim.families.systolic.outcome import fill_energy
from archsim.families.systolic.parts import ARRAYS, FILLING, IDLE, LOADING
from archsim.graph.kinds import CONV
from archsim.jit import Record, kernel
from archsim.laws import fold, refill

NATIVE: Final = 0
VERSION_3: Final = 1
PAPER: Final = 2
"""Codes of `compatible`."""
AUTO: Final = 3
"""Code of the dataflow that is chosen op by op; the others are those of `archsim.families.systolic.dataflow`."""

FOLDS: Final = 0
FOLD_CYCLES: Final = 1
INPUT_READS: Final = 2
WEIGHT_READS: Final = 3
OUTPUT_WRITES: Final = 4
INPUT_WORDS: Final = 5
WEIGHT_WORDS: Final = 6
OUTPUT_WORDS: Final = 7
"""What ``out.mapping`` holds, of one execution: folds, their cycles, accesses of the scratchpads and of the DRAM."""


@kernel
def per_fold(stays: int, rows: float, columns: float, stream: float, drained: int) -> float:
    """Return the cycles of one fold.

    `drained` is 1 where outputs that stay leave the array before the next fold begins, as in the paper.
    """
    still = 0.0 if stays == OUTPUTS and drained == 0 else rows
    return fold.fold_cycles(still, rows, columns, stream)


@kernel
def total_cycles(stays: int, m: float, n: float, k: float, rows: float, columns: float, drained: int) -> float:
    """Return the cycles SCALE-Sim reports for a product: F t - 1, one below what the folds take."""
    each = per_fold(stays, rows, columns, dataflow.streamed(stays, m, n, k), drained)
    return fold_count(stays, m, n, k, rows, columns) * each - 1.0


@kernel
def counted_writes(stays: int, m: float, n: float, k: float, rows: float, columns: float) -> float:
    """Return the writes of outputs SCALE-Sim reports: with R + C too many in each fold of outputs that stay."""
    writes = dataflow.output_writes(stays, m, n, k, rows)
    if stays == OUTPUTS:
        writes += fold_count(stays, m, n, k, rows, columns) * (rows + columns)
    return writes


@kernel
def input_words(stays: int, m: float, n: float, k: float, columns: float, window: float) -> float:
    """Return the inputs of a matrix product fetched: each once, or once per fold of the outputs."""
    return m * k if stays == INPUTS else refill.repeated(m * k, fold.folds(n, columns), window)


@kernel
def weight_words(stays: int, m: float, n: float, k: float, rows: float, columns: float, window: float) -> float:
    """Return the weights fetched.

    Each once if they stay in the cells, otherwise as the window allows. Folds along the columns are the outer loop,
    those along the rows the inner one. os: the weights of one fold's columns come once per fold of the pixels; is: all
    weights come once per fold of the pixels.
    """
    if stays == WEIGHTS:
        return k * n
    if stays == INPUTS:
        return refill.repeated(k * n, fold.folds(m, columns), window)
    return refill.groups(n, columns, k, fold.folds(m, rows), window)


@kernel
def windows(size: float, taps: float, step: float) -> float:
    """Return the windows along one axis: ceil((I - F + S) / S), at least 1; the input has no padding."""
    return max(1.0, fold.folds(size - taps + step, step))


@kernel
def pixels(op: Record) -> float:
    """Return the output pixels of an op; of a convolution those without padding."""
    if op.kind != CONV or op.transposed == 1:
        return op.m
    high = windows(op.in_height, op.kernel_height, op.stride)
    if high == op.out_height:
        return op.m
    images = op.m / (op.out_height * op.out_width)
    return images * high * windows(op.in_width, op.kernel_width, op.stride)


@kernel
def touched(size: float, taps: float, step: float) -> float:
    """Return the positions along one axis that some window covers."""
    if step <= taps:
        return min(size, (windows(size, taps, step) - 1.0) * step + taps)
    last = windows(size, taps, step) - 1.0
    return last * taps + max(0.0, min(taps, size - last * step))


@kernel
def conv_words(op: Record, stays: int, m: float, rows: float, columns: float, window: float) -> float:
    """Return the inputs of one group of a convolution fetched.

    Exact while they fit the window. Beyond it, an estimate: a pass over the pixels fetches a word once, or once for
    each fold of pixels whose windows hold it, and again where the window was dropped between two uses; at most each
    time it is asked for. With weights staying, each fold of the products summed is a pass of its own.
    """
    channels = op.in_channels / op.groups
    across = touched(op.in_width, op.kernel_width, op.stride) * channels
    images = op.m / (op.out_height * op.out_width)
    words = images * touched(op.in_height, op.kernel_height, op.stride) * across
    if words < window:
        return words
    passes = 1.0 if stays == INPUTS else fold.folds(op.n, columns)
    if stays == WEIGHTS:
        share = images * depth_words(op, rows, across, channels)
        return passes * min(m * op.k, fold.folds(op.k, rows) * share)
    together = rows if stays == OUTPUTS else columns
    lines = max(1.0, together / windows(op.in_width, op.kernel_width, op.stride))
    whole = ((lines - 1.0) * op.stride + op.kernel_height) * across
    apart = fold_words(op, m, together, across, channels)
    again = min(refill.shared(words, whole, window), refill.shared(apart, together * channels * op.stride, window))
    return passes * min(m * op.k, again)


@kernel
def fold_words(op: Record, m: float, together: float, across: float, channels: float) -> float:
    """Return the words that the windows of `together` pixels hold, added up over all folds of pixels, about."""
    wide = windows(op.in_width, op.kernel_width, op.stride)
    lines = together / wide
    if lines >= 1.0:
        return m / together * ((lines - 1.0) * op.stride + op.kernel_height) * across
    part = (together - 1.0) * op.stride + op.kernel_width
    return m / wide * fold.folds(wide, together) * op.kernel_height * min(across, part * channels)


@kernel
def depth_words(op: Record, rows: float, across: float, channels: float) -> float:
    """Return the words of one image that all pixels ask for of `rows` products summed, about.

    Those are part of a row of the kernel, and windows beside one another share them; or several rows of it, and windows
    above one another share those.
    """
    high = windows(op.in_height, op.kernel_height, op.stride)
    wide = windows(op.in_width, op.kernel_width, op.stride)
    lines = rows / (op.kernel_width * channels)
    if lines <= 1.0:
        return high * min(across, (wide - 1.0) * min(op.stride * channels, rows) + rows)
    return ((high - 1.0) * min(op.stride, lines) + lines) * across


@kernel
def chosen(op: Record, chip: Record, m: float, drained: int) -> int:
    """Return the dataflow: the machine's, or the one with the fewest cycles."""
    if chip.array_dataflow != AUTO:
        return chip.array_dataflow
    best = WEIGHTS
    least = total_cycles(best, m, op.n, op.k, chip.array_rows, chip.array_columns, drained)
    for stays in range(OUTPUTS, INPUTS + 1):
        found = total_cycles(stays, m, op.n, op.k, chip.array_rows, chip.array_columns, drained)
        if found < least:
            best, least = stays, found
    return best


@kernel
def cost_compatible(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost a matrix product or a convolution as SCALE-Sim counts it: nothing but the array takes time.

    ``out.mapping`` holds the counts of its reports; bytes are those of the outermost memory and of the innermost,
    which stands for the scratchpads.
    """
    rows, columns = chip.array_rows, chip.array_columns
    drained = 1 if chip.compatible == PAPER else 0
    m, n, k = pixels(op), op.n, op.k
    stays = chosen(op, chip, m, drained)
    times = op.batch * op.steps
    window = refill.window(chip.buffers_input)
    if op.kind == CONV and op.transposed == 0:
        inputs = conv_words(op, stays, m, rows, columns, window)
    else:
        inputs = input_words(stays, m, n, k, columns, window)
    weights = weight_words(stays, m, n, k, rows, columns, refill.window(chip.buffers_weight))
    out.mapping[FOLDS] = times * fold_count(stays, m, n, k, rows, columns)
    out.mapping[FOLD_CYCLES] = per_fold(stays, rows, columns, dataflow.streamed(stays, m, n, k), drained)
    out.mapping[INPUT_READS] = times * dataflow.input_reads(stays, m, n, k, columns)
    out.mapping[WEIGHT_READS] = times * dataflow.weight_reads(stays, m, n, k, rows, columns)
    out.mapping[OUTPUT_WRITES] = times * counted_writes(stays, m, n, k, rows, columns)
    out.mapping[INPUT_WORDS] = times * inputs
    out.mapping[WEIGHT_WORDS] = times * weights
    out.mapping[OUTPUT_WORDS] = times * dataflow.output_writes(stays, m, n, k, rows)
    out.bytes[0] = out.mapping[INPUT_WORDS] + out.mapping[WEIGHT_WORDS] + out.mapping[OUTPUT_WORDS]
    inner = int(chip.memory_count) - 1
    if inner > 0:
        out.bytes[inner] = out.mapping[INPUT_READS] + out.mapping[WEIGHT_READS] + out.mapping[OUTPUT_WRITES]
    # Padding, long strides and wider formats are not in SCALE-Sim's words.
    needed = op.weight_bytes / op.steps + op.input_bytes + op.extra_bytes + op.output_bytes
    out.resident = max(0.0, needed - out.bytes[0])
    work.streaming = out.mapping[FOLDS] / op.steps * dataflow.streamed(stays, m, n, k)
    work.sums = 0.0
    # Of one product on one cell SCALE-Sim counts no cycle at all.
    cycles = max(1.0, total_cycles(stays, m, n, k, rows, columns, drained))
    out.latency = times * cycles / chip.clock
    tell_apart(chip, work, out, op.steps, times * m * n * k)
    fill_energy(op, chip, work, out, times * m * n * k, 0.0)


@kernel
def tell_apart(chip: Record, work: Record, out: Record, steps: float, macs: float) -> None:
    """Divide the latency: all cells at work, cells idle while operands stream, loading or draining, fill and drain."""
    full = min(out.latency, macs / (chip.array_rows * chip.array_columns * chip.clock))
    idle = min(out.latency - full, max(0.0, work.streaming * steps / chip.clock - full))
    still = out.mapping[FOLD_CYCLES] - work.streaming * steps / out.mapping[FOLDS]
    still = max(0.0, still - (chip.array_rows + chip.array_columns - 2.0))
    loading = min(out.latency - full - idle, out.mapping[FOLDS] * still / chip.clock)
    out.busy[ARRAYS], out.busy[IDLE], out.busy[LOADING] = full, idle, loading
    out.busy[FILLING] = out.latency - full - idle - loading
    out.bound = ARRAYS
    for resource in range(ARRAYS, FILLING + 1):
        out.exposed[resource] = out.busy[resource]
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
    out.utilisation = full / out.latency
