"""Dense kernels of a CPU by hand, from the numbers of the Xeon Gold 6248 and the constants of its library."""

from __future__ import annotations

import math

import pytest
from family_samples import gemm, machine, one, only

import archsim
from archsim.io.hardware import with_all

XEON = "xeon-gold-6248"
CORES, CLOCK, WIDE_CLOCK = 20, 3.2e9, 2.5e9
CALL, FORK_JOIN = 2e-6, 5e-6
EFFICIENCY, PACKING, REACHED, RESIDENT = 0.89, 0.18, 0.81, 0.5
DRAM = REACHED * 140.8e9
CACHED = (27.5 + 20) * 2**20
"""L3 and L2 of all cores, B."""
EXACT = {"rel": 1e-9, "abs": 0.0}
FREE = {
    "memory__dram__bandwidth": 1e18,
    **{f"memory__{level}__width": 1e12 for level in ("l1", "l2", "l3")},
    **{f"memory__{level}__latency": 0.0 for level in ("l1", "l2", "l3", "dram")},
    "library__products__vectors": "packed",
}
"""Memories that cost nothing; reading a matrix again and again would then cost nothing either, so all is packed."""


def conv(channels, filters, side, image, groups=1, batch=1, dtype="fp32"):
    def add(b):
        x = b.input("x", (batch, channels, image, image))
        b.conv(x, filters, side, padding=side // 2, groups=groups)

    return one(add, dtype)


def test_a_product_of_whole_tiles_takes_its_arithmetic_its_updates_and_its_packing():
    """Each of 20 cores has 4 registers by 560 results, 2 x 40 tiles of 2 x 14, 4 blocks deep; or a better way."""
    m, n, k = 14 * 40, CORES * 4 * 16, 4 * 292
    op = only(gemm(m, n, k, "fp32"), machine(XEON, **FREE))
    packing = 4 * (m * k + k * n) * PACKING / (CORES * 4 * CLOCK)
    products, updates = 2 * 40 * k * 14, 2 * 40 * 4 * (4 + 3 * 28 / 2)
    computing = op.exposed["SIMD units"] - packing
    assert products < computing * WIDE_CLOCK * EFFICIENCY <= products + updates
    assert op.latency == pytest.approx(CALL + 2 * FORK_JOIN + packing + computing, **EXACT), "to pack, to multiply"


def test_one_core_by_hand():
    """A tile of 2 x 14 over one block: its sums fill the units exactly, its update does not."""
    op = only(gemm(14, 32, 256, "fp32"), machine(XEON, cores=1, library__products__packing=1e-9, **FREE))
    clocks = 256 * 14 + 4 + 3 * 28 / 2
    assert op.exposed["SIMD units"] == pytest.approx(clocks / (WIDE_CLOCK * 1.22 * EFFICIENCY), rel=1e-6)


def test_packing_is_counted_where_it_moves():
    packed, plain = (only(gemm(m, 4096, 4096, "fp32"), machine(XEON)) for m in (2, 1))
    assert packed.bytes_by_level["l2"] > 1.9 * plain.bytes_by_level["l2"], "written once more"
    assert packed.bytes_by_level["dram"] == pytest.approx(plain.bytes_by_level["dram"], rel=0.01)


def test_a_product_with_a_vector_streams_its_matrix():
    n = k = 8192
    op = only(gemm(1, n, k, "fp32"), machine(XEON))
    moved = 4 * (n * k + k)  # the result stays in a cache
    assert op.bound == "dram"
    assert op.bytes_by_level["dram"] == pytest.approx(moved, rel=1e-3)
    assert op.latency == pytest.approx(CALL + FORK_JOIN + op.bytes_by_level["dram"] / DRAM, **EXACT)


def test_a_thin_product_first_packs_and_then_multiplies():
    """Weights that are used 16 times: reading them does not hide behind the arithmetic."""
    op = only(gemm(16, 4096, 4096, "fp32"), machine(XEON))
    arithmetic = 2 * 16 * 4096**2 / (64 * CORES * WIDE_CLOCK)
    assert op.latency > CALL + 2 * FORK_JOIN + arithmetic / EFFICIENCY + 4 * 4096**2 / DRAM


def test_few_sums_wait_for_one_another():
    """One register of channels by three pixels takes a step every 4 clocks, where two sums could start in each."""
    slow, fast = (only(conv(64, 16, 3, image), machine(XEON, cores=1, **FREE)) for image in (3, 28))
    assert slow.exposed["SIMD units"] / 3**2 > 2.5 * fast.exposed["SIMD units"] / 28**2


def test_a_few_vectors_are_not_worth_packing_a_large_matrix():
    one_vector, two, many = (only(gemm(m, 8192, 8192, "fp32"), machine(XEON)) for m in (1, 2, 64))
    assert two.latency <= 2 * one_vector.latency
    assert many.latency < 16 * one_vector.latency


def test_ragged_sizes_take_the_next_whole_register():
    chip = machine(XEON, cores=1)
    whole, ragged = (only(conv(64, n, 1, 64), chip).exposed["SIMD units"] for n in (64, 49))
    assert ragged == pytest.approx(whole, **EXACT), "49 channels take four registers of 16"


@pytest.mark.parametrize("batch", [20, 40])
def test_products_of_a_batch_go_to_cores_of_their_own(batch):
    def add(b):
        b.matmul(b.input("x", (batch, 56, 64)), b.input("y", (batch, 64, 64)))

    op = only(one(add, "fp32"), machine(XEON, library__products__packing=1e-12, **FREE))
    each = 2 * 4 * (64 * 14 + 1 * (4 + 3 * 28 / 2))  # 4 registers by 56 columns, one block
    assert op.exposed["SIMD units"] == pytest.approx(batch / 20 * each / (WIDE_CLOCK * EFFICIENCY), **EXACT)


def test_matrix_tiles_are_dealt_out_in_squares_of_sixteen():
    chip = machine(XEON, core__matrix__bf16=2048.0, **FREE)
    op = only(gemm(5120, 5120, 4096, "bf16"), chip)
    arithmetic = 2 * 5120 * 5120 * 4096 / (2048 * CORES * CLOCK)
    assert op.exposed["matrix tiles"] == pytest.approx(arithmetic / EFFICIENCY, **EXACT)
    ragged = only(gemm(5120 - 15, 5120, 4096, "bf16"), chip)
    assert ragged.exposed["matrix tiles"] == pytest.approx(op.exposed["matrix tiles"], **EXACT)


def test_a_depthwise_convolution_loads_the_input_of_every_product():
    op = only(conv(1600, 1600, 3, 28, groups=1600), machine(XEON, **FREE))
    clocks = math.ceil(28 * 28 * 9 * 100 / CORES) / 2
    assert op.exposed["SIMD units"] == pytest.approx(clocks / (WIDE_CLOCK * EFFICIENCY), **EXACT)


def test_narrow_groups_leave_lanes_empty():
    grouped = only(conv(128, 128, 3, 56, groups=32), machine(XEON, **FREE))
    dense = only(conv(128, 128, 3, 56), machine(XEON, **FREE))
    assert dense.exposed["SIMD units"] / grouped.exposed["SIMD units"] < 32 / 3, "4 of 16 lanes, at best"


def test_filters_are_reordered_by_frameworks_that_keep_them_in_their_own_order():
    kept = only(conv(512, 512, 3, 7), machine(XEON))
    chip = with_all(machine(XEON), {"library.products.weights": "blocked"})
    permuted = with_all(machine(XEON), {"library.products.weights": "permuted"})
    blocked, twice = only(conv(512, 512, 3, 7), chip), only(conv(512, 512, 3, 7), permuted)
    weights = 4 * 512 * 512 * 9
    assert kept.latency < blocked.latency < twice.latency
    assert blocked.bytes_by_level["l1"] - kept.bytes_by_level["l1"] == pytest.approx(weights, **EXACT), "written"
    assert twice.bytes_by_level["l1"] - blocked.bytes_by_level["l1"] == pytest.approx(2 * weights, **EXACT)


def test_large_new_buffers_wait_for_their_pages():
    sets = {"library.products.weights": "blocked", "library.fresh.above": "32 MiB"}
    slow, fast = (
        only(conv(512, 4096, 7, 7), with_all(machine(XEON), sets | {"library.fresh.bandwidth": rate}))
        for rate in ("8 GB/s", "80 GB/s")
    )
    weights = 4 * 512 * 4096 * 49
    assert slow.latency - fast.latency == pytest.approx(weights / 8e9 - weights / 80e9, rel=1e-6)


def test_unrolled_inputs_are_written_once_for_each_tap():
    direct, unrolled = (
        only(conv(64, 64, 3, 56), with_all(machine(XEON), {"library.products.convolution": way}))
        for way in ("direct", "unrolled")
    )
    assert unrolled.bytes_by_level["l2"] - direct.bytes_by_level["l2"] > 4 * 56 * 56 * 64 * 9
    assert unrolled.latency > direct.latency


def test_the_slowest_core_ends_the_arithmetic():
    even, uneven = (only(gemm(2048, 2048, 2048, "fp32"), machine(XEON, core__slowest=pace)) for pace in (1.0, 0.5))
    assert uneven.exposed["SIMD units"] == pytest.approx(2 * even.exposed["SIMD units"], **EXACT)


def test_attention_in_one_kernel_keeps_its_scores():
    def add(b):
        shape = (1, 1024, 12 * 64)
        b.attention(*(b.input(name, shape) for name in ("q", "k", "v")), heads=12)

    (op,) = archsim.evaluate(one(add, "fp32"), machine(XEON), fusion="attention").ops
    products = 2 * 2 * 12 * 1024 * 1024 * 64 / (64 * CORES * WIDE_CLOCK)
    assert op.bytes_by_level["dram"] < 4 * 12 * 1024 * 1024, "scores stay in the caches"
    assert products / EFFICIENCY < op.exposed["SIMD units"]


def test_operands_are_found_in_all_caches_together():
    """40 MB stay in half of 47.5 MiB to the share that the residency law gives."""
    chip = machine(XEON)
    net = one(
        lambda b: b.elementwise("relu", b.elementwise("relu", b.input("x", (2**22,)), name="a"), name="b"), "fp32"
    )
    second = archsim.evaluate(net, chip, fusion="none").ops[1]
    found = min(1.0, max(0.0, 2 - 2 * 4 * 2**22 / (RESIDENT * CACHED)))
    assert second.bytes_by_level["dram"] <= 2 * 4 * 2**22 * (1 - found) * (1 + 1e-9)
