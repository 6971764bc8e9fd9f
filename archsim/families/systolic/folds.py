"""A product on the arrays: what stays in the cells and which axis the arrays divide; the fastest is kept."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.systolic import dataflow
from archsim.families.systolic.parts import SPLIT, STAYS
from archsim.jit import Record, kernel
from archsim.laws import fold, fold_time, roofline
from archsim.laws.waves import padded

AUTO: Final = 3
DATAFLOWS: Final = 3
SERIAL: Final = 0
OVERLAP_DRAIN: Final = 1
"""Codes of the description's choices."""
WHOLE: Final = 0
COLUMNS: Final = 1
ROWS: Final = 2
DEPTH: Final = 3
SPLITS: Final = 4
"""What the arrays divide: whole products, or columns, rows or depth of each."""
ONE_BUFFER: Final = 1.0


@kernel
def map_product(
    op: Record, chip: Record, work: Record, out: Record, batch: float, m: float, n: float, k: float, pace: float
) -> None:
    """Find the fastest way to run `batch` products of m x k by k x n; leave its cycles in the scratch record.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost.
    batch, m, n, k : float
        Products, and sizes of each, -.
    pace : float
        MACs of one cell per clock, -.
    """
    best = -1.0
    for stays in range(DATAFLOWS):
        if chip.array_dataflow in (stays, AUTO):
            for split in range(SPLITS):
                arrays = chip.array_count
                while arrays > 1.0 or (split == WHOLE and arrays == chip.array_count):
                    time = cycles_of(op, chip, work, stays, split, arrays, batch, m, n, k, pace, best)
                    if best < 0.0 or time < best:
                        best = time
                        out.mapping[STAYS] = stays
                        out.mapping[SPLIT] = split
                    # Shares may be so small that fewer arrays are faster; of whole products none is.
                    arrays = 0.0 if split == WHOLE else math.floor(arrays / 2.0)


@kernel
def cycles_of(
    op: Record, chip: Record, work: Record, stays: int, split: int, arrays: float,
    batch: float, m: float, n: float, k: float, pace: float, best: float,
) -> float:  # fmt: skip
    """Return the cycles of one mapping; where they are fewer than `best`, leave their parts in the scratch record.

    Arguments as in `map_product`; `stays` and `split` say which mapping, and `arrays` how many of
    the arrays divide the product.
    """
    rows, columns = chip.array_rows, chip.array_columns
    rounds = fold.folds(batch, arrays) if split == WHOLE else batch
    mine = fold.folds(m, arrays) if split == ROWS else m
    wide = min(n, fold.folds(fold.folds(n, columns), arrays) * columns) if split == COLUMNS else n
    deep = min(k, fold.folds(fold.folds(k, rows), arrays) * rows) if split == DEPTH else k
    down, across = dataflow.along_rows(stays, mine, wide, deep), dataflow.along_columns(stays, mine, wide, deep)
    vectors = dataflow.streamed(stays, mine, wide, deep)
    slow = pace * chip.array_efficiency
    stream = vectors / slow
    block = stream
    if stays != dataflow.OUTPUTS and down > rows:  # sums of several folds meet in the accumulators
        block = min(stream, max(1.0, chip.array_accumulators / (1.0 + chip.array_accumulator_buffers)) / slow)
    passes = fold.folds(stream, block)
    block = stream / passes  # cut evenly, so that none is too short to hide loading the next fold
    if chip.array_ragged == 0.0:
        down, across = padded(down, rows), padded(across, columns)
    streaming = rounds * fold_time.streaming(down, across, stream, rows, columns)
    loading = rounds * passes * fold_time.loading(down, across, rows, columns)
    skew = min(down, rows) + min(across, columns) - 2.0
    if chip.array_folds == SERIAL or (chip.array_folds == OVERLAP_DRAIN and stays == dataflow.OUTPUTS):
        shifting = 0.0 if stays == dataflow.OUTPUTS else loading
        filling = rounds * passes * fold_time.skewing(down, across, rows, columns)
    elif chip.array_folds == OVERLAP_DRAIN:
        shifting, filling = loading, skew
    else:
        shifting = rounds * fold_time.waiting_blocks(down, across, stream, rows, columns, block)
        edges = fold_time.pipelined_edges(down, across, stream, rows, columns, block)
        filling = max(0.0, edges)
        shifting -= filling - edges  # the last fold of all waits for none
    combining = 0.0
    if split == DEPTH:  # the vector unit adds up what each array found
        shares = min(arrays, fold.folds(k, rows))
        combining = roofline.bound_time(batch * m * n * (shares - 1.0), work.lane_peak[op.precision])
    reads = read_bytes(op, chip, work, stays, batch, m, n, k, passes)
    feeding = reads / work.bandwidth[int(chip.memory_count) - 1] * chip.clock if chip.memory_count > 1.0 else 0.0
    time = filling + max(streaming + shifting, feeding) + combining * chip.clock
    if best < 0.0 or time < best:
        work.streaming, work.shifting, work.loading, work.filling = streaming, shifting, loading, filling
        work.combining, work.reads, work.period = combining, reads, time
        written = dataflow.output_writes(stays, m, n, k, rows)
        work.sums = 0.0 if stays == dataflow.OUTPUTS else batch * (2.0 * written - m * n)
    return time


@kernel
def read_bytes(
    op: Record, chip: Record, work: Record, stays: int, batch: float, m: float, n: float, k: float, passes: float
) -> float:
    """Return what the arrays read from the scratchpads, B; arguments as in `cycles_of`, `passes` of what stays."""
    rows, columns = chip.array_rows, chip.array_columns
    first = dataflow.input_reads(stays, m, n, k, columns)
    second = dataflow.weight_reads(stays, m, n, k, rows, columns)
    if stays == dataflow.WEIGHTS:
        second *= passes
    elif stays == dataflow.INPUTS:
        first *= passes
    wide = work.mac_widening[op.precision] / 8.0
    return batch * (first * op.input_bits + second * op.weight_bits) * wide
