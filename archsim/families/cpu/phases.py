"""What comes before a main loop: operands put in its order, which moves them while nothing is multiplied."""

from __future__ import annotations

from archsim.families.cpu.ecm import SERIAL, name_bound, shared_rate, used
from archsim.jit import Record, kernel
from archsim.laws import roofline
from archsim.mapping.processor import LANES, MEMORY, START, fill_energy


@kernel
def pack(operands: float, added: float, read: float, chip: Record, work: Record, out: Record) -> None:
    """Take the first reading of operands out of the main loop, and add what writing them in its order moves.

    Parameters
    ----------
    operands : float
        Operands of one step as they are stored, B.
    added : float
        The same as they are written, B.
    read : float
        What they bring of the main memory's traffic, B.
    chip, work, out : record
        As in a family's cost; the bytes are filled, of one step.
    """
    taken = min(read, out.bytes[0])
    out.bytes[0] -= taken
    work.packed[0] = taken
    for level in range(1, int(chip.memory_count)):
        first = min(operands, out.bytes[level])
        out.bytes[level] -= first
        work.packed[level] = first + added


@kernel
def write_again(passes: float, operands: float, kept: float, chip: Record, work: Record) -> None:
    """Add further passes over operands, each read and written once more.

    Parameters
    ----------
    passes : float
        Passes, -.
    operands : float
        B.
    kept : float
        Share of the copies that the caches hold; others go to the main memory and back, their lines fetched first, -.
    chip, work : record
        As in a family's cost.
    """
    work.packed[0] += 3.0 * (1.0 - kept) * passes * operands
    for level in range(1, int(chip.memory_count)):
        work.packed[level] += 2.0 * passes * operands


@kernel
def add_packing(written: float, each_byte: float, op: Record, chip: Record, work: Record, out: Record) -> float:
    """Add the time and bytes of packing to a finished outcome; return the latency, s.

    t = barrier + max(transfers, w i / (T I)): levels add up or overlap as in the main loop, shared ones saturate, and T
    cores take i instructions a byte.

    Parameters
    ----------
    written : float
        Bytes written in another order, w, B.
    each_byte : float
        Instructions for one of them, i, 1/B.
    op, chip, work, out : record
        As in a family's cost; the outcome is that of the main loop.
    """
    threads, steps = out.mapping[0], op.steps
    levels = int(chip.memory_count)
    adding = chip.core_transfers == SERIAL
    pace = chip.core_slowest if threads > 1.0 else 1.0
    arranging = written * each_byte / (threads * chip.core_issue * work.core_clock * pace)
    drawn, longest_draw, delivered = 0.0, 0, 0.0
    slowest = 0
    for level in range(levels):
        each = roofline.bound_time(work.packed[level], threads * work.core_rate[level])
        if each > drawn and not adding:
            longest_draw = level
        drawn = drawn + each if adding else max(drawn, each)
        out.busy[MEMORY + level] += steps * each
        out.bytes[level] += steps * work.packed[level]
        shared = roofline.bound_time(work.packed[level], shared_rate(level, threads, chip, work))
        if shared > delivered:
            slowest, delivered = level, shared
    longest = max(arranging, drawn, delivered)
    if arranging >= longest:
        out.exposed[LANES] += steps * longest
    elif delivered >= longest:
        out.exposed[MEMORY + slowest] += steps * longest
    elif not adding:
        out.exposed[MEMORY + longest_draw] += steps * longest
    else:
        for level in range(levels):
            each = roofline.bound_time(work.packed[level], threads * work.core_rate[level])
            out.exposed[MEMORY + level] += steps * each
    out.busy[LANES] += steps * arranging
    barrier = steps * chip.overhead_fork_join if threads > 1.0 else 0.0
    return add_start(steps * longest, barrier, op, chip, work, out)


@kernel
def add_start(inside: float, start: float, op: Record, chip: Record, work: Record, out: Record) -> float:
    """Add time whose exposures are filled, and time before the work; fill what follows; return the latency, s."""
    out.busy[START] += start
    out.exposed[START] += start
    out.latency += inside + start
    name_bound(out)
    tiles = op.macs > 0.0 and work.on_matrix[op.precision] == 1
    out.utilisation = used(op, chip, work, out, tiles)
    fill_energy(op, chip, work, out)
    return out.latency
