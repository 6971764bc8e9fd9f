"""Cores that hold one matrix while the other streams past: the baselines of Lightening-Transformer.

Counted as its simulator counts the two machines it is compared with, banks of rings and meshes of interferometers.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import Record, kernel

MESH: Final = 1
"""Code of a mesh."""
MAIN: Final = 0
GLOBAL: Final = 1
LOCAL: Final = 2
REGISTERS: Final = 3
"""Levels of memory of dataflow dota."""


@kernel
def add_held(
    chip: Record, work: Record, out: Record, batch: float, n1: float, n2: float, d: float, width: float, fixed: bool,
    signs: float,
) -> None:  # fmt: skip
    """Add the counts of `batch` products n1 x d by d x n2, the first matrix held, block by block.

    A mesh is set through all its interferometers, whatever part of a block is used; a bank of rings holds one ring per
    weight. Partial sums of a block leave the cores symbol by symbol.

    Parameters
    ----------
    chip, work, out : record
        As in a family's cost.
    batch, n1, n2, d : float
        Products, and sizes of each, -.
    width : float
        Bytes of a number, B.
    fixed : bool
        Whether the first matrix is weights, which come from the main memory.
    signs : float
        Passes for numbers of both signs, -.
    """
    mesh = chip.core_structure == MESH
    tile = chip.core_tile
    doubled, weighted = min(2.0, signs), max(1.0, signs / 2.0)
    i1, deep = math.ceil(n1 / chip.core_columns), math.ceil(d / chip.core_rows)
    held = i1 * deep * work.elements if mesh else n1 * d
    stored = held * weighted
    second = i1 * n2 * d * doubled
    sums = n1 * n2 * deep * signs
    slots = math.ceil(batch * i1 * n2 * deep / chip.core_count)
    work.wave += batch * i1 * n2 * deep * signs
    work.slots += slots * signs
    work.first += batch * stored
    work.second += batch * second
    work.modulated += batch * i1 * n2 * d * signs
    work.reads += batch * sums
    work.lit += batch * sums
    work.held_symbols += batch * (held * n2 if mesh else n1 * n2 * d) * signs
    work.set_weights += batch * held * (signs if fixed else weighted)
    work.set_turns += math.ceil(batch * i1 * deep / chip.core_count)
    moved = batch * width
    written = sums / tile
    spilled = math.ceil(chip.core_columns * n2 * width / chip.memory_capacity[LOCAL]) > 1.0
    out.bytes[REGISTERS] += moved * 2.0 * (stored + second + written)
    back = 2.0 * written - n1 * n2 if spilled else written
    out.bytes[LOCAL] += moved * (2.0 * (stored + second) + back)
    again = 2.0 * (written - n1 * n2) if spilled else 0.0
    out.bytes[GLOBAL] += moved * (stored + second + again + n1 * n2)
    if fixed:  # a mesh is loaded as its settings, and copied inside as its weights
        out.bytes[GLOBAL] += moved * n1 * d * weighted
        out.bytes[MAIN] += moved * stored
