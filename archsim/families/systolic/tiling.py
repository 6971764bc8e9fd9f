"""What crosses a memory level: the best of all tiles and loop orders that fit what stands inside it."""

from __future__ import annotations

import math
from typing import Final

from archsim.families.systolic.parts import ACROSS, DEEP, DOWN, KEEPS
from archsim.jit import Record, kernel
from archsim.laws import tile_traffic

EVERY: Final = 16.0
"""Numbers of tiles up to which each is tried; beyond, steps of a sixteenth."""
WEIGHTS: Final = 0
OUTPUTS: Final = 1
INPUTS: Final = 2
"""What stays while the innermost loop runs."""


LEAST: Final = 1.0
"""Bytes an operand takes at least, so that it has a width, B."""


@kernel
def search_tiles(
    m: float, n: float, k: float, a: float, b: float, c: float, partial: float, unrolled: float,
    shared: float, room_a: float, room_b: float, room_c: float, images: float, overlap: float, row: float, out: Record,
) -> float:  # fmt: skip
    """Return the least traffic of a product over all tiles and loop orders, B; leave the tiles in the mapping.

    Each case of `archsim.laws.tile_traffic` has one axis cut as finely as can be, the innermost; along a second every
    number of tiles is tried, and the third is as long as still fits.

    Parameters
    ----------
    m, n, k : float
        Product, -.
    a, b, c, partial : float
        Inputs, weights, results and incomplete sums, once, B.
    unrolled : float
        Inputs with what windows share repeated, B; `a` for a matrix product.
    shared : float
        1 where all share one memory, each of the rooms then its size, else 0.
    room_a, room_b, room_c : float
        What is free for inputs, weights and results inside, B.
    images, overlap, row : float
        Of a convolution: images, rows that two tiles of one share, and one row of all channels, B.
    out : record
        Outcome.

    Returns
    -------
    float
        Traffic, B; at least a + b + c.
    """
    wa, wb, wc = max(a, LEAST) / (m * k), max(b, LEAST) / (k * n), max(c, partial, LEAST) / (m * n)
    best = a * n + b * m + c + 2.0 * (k - 1.0) * partial  # nothing is used twice
    remember(out, WEIGHTS, m, n, k)
    count = 1.0
    while count <= m and a + b * count + c < best:  # no later number can move less
        tall = math.ceil(m / count)
        inputs = min(a + tile_traffic.halo_bytes(count, images, overlap, row), max(a, unrolled))
        if tall * wa <= room_a:  # k innermost: the tile of results grows beside a step of either operand
            wide = longest(shared, tall * wa, room_b, wb, room_c, tall * wc, n)
            if wide >= 1.0:
                across = math.ceil(n / wide)
                moved = tile_traffic.outputs_stay(inputs, b, c, across, count)
                if moved < best:
                    best = moved
                    remember(out, OUTPUTS, count, across, k)
        if tall * wc <= room_c:  # n innermost: the tile of inputs grows beside a step of weights and results
            deep = longest(shared, tall * wc, room_a, tall * wa, room_b, wb, k)
            if deep >= 1.0:
                turns = math.ceil(k / deep)
                moved = tile_traffic.inputs_stay(inputs, b, c, partial, count, turns)
                if moved < best:
                    best = moved
                    remember(out, INPUTS, count, n, turns)
        count = next_count(count)
    count = 1.0
    while count <= n and a * count + b + c < best:
        wide = math.ceil(n / count)
        if wide * wc <= room_c:  # m innermost: the tile of weights grows beside a step of inputs and results
            deep = longest(shared, wide * wc, room_b, wide * wb, room_a, wa, k)
            if deep >= 1.0:
                turns = math.ceil(k / deep)
                moved = tile_traffic.weights_stay(a, b, c, partial, count, turns)
                if moved < best:
                    best = moved
                    remember(out, WEIGHTS, m, count, turns)
        count = next_count(count)
    return best


@kernel
def longest(
    shared: float, fixed: float, first: float, first_step: float, second: float, second_step: float, axis: float
) -> float:
    """Return how far an axis reaches on which two tiles grow, -; 0 where not one step fits.

    Parameters
    ----------
    shared : float
        1 where the rooms are one memory, in which the third tile takes `fixed` bytes.
    fixed, first, second : float
        Third tile, and rooms of the two that grow, B.
    first_step, second_step : float
        Bytes of one step along the axis, B.
    axis : float
        Its length, -.
    """
    if shared == 1.0:
        return math.floor(min((first - fixed) / (first_step + second_step), axis))
    return math.floor(min(first / first_step, second / second_step, axis))


@kernel
def next_count(count: float) -> float:
    """Return the next number of tiles to try."""
    return count + max(1.0, math.floor(count / EVERY))


@kernel
def remember(out: Record, keeps: int, down: float, across: float, deep: float) -> None:
    """Leave the tiles of the winner in the mapping."""
    out.mapping[KEEPS] = keeps
    out.mapping[DOWN] = down
    out.mapping[ACROSS] = across
    out.mapping[DEEP] = deep
