"""Fused attention: blocks of queries pass over the keys in tiles, and the scores stay on the chip."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.gpu.outcome import conclude
from archsim.jit import Record, kernel
from archsim.laws import attention, roofline, scheduling
from archsim.mapping.processor import LANES, MATRIX, MEMORY, fill_busy
from archsim.mapping.resident import keep_resident

ALWAYS: Final = 1
"""Code of kernels in which query heads that share keys always share a block."""
UNSPLIT: Final = 256.0
"""Keys that are not worth splitting: at most four tiles in the libraries that split."""
GRAIN: Final = 16.0
"""Tiles are whole multiples of this many keys, as tensor cores take them."""
PARTIAL: Final = 4.0
"""Width of a partial sum, B."""


@kernel
def cost_attention(op: Record, chip: Record, work: Record, out: Record) -> None:
    """Cost one fused attention: t = launch + max(blocks, device memory, last cache, ...) + setup + combining of parts.

    Each multiprocessor works on one block at a time: some accesses one after the other, then its tiles of keys. Few
    blocks have their keys split, and their parts added up at the end.
    """
    fill_busy(op, chip, work, out, chip.generation_launch_latency)
    keep_resident(op, chip, work, out, chip.generation_cache_share)
    group = op.heads / op.kv_heads
    queries = op.m / group
    packed = chip.generation_attention_packed == ALWAYS or queries <= 1.0
    stacked = op.m if packed else queries
    rows = chip.generation_attention_rows
    positions = min(queries, rows / group if packed else rows)
    blocks = (op.batch if packed else op.batch * group) * math.ceil(stacked / rows)
    width = op.input_bits / 8.0 * work.mac_widening[op.precision]
    tile = tile_keys(chip.generation_attention_keys, op.k * width)
    passed = attention.passed_keys(op.mask * op.n, op.n, positions)
    tiles = attention.passed_tiles(passed, op.n, positions, tile)
    parts = attention.key_parts(blocks, chip.multiprocessors, tiles) if passed > UNSPLIT else 1.0
    tensor = work.on_matrix[op.precision] == 1
    step = step_time(op, chip, work, rows if tensor else min(rows, stacked), tile)
    each = tiles if parts == 1.0 else math.ceil(tiles / parts)
    longest = math.ceil(math.ceil(op.n / tile) / parts) if passed < op.n else each
    start = chip.generation_attention_accesses * chip.memory_latency[0]
    computing = scheduling.list_time(blocks * parts, chip.multiprocessors, each * step + start, longest * step + start)
    computing *= op.steps
    near = work.near
    operands = op.input_bytes + op.extra_bytes + op.state_bytes + op.output_bytes
    keys = op.batch * op.n * (op.k + op.value_size) * width
    fetched = blocks * passed * (op.k + op.value_size) * width + max(0.0, operands - keys)
    out.bytes[near] = max(out.bytes[0], fetched * op.steps)
    rest = chip.generation_attention_setup
    reach = chip.generation_attention_cache_share * work.bandwidth[near]
    if parts > 1.0:
        exchanged = 2.0 * PARTIAL * parts * op.batch * op.m * op.value_size
        out.bytes[near] += exchanged * op.steps
        rest += chip.generation_attention_combine + exchanged / reach
    out.busy[MEMORY] = roofline.bound_time(out.bytes[0], chip.generation_attention_memory_share * work.bandwidth[0])
    out.busy[MEMORY + near] = roofline.bound_time(fetched * op.steps, reach)
    chosen = out.mapping
    chosen[0], chosen[1], chosen[2], chosen[3], chosen[4] = rows, tile, parts, blocks, computing
    conclude(op, chip, work, out, rest * op.steps, computing, MATRIX if tensor else LANES)


@kernel
def tile_keys(capacity: float, key: float) -> float:
    """Return the keys of one tile: as many whole grains as the capacity holds, at least one.

    Parameters
    ----------
    capacity, key : float
        Room for the keys of a tile, and one key, B.
    """
    return GRAIN * max(1.0, math.floor(capacity / (GRAIN * key)))


@kernel
def step_time(op: Record, chip: Record, work: Record, rows: float, tile: float) -> float:
    """Return the time of one tile of keys for one block: t = max(max(p, s) + exposed min(p, s), latency), s.

    The products p take their units' peak times the efficiency they sustain, the softmax s one special function per
    score; a tile does not come sooner than one access to the device memory.

    Parameters
    ----------
    op, chip, work : record
        As in a family's cost.
    rows, tile : float
        Query rows, padded, and keys, -.
    """
    processors = chip.multiprocessors
    scores = rows * tile
    products = roofline.bound_time(
        2.0 * scores * op.macs / (op.batch * op.m * op.n) * processors,
        work.mac_peak[op.precision] * chip.generation_attention_efficiency,
    )
    softmax = roofline.bound_time(scores * processors, work.special_peak)
    computing = max(products, softmax) + chip.generation_attention_exposed * min(products, softmax)
    return max(computing, chip.memory_latency[0])
