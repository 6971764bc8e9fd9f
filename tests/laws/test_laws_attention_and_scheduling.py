"""Blocks of attention counted one by one, parts that fill a machine, and jobs really dealt to processors."""

from __future__ import annotations

import heapq
import math
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archsim.laws import attention, scheduling

SIZES = st.integers(1, 64)


def walked(queries, keys, positions, tile, *, causal=True):
    """Keys and tiles every block of queries passes over, one block after the other; queries are the last positions."""
    passed, tiles = [], []
    for first in range(0, queries, positions):
        last = min(first + positions, queries)
        reach = keys - queries + last if causal else keys
        passed.append(reach)
        tiles.append(math.ceil(reach / tile))
    return sum(passed) / len(passed), sum(tiles) / len(tiles)


def seen_by_queries(queries, keys):
    """Keys one query sees under a causal mask, on average."""
    return sum(keys - queries + position + 1 for position in range(queries)) / queries


@given(st.integers(1, 40), SIZES, st.integers(0, 500))
def test_blocks_under_a_causal_mask_pass_over_what_they_see_and_half_a_block(blocks, positions, prefix):
    queries = blocks * positions
    keys = queries + prefix
    seen = seen_by_queries(queries, keys)
    exact, _ = walked(queries, keys, positions, 1)
    found = attention.passed_keys(seen, keys, positions)
    assert found == pytest.approx(exact, abs=0.5)
    assert seen <= found <= keys


def test_blocks_without_a_mask_pass_over_all():
    assert attention.passed_keys(1000, 1000, 64) == 1000
    assert attention.passed_keys(512.5, 1024, 1e9) == 1024, "one block has the last query in it"


@given(st.integers(4, 40), st.sampled_from([4, 16, 64]), st.sampled_from([1, 2, 4]))
def test_tiles_that_are_whole_blocks_or_shorter_are_counted_exactly(blocks, positions, parts):
    tile = positions // parts
    keys = blocks * positions
    exact, tiles = walked(keys, keys, positions, tile)
    assert attention.passed_tiles(exact, keys, positions, tile) == pytest.approx(tiles)


@given(st.integers(4, 40), st.sampled_from([1, 4, 16, 64]), st.sampled_from([2, 4, 8]))
def test_the_last_tile_is_half_needed_where_tiles_hold_whole_blocks(tiles_of_keys, positions, blocks):
    tile = positions * blocks
    keys = tiles_of_keys * tile
    exact, tiles = walked(keys, keys, positions, tile)
    assert attention.passed_tiles(exact, keys, positions, tile) == pytest.approx(tiles)


@given(SIZES, SIZES, SIZES, st.integers(0, 300))
def test_tiles_are_never_fewer_than_the_keys_fill_nor_more_than_there_are(queries, positions, tile, prefix):
    keys = queries + prefix
    exact, tiles = walked(queries, keys, positions, tile)
    found = attention.passed_tiles(exact, keys, min(positions, queries), tile)
    assert exact / tile <= found * (1 + 1e-12)
    assert found <= math.ceil(keys / tile)
    assert abs(found - tiles) <= 1.0


def test_parts_of_keys_by_hand():
    assert attention.key_parts(4, 108, 64) == 22, "27 would fill the machine; 22 parts of 3 tiles are all there is"
    assert attention.key_parts(1, 108, 512) == 103, "of 5 tiles"
    assert attention.key_parts(1, 108, 3) == 3
    assert attention.key_parts(54, 108, 64) == 2
    assert attention.key_parts(86, 108, 64) == 1, "80 % of the multiprocessors have a block already"
    assert attention.key_parts(90, 108, 1e6) == 1


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 5000))
def test_parts_fill_no_more_than_the_machine_and_shorten_the_longest_block(blocks, processors, tiles):
    parts = attention.key_parts(blocks, processors, tiles)
    assert 1 <= parts <= tiles
    assert parts == 1 or blocks * parts <= processors
    wanted = max(1, min(tiles, processors // blocks)) if blocks < 0.8 * processors else 1
    assert math.ceil(tiles / parts) == math.ceil(tiles / wanted), "with no part left empty"


def dealt(jobs, processors):
    """When the last job ends, each given to the processor that is free first, in order."""
    free = [0.0] * processors
    for job in jobs:
        heapq.heappush(free, heapq.heappop(free) + job)
    return max(free)


@pytest.mark.parametrize("processors", [8, 108])
@pytest.mark.parametrize("heads", [3, 8, 24, 64])
@pytest.mark.parametrize("blocks", [4, 16, 64])
def test_triangles_of_blocks_dealt_one_by_one(processors, heads, blocks):
    """Causal heads, each with blocks that grow by one: shortest first, and at random."""
    jobs = [float(index + 1) for _ in range(heads) for index in range(blocks)]
    found = scheduling.list_time(len(jobs), processors, sum(jobs) / len(jobs), max(jobs))
    assert dealt(jobs, processors) == pytest.approx(found, rel=0.1)
    random.Random(1).shuffle(jobs)
    assert dealt(jobs, processors) == pytest.approx(found, rel=0.17)


@given(st.integers(1, 500), st.integers(1, 120), st.floats(1e-6, 1.0))
def test_equal_jobs_end_in_whole_waves(jobs, processors, time):
    assert scheduling.list_time(jobs, processors, time, time) == pytest.approx(dealt([time] * jobs, processors))


@given(st.integers(1, 500), st.integers(1, 120), st.floats(1e-6, 1.0), st.floats(1.0, 3.0))
def test_no_schedule_beats_the_work_or_the_longest_job(jobs, processors, mean, ratio):
    found = scheduling.list_time(jobs, processors, mean, ratio * mean)
    assert found >= ratio * mean * (1 - 1e-12)
    assert found >= jobs * mean / processors * (1 - 1e-12)


@given(st.integers(1, 200), st.integers(1, 60))
def test_more_processors_never_take_longer(jobs, processors):
    assume(jobs > processors)
    few, many = (scheduling.list_time(jobs, each, 1.0, 2.0) for each in (processors, processors + 1))
    assert many <= few * (1 + 1e-12)
