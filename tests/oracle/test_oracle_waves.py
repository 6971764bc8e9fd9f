"""Waves of tiles against a schedule played tile by tile, and residency against a cache walked line by line."""

from __future__ import annotations

import math
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import residency, tiling, waves


def played(tiles, processors, resident, alone, least, drain):
    """Deal tiles to multiprocessors wave by wave; tiles resident together share their multiprocessor's time."""
    clock = 0.0
    left = tiles
    while left:
        dealt = [0] * processors
        for place in range(min(left, processors * resident)):
            dealt[place % processors] += 1
        left -= sum(dealt)
        ends = []
        for count in dealt:
            if count:
                work = [alone] * count
                now = 0.0
                while any(each > 0 for each in work):  # each runs at 1 / count of the speed
                    running = sum(each > 0 for each in work)
                    shortest = min(each for each in work if each > 0)
                    now += shortest * running
                    work = [each - shortest for each in work]
                ends.append(max(now, least))
        clock += max(ends) + drain
    return clock


@given(
    tiles=st.integers(1, 300), processors=st.integers(1, 20), resident=st.integers(1, 4),
    alone=st.floats(0.1, 10.0), least=st.floats(0.0, 30.0), drain=st.floats(0.0, 2.0),
)  # fmt: skip
def test_waves_equal_a_played_schedule(tiles, processors, resident, alone, least, drain):
    expected = played(tiles, processors, resident, alone, least, drain)
    found = waves.makespan(float(tiles), float(processors), float(resident), alone, least, drain)
    assert found == pytest.approx(expected, rel=1e-9)


def test_one_tile_more_than_a_wave_costs_a_wave_more():
    full = waves.makespan(108.0, 108.0, 1.0, 1.0, 0.0, 0.0)
    assert waves.makespan(109.0, 108.0, 1.0, 1.0, 0.0, 0.0) == 2 * full


@given(size=st.integers(1, 10_000), tile=st.integers(1, 512))
def test_padding_is_the_next_multiple(size, tile):
    padded = waves.padded(float(size), float(tile))
    assert padded % tile == 0
    assert size <= padded < size + tile


@given(m=st.integers(1, 60), n=st.integers(1, 60), k=st.integers(1, 20), r=st.integers(1, 16), c=st.integers(1, 16))
def test_tiles_fetch_what_their_loads_add_up_to(m, n, k, r, c):
    """Count the loads of padded tiles, element by element."""
    loads = 0
    for _ in range(0, m, r):
        for _ in range(0, n, c):
            for _ in range(k):
                loads += 2 * r + 4 * c  # elements of two and of four bytes
    tiles = math.ceil(m / r) * math.ceil(n / c)
    assert tiling.fetched_bytes(float(tiles), float(r), float(c), float(k), 2.0, 4.0) == loads


def test_larger_tiles_lose_less_to_their_operands():
    shares = [tiling.delivered_share(float(size), float(size), 8.0) for size in (16, 32, 64, 128, 256)]
    assert shares == sorted(shares)
    assert tiling.delivered_share(128.0, 128.0, 0.0) == 1.0


def cyclic_hits(lines, capacity, rounds=6):
    """Hits of an LRU cache of `capacity` lines under passes over `lines` lines in order, the first pass excepted."""
    cache: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for turn in range(rounds):
        for line in range(lines):
            if line in cache:
                hits += turn > 0
                cache.move_to_end(line)
            else:
                if len(cache) >= capacity:
                    cache.popitem(last=False)
                cache[line] = None
    return hits / (lines * (rounds - 1))


@given(lines=st.integers(1, 200), capacity=st.integers(1, 100))
def test_residency_bounds_a_walked_cache(lines, capacity):
    """What fits hits in both; what is larger never hits under strict LRU, and no cache keeps more than the law says."""
    law = residency.hit(float(lines), float(capacity), 1.0)
    walked = cyclic_hits(lines, capacity)
    if lines <= capacity:
        assert law == walked == 1.0
    else:
        assert walked == 0.0 <= law < 1.0
    if lines >= 2 * capacity:
        assert law == 0.0


def random_hits(lines, capacity, rounds=40):
    """The same walk with a victim drawn at random."""
    import random

    draw = random.Random(1)
    cache: list[int] = []
    where: dict[int, int] = {}
    hits = 0
    for turn in range(rounds):
        for line in range(lines):
            if line in where:
                hits += turn >= rounds // 2
                continue
            if len(cache) < capacity:
                where[line] = len(cache)
                cache.append(line)
            else:
                place = draw.randrange(capacity)
                del where[cache[place]]
                cache[place], where[line] = line, place
    return hits / (lines * (rounds - rounds // 2))


@pytest.mark.parametrize("ratio", [1.1, 1.25, 1.5, 1.75])
def test_the_fall_lies_between_lru_and_random_replacement(ratio):
    """Strict LRU keeps nothing of a cyclic walk, random replacement a good part: the law is near the latter."""
    law = residency.hit(ratio * 400, 400.0, 1.0)
    assert 0.0 <= law <= random_hits(int(ratio * 400), 400) + 0.25


def test_a_smaller_usable_share_is_a_smaller_cache():
    assert residency.hit(50.0, 100.0, 0.5) == residency.hit(50.0, 50.0, 1.0) == 1.0
    assert residency.hit(75.0, 100.0, 0.5) == 0.5
