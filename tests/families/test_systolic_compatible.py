"""Machines that count as SCALE-Sim does, through the engine: cycles, words, and where reports are exact."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import archsim as a
from archsim.engine.lower import lower
from archsim.engine.rows import to_rows
from archsim.families.systolic import compatible
from archsim.families.systolic.scalesim import STAYS, Array, Layer, layers, mapped
from archsim.families.systolic.scalesim_walk import report
from archsim.graph.builder import GraphBuilder
from archsim.graph.work import Conv
from archsim.io.hardware import with_all
from archsim.jit import bound
from archsim.laws import refill

GIGA = 1e9


def machine(rows=8, columns=4, dataflow="os", kilobytes=64, version="scalesim-3.0.0"):
    sizes = dict.fromkeys(("buffers.input", "buffers.weight", "buffers.output"), f"{kilobytes} KiB")
    return with_all(
        a.hardware("scalesim"),
        {"array.rows": rows, "array.columns": columns, "array.dataflow": dataflow, "compatible": version, **sizes},
    )


def product(m, n, k):
    builder = GraphBuilder("product", dtype="int8")
    builder.linear(builder.input("x", (m, k)), n, bias=False)
    return builder.build()


def convolution(work):
    builder = GraphBuilder("convolution", dtype="int8")
    x = builder.input("x", (work.batch, work.in_channels, work.in_height, work.in_width))
    shape = (work.out_channels, work.in_channels // work.groups, work.kernel_height, work.kernel_width)
    weight = builder.weight("w", shape)
    builder.op("conv", work, [x, weight], (work.batch, work.out_channels, work.out_height, work.out_width))
    return builder.build()


def cycles(graph, chip):
    return round(a.evaluate(graph, chip).latency * GIGA)


@pytest.mark.parametrize(("dataflow", "total"), [("os", 15 * 60 - 1), ("ws", 21 * 58 - 1), ("is", 70 * 28 - 1)])
def test_cycles_by_hand(dataflow, total):
    # 40 x 10 x 50 on 8 x 4: os 5 x 3 folds of 60; ws 7 x 3 folds of 58; is 7 x 10 folds of 28.
    assert cycles(product(40, 10, 50), machine(dataflow=dataflow)) == total


def test_outputs_drain_in_the_paper():
    assert cycles(product(40, 10, 50), machine(version="scalesim-paper")) == 15 * 68 - 1
    assert cycles(product(40, 10, 50), machine(dataflow="ws", version="scalesim-paper")) == 21 * 58 - 1


def test_the_fastest_dataflow_is_chosen():
    counts = {name: cycles(product(40, 10, 50), machine(dataflow=name)) for name in (*STAYS, "auto")}
    assert counts["auto"] == min(counts.values()) == counts["os"]


@pytest.mark.parametrize("dataflow", sorted(STAYS))
@pytest.mark.parametrize("kilobytes", [1, 64])
def test_words_are_those_of_the_reports(dataflow, kilobytes):
    graph, chip = product(70, 30, 90), machine(dataflow=dataflow, kilobytes=kilobytes)
    (layer,) = layers(graph.ops[0])
    size = 1024 * kilobytes
    found = report(layer, Array(8, 4, dataflow, size, size, size))
    moved = a.evaluate(graph, chip).bytes_by_level
    # Beyond half its buffer SCALE-Sim counts outputs that are none.
    written = layer.m * layer.n * (1 if dataflow == "os" else 12)
    assert moved["dram"] == found.input.words + found.weight.words + written
    near = found.scratchpads
    assert moved["sram"] == near.input.words + near.weight.words + near.output.words


def test_windows_are_rounded_up_and_unpadded_whatever_the_graph_says():
    floor = Conv(1, 4, 6, 8, 8, 3, 3, 3, 3, (2, 2))  # SCALE-Sim: ceil((8 - 3 + 2) / 2) = 4
    padded = Conv(1, 4, 6, 8, 8, 8, 8, 3, 3, padding=(1, 1, 1, 1))  # SCALE-Sim: 6
    for work, side in ((floor, 4), (padded, 6)):
        graph = convolution(work)
        (layer,) = layers(graph.ops[0])
        assert (layer.out_height, layer.out_width) == (side, side)
        array = Array(8, 4, "os", 65536, 65536, 65536)
        assert cycles(graph, machine()) == mapped(layer, array).total


def test_groups_follow_one_another():
    one, many = Conv(1, 1, 1, 8, 8, 6, 6, 3, 3), Conv(1, 5, 5, 8, 8, 6, 6, 3, 3, groups=5)
    assert len(list(layers(convolution(many).ops[0]))) == 5
    assert cycles(convolution(many), machine()) == 5 * cycles(convolution(one), machine())


def test_the_smallest_machine_takes_a_cycle():
    assert cycles(product(1, 1, 1), machine(rows=1, columns=1)) == 1


CONVOLUTIONS = st.builds(
    lambda side, extra, taps, channels, filters, step: Layer(
        "", side + taps, side + taps + extra, taps, taps, channels, filters, (step, step)
    ),
    st.integers(0, 12), st.integers(0, 4), st.sampled_from((1, 3, 5)), st.integers(1, 12), st.integers(1, 12),
    st.integers(1, 3),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(layer=CONVOLUTIONS, dataflow=st.sampled_from(sorted(STAYS)), kilobytes=st.sampled_from((1, 64)))
def test_inputs_of_convolutions_are_exact_if_they_fit_and_lie_between_once_and_always_if_not(
    layer, dataflow, kilobytes
):
    work = Conv(1, layer.channels, layer.filters, layer.in_height, layer.in_width, layer.out_height, layer.out_width,
                layer.kernel_height, layer.kernel_width, layer.stride)  # fmt: skip
    graph = convolution(work)
    (row,) = to_rows(lower(graph.ops, graph.tensors).table)
    size = 1024 * kilobytes
    window = refill.window(size)
    found = bound(compatible.conv_words)(row, STAYS[dataflow], layer.m, 8, 4, window)
    walked = report(layer, Array(8, 4, dataflow, size, size, size)).input.words
    once = bound(compatible.touched)(layer.in_height, layer.kernel_height, layer.stride[0])
    once *= bound(compatible.touched)(layer.in_width, layer.kernel_width, layer.stride[1]) * layer.channels
    if once < window:
        assert found == walked == once
    else:
        assert once <= found <= layer.m * layer.k * -(-layer.n // 4)


@pytest.mark.parametrize("dataflow", [*sorted(STAYS), "auto"])
@pytest.mark.parametrize("workload", ["resnet18", "mobilenet-v2", "bert-base"])
def test_compiled_equals_plain(workload, dataflow):
    graph, chip = a.workload(workload, dtype="int8"), machine(32, 16, dataflow, 8)
    plain, compiled = (a.evaluate(graph, chip, jit=mode).to_dict() for mode in ("never", "always"))
    for name in ("latency_s", "energy_j"):
        assert compiled[name] == pytest.approx(plain[name], rel=1e-12)
    assert compiled["bytes_by_level"] == pytest.approx(plain["bytes_by_level"], rel=1e-12)


def test_the_arithmetic_is_explained():
    text = str(a.evaluate(product(40, 10, 50), machine()).explain("latency"))
    assert "fold.fold_cycles = 60" in text
    assert "cycles SCALE-Sim reports for a product" in text
