"""The kernel of a matrix product: tiles of results, in waves over the multiprocessors, their depth perhaps split.

`best_tile` tries every tile and split and returns the best one; `run_tile` costs that one again in the open.
"""

from __future__ import annotations

import math
from typing import Final

from archsim.arch.tables import Attribute
from archsim.jit import Record, kernel, search
from archsim.laws import latency, roofline, tiling, waves

ROWS: Final = (256, 128, 128, 128, 64, 128, 64, 64, 32, 64, 32, 16, 16)
COLUMNS: Final = (128, 256, 128, 64, 128, 32, 256, 64, 128, 32, 64, 128, 32)
"""Tiles that vendor libraries ship: results of 16 to 256 rows and 32 to 256 columns."""
SPLITS: Final = (1, 2, 3, 4, 6, 8, 16, 32)
"""Parts the depth may be split into."""
CHOICES: Final = len(SPLITS)
CANDIDATES: Final = len(ROWS) * CHOICES
"""Tiles times splits."""
STEP: Final = 64.0
"""Bytes of every row and column that one step of the main loop takes, B."""
ROOM: Final = 32768.0
"""Results a multiprocessor holds in half of its 64 Ki registers; the rest is for operands and addresses."""
RESIDENT: Final = 4.0
"""Most tiles resident on one multiprocessor."""
PARTIAL: Final = 4.0
"""Width of a partial sum, B."""

LANE_UNITS: Final = 0
TENSOR_UNITS: Final = 1
PRODUCTS: Final = (
    Attribute("step_time", "f8", (2,), "s", "one step of the main loop if nothing but latency limits it"),
    Attribute("stream_rate", "f8", (2,), "B/s", "device memory, as far as kernels of products reach it"),
    Attribute("stream_each", "f8", (2,), "B/s", "device memory for one tile, by the bytes it has in flight"),
    Attribute("near_each", "f8", (2,), "B/s", "last cache, for one multiprocessor"),
    Attribute("near", "i8", (), "", "position of the last cache the multiprocessors share"),
)
"""Lanes first, tensor cores second."""


@kernel
def derive_products(chip: Record, work: Record) -> None:
    """Fill the `PRODUCTS` columns from the hierarchy at its clock."""
    near = max(1, int(chip.memory_count) - 2)
    work.near = near
    far = chip.memory_latency[0]
    for unit in range(int(chip.generation_products_count)):
        work.step_time[unit] = far / chip.generation_products_stages[unit]
        work.stream_rate[unit] = chip.generation_products_memory_share[unit] * work.bandwidth[0]
        work.stream_each[unit] = latency.concurrent_rate(chip.generation_products_in_flight[unit], 1.0, far)
        share = chip.generation_products_cache_share[unit]
        work.near_each[unit] = share * work.bandwidth[near] / chip.multiprocessors


@kernel
def tile_time(
    rows: float, columns: float, split: float, m: float, n: float, k: float, batch: float, left: float, right: float,
    result: float, peak: float, memory: float, written: float, unit: int, chip: Record, work: Record, out: Record,
) -> float:  # fmt: skip
    """Return the time of a product by one tile and split: t = max(waves, device memory, last cache) + combine + tail.

    Parameters
    ----------
    rows, columns, split : float
        The candidate, -.
    m, n, k, batch : float
        Sizes, -.
    left, right, result : float
        Width of an element of either operand and of the result, B.
    peak : float
        Units of the whole chip, FLOP/s.
    memory : float
        Traffic of the device memory, B.
    written : float
        Share of the results that is written through to it, -.
    unit : int
        `LANE_UNITS` or `TENSOR_UNITS`.
    chip, work : record
        As in a family's cost.
    out : record
        Its mapping is filled: rows, columns, split, tiles; times of the waves, of memory, of cache, and the rest.

    Returns
    -------
    float
        Time, s; without the launch.
    """
    processors = chip.multiprocessors
    step = STEP / max(left, right)
    depth = waves.padded(k / split, step)
    tiles = math.ceil(m / rows) * math.ceil(n / columns) * split * batch
    resident = min(RESIDENT, max(1.0, math.floor(ROOM / (rows * columns))))
    share = chip.generation_products_efficiency[unit] * tiling.delivered_share(
        rows, columns, chip.generation_products_perimeter[unit]
    )
    alone = 2.0 * rows * columns * depth * processors / (peak * share)
    least = depth / step * work.step_time[unit]
    drain = chip.memory_latency[0]
    computing = waves.makespan(tiles, processors, resident, alone, least, drain)
    active = min(tiles, processors)
    flying = min(tiles, processors * resident) * work.stream_each[unit]
    if unit == LANE_UNITS:  # libraries stream the matrix past one vector, and at worst past one after the other
        flying = max(flying, work.stream_rate[unit] / min(m, n))
    streaming = roofline.bound_time(memory, min(work.stream_rate[unit], flying))
    results = m * n * batch
    fetched = tiling.fetched_bytes(tiles, rows, columns, depth, left, right)
    exchanged = results * (result if split == 1.0 else 2.0 * PARTIAL * split)
    near = work.near_each[unit]
    fetching = roofline.bound_time(fetched + exchanged, active * near)
    last = min(results, min(tiles, processors * resident) * rows * columns / split) * result
    tail = last * (written / work.stream_rate[unit] + (1.0 - written) / (active * near))
    if split > 1.0:
        tail += chip.generation_products_combine[unit] + 2.0 * PARTIAL * split * results / (processors * near)
    chosen = out.mapping
    chosen[0], chosen[1], chosen[2], chosen[3] = rows, columns, split, tiles
    chosen[4], chosen[5], chosen[6], chosen[7] = computing, streaming, fetching, tail
    out.bytes[work.near] = fetched + exchanged
    hidden = max(computing, streaming, fetching)
    shown = (1.0 - chip.generation_products_overlap[unit]) * min(computing, max(streaming, fetching))
    chosen[7] += shown
    return hidden + shown + tail


@search
def best_tile(
    m: float, n: float, k: float, batch: float, left: float, right: float, result: float, peak: float, memory: float,
    written: float, unit: int, chip: Record, work: Record, out: Record,
) -> int:  # fmt: skip
    """Return the position of the tile and split that take least time, of `CANDIDATES`; arguments as in `tile_time`."""
    best = math.inf
    winner = 0
    slots = 2.0 * chip.multiprocessors
    step = STEP / max(left, right)
    for tile in range(len(ROWS)):
        rows, columns = ROWS[tile], COLUMNS[tile]
        if rows * columns > chip.generation_products_largest[unit]:
            continue
        tiles = math.ceil(m / rows) * math.ceil(n / columns) * batch
        for choice in range(CHOICES):
            split = SPLITS[choice]
            if choice > 0 and (tiles * split > RESIDENT * slots or k < split * 2.0 * step):
                break
            time = tile_time(
                rows, columns, split, m, n, k, batch, left, right, result, peak, memory, written, unit, chip, work, out
            )
            if time < best:
                best = time
                winner = tile * CHOICES + choice
    return winner


@kernel
def run_product(
    m: float, n: float, k: float, batch: float, left: float, right: float, result: float, peak: float, memory: float,
    written: float, unit: int, chip: Record, work: Record, out: Record,
) -> float:  # fmt: skip
    """Return the time of a product by its best tile and split, s, and leave them in the mapping; see `tile_time`."""
    winner = best_tile(m, n, k, batch, left, right, result, peak, memory, written, unit, chip, work, out)
    tile, choice = winner // CHOICES, winner % CHOICES
    return tile_time(
        ROWS[tile], COLUMNS[tile], SPLITS[choice], m, n, k, batch, left, right, result, peak, memory, written, unit,
        chip, work, out,
    )  # fmt: skip
