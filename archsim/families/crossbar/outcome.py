"""From the time each part of a crossbar machine works to the latency of an op, and what is told about it."""

from __future__ import annotations

import math

from archsim.families.crossbar.parts import (
    ARRAYS,
    ARRAYS_USED,
    CELLS_USED,
    CONVERSIONS,
    CONVERTED_BITS,
    COPIES,
    FILLING,
    MEMORY,
    NETWORK,
    OUTPUTS,
    TOO_FEW_ADC_BITS,
    WRITING,
    WRITTEN,
)
from archsim.families.crossbar.plan import own_stage
from archsim.jit import Record, kernel
from archsim.laws import crossbar, roofline
from archsim.mapping.digital import LANES, SPECIAL, START, WAITING


@kernel
def shared_limit(chip: Record, out: Record) -> int:
    """Return which of the resources that all layers share takes longest: lanes, special functions, memories."""
    limit = LANES
    for resource in range(LANES, MEMORY + int(chip.memory_count)):
        shared = resource == LANES or resource == SPECIAL or resource >= MEMORY  # noqa: PLR1714
        if shared and out.busy[resource] > out.busy[limit]:
            limit = resource
    return limit


@kernel
def finish(chip: Record, work: Record, out: Record, period: float) -> None:
    """Fill latency and exposed times of a layer on its own: t = launch + wait + write + fill + max(arrays, shared)."""
    limit = shared_limit(chip, out)
    if out.busy[NETWORK] > out.busy[limit]:
        limit = NETWORK
    if out.busy[limit] > period:
        out.exposed[limit] += out.busy[limit]
    else:
        share_period(chip, work, out, period)
    add_up(chip, out)


@kernel
def share_period(chip: Record, work: Record, out: Record, period: float) -> None:
    """Share the time of vectors between arrays and converters: whole to the slower, or each its own."""
    if chip.array_sampled == 1.0:
        out.exposed[OUTPUTS if work.convert_time > work.read_time else ARRAYS] += period
        return
    reading = work.read_time / work.interval if work.interval > 0.0 else 1.0
    out.exposed[ARRAYS] += period * reading
    out.exposed[OUTPUTS] += period * (1.0 - reading)


@kernel
def stream(op: Record, chip: Record, work: Record, out: Record, vectors: float) -> None:
    """Fill latency and exposed times of a stage of a pipeline.

    The slowest stage answers for its whole time, all others for what passes until they give the next one something to
    do; of what stages share, what does not hide behind the slowest one is added.
    """
    arrays = vectors * work.interval
    first = first_outputs(op, work) * max(arrays, out.busy[NETWORK])
    rest = max(0.0, work.slowest - first) / work.claims if own_stage(op, chip, work) == work.slowest else 0.0
    out.busy[FILLING] += first
    if out.busy[NETWORK] > arrays:
        out.exposed[NETWORK] += rest
    else:
        share_period(chip, work, out, rest)
    limit = shared_limit(chip, out)
    out.exposed[limit] += out.busy[limit] * (1.0 - work.hidden)
    add_up(chip, out)


@kernel
def first_outputs(op: Record, work: Record) -> float:
    """Return the share of its vectors after which the next layer can start, -.

    The rows of a window of a convolution; one vector of a matrix product, or a sequence in networks with attention.
    """
    if op.kernel_height > 0.0:
        return min(1.0, op.kernel_height * op.out_width / op.m)
    return min(1.0, max(work.waits, 1.0 / (op.m * op.steps)))


@kernel
def add_up(chip: Record, out: Record) -> None:
    """Fill latency and bound from what is exposed, and from what nothing hides."""
    for resource in (START, WAITING, WRITING, FILLING):
        out.exposed[resource] += out.busy[resource]
    total = 0.0
    out.bound = ARRAYS
    for resource in range(MEMORY + int(chip.memory_count)):
        total += out.exposed[resource]
        if out.exposed[resource] > out.exposed[out.bound]:
            out.bound = resource
    out.latency = total


@kernel
def refuse_loss(chip: Record, work: Record, out: Record) -> None:
    """Fill the verdict on converters with fewer bits than the product laid out needs, unless it may lose some."""
    if chip.precision_lossy == 0.0 and work.bits > 0.0 and work.bits + chip.precision_saved < work.needed_bits:
        out.status = TOO_FEW_ADC_BITS


@kernel
def tell(
    op: Record, chip: Record, work: Record, out: Record, used: float, written: float, conversions: float, period: float
) -> None:
    """Fill utilisation and the numbers told with an op.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the product is laid out, or the last of several.
    used, written : float
        Cells that hold weights, and cells that are written.
    conversions : float
        For each output.
    period : float
        Time the arrays work, s.
    """
    out.mapping[ARRAYS_USED] = work.arrays
    out.mapping[CELLS_USED] = crossbar.used_share(used, work.arrays, chip.array_rows, chip.array_columns)
    out.mapping[COPIES] = work.copies
    out.mapping[CONVERSIONS] = conversions
    out.mapping[CONVERTED_BITS] = work.bits if work.bits > 0.0 else math.nan
    out.mapping[WRITTEN] = written
    turn = max(work.read_time, work.convert_time) / work.turns if work.turns > 0.0 else 0.0
    peak = chip.array_count * work.active * chip.array_columns / work.cells_per_weight
    time = max(out.latency, period)  # of a stage of a pipeline, not only what it exposes
    out.utilisation = roofline.busy_share(op.macs * op.steps / peak * turn, time)
