"""Traffic by hand, at its edges, and monotone; walks and caches are among the oracles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import traffic

BYTES = st.floats(1.0, 1e15)
TILES = st.floats(1e-6, 1e9)
SLACK = 1 + 1e-9


def test_streams_by_hand():
    """Four tiles in a row fetch one stream four times, in a square both twice: 10 + 4 x 1 = 14 against 2 x 11."""
    assert traffic.streamed_bytes(10.0, 1.0, 4.0) == 14.0
    assert traffic.streamed_bytes(1.0, 10.0, 4.0) == 14.0
    assert traffic.streamed_bytes(5.0, 5.0, 4.0) == pytest.approx(20.0), "the square: both twice"
    assert traffic.streamed_bytes(8.0, 2.0, 16.0) == pytest.approx(32.0), "two times 8, eight times 2"


@given(BYTES, BYTES, st.floats(1.0, 1e9))
def test_no_grid_of_tiles_is_better(first, second, tiles):
    least = traffic.streamed_bytes(first, second, tiles)
    for step in range(101):
        rows = tiles ** (step / 100)
        assert least <= (first * rows + second * tiles / rows) * SLACK
    assert first + second <= least * SLACK
    assert least == pytest.approx(traffic.streamed_bytes(second, first, tiles))


@given(BYTES, BYTES, st.floats(1.0, 1e9), st.floats(1.0, 1e3))
def test_streams_scale_with_their_bytes_and_grow_with_the_tiles(first, second, tiles, factor):
    least = traffic.streamed_bytes(first, second, tiles)
    assert traffic.streamed_bytes(first * factor, second * factor, tiles) == pytest.approx(factor * least)
    assert least <= traffic.streamed_bytes(first, second, tiles * factor) * SLACK
    assert traffic.streamed_bytes(first, second, tiles * factor) <= factor * least * SLACK


def test_a_square_product_by_hand():
    """1024^3 with 2^14 elements inside: tiles of 128, eight panels each way; 8 M + 8 M + 1 M elements."""
    side = 1024.0**2
    tiles = side / 2**14
    assert traffic.gemm_bytes(side, side, side, tiles, tiles, tiles) == pytest.approx(17 * side)


def test_a_short_depth_keeps_whole_panels():
    """k of half a tile's edge: results cross once and A once, with B for every tile of A rows; 32 + 16 x 2 + 1024."""
    m = n = 1024
    k, inside = 32, 64**2
    a, b, c = m * k, k * n, m * n
    moved = traffic.gemm_bytes(a, b, c, a / inside, b / inside, c / inside)
    assert moved == pytest.approx(a + b * a / inside + c)
    assert moved < c + 2 * m * n * k / 64, "better than keeping square tiles of results"


def test_a_matrix_times_a_vector_reads_the_matrix_once():
    m, n, k = 4096.0, 1.0, 4096.0
    for inside in (8.0, 1e3, 1e9):
        moved = traffic.gemm_bytes(m * k, k * n, m * n, m * k / inside, k * n / inside, m * n / inside)
        assert m * k <= moved <= 2 * (m * k + k + m), inside
    assert moved == m * k + k * n + m * n


@given(BYTES, BYTES, BYTES, TILES, TILES, TILES)
def test_no_product_moves_less_than_its_operands(a, b, c, a_tiles, b_tiles, c_tiles):
    moved = traffic.gemm_bytes(a, b, c, a_tiles, b_tiles, c_tiles)
    assert a + b + c <= moved * SLACK
    if min(a_tiles, b_tiles, c_tiles) <= 1:
        assert moved == a + b + c


@given(BYTES, BYTES, BYTES, TILES, TILES, TILES, st.floats(1.0, 1e3))
def test_a_larger_memory_never_costs_more(a, b, c, a_tiles, b_tiles, c_tiles, factor):
    small = traffic.gemm_bytes(a, b, c, a_tiles * factor, b_tiles * factor, c_tiles * factor)
    assert traffic.gemm_bytes(a, b, c, a_tiles, b_tiles, c_tiles) <= small * SLACK


@given(BYTES, BYTES, BYTES, TILES, TILES, TILES)
def test_a_product_and_its_transpose_move_the_same(a, b, c, a_tiles, b_tiles, c_tiles):
    moved = traffic.gemm_bytes(a, b, c, a_tiles, b_tiles, c_tiles)
    assert moved == pytest.approx(traffic.gemm_bytes(b, a, c, b_tiles, a_tiles, c_tiles))


def test_lines_by_hand():
    """A million 4-byte reads move 64 MB in lines of 64 B; rows of 600 B take ten lines each."""
    assert traffic.line_bytes(1e6, 4, 64) == 64e6
    assert traffic.line_bytes(100, 600, 64) == 100 * 640
    assert traffic.line_bytes(100, 640, 64) == traffic.line_bytes(100, 577, 64) == 64_000
    assert traffic.line_bytes(0, 4, 64) == 0


@given(st.floats(0, 1e12), st.floats(0.125, 1e6), st.sampled_from((32.0, 64.0, 128.0)))
def test_lines_hold_what_is_wanted_and_no_line_for_nothing(accesses, width, line):
    moved = traffic.line_bytes(accesses, width, line)
    assert accesses * width <= moved * SLACK
    assert moved <= accesses * (width + line) * SLACK


@pytest.mark.parametrize(("row", "expected"), [(1.0, 1.0), (100.0, 1.0), (100.1, 3.0), (1e9, 3.0)])
def test_a_row_is_read_once_or_in_every_pass(row, expected):
    assert traffic.stream_reload(3.0, row, 100.0) == expected


@pytest.mark.parametrize(("stored", "expected"), [(64.0, 10.0), (100.0, 10.0), (101.0, 350.0)])
def test_a_share_of_the_weights_or_all_of_them(stored, expected):
    """35 steps of 350 B: ten bytes each where the weights stay."""
    assert traffic.kept_bytes(350.0, 10.0, stored, 100.0) == expected
