"""Products of compressed matrices, against the loops that do them, counting every load."""

from __future__ import annotations

import collections
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.laws import sparse_rate, sparsity


def matrix(rows, columns, density, generator):
    """Columns of the values, row by row."""
    return [[j for j in range(columns) if generator.random() < density] for _ in range(rows)]


def by_columns(weights, columns, together):
    """Passes and loads of a product whose dense operand stores columns: index, value, and one element in each."""
    passes = loads = 0
    for first in range(0, columns, together):
        passes += 1
        for row in weights:
            for _ in row:
                loads += 2 + len(range(first, min(first + together, columns)))
    return passes, loads


@given(st.integers(1, 12), st.integers(1, 20), st.integers(1, 33), st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_columns_are_served_some_at_a_time(rows, depth, columns, together, seed):
    weights = matrix(rows, depth, 0.4, random.Random(seed))
    values = sum(len(row) for row in weights)
    passes, loads = by_columns(weights, columns, together)
    assert sparse_rate.passes(columns, together) == passes
    law = values * passes * sparse_rate.column_loads(together)
    assert law >= loads
    if columns % together == 0:
        assert law == loads


@given(st.integers(1, 70), st.sampled_from((4, 8, 16)))
def test_a_value_times_a_row_goes_register_by_register(columns, lanes):
    registers = loads = 0
    loads += 2
    for _ in range(0, columns, lanes):
        registers += 1
        loads += 2  # of the operand and of the result
    assert sparse_rate.row_vectors(columns, lanes) == registers
    assert sparse_rate.row_loads(registers) == loads


@given(st.integers(10, 200), st.integers(1, 250))
@settings(max_examples=15, deadline=None)
def test_a_cache_holds_its_share_of_random_accesses(lines, capacity):
    generator, cache, missed, accesses = random.Random(lines), collections.OrderedDict(), 0, 30_000
    for index in range(2 * accesses):
        line = generator.randrange(lines)
        if line in cache:
            cache.move_to_end(line)
        else:
            missed += index >= accesses
            cache[line] = None
            if len(cache) > capacity:
                cache.popitem(last=False)
    assert sparse_rate.random_misses(lines, capacity) == pytest.approx(missed / accesses, abs=0.02)
    assert sparse_rate.random_misses(0.0, 1.0) == 0.0


@pytest.mark.parametrize(("first", "second"), [(0.05, 0.3), (0.3, 0.3), (0.9, 0.1)])
def test_two_compressed_operands_meet_row_by_row(first, second):
    """Gustavson's loop over random matrices: its products, and the results they are added to."""
    generator, size, depth = random.Random(3), 60, 80
    left, right = matrix(size, depth, first, generator), matrix(depth, size, second, generator)
    products, results = 0, 0
    for row in left:
        found = set()
        for k in row:
            products += len(right[k])
            found.update(right[k])
        results += len(found)
    values, density = sum(map(len, left)), sum(map(len, right)) / (depth * size)
    assert sparse_rate.expansion_steps(values, size, density) == pytest.approx(products, rel=0.05)
    assert size * size * sparsity.output_density(first, second, depth) == pytest.approx(results, rel=0.05)
