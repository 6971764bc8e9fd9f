"""One core's main loop on a product, and how the results are dealt out to the cores: the time of all of them."""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import LEVELS, Attribute
from archsim.graph.dtypes import CODES
from archsim.jit import Record, kernel, search
from archsim.laws import blocking
from archsim.mapping.formats import ACCUMULATE, BITS

WIDE: Final = CODES["int32"]
"""Code of the format that narrow integers are summed in: one instruction forms the sums of groups of products."""
SUM: Final = 4.0
"""One sum of a matrix tile, B: a register's width is one row of them, and a tile is square."""
NARROW: Final = 16.0
"""Width of registers whose multiply-adds take an element out of a register, as Arm's; wider ones load it, B."""
TALLEST: Final = 4
"""Most registers down a tile."""
PARTS: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 17, 20, 24, 28, 32, 34, 40, 48, 56, 64, 68, 80, 96, 128)
"""Parts the rows of results are cut into."""
SIDES: Final = 2
"""Either side of the results may lie along the registers."""
PLENTY: Final = 64.0
"""Registers of results for each core, two tiles' worth, from which on the depth need not be divided."""
WAYS: Final = 2
"""Cores that share registers' width of results divide the columns, or the depth."""

PRODUCTS: Final = (
    Attribute("lanes", "f8", (), "", "sums in one register"),
    Attribute("group", "f8", (), "", "products that one lane adds up in one instruction"),
    Attribute("multiplies", "f8", (), "1/clk", "multiply-add instructions one core starts"),
    Attribute("tile", "f8", (), "", "rows of results one instruction multiplies: 1 but for matrix tiles"),
    Attribute("loads", "f8", (), "1/clk", "loads one core starts, as far as they limit"),
    Attribute("issue", "f8", (), "1/clk", "instructions one core starts, as far as they limit"),
    Attribute("wait", "f8", (), "clk", "from one multiply-add to the next of a sum"),
    Attribute("taken", "f8", (), "", "elements of the right operand one load brings"),
    Attribute("width", "f8", (), "B", "one element as it is multiplied"),
    Attribute("packed", "f8", (LEVELS,), "B", "bytes moved to pack the operands of one step"),
)


@kernel
def prepare(op: Record, chip: Record, work: Record) -> None:
    """Fill what one instruction does in the format that the products are computed in."""
    code = work.mac_code[op.precision]
    bits = BITS[code]
    work.width = bits / 8.0
    if work.on_matrix[op.precision] == 1:
        work.lanes = work.tile = chip.core_register_width / SUM
        work.group = work.taken = 1.0
        work.multiplies = chip.core_matrix[code] / (2.0 * work.lanes * work.tile)
        work.loads, work.issue, work.wait = math.inf, math.inf, 0.0
        return
    sums = BITS[WIDE] if ACCUMULATE[code] == WIDE and bits < BITS[WIDE] else bits
    work.tile = 1.0
    work.group = sums / bits
    work.lanes = 8.0 * chip.core_register_width / sums
    work.taken = work.lanes if chip.core_register_width <= NARROW else 1.0
    work.multiplies = chip.core_vector[code] / (2.0 * work.lanes * work.group)
    work.loads, work.issue, work.wait = chip.core_loads, chip.core_issue, chip.core_depth


@kernel
def share_clocks(
    vectors: float, columns: float, lines: float, steps: float, tall: float, chip: Record, work: Record
) -> float:  # fmt: skip
    """Return the clocks of one core's share: some registers' width of results by lines of some columns, clk."""
    widest = blocking.tile_columns(chip.core_registers, tall)
    widest = math.ceil(columns / math.ceil(columns / widest))  # as many tiles, but none much narrower than the others
    deepest = blocking.block_depth(chip.memory_capacity[int(chip.memory_count) - 1], widest, work.width * work.group)
    blocks = math.ceil(steps / deepest)
    return lines * blocking.panel_clocks(
        vectors, columns, steps, blocks, tall, widest, work.taken, work.multiplies, work.loads, work.issue, work.wait
    )  # fmt: skip


@kernel
def dealt_clocks(
    side: int, way: int, parts: float, tall: float, m: float, n: float, k: float, lines: float, threads: float,
    chip: Record, work: Record,
) -> float:  # fmt: skip
    """Return the clocks of the core with the largest share.

    Parameters
    ----------
    side : int
        0: columns lie along the registers; 1: rows do.
    way : int
        0: the cores of one part divide what lies across the registers; 1: they divide the depth.
    parts : float
        Parts the results are cut into across the registers, -.
    tall : float
        Registers down a tile, -.
    m, n, k : float
        Rows of one line, columns, and depth, -.
    lines : float
        Lines of rows that no tile crosses, -; 1 where all rows follow one another.
    threads : float
        Cores on this one product, -.
    chip, work : record
        As in a family's cost.
    """
    along, across = (n, m) if side == 0 else (m, n)
    across = math.ceil(across / work.tile)
    registers = math.ceil(along / work.lanes)
    pieces = min(parts, registers)
    others = math.floor(threads / pieces)
    share = math.ceil(registers / pieces)
    steps = math.ceil(k / work.group)
    if lines > 1.0:
        return share_clocks(share, across, math.ceil(lines / others), steps, min(tall, share), chip, work)
    if way == 0:
        return share_clocks(share, math.ceil(across / others), 1.0, steps, min(tall, share), chip, work)
    split = min(others, steps)
    clocks = share_clocks(share, across, 1.0, math.ceil(steps / split), min(tall, share), chip, work)
    return clocks + split * share * across / work.loads  # partial sums are added up: a load and an addition each


@kernel
def least_clocks(
    side: int, way: int, parts: float, m: float, n: float, k: float, lines: float, threads: float, work: Record
) -> float:  # fmt: skip
    """Return clocks that no tile beats: the multiply-adds of the largest share; arguments as in `dealt_clocks`."""
    along, across = (n, m) if side == 0 else (m, n)
    across = math.ceil(across / work.tile)
    registers = math.ceil(along / work.lanes)
    pieces = min(parts, registers)
    others = math.floor(threads / pieces)
    share, steps = math.ceil(registers / pieces), math.ceil(k / work.group)
    if lines > 1.0:
        return share * across * math.ceil(lines / others) * steps / work.multiplies
    if way == 0:
        return share * math.ceil(across / others) * steps / work.multiplies
    return share * across * math.ceil(steps / min(others, steps)) / work.multiplies


@search
def best_deal(
    m: float, n: float, k: float, lines: float, threads: float, sides: int, chip: Record, work: Record
) -> int:  # fmt: skip
    """Return the code of the best side, way, tile and parts; arguments as in `dealt_clocks`."""
    best, winner = math.inf, 0
    for side in range(sides):
        registers = math.ceil((n if side == 0 else m) / work.lanes)
        most = min(threads, registers)
        few = registers * (m if side == 0 else n) < PLENTY * threads
        for way in range(WAYS if few and lines == 1.0 and threads > 1.0 else 1):
            for part in range(len(PARTS)):
                if part > 0 and PARTS[part] > most:
                    break
                if least_clocks(side, way, PARTS[part], m, n, k, lines, threads, work) >= best:
                    continue
                for tall in range(TALLEST):
                    clocks = dealt_clocks(side, way, PARTS[part], tall + 1.0, m, n, k, lines, threads, chip, work)
                    if clocks < best:
                        best = clocks
                        winner = ((side * WAYS + way) * TALLEST + tall) * len(PARTS) + part
    return winner


@kernel
def product_clocks(
    m: float, n: float, k: float, lines: float, batch: float, threads: float, sides: int, chip: Record, work: Record,
    out: Record,
) -> float:  # fmt: skip
    """Return the clocks of a batch of products, dealt out in the best way, clk; the mapping says which.

    Independent products go to cores, or groups of cores, of their own.
    """
    apart = min(batch, threads)
    together = math.floor(threads / apart)
    code = best_deal(m, n, k, lines, together, sides, chip, work)
    part, rest = code % len(PARTS), code // len(PARTS)
    tall, rest = rest % TALLEST + 1.0, rest // TALLEST
    way, side = rest % WAYS, rest // WAYS
    chosen = out.mapping
    chosen[1], chosen[2], chosen[3], chosen[4], chosen[5] = side, way, tall, PARTS[part], apart
    clocks = dealt_clocks(side, way, PARTS[part], tall, m, n, k, lines, together, chip, work)
    return math.ceil(batch / apart) * clocks
