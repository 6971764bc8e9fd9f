"""Folds of a systolic array walked cycle by cycle, and tiles tried one by one, against the closed forms."""

from __future__ import annotations

import math
from itertools import permutations
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.families.systolic.tiling import search_tiles
from archsim.laws import fold_time, tile_traffic

SIZES = st.integers(1, 13)
SIDES = st.integers(1, 5)


def cuts(size, side):
    """Lengths of the folds of an axis."""
    return [min(side, size - start) for start in range(0, size, side)]


def walk(along_rows, along_columns, stream, rows, columns, block):
    """Cycle in which the last sum leaves, by moving vectors and weights one cycle at a time.

    One set of weights works while one more loads behind it, a row a cycle; vectors enter as soon as their weights are
    there, one a cycle and skewed, and a fold begins no sooner than the one before has taken all its vectors in.
    """
    folds = [
        (r, c, t) for t in cuts(stream, block) for c in cuts(along_columns, columns) for r in cuts(along_rows, rows)
    ]
    waiting = list(folds)
    now = leaves = 0
    loaded, loading, left = None, [waiting[0], waiting[0][0]], 0
    waiting = waiting[1:]
    active = None
    while active or loading or loaded:
        if active is None and loaded:  # weights take their place, and the next ones may come in behind
            active, loaded, left = loaded, None, loaded[2]
            if waiting:
                loading = [waiting[0], waiting[0][0]]
                waiting = waiting[1:]
        if active:
            left -= 1
            leaves = now + 1 + active[0] + active[1] - 2
        if loading:
            loading[1] -= 1
            if loading[1] == 0:
                loaded, loading = loading[0], None
        if active and left == 0:
            active = None
        now += 1
    return leaves


@given(SIZES, SIZES, SIZES, SIDES, SIDES, st.integers(1, 6))
def test_pipelined_folds_take_as_long_as_a_walk(along_rows, along_columns, stream, rows, columns, block):
    block = min(block, stream)
    expected = walk(along_rows, along_columns, stream, rows, columns, block)
    made = fold_time.pipelined(along_rows, along_columns, stream, rows, columns, block)
    assert made == expected


@given(SIZES, SIZES, SIZES, SIDES, SIDES)
def test_serial_folds_load_stream_and_drain_one_after_the_other(along_rows, along_columns, stream, rows, columns):
    pairs = [(r, c) for c in cuts(along_columns, columns) for r in cuts(along_rows, rows)]
    arguments = (along_rows, along_columns, rows, columns)
    assert fold_time.loading(*arguments) == sum(r for r, _ in pairs)
    assert fold_time.skewing(*arguments) == sum(r + c - 2 for r, c in pairs)
    assert fold_time.streaming(along_rows, along_columns, stream, rows, columns) == len(pairs) * stream
    waits = sum(max(0, r - stream) for r, _ in pairs)
    assert fold_time.waiting(along_rows, along_columns, stream, rows, columns) == waits


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 40), st.integers(1, 40), st.integers(1, 50))
def test_packed_groups_fit_and_no_more_would(depth, width, rows, columns, groups):
    packed = fold_time.packed_groups(depth, width, rows, columns, groups)
    fits = [p for p in range(1, groups + 1) if p * depth <= rows and p * width <= columns]
    assert packed == max(fits, default=1)


def reload_counts(order, tiles):
    """Times each operand crosses, by walking the loops and counting changes of its tile; sums written and read."""
    m, n, k = range(3)
    uses = {"a": (m, k), "b": (k, n), "c": (m, n)}
    seen = dict.fromkeys(uses)
    fetched = dict.fromkeys(uses, 0)
    index = [0, 0, 0]
    for i in range(tiles[order[0]]):
        for j in range(tiles[order[1]]):
            for last in range(tiles[order[2]]):
                index[order[0]], index[order[1]], index[order[2]] = i, j, last
                for name, axes in uses.items():
                    here = tuple(index[axis] for axis in axes)
                    if seen[name] != here:
                        seen[name] = here
                        fetched[name] += 1
    whole = {"a": tiles[m] * tiles[k], "b": tiles[k] * tiles[n], "c": tiles[m] * tiles[n]}
    return {name: fetched[name] / whole[name] for name in uses}


@given(st.tuples(*[st.integers(1, 4)] * 3))
def test_no_order_of_loops_moves_less_than_the_three_cases(tiles):
    down, across, deep = tiles
    a, b, c, partial = 7.0, 11.0, 5.0, 13.0
    moved = []
    for order in permutations(range(3)):
        times = reload_counts(order, tiles)
        moved.append(a * times["a"] + b * times["b"] + c + 2 * (times["c"] - 1) * partial)
    outputs = tile_traffic.outputs_stay(a, b, c, across, down)
    weights = tile_traffic.weights_stay(a, b, c, partial, across, deep)
    inputs = tile_traffic.inputs_stay(a, b, c, partial, down, deep)
    if min(tiles) > 1:
        assert min(outputs, weights, inputs) == pytest.approx(min(moved))
    assert min(outputs, weights, inputs) >= min(moved) - 1e-9


def exhaustive(m, n, k, widths, rooms, shared):
    """Least traffic over every tile and every order of the loops."""
    wa, wb, wc = widths
    best = m * k * wa * n + k * n * wb * m + m * n * wc + 2 * (k - 1) * m * n * wc
    for tm in range(1, m + 1):
        for tn in range(1, n + 1):
            for tk in range(1, k + 1):
                used = (tm * tk * wa, tk * tn * wb, tm * tn * wc)
                fits = sum(used) <= rooms[0] if shared else all(u <= r for u, r in zip(used, rooms, strict=True))
                if fits:
                    tiles = tuple(math.ceil(size / tile) for size, tile in ((m, tm), (n, tn), (k, tk)))
                    for order in permutations(range(3)):
                        times = reload_counts(order, tiles)
                        moved = m * k * wa * times["a"] + k * n * wb * times["b"]
                        best = min(best, moved + m * n * wc * (2 * times["c"] - 1))
    return best


@given(
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 5), st.tuples(*[st.integers(1, 3)] * 3),
    st.tuples(*[st.integers(3, 40)] * 3), st.booleans(),
)  # fmt: skip
def test_the_search_finds_what_trying_every_tile_finds(m, n, k, widths, rooms, shared):
    wa, wb, wc = widths
    if shared:
        rooms = (rooms[0],) * 3
    out = SimpleNamespace(mapping=[0.0] * 8)
    c = float(m * n * wc)
    a, b = float(m * k * wa), float(k * n * wb)
    found = search_tiles(m, n, k, a, b, c, c, a, float(shared), *rooms, m, 0.0, 0.0, out)
    assert found == pytest.approx(exhaustive(m, n, k, widths, rooms, shared))
    assert found >= a + b + c - 1e-9


def test_tiles_across_a_map_share_rows():
    """Three strips of one image, kernel of 3 rows, stride 1: two cuts, two rows each fetched twice."""
    assert tile_traffic.halo_bytes(3.0, 1.0, 2.0, 100.0) == 400.0
    assert tile_traffic.halo_bytes(4.0, 4.0, 2.0, 100.0) == 0.0
    assert tile_traffic.halo_bytes(8.0, 4.0, -1.0, 100.0) == 0.0


@given(st.integers(1, 50), st.integers(1, 300), st.integers(1, 9), st.integers(1, 130))
def test_elements_are_padded_to_whole_registers(rows, length, sublanes, lanes):
    made = fold_time.laned_elements(rows, length, sublanes, lanes)
    assert made == math.ceil(rows / sublanes) * sublanes * math.ceil(length / lanes) * lanes
