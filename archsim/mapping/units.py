"""Which units of a machine compute a stored number format, how fast, and for how much energy.

For machines with lanes (SIMT, SIMD) that run any operation, and perhaps matrix units that run multiply-accumulates
only. Formats are resolved once per design point, and only those the ops are stored in. The family needs the columns
of `UNITS` and of `archsim.mapping.energies` in its scratch record; a column's index is the stored format.
"""

from __future__ import annotations

from typing import Final

from archsim.arch.tables import Attribute
from archsim.graph.dtypes import PRECISIONS
from archsim.jit import Record, kernel
from archsim.mapping.energies import add_energy, mac_energy
from archsim.mapping.formats import BITS, FORMATS, executed, widening

UNITS: Final = (
    Attribute("stored", "i8", (PRECISIONS,), "", "1 for the formats the ops are stored in"),
    Attribute("lane_code", "i8", (PRECISIONS,), "", "format the lanes compute in; -1: none will do"),
    Attribute("mac_code", "i8", (PRECISIONS,), "", "format MACs are computed in"),
    Attribute("on_matrix", "i8", (PRECISIONS,), "", "1 where MACs run on matrix units"),
    Attribute("lane_widening", "f8", (PRECISIONS,), "", "width of the lanes' format over the stored one, at least 1"),
    Attribute("mac_widening", "f8", (PRECISIONS,), "", "width of the MACs' format over the stored one, at least 1"),
    Attribute("lane_peak", "f8", (PRECISIONS,), "FLOP/s", "lanes"),
    Attribute("mac_peak", "f8", (PRECISIONS,), "FLOP/s", "units the MACs run on"),
    Attribute("lane_energy", "f8", (PRECISIONS,), "J", "one addition on the lanes"),
    Attribute("mac_energy", "f8", (PRECISIONS,), "J", "one multiplication and one accumulation"),
    Attribute("lane_control", "f8", (PRECISIONS,), "J", "control of one operation on the lanes"),
    Attribute("mac_control", "f8", (PRECISIONS,), "J", "control of one MAC"),
    Attribute("byte_control", "f8", (), "J/B", "control of one byte from the innermost memory, if paid apart"),
    Attribute("special_peak", "f8", (), "OP/s", "special functions"),
)
OFF_CHIP: Final = 0
"""Code of the place of a memory with a supply of its own."""


@kernel
def resolve_formats(ops: Record, chip: Record, work: Record, matrix: Record, lanes: Record) -> None:
    """Fill the `UNITS` columns but for the peaks, for every format the ops are stored in.

    Parameters
    ----------
    ops, chip, work : record
        As in a family's plan.
    matrix, lanes : array, (PRECISIONS,)
        Rates of matrix units and of lanes by format, in the same unit; zero where they do not have it.
    """
    for stored in range(FORMATS):
        work.stored[stored] = 0
    for index in range(len(ops)):
        stored = ops[index].precision
        if work.stored[stored] == 0:
            work.stored[stored] = 1
            resolve(stored, chip, work, matrix, lanes)


@kernel
def resolve(stored: int, chip: Record, work: Record, matrix: Record, lanes: Record) -> None:
    """Choose the units of one format: MACs run on matrix units that have it no wider, or faster, than the lanes."""
    lane = executed(stored, lanes)
    work.lane_code[stored] = lane
    if lane < 0:
        return
    tile = executed(stored, matrix)
    on_matrix = tile >= 0 and (BITS[tile] <= BITS[lane] or matrix[tile] > lanes[lane])
    code = tile if on_matrix else lane
    work.on_matrix[stored] = 1 if on_matrix else 0
    work.mac_code[stored] = code
    work.mac_widening[stored] = widening(stored, code)
    work.lane_widening[stored] = widening(stored, lane)
    work.mac_energy[stored] = mac_energy(chip, code, work.progress)
    work.lane_energy[stored] = add_energy(chip, lane, work.progress)


@kernel
def fill_peaks(work: Record, matrix: Record, lanes: Record, clocks: float) -> None:
    """Fill the peaks of the formats resolved.

    Parameters
    ----------
    work : record
        Scratch.
    matrix, lanes : array, (PRECISIONS,)
        Rates of one core by format, FLOP/clk.
    clocks : float
        Clocks of all cores together, Hz.
    """
    for stored in range(FORMATS):
        if work.stored[stored] == 1 and work.lane_code[stored] >= 0:
            code = work.mac_code[stored]
            work.lane_peak[stored] = lanes[work.lane_code[stored]] * clocks
            work.mac_peak[stored] = (matrix[code] if work.on_matrix[stored] == 1 else lanes[code]) * clocks


@kernel
def scale_energies(chip: Record, work: Record, change: float) -> None:
    """Scale the energies of everything on the chip; the device memory has a supply of its own.

    Parameters
    ----------
    chip, work : record
        As in a family's plan.
    change : float
        New energies over those before, -.
    """
    work.special_energy *= change
    work.byte_control *= change
    for stored in range(FORMATS):
        if work.stored[stored] == 1 and work.lane_code[stored] >= 0:
            work.mac_energy[stored] *= change
            work.lane_energy[stored] *= change
            work.mac_control[stored] *= change
            work.lane_control[stored] *= change
    for level in range(int(chip.memory_count)):
        if chip.memory_place[level] != OFF_CHIP:
            work.level_energy[level] *= change
