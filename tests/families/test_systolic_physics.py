"""A systolic machine by hand: the arithmetic of one op, from published numbers of TPUs and of a plain array."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from family_samples import gemm, machine, one, only, pointwise

import archsim
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run

EXACT = {"rel": 1e-9, "abs": 0.0}
ARRAY, TPU1, TPU4, CORE = "array-128x128", "tpu-v1", "tpu-v4", "tpu-v4-core"
INTEGERS_ONLY = ("tpu-v1", "nvdla-large", "nvdla-1024", "nvdla-512", "nvdla-256", "nvdla-small", "gemmini",
                 "eyeriss-like-12x14")  # fmt: skip


def ws(name=ARRAY, **sets):
    """An array whose weights stay, with memories and vector unit too fast to matter."""
    fast = {
        "array__dataflow": "ws", "memory__dram__bandwidth": 1e18, "memory__scratchpad__width": 1e9,
        "overhead__exposed": 0.0, "array__accumulators": 10**6, "buffers__input": 1e12, "buffers__weight": 1e12,
        "buffers__output": 1e12,
    }  # fmt: skip
    return machine(name, **(fast | sets))


def cycles(op, chip):
    return (op.latency - chip.spec.overhead.launch) * chip.spec.clock


def mapping(graph, chip):
    """What the search keeps of the first op."""
    low = lower(graph.ops, graph.tensors)
    from archsim.arch import registry

    outs, _ = run(registry.get("systolic"), low.table, chip_table(chip), mode="never", keep=True)
    return outs[0]["mapping"]


def test_pipelined_folds_stream_back_to_back():
    chip = ws()
    op = only(gemm(1000, 256, 384), chip)
    folds = 2 * 3
    assert cycles(op, chip) == pytest.approx(folds * 1000 + 128 + 128 + 128 - 2, rel=1e-6)
    assert op.bound == "arrays"
    assert op.utilisation == pytest.approx(1000 * 256 * 384 / 128**2 / chip.spec.clock / op.latency, rel=1e-6)


def test_serial_folds_load_fill_and_drain_each():
    chip = ws(array__folds="serial")
    op = only(gemm(1000, 256, 384), chip)
    assert cycles(op, chip) == pytest.approx(6 * (2 * 128 + 128 + 1000 - 2), rel=1e-6)


def test_folds_with_one_weight_buffer_load_between_them():
    chip = ws(array__folds="overlap_drain")
    op = only(gemm(1000, 256, 384), chip)
    assert cycles(op, chip) == pytest.approx(6 * (128 + 1000) + 128 + 128 - 2, rel=1e-6)


def test_ragged_folds_take_their_own_rows_and_columns():
    chip = ws(array__folds="serial")
    op = only(gemm(10, 100, 130), chip)
    assert cycles(op, chip) == pytest.approx((2 * 128 + 100 + 8) + (2 * 2 + 100 + 8), rel=1e-6)
    padded = ws(array__folds="serial", array__ragged=False)
    assert cycles(only(gemm(10, 100, 130), padded), padded) == pytest.approx(2 * (2 * 128 + 128 + 8), rel=1e-6)


def test_few_vectors_wait_for_the_next_weights():
    chip = ws()
    op = only(gemm(8, 1280, 1280), chip)
    edges = 128 + 128 + 128 - 2
    expected = 100 * 8 + 99 * (128 - 8) + edges
    assert cycles(op, chip) == pytest.approx(expected, rel=1e-6), "all folds but the last have one to wait for"


def test_accumulators_cut_the_stream_and_weights_come_again():
    few = ws(array__accumulators=256, array__accumulator_buffers=2)
    many = ws()
    graph = gemm(1000, 128, 256)
    assert few.spec.array.accumulators == 256
    more = only(graph, few).bytes_by_level["scratchpad"] - only(graph, many).bytes_by_level["scratchpad"]
    assert more == pytest.approx((math.ceil(1000 / 128) - 1) * 128 * 256 * 2, rel=1e-6)


def test_a_depth_of_one_fold_needs_no_accumulators():
    graph = gemm(1000, 128, 128)
    few, many = ws(array__accumulators=2), ws()
    assert only(graph, few).latency == only(graph, many).latency


def test_the_best_dataflow_is_taken():
    times = [only(gemm(64, 512, 4096), ws(array__dataflow=flow)).latency for flow in ("ws", "os", "is")]
    assert len(set(times)) > 1
    assert only(gemm(64, 512, 4096), ws(array__dataflow="auto")).latency == min(times)


def test_arrays_divide_columns_rows_or_depth():
    one_array, four = ws(), ws(array__count=4)
    for shape in ((4096, 128, 128), (128, 4096, 128), (64, 128, 8192)):
        alone, shared = (only(gemm(*shape), chip) for chip in (one_array, four))
        assert alone.latency / 4.5 < shared.latency < 0.7 * alone.latency


def test_a_weight_tile_late_from_memory_hides_no_shift():
    """The first TPU: tile period 65536 B / (34 GB/s) at 700 MHz, 1349 cycles: 200 work, 256 shift, the rest stalls."""
    op = only(gemm(200, 2048, 2048, "int8"), machine(TPU1, overhead__launch=0.0))
    period = 65536 / 34e9
    tiles = 64
    assert op.exposed["arrays"] == pytest.approx(tiles * 200 / 700e6, rel=1e-6)
    assert op.exposed["weight loading"] == pytest.approx(tiles * 256 / 700e6, rel=1e-6)
    stall = op.exposed["dram"]
    assert stall + op.exposed["arrays"] + op.exposed["weight loading"] == pytest.approx(
        tiles * period + 200 * 2048 / 34e9, rel=1e-3
    ), "and the inputs of the first layer"
    assert op.bound == "dram"


def test_sixteen_bits_run_at_a_quarter_of_the_speed():
    eight, sixteen = (only(gemm(8192, 2048, 2048, dtype), machine(TPU1)) for dtype in ("int8", "int16"))
    assert sixteen.exposed["arrays"] == pytest.approx(4 * eight.exposed["arrays"], rel=1e-6)


def test_depthwise_convolutions_use_almost_nothing_of_an_array():
    chip = ws(vector__rates__fp16=1e-3)  # no help from the vector unit
    op = only(one(lambda b: b.conv(b.input("x", (1, 512, 28, 28)), 512, 3, padding=1, groups=512, bias=False)), chip)
    packed = 14
    assert mapping(one(lambda b: b.conv(b.input("x", (1, 512, 28, 28)), 512, 3, padding=1, groups=512, bias=False)),
                   chip)[7] in (1, packed)  # fmt: skip
    assert op.utilisation < packed * 9 / 128**2 + 1e-9
    helped = only(
        one(lambda b: b.conv(b.input("x", (1, 512, 28, 28)), 512, 3, padding=1, groups=512, bias=False)),
        ws(vector__rates__fp16=1e9),
    )
    assert helped.latency < op.latency


def test_a_vector_op_pads_lanes():
    chip = machine(CORE, overhead__launch=0.0, vector__start=0.0)

    def rows(length):
        from archsim.graph.work import Elementwise

        def add(b):
            b.op("relu", Elementwise("relu", 64 * length, 1.0, 0.0, 64), [b.input("x", (64, length))], (64, length))

        return only(one(add, "fp32"), chip)

    assert rows(64).bytes_by_level["hbm"] == rows(128).bytes_by_level["hbm"] == 2 * 64 * 128 * 4
    assert rows(129).bytes_by_level["hbm"] == 2 * 64 * 256 * 4


def test_what_runs_alone_exposes_all_of_the_memory():
    op = only(gemm(512, 512, 512, "fp32"), machine(CORE))
    spec = machine(CORE).spec
    moved = 3 * 512 * 512 * 4
    assert op.bytes_by_level["hbm"] == moved
    memory = moved / (spec.memory[0].bandwidth * spec.overhead.product_bandwidth)
    assert op.exposed["hbm"] == pytest.approx(memory, **EXACT)
    arrays = 16 / 4 * 512 / spec.array.efficiency / spec.clock
    assert op.exposed["arrays"] + op.exposed["idle cells"] == pytest.approx(arrays, **EXACT)


def test_results_stay_on_the_chip_for_the_next_op():
    def two(b):
        x = b.linear(b.input("x", (256, 1024)), 1024, bias=False)
        b.linear(x, 1024, bias=False)

    kept, sent = (archsim.evaluate(one(two), machine(TPU4, buffers__keep=share)) for share in (0.8, 0.0))
    saved = sent.bytes_by_level["hbm"] - kept.bytes_by_level["hbm"]
    assert saved == pytest.approx(3 * 256 * 1024 * 2, rel=1e-6), "written, read again, written"


def test_structured_zeros_are_neither_computed_nor_stored():
    def sparse(b):
        b.matmul(b.input("x", (1024, 2048)), b.weight("w", (2048, 1024), density=0.5, structure="n:m"))

    dense, skipping = (only(one(sparse), ws(array__structured=flag)) for flag in (False, True))
    assert skipping.exposed["arrays"] == pytest.approx(dense.exposed["arrays"] / 2, rel=1e-6)
    weights = 2048 * 1024 * 2
    fewer = dense.bytes_by_level["dram"] - skipping.bytes_by_level["dram"]
    assert fewer == pytest.approx(weights / 2 - 2048 * 1024 / 2 * 2 / 8, rel=1e-6), "two bits for each value kept"
    assert skipping.utilisation <= 1.0


def test_written_out_windows_cost_their_traffic():
    def conv(b):
        b.conv(b.input("x", (1, 64, 28, 28)), 64, 3, padding=1, bias=False)

    implicit, explicit = (only(one(conv), ws(array__unroll=how)) for how in ("implicit", "explicit"))
    more = sum(explicit.bytes_by_level.values()) - sum(implicit.bytes_by_level.values())
    assert more == pytest.approx(2 * 28 * 28 * 64 * 9 * 2, rel=1e-6)


def test_kernels_taken_tap_by_tap_waste_rows_on_few_channels():
    def conv(b):
        b.conv(b.input("x", (1, 16, 28, 28)), 128, 3, padding=1, bias=False)

    implicit, taps = (only(one(conv), ws(array__unroll=how)) for how in ("implicit", "taps"))
    assert cycles(taps, ws()) > 3 * cycles(implicit, ws())


def test_traffic_reaches_the_compulsory_bound_when_all_fits():
    graph = gemm(512, 512, 512)
    chip = ws()
    kept = mapping(graph, chip)
    op = only(graph, chip)
    assert op.bytes_by_level["dram"] == kept[6] == 3 * 512 * 512 * 2
    tight = ws(buffers__input=64 * 1024.0, buffers__weight=64 * 1024.0, buffers__output=64 * 1024.0)
    assert only(graph, tight).bytes_by_level["dram"] > 1.5 * kept[6]


def test_energy_by_cause_by_hand():
    chip = ws()
    op = only(gemm(1024, 128, 128), chip)
    macs = 1024 * 128 * 128
    tech = chip.spec.technology.newer
    assert op.energy_by_cause["multiply-accumulates"] == pytest.approx(
        macs * (tech.multiply.fp16 + tech.add.fp32), **EXACT
    )
    assert op.energy_by_cause["registers of cells"] == pytest.approx(macs * 2 * 2 * chip.spec.array.hop, **EXACT)
    hbm = chip.spec.memory[0].energy
    assert op.energy_by_cause["main memory"] == pytest.approx(op.bytes_by_level["dram"] * hbm, **EXACT)


def test_what_it_cannot_run_goes_to_the_host():
    def chase(b):
        b.chase(b.input("memory", (4096,)), loads=64)
        b.linear(b.input("x", (8, 128)), 128)

    result = archsim.evaluate(one(chase), archsim.hardware(TPU4))
    assert {op.kind: op.placed_on for op in result.ops if op.placed_on != "link"} == {
        "chase": "xeon-gold-6248", "matmul": TPU4,
    }  # fmt: skip


@pytest.mark.parametrize("name", INTEGERS_ONLY)
def test_machines_of_integers_run_retyped_networks(name):
    chip = archsim.hardware(name)
    for workload in ("resnet50", "mobilenet-v2", "bert-base"):
        result = archsim.evaluate(archsim.workload(workload), chip, precision="int8", capacity="ignore")
        assert math.isfinite(result.latency) and result.latency > 0.0 and result.energy > 0.0
        assert math.fsum(result.exposed.values()) == pytest.approx(result.latency)
        assert all(op.utilisation <= 1.0 + 1e-9 for op in result.ops)
    with pytest.raises(archsim.errors.UnsupportedError, match="no unit has the number format"):
        archsim.evaluate(archsim.workload("resnet50"), chip, capacity="ignore")


def test_larger_arrays_are_faster_and_used_less():
    names = [f"array-{side}x{side}" for side in (8, 16, 32, 64, 128, 256)]
    results = [archsim.evaluate(archsim.workload("resnet50"), archsim.hardware(name)) for name in names]
    times = [result.latency for result in results]
    assert times == sorted(times, reverse=True)
    useful = [result.exposed["arrays"] / result.latency for result in results]
    assert useful[0] > useful[-1]


def test_a_pointwise_op_is_bound_by_its_memory():
    op = only(pointwise(2**24), machine(ARRAY, overhead__exposed=0.0))
    assert op.bound == "dram"


@pytest.mark.parametrize("name", ["tpu-v2", "tpu-v3"])
def test_a_format_the_arrays_have_only_wider_still_runs_on_them(name):
    narrow, wide = (only(gemm(2048, 2048, 2048, dtype), machine(name)) for dtype in ("int8", "bf16"))
    assert narrow.exposed["arrays"] > 0.0
    assert narrow.latency <= wide.latency * 1.001


def test_windows_written_out_first_take_time_and_energy():
    def conv(b):
        b.conv(b.input("x", (1, 64, 56, 56)), 64, 3, padding=1, bias=False)

    slow = {"memory__scratchpad__width": 16.0}
    implicit, explicit = (
        only(one(conv), machine(ARRAY, array__unroll=how, **slow)) for how in ("implicit", "explicit")
    )
    assert explicit.latency > 1.5 * implicit.latency
    assert explicit.energy > implicit.energy


def test_depthwise_convolutions_are_not_padded_channel_by_channel():
    def depthwise(b):
        b.conv(b.input("x", (1, 384, 14, 14)), 384, 3, padding=1, groups=384, bias=False)

    op = only(one(depthwise, "int8"), machine(TPU1))
    assert op.bytes_by_level["dram"] < 2 * (2 * 384 * 14 * 14 + 384 * 9) + 256 * 256 * math.ceil(384 / 28)


def test_larger_scratchpads_never_slow_a_product():
    def time(size):
        chip = machine(ARRAY, buffers__input=size, buffers__weight=size, buffers__output=size)
        return only(gemm(4096, 1024, 4096), chip).latency

    times = [time(2.0**20 * factor) for factor in (1, 2, 4, 8, 16)]
    assert all(later <= earlier * (1 + 1e-9) for earlier, later in pairwise(times))


def test_each_gathered_row_needs_its_address():
    def gather(b):
        b.gather(b.input("table", (1_000_000, 1)), b.input("rows", (2_000_000,)), name="gather")

    chip = machine(ARRAY)
    one_a_clock = only(one(gather, "fp32"), chip)
    four = only(one(gather, "fp32"), machine(ARRAY, vector__addresses=4.0))
    assert one_a_clock.latency >= 2_000_000 / chip.spec.clock > four.latency
