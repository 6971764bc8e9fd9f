"""What the vector unit runs: pointwise functions, norms, softmax, pooling, moves, gathers and scans, lanes padded."""

from __future__ import annotations

from archsim.families.systolic.levels import keep_on_chip
from archsim.families.systolic.outcome import fill_energy, finish
from archsim.families.systolic.parts import MEMORY, VECTOR
from archsim.graph.kinds import ELEMENTWISE, GATHER, NORMALISE
from archsim.jit import Record, kernel
from archsim.laws import fold_time, roofline, traffic
from archsim.laws.waves import padded
from archsim.mapping.hierarchy import cross_level, waiting_time
from archsim.mapping.reuse import move_bytes


@kernel
def cost_vector(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost an op without products: t = launch + max(padded elements x operations / rate, padded bytes / bandwidth)."""
    work.streaming = 0.0
    pad = padding(op, chip)
    by_row = rows_of(op) > 0.0
    out.busy[VECTOR] = vector_time(op, chip, work, rows_of(op), length_of(op))
    out.busy[VECTOR] += roofline.bound_time(op.accesses * op.steps, chip.vector_addresses * chip.clock)
    move_bytes(op, chip, work, out, MEMORY, work.lane_widening[op.precision])
    if chip.vector_blocks == 1.0 and op.kind == GATHER and chip.memory_count > 1.0:
        stream_table(op, chip, work, out, work.lane_widening[op.precision])
    for level in range(int(chip.memory_count)):
        if by_row:  # rows lie padded in memory
            cross_level(work, out, MEMORY, level, out.bytes[level] * pad)
    keep_on_chip(op, chip, work, out, work.lane_widening[op.precision] * (pad if by_row else 1.0),
                 chip.overhead_vector_bandwidth)  # fmt: skip
    if not by_row:  # the rest of the last register takes its time, and is masked
        for level in range(int(chip.memory_count)):
            out.busy[MEMORY + level] *= pad
    ramp = chip.vector_start * op.steps
    if op.kind == NORMALISE:
        # a row is summed up before it is gone over again, so that this arithmetic hides behind no fetching
        ramp += (chip.vector_row_pass * op.passes + chip.vector_row * op.rows) * op.steps + out.busy[VECTOR]
        out.busy[VECTOR] = 0.0
    if op.chain > 0.0:
        ramp += waiting_time(op, chip)
    finish(op, chip, work, out, ramp)
    fill_energy(op, chip, work, out, 0.0, 0.0)


@kernel
def stream_table(op: Record, chip: Record, work: Record, out: Record, widen: float) -> None:
    """Lower the main memory's traffic of a gather to that of whole passes over its table, where those are fewer bytes.

    Parameters
    ----------
    op, chip, work, out : record
        As in a family's cost; the bytes are filled.
    widen : float
        Width of the format computed in over the width stored.
    """
    table = op.footprint * widen
    counted = min(op.accesses * op.access_bytes * widen, table)
    regular = (op.input_bytes + op.extra_bytes + op.output_bytes + op.weight_bytes + op.state_bytes) * widen
    room = chip.memory_capacity[1] * chip.memory_instances[1]
    passes = traffic.block_passes(op.output_bytes * widen, room)
    cross_level(work, out, MEMORY, 0, min(out.bytes[0], (regular - counted + passes * table) * op.steps))


@kernel
def rows_of(op: Record) -> float:
    """Return the rows of an op's elements, -; 0 where it has none of its own and they are one long row."""
    return op.rows if op.kind in (ELEMENTWISE, NORMALISE) else 0.0


@kernel
def length_of(op: Record) -> float:
    """Return the length of those rows, -."""
    return op.length if rows_of(op) > 0.0 else op.elements


@kernel
def padding(op: Record, chip: Record) -> float:
    """Return the elements of a tensor as it lies in memory, in whole vector registers, over its own, -."""
    return padded_share(chip, rows_of(op), length_of(op))


@kernel
def padded_share(chip: Record, rows: float, length: float) -> float:
    """Return elements in whole registers over elements, -: without rows one after the other, else row by row."""
    if length <= 0.0:
        return 1.0
    if rows <= 0.0:
        return padded(length, chip.vector_sublanes * chip.vector_lanes) / length
    return fold_time.laned_elements(rows, length, chip.vector_sublanes, chip.vector_lanes) / (rows * length)


@kernel
def vector_time(op: Record, chip: Record, work: Record, rows: float, length: float) -> float:
    """Return the time of the vector unit for the arithmetic besides products, s.

    Parameters
    ----------
    op, chip, work : record
        As in a family's cost.
    rows, length : float
        Elements as rows and their length, -; no rows: one long row over whole registers.
    """
    if op.flops <= 0.0 and op.special <= 0.0:
        return 0.0
    pad = padded_share(chip, rows, length)
    arithmetic = roofline.bound_time(op.flops * op.steps * pad, work.lane_peak[op.precision])
    return arithmetic + roofline.bound_time(op.special * op.steps * pad, work.special_peak)
