"""The traffic of a product against the best of all tilings, found by walking loop nests."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loop_nests import ORDERS, best, counted, useful, walk

from archsim.laws import traffic

SIDES = st.integers(1, 12)
WHOLE = 5.0
"""Whole tiles with room for their streams need at most 1 + WHOLE / sqrt(S) of the law, S elements; shapes to 12^3."""
LARGE = 1.15
"""The same for capacities of 256 elements and more, and sides of eight tiles and more."""
SLACK = 1 + 1e-12


def law(sizes, capacity, widths=(1.0, 1.0, 1.0)):
    """Traffic by the law, for operands of these widths, each tile counted in elements as the walker does."""
    m, n, k = (sizes[axis] for axis in "mnk")
    elements = (m * k, k * n, m * n)
    once = (width * count for width, count in zip(widths, elements, strict=True))
    return traffic.gemm_bytes(*once, *(count / capacity for count in elements))


def compulsory(sizes, widths=(1.0, 1.0, 1.0)):
    m, n, k = (sizes[axis] for axis in "mnk")
    return sum(width * count for width, count in zip(widths, (m * k, k * n, m * n), strict=True))


def shape(m, n, k):
    return {"m": m, "n": n, "k": k}


def test_one_tile_moves_everything_once():
    assert walk(shape(3, 4, 5), shape(3, 4, 5), "mnk") == {"a": 15, "b": 20, "c": 12}


def test_single_elements_with_results_kept_longest_move_every_operand_of_every_product():
    moved = walk(shape(3, 4, 5), shape(1, 1, 1), "mnk")
    assert moved == {"a": 60, "b": 60, "c": 12}


def test_partial_sums_are_read_again_and_written_again():
    assert walk(shape(3, 4, 5), shape(3, 4, 1), "kmn")["c"] == 12, "they stay inside"
    assert walk(shape(3, 4, 5), shape(3, 1, 1), "kmn")["c"] == 12 * (2 * 5 - 1)


@given(SIDES, SIDES, SIDES, st.data())
@settings(max_examples=60, deadline=None)
def test_loops_counted_are_loops_walked(m, n, k, data):
    sizes = shape(m, n, k)
    tiles = {axis: data.draw(st.sampled_from(useful(size))) for axis, size in sizes.items()}
    order = data.draw(st.sampled_from(ORDERS))
    assert counted(sizes, tiles, order) == walk(sizes, tiles, order)


@given(SIDES, SIDES, SIDES, st.integers(3, 144))
@settings(max_examples=60, deadline=None)
def test_the_law_is_never_above_the_best_tiling_and_not_far_below(m, n, k, capacity):
    sizes = shape(m, n, k)
    least, estimate = best(sizes, capacity), law(sizes, capacity)
    assert compulsory(sizes) <= estimate * SLACK
    assert estimate <= least * SLACK
    assert least <= estimate * (1 + WHOLE / math.sqrt(capacity))


@given(SIDES, SIDES, SIDES, st.integers(8, 144), st.tuples(*[st.sampled_from((0.1, 0.25, 1.0, 4.0))] * 3))
@settings(max_examples=60, deadline=None)
def test_the_same_where_operands_differ_in_width(m, n, k, capacity, widths):
    """Weights of four bits, sums of thirty-two, inputs of which a convolution stores a ninth."""
    sizes = shape(m, n, k)
    least, estimate = best(sizes, capacity, widths, count=counted), law(sizes, capacity, widths)
    assert compulsory(sizes, widths) <= estimate * SLACK
    assert estimate <= least * SLACK
    assert least <= estimate * (1 + WHOLE / math.sqrt(capacity))


def best_with_results_kept(sizes, capacity):
    """Least traffic of all tiles of results that leave room for a column of A and a row of B."""
    least = math.inf
    for m in range(1, min(sizes["m"], capacity // 3) + 1):
        n = min((capacity - m) // (m + 1), sizes["n"])
        least = min(least, sum(counted(sizes, shape(m, n, 1), "mnk").values()))
    return least


@given(st.integers(256, 4096), *[st.floats(8, 32)] * 3)
@settings(max_examples=40, deadline=None)
def test_large_tilings_come_near_the_law(capacity, rows, columns, depth):
    """Sides of at least eight tiles, so that cutting them into whole ones costs little."""
    sizes = shape(*(int(extent * math.sqrt(capacity)) for extent in (rows, columns, depth)))
    least, estimate = best_with_results_kept(sizes, capacity), law(sizes, capacity)
    assert estimate <= least * SLACK
    assert least <= LARGE * estimate


@given(*[st.integers(1, 100_000)] * 3, st.integers(4, 10**8))
def test_the_lower_bound_of_any_schedule_holds(m, n, k, capacity):
    """Smith et al. 2017: no schedule moves fewer than 2 m n k / sqrt(S) - 2 S elements."""
    estimate = law(shape(m, n, k), capacity)
    assert estimate * SLACK >= 2 * m * n * k / math.sqrt(capacity) - 2 * capacity
    assert estimate * SLACK >= compulsory(shape(m, n, k))


@pytest.mark.parametrize("capacity", [2**10, 2**14, 2**18])
def test_far_above_the_capacity_the_law_is_the_tight_bound_and_the_results(capacity):
    side = 4096
    bound = 2 * side**3 / math.sqrt(capacity)
    assert law(shape(side, side, side), capacity) == pytest.approx(bound + side**2)


@pytest.mark.parametrize("sizes", [shape(64, 32, 4096), shape(4096, 64, 32), shape(32, 4096, 64)])
def test_an_operand_that_fits_makes_all_cross_once_and_nothing_jumps_there(sizes):
    assert law(sizes, 2048) == compulsory(sizes)
    assert law(sizes, 2048 * (1 - 1e-9)) == pytest.approx(compulsory(sizes), rel=1e-6)
    assert law(sizes, 1024) > 1.1 * compulsory(sizes)
