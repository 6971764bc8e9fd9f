"""What crosses a memory level, against caches simulated access by access."""

from __future__ import annotations

import math
import random
from collections import OrderedDict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.laws import traffic


class Cache:
    """A fully associative cache that drops what was used longest ago, and counts the bytes it fetches."""

    def __init__(self, capacity, line):
        self.lines = capacity // line
        self.line = line
        self.inside: OrderedDict[int, None] = OrderedDict()
        self.fetched = 0

    def read(self, start, width):
        for line in range(start // self.line, (start + width - 1) // self.line + 1):
            if line not in self.inside:
                self.fetched += self.line
            self.inside[line] = None
            self.inside.move_to_end(line)
            if len(self.inside) > self.lines:
                self.inside.popitem(last=False)


def spread(rng, accesses, width, line, alignment):
    """Bytes of accesses so far apart that none meets a line of another."""
    cache = Cache(line * 4, line)
    stride = 8 * line + width
    for index in range(accesses):
        free = rng.randrange(0, line, alignment)
        cache.read((index * stride // line) * line + free, width)
    return cache.fetched


LINES = st.sampled_from((32, 64, 128))


@given(st.integers(1, 40), st.integers(1, 600), LINES)
def test_accesses_that_begin_with_a_line_move_what_the_law_says(accesses, width, line):
    moved = spread(random.Random(1), accesses, width, line, line)
    assert traffic.line_bytes(accesses, width, line) == moved


@given(st.integers(1, 40), st.integers(0, 5), LINES)
def test_so_do_accesses_that_straddle_no_line(accesses, power, line):
    """Rows of a power of two of bytes, up to a line, on their own boundaries."""
    moved = spread(random.Random(2), accesses, 2**power, line, 2**power)
    assert traffic.line_bytes(accesses, 2**power, line) == moved


@given(st.integers(1, 40), st.integers(1, 600), LINES, st.randoms(use_true_random=False))
def test_elsewhere_each_access_touches_at_most_one_line_more(accesses, width, line, rng):
    moved = spread(rng, accesses, width, line, 1)
    law = traffic.line_bytes(accesses, width, line)
    assert law <= moved <= law + accesses * line


@given(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40))
def test_a_row_that_fits_is_fetched_once_and_another_one_in_every_pass(passes, elements, capacity):
    """Least recently used drops an element just before it is read again: the cliff of the law is that of the cache."""
    cache = Cache(capacity, 1)
    for _ in range(passes):
        for element in range(elements):
            cache.read(element, 1)
    assert cache.fetched == elements * traffic.stream_reload(passes, elements, capacity)


@given(st.integers(1, 12), st.integers(1, 40), st.integers(1, 40))
def test_weights_that_fit_are_fetched_once_for_all_steps(steps, weights, capacity):
    cache = Cache(capacity, 1)
    for _ in range(steps):
        for weight in range(weights):
            cache.read(weight, 1)
    assert cache.fetched == pytest.approx(steps * traffic.kept_bytes(weights, weights / steps, weights, capacity))


def attention_walk(queries, keys, pair, capacity):
    """Bytes of keys and values when tiles of queries and their results fill half the memory, S / 2 = tile x pair.

    Keys stay if all of them fit; else every tile of queries reads them anew.
    """
    if keys * pair <= capacity:
        return keys * pair
    tile = max(1, int(capacity / (2 * pair)))
    return sum(keys * pair for _ in range(0, queries, tile))


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from((8, 64, 256)), st.integers(64, 2**16))
@settings(max_examples=200)
def test_keys_pass_by_once_per_tile_of_queries(queries, keys, pair, capacity):
    """Whole tiles need one pass more at most, or twice the passes where a tile is a query and a bit."""
    law = keys * pair * traffic.attention_passes(queries, keys, pair, capacity)
    walked = attention_walk(queries, keys, pair, capacity)
    assert law <= walked * (1 + 1e-12)
    assert walked <= 2 * law + keys * pair


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 1024), st.integers(1, 10**7))
def test_attention_passes_within_their_limits(queries, keys, pair, capacity):
    passes = traffic.attention_passes(queries, keys, pair, capacity)
    assert 1 <= passes <= max(1, queries)
    assert traffic.attention_passes(queries + 1, keys, pair, capacity) >= passes
    assert traffic.attention_passes(queries, keys, pair, capacity + 64) <= passes
    if 2 * pair <= capacity < keys * pair:
        assert passes == pytest.approx(max(1.0, 2 * queries * pair / capacity))


def test_flash_attention_by_hand():
    """Heads of 64 in fp16 on 192 KiB: tiles of 384 queries, so 4096 queries read the keys eleven times at least."""
    pair, capacity = 2 * 64 * 2, 192 * 1024
    assert traffic.attention_passes(4096, 4096, pair, capacity) == pytest.approx(4096 / 384)
    assert math.ceil(4096 / 384) == attention_walk(4096, 4096, pair, capacity) / (4096 * pair)
    assert traffic.attention_passes(4096, 768, pair, capacity) == 1, "768 keys and values fit"
