"""Matrix products on GPUs: the best tile of all, waves, split depth, what caches keep, and limits by hand."""

from __future__ import annotations

from itertools import product as pairs

import numpy as np
import pytest
from family_samples import gemm, machine, only

import archsim
from archsim.arch import registry
from archsim.arch.tables import record
from archsim.engine.driver import clear_outcome
from archsim.engine.lower import chip_table, lower
from archsim.engine.rows import to_rows
from archsim.families.gpu import product as kernels

A100 = "a100-sxm4-80gb"


def prepared(graph, chip):
    """An op, its machine and scratch as cost meets them, and an empty outcome."""
    family = registry.get("gpu")
    ops = to_rows(lower(graph.ops, graph.tensors).table)
    (point,) = to_rows(chip_table(chip))
    (work,) = to_rows(np.zeros(1, dtype=record(family.work_table)))
    (out,) = to_rows(np.zeros(1, dtype=record(family.out_table)))
    family.derive(point, work)
    family.plan(ops, point, work)
    clear_outcome(out)
    return ops[0], point, work, out


SIZES = [(1, 4096, 4096), (16, 512, 16384), (128, 128, 128), (300, 1000, 700), (2048, 2048, 64), (4096, 4096, 4096)]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_the_search_finds_the_best_of_all_tiles_and_splits(size):
    m, n, k = map(float, size)
    op, chip, work, out = prepared(gemm(*size), machine(A100))
    given = (m, n, k, 1.0, 2.0, 2.0, 2.0, work.mac_peak[op.precision], 2 * (m * k + k * n + m * n), 1.0,
             kernels.TENSOR_UNITS, chip, work, out)  # fmt: skip
    found = kernels.run_product(*given)
    every = [
        kernels.tile_time(rows, columns, split, *given)
        for (rows, columns), split in pairs(zip(kernels.ROWS, kernels.COLUMNS, strict=True), kernels.SPLITS)
        if rows * columns <= chip.generation_products_largest[1] and (split == 1 or k >= 2 * split * 32)
    ]
    assert found == pytest.approx(min(every), rel=1e-12)


def test_one_wave_more_shows():
    """108 multiprocessors, tiles of at most 256 x 128: 9 x 12 tiles fill one wave, one row more begins another."""
    full, more = (only(gemm(m, 12 * 128, 8192), machine(A100)).latency for m in (9 * 256, 9 * 256 + 1))
    assert more > 1.02 * full


def test_a_deep_product_of_few_results_is_split():
    chip = machine(A100)
    op, point, work, out = prepared(gemm(16, 64, 65536), chip)
    registry.get("gpu").cost(op, point, work, out)
    assert out.mapping[2] > 1, "parts of the depth"
    single = machine(A100, generation__products__tensor__combine=1.0)  # waiting a second for the parts
    assert only(gemm(16, 64, 65536), single).latency > 1.5 * only(gemm(16, 64, 65536), chip).latency


def test_weights_are_found_again_where_a_run_fits_into_the_cache():
    graph = gemm(16, 2048, 2048)
    warm, cold = (archsim.evaluate(graph, machine(A100), cache=cache) for cache in ("warm", "cold"))
    needed = 2 * (16 * 2048 + 2048 * 2048 + 16 * 2048)
    assert cold.bytes_by_level["hbm"] == pytest.approx(needed - 2 * 16 * 2048), "but for the results"
    assert warm.bytes_by_level["hbm"] == 2 * 16 * 2048, "the input comes from outside"
    assert warm.latency < cold.latency
    large = gemm(16, 16384, 16384)
    assert archsim.evaluate(large, machine(A100), cache="warm").latency == pytest.approx(
        archsim.evaluate(large, machine(A100), cache="cold").latency
    )


def test_time_falls_with_every_rate_and_rises_with_every_size():
    sizes = [(16, 4096, 4096), (256, 4096, 4096), (4096, 4096, 4096)]
    for size in sizes:
        base = only(gemm(*size), machine(A100)).latency
        for change in ({"memory__hbm__bandwidth": 4e12}, {"clock": 2e9}, {"memory__l2__width": 1e4},
                       {"generation__products__tensor__stages": 8.0}):  # fmt: skip
            assert only(gemm(*size), machine(A100, **change)).latency <= base * (1 + 1e-12)
        for larger in ((2 * size[0], *size[1:]), (size[0], 2 * size[1], size[2]), (*size[:2], 2 * size[2])):
            assert only(gemm(*larger), machine(A100)).latency > base


def test_large_products_reach_the_sustained_share_of_the_peak():
    op = only(gemm(16384, 16384, 16384), machine(A100))
    assert op.bound == "tensor cores"
    assert 0.7 < op.utilisation < 1.0
    narrow = only(gemm(8, 16384, 16384), machine(A100))
    assert narrow.bound == "hbm"
    assert narrow.utilisation < 0.05


def test_narrower_formats_move_less_and_compute_faster():
    for size in ((8, 8192, 8192), (8192, 8192, 8192)):
        half, byte = (only(gemm(*size, dtype), machine(A100)).latency for dtype in ("fp16", "int8"))
        assert 0.4 * half < byte < 0.75 * half


def weighed(density, structure, tokens=4096, size=4096):
    b = archsim.GraphBuilder("one", dtype="fp16")
    b.linear(b.input("x", (tokens, size)), size, bias=False, density=density, structure=structure)
    return b.build()


def test_two_in_four_runs_on_tensor_cores_that_know_it():
    dense, half = (only(weighed(d, s), machine(A100)) for d, s in ((1.0, "dense"), (0.5, "n:m")))
    assert half.latency < 0.75 * dense.latency
    volta = [only(weighed(d, s), machine("v100-sxm2-16gb")).latency for d, s in ((1.0, "dense"), (0.5, "n:m"))]
    assert volta[0] == volta[1]


def test_zeros_that_are_skipped_take_no_energy():
    dense, half, few = (
        only(weighed(d, s, tokens), machine(A100))
        for d, s, tokens in ((1.0, "dense", 4096), (0.5, "n:m", 4096), (0.01, "uniform", 1))
    )
    assert half.macs_performed == half.macs / 2
    assert half.energy_by_cause["arithmetic"] == pytest.approx(dense.energy_by_cause["arithmetic"] / 2)
    assert few.macs_performed == pytest.approx(few.macs / 100)


def test_pairs_of_four_are_stored_in_nine_sixteenths():
    dense, half = (only(weighed(d, s, 1, 16384), machine(A100)) for d, s in ((1.0, "dense"), (0.5, "n:m")))
    vectors = 2 * 16384 * 2
    assert half.bytes_by_level["hbm"] - vectors == pytest.approx((dense.bytes_by_level["hbm"] - vectors) * 9 / 16)


def test_scattered_zeros_pay_for_few_tokens_and_not_for_many():
    one, many = (
        [only(weighed(d, "uniform", tokens), machine(A100)).latency for d in (1.0, 0.01)] for tokens in (1, 4096)
    )
    assert one[1] < 0.6 * one[0]
    assert many[1] == many[0], "tensor cores on all of it are faster than gathering"


def test_nearly_empty_weights_pay_for_many_tokens_too():
    dense, sparse = (only(weighed(d, "uniform"), machine(A100)).latency for d in (1.0, 0.0005))
    assert sparse < dense
