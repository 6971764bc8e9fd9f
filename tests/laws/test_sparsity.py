"""Sparsity laws against random matrices, exact distributions and published values."""

import inspect
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, hypergeom, norm

from archsim.jit import compiled, is_kernel, kernel, violations
from archsim.laws import sparse_format, sparse_tiles, sparsity

KERNELS = [
    f
    for module in (sparse_format, sparsity)
    for _, f in inspect.getmembers(module, inspect.isfunction)
    if is_kernel(f) and f.__module__ == module.__name__
]
densities = st.floats(0, 1)


def masks(rows, columns, density, count=400, seed=0):
    return np.random.default_rng(seed).random((count, rows, columns)) < density


@pytest.mark.parametrize("law", KERNELS, ids=lambda f: f.__name__)
def test_laws_are_proper_kernels(law):
    assert violations(law) == []
    assert law.__doc__


@kernel
def everything(rows: float, density: float) -> float:
    """Call every law once."""
    total = sparse_format.stored_bytes(rows, 8.0, sparse_format.bitmask_metadata(rows, rows))
    total += sparse_format.coordinate_metadata(rows, rows, density)
    total += sparse_format.run_length_metadata(rows * rows, density, 4.0)
    total += sparse_format.structured_metadata(rows * rows, 2.0, 4.0)
    total += sparse_format.block_metadata(rows, rows, sparse_tiles.block_density(density, 4.0), 4.0)
    total += sparsity.skipped_macs(sparsity.effective_macs(rows, density, density), density, density, 0.5)
    total += sparsity.output_density(density, density, rows) + sparsity.gated_energy(density, 0.1)
    total += sparsity.merge_steps(rows, density, density) + sparse_tiles.tile_empty(rows, density)
    total += sparse_tiles.tile_empty_of(4.0, rows, 3.0) + sparse_tiles.tile_capacity(rows, density, 3.0)
    total += sparsity.lane_utilisation(rows, density, 16.0) + sparsity.gather_efficiency(4.0, 64.0, 4.0)
    return total + sparsity.crossover_density(2.0, 1.0, 3.0) + sparsity.crossover_traffic(32.0, 32.0, density)


def test_compiled_twins_agree():
    twin = compiled(everything)
    for density in (0.0, 0.3, 1.0):
        assert twin(64.0, density) == pytest.approx(everything(64.0, density), rel=1e-12)


@pytest.mark.parametrize(("count", "bits"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11)])
def test_index_bits(count, bits):
    assert sparse_format.index_bits(count) == bits


@pytest.mark.parametrize("density", [0.0, 0.1, 0.5, 1.0])
def test_format_sizes_equal_encodings_of_random_matrices(density):
    rows, columns, width = 12, 20, 8
    mask = masks(rows, columns, density, 1)[0]
    share = mask.mean()
    values = [(r, c) for r, c in itertools.product(range(rows), range(columns)) if mask[r, c]]
    coordinates = sum((rows - 1).bit_length() + (columns - 1).bit_length() for _ in values)
    assert sparse_format.coordinate_metadata(rows, columns, share) == pytest.approx(coordinates)
    offsets = np.concatenate([[0], mask.sum(axis=1).cumsum()])
    rows_bits = len(values) * 5 + len(offsets) * int(offsets[-1]).bit_length()
    assert sparse_format.compressed_row_metadata(rows, columns, share, 0, 0) == pytest.approx(rows_bits)
    fixed = sparse_format.compressed_row_metadata(rows, columns, share, 32, 32)
    assert fixed == pytest.approx(32 * (len(values) + rows + 1))
    assert sparse_format.bitmask_metadata(rows, columns) == mask.size
    total = sparse_format.stored_bytes(len(values), width, sparse_format.bitmask_metadata(rows, columns))
    assert total * 8 == len(values) * width + mask.size


def run_length(flat, run_bits):
    """Encode: (zeros before, value) pairs; a run that does not fit stores a zero and starts again."""
    stored, zeros = 0, 0
    for value in flat:
        if value or zeros == 2**run_bits - 1:
            stored, zeros = stored + 1, 0
        else:
            zeros += 1
    return stored


@pytest.mark.parametrize("run_bits", [1, 2, 4])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.1, 0.4, 1.0])
def test_run_length_coding(density, run_bits):
    elements = 40_000
    flat = masks(1, elements, density, 1)[0, 0]
    found = run_length(flat, run_bits)
    law = sparse_format.run_length_values(elements, density, run_bits)
    assert law == pytest.approx(found, rel=0.04)
    assert sparse_format.run_length_metadata(elements, density, run_bits) == law * run_bits
    assert law <= density * elements + elements * (1 - density) / 2**run_bits + 1e-9


def test_structured_formats():
    assert sparse_format.structured_metadata(1024, 2, 4) == 1024
    # Two of four fp16 values take 0.5625 of the dense bytes (Mishra 2021).
    size = sparse_format.stored_bytes(512, 16, sparse_format.structured_metadata(1024, 2, 4))
    assert size / (1024 * 2) == 0.5625
    found = masks(64, 64, 0.05).reshape(400, 16, 4, 16, 4).any(axis=(2, 4)).mean()
    assert sparse_tiles.block_density(0.05, 4) == pytest.approx(found, rel=0.01)
    assert sparse_format.block_metadata(64, 64, 0.5, 4) == 128 * 4 + 17 * 8
    assert sparse_format.block_metadata(64, 64, 0.5, 1) == sparse_format.compressed_row_metadata(64, 64, 0.5, 0, 0)


@pytest.mark.parametrize(("first", "second"), [(0.1, 0.2), (0.5, 0.7), (1.0, 0.3)])
def test_work_of_sparse_products(first, second):
    depth, count = 64, 4000
    a, w = masks(count, depth, first, 1)[0], masks(count, depth, second, 1, seed=1)[0]
    pairs = (a & w).sum(axis=1)
    assert sparsity.effective_macs(depth, first, second) == pytest.approx(pairs.mean(), rel=0.03)
    assert sparsity.output_density(first, second, depth) == pytest.approx((pairs > 0).mean(), abs=0.02)
    assert sparsity.skipped_macs(depth, first, second, 0) == pytest.approx(a.sum(axis=1).mean(), rel=0.03)
    assert sparsity.skipped_macs(depth, first, second, 1) == pytest.approx(pairs.mean(), rel=0.03)
    steps = np.mean([merge(np.flatnonzero(x), np.flatnonzero(y)) for x, y in zip(a[:500], w[:500], strict=True)])
    law = sparsity.merge_steps(depth, first, second)
    assert steps <= law * 1.03
    assert law - steps <= 1 / min(first, second) + 0.03 * law  # what is left of the longer list


def merge(first, second):
    """Count comparisons of a two-finger intersection."""
    i = j = steps = 0
    while i < len(first) and j < len(second):
        steps += 1
        left, right = first[i], second[j]
        i += left <= right
        j += right <= left
    return steps


def test_gating():
    assert sparsity.gated_energy(1.0, 0.2) == 1.0
    assert sparsity.gated_energy(0.0, 0.2) == 0.2
    assert sparsity.gated_energy(0.25, 0.2) == pytest.approx(0.25 + 0.75 * 0.2)


@pytest.mark.parametrize(("size", "total", "values"), [(3, 20, 5), (16, 64, 8), (1, 10, 10), (5, 5, 1), (4, 9, 6)])
def test_empty_tiles(size, total, values):
    exact = hypergeom(total, values, size).pmf(0)
    assert sparse_tiles.tile_empty_of(size, total, values) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    independent = sparse_tiles.tile_empty(size, values / total)
    assert independent == pytest.approx(binom(size, values / total).pmf(0), rel=1e-9, abs=1e-15)
    assert independent >= exact - 1e-12  # drawing without return spreads values further


@given(size=st.floats(0, 1e6), density=densities)
def test_tile_probabilities_are_complementary(size, density):
    empty, occupied = sparse_tiles.tile_empty(size, density), sparse_tiles.tile_occupied(size, density)
    assert 0 <= empty <= 1
    assert empty + occupied == pytest.approx(1)


def test_rare_values_in_small_tiles_keep_their_digits():
    assert sparse_tiles.tile_occupied(16, 1e-15) == pytest.approx(1.6e-14, rel=1e-9)


def test_tile_capacity_overflows_as_rarely_as_it_says():
    for size, density in ((256, 0.1), (1024, 0.5)):
        limit = sparse_tiles.tile_capacity(size, density, 3)
        assert binom(size, density).sf(limit) < 0.003
        assert binom(size, density).sf(size * density) > 0.4
    assert sparse_tiles.tile_capacity(4, 0.9, 3) == 4


@pytest.mark.parametrize("upper", [0.5, 0.1, 0.01, 1e-6])
def test_normal_quantile(upper):
    assert sparsity.normal_quantile(upper) == pytest.approx(norm.isf(upper), abs=4.5e-4)


@pytest.mark.parametrize("lanes", [2, 4, 16, 256, 4096])
@pytest.mark.parametrize(("work", "density"), [(64, 0.5), (256, 0.1), (1024, 0.3), (4096, 0.01)])
def test_slowest_lane_equals_the_mean_of_the_maximum(work, density, lanes):
    positions = np.arange(work + 1)
    exact = (1 - binom(work, density).cdf(positions) ** lanes).sum()
    deviation = math.sqrt(work * density * (1 - density))
    law = sparsity.slowest_lane(work, density, lanes)
    assert law == pytest.approx(exact, abs=0.1 * deviation)
    assert law == pytest.approx(exact, rel=0.01)
    bound = work * density + deviation * math.sqrt(2 * math.log(lanes))
    assert law < bound
    assert sparsity.lane_utilisation(work, density, lanes) == work * density / law


@pytest.mark.parametrize("lanes", [2, 16, 256, 4096])
@pytest.mark.parametrize(("work", "density"), [(16, 0.05), (64, 0.02), (8, 0.5), (32, 0.9), (64, 0.95), (64, 0.7)])
def test_slowest_lane_with_few_values_or_few_zeros(work, density, lanes):
    exact = (1 - binom(work, density).cdf(np.arange(work + 1)) ** lanes).sum()
    deviation = math.sqrt(work * density * (1 - density))
    assert sparsity.slowest_lane(work, density, lanes) == pytest.approx(exact, abs=0.6 * deviation)


def test_lanes_without_imbalance():
    assert sparsity.slowest_lane(100, 0.5, 1) == 50
    assert sparsity.slowest_lane(100, 1.0, 64) == 100
    assert sparsity.lane_utilisation(100, 0.0, 64) == 1
    assert sparsity.slowest_lane(4, 0.9, 1e6) == 4


@pytest.mark.parametrize(
    ("item", "line", "alignment"), [(4, 64, 4), (8, 32, 1), (128, 64, 64), (96, 64, 32), (4, 4, 4)]
)
def test_gather_efficiency_equals_counted_lines(item, line, alignment):
    starts = range(0, line, alignment)
    lines = [(start + item - 1) // line + 1 for start in starts]
    assert sparsity.gather_efficiency(item, line, alignment) == pytest.approx(item / (np.mean(lines) * line))


def test_crossovers():
    assert sparsity.crossover_traffic(32, 32, 1.0) == 0.5  # 32-bit indices of fp32 values
    assert sparsity.crossover_traffic(16, 2, 1.0) == pytest.approx(8 / 9)
    # Sputnik reaches 0.29 of the dense utilisation on an RTX 4070 Super and crosses at 70.5 % sparsity.
    assert 1 - sparsity.crossover_density(1.0, 0.0, 1 / 0.29) == pytest.approx(0.705, abs=0.01)
    assert sparsity.crossover_density(1.0, 2.0, 1.0) == 0
    assert sparsity.crossover_density(3.0, 1.0, 1.0) == 1
    assert sparsity.crossover_density(3.0, 1.0, 0.0) == 1
    dense, overhead, full = 5.0, 1.0, 16.0
    density = sparsity.crossover_density(dense, overhead, full)
    assert overhead + density * full == pytest.approx(dense)


@given(rows=st.floats(1, 1e6), columns=st.floats(1, 1e6), density=densities)
def test_metadata_never_falls_with_density(rows, columns, density):
    for law in (
        lambda d: sparse_format.coordinate_metadata(rows, columns, d),
        lambda d: sparse_format.compressed_row_metadata(rows, columns, d, 0, 0),
        lambda d: sparse_format.run_length_values(rows * columns, d, 4),
        lambda d: sparse_format.block_metadata(rows, columns, d, 2),
    ):
        assert 0 <= law(density / 2) <= law(density) * (1 + 1e-9) + 1e-9
