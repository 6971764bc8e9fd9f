"""Lowering: equal ops share a row, and a row says exactly what its ops read, write and compute."""

from __future__ import annotations

import pytest
from engine_samples import sandwich, stack

import archsim
from archsim.arch.tables import OP
from archsim.engine.lower import chip_table, lower
from archsim.graph import GraphBuilder, kinds
from archsim.graph.dtypes import CODES
from archsim.graph.fusion import fuse
from archsim.graph.op import PHASES, Phase


def rows(graph):
    """Lowered rows by the name of their first op."""
    lowered = lower(graph.ops, graph.tensors)
    assert len(lowered.table) == len(lowered.rows)
    assert sum(lowered.table["count"]) == sum(len(same) for same in lowered.rows) == len(graph.ops)
    return {same[0].name: lowered.table[index] for index, same in enumerate(lowered.rows)}


def only(graph):
    (row,) = rows(graph).values()
    return row


def built(add, dtype="fp16"):
    b = GraphBuilder("one", dtype=dtype)
    add(b)
    return b.build()


def test_equal_layers_are_one_row_with_as_many_weights():
    found = rows(stack(layers=5))
    assert set(found) == {"layer-0", "layer-1"}, "the first layer reads the network's input"
    assert (found["layer-1"]["count"], found["layer-1"]["weight_sets"]) == (4, 4)


def test_layers_of_other_sizes_or_formats_have_rows_of_their_own():
    graph = sandwich()
    assert set(rows(graph)) == {"first", "middle", "second", "third"}
    b = GraphBuilder("formats")
    b.linear(b.input("x", (4, 8)), 8, name="narrow")
    b.linear(b.input("y", (4, 8), dtype="fp32"), 8, name="wide")
    b.linear(b.input("z", (4, 8)), 8, name="sparse", density=0.5)
    assert set(rows(b.build())) == {"narrow", "wide", "sparse"}


def test_tied_weights_count_once():
    b = GraphBuilder("tied")
    x, weight = b.input("x", (4, 16)), b.weight("w", (16, 16))
    for index in range(6):
        x = b.linear(x, 16, weight=weight, bias=False, name=f"layer-{index}")
    row = rows(b.build())["layer-1"]
    assert (row["count"], row["weight_sets"]) == (5, 1)


def test_layers_of_a_large_language_model_are_one_row_each():
    graph = archsim.workload("gpt3-175b")
    found = rows(graph)
    for name in ("query-key-value", "attention", "output", "up", "gelu_tanh", "down"):
        assert found[f"layer-0/{name}"]["count"] == 96
    for name in ("query-key-value", "output", "up", "down"):
        assert found[f"layer-0/{name}"]["weight_sets"] == 96
    assert found["layer-0/attention-norm"]["count"] == 2 * 96 + 1
    assert len(found) < 15 < len(graph.ops)


def test_a_matmul_by_hand():
    row = only(built(lambda b: b.linear(b.input("x", (3, 5, 32)), 64, bias=True)))
    assert (row["kind"], row["batch"], row["m"], row["n"], row["k"]) == (kinds.MATMUL, 1, 15, 64, 32)
    assert (row["macs"], row["flops"], row["special"]) == (15 * 64 * 32, 15 * 64, 0)
    assert row["weight_bytes"] == 2 * (32 * 64 + 64)
    assert row["weight_elements"] == 32 * 64 + 64
    assert (row["input_bytes"], row["output_bytes"], row["extra_bytes"]) == (2 * 15 * 32, 2 * 15 * 64, 0)
    assert (row["dynamic"], row["steps"], row["elements"]) == (0, 1, 15 * 64)


def test_a_product_of_two_computed_matrices_by_hand():
    row = only(built(lambda b: b.matmul(b.input("x", (7, 4, 8)), b.input("y", (7, 8, 16)))))
    assert (row["dynamic"], row["batch"], row["m"], row["n"], row["k"]) == (1, 7, 4, 16, 8)
    assert (row["weight_bytes"], row["input_bytes"]) == (0, 2 * 7 * (4 * 8 + 8 * 16))


def test_a_convolution_by_hand():
    def conv(b):
        b.conv(b.input("x", (2, 16, 10, 12)), 32, 3, stride=2, padding=1, groups=4)

    row = only(built(conv))
    assert (row["batch"], row["groups"], row["m"], row["n"], row["k"]) == (4, 4, 2 * 5 * 6, 8, 4 * 9)
    assert (row["in_channels"], row["in_height"], row["in_width"]) == (16, 10, 12)
    assert (row["out_height"], row["out_width"], row["kernel_height"], row["kernel_width"]) == (5, 6, 3, 3)
    assert (row["stride"], row["transposed"], row["macs"]) == (2, 0, 2 * 5 * 6 * 32 * 4 * 9)
    assert row["macs"] == row["batch"] * row["m"] * row["n"] * row["k"]


def test_grouped_query_attention_by_hand():
    def attention(b):
        q = b.input("q", (2, 1, 8 * 16))
        k, v = (b.state(name, (2, 100, 2 * 16)) for name in "kv")
        b.attention(q, k, v, heads=8, kv_heads=2)

    row = only(built(attention))
    assert (row["batch"], row["m"], row["n"], row["k"]) == (2 * 2, 8 // 2, 100, 16)
    assert (row["heads"], row["kv_heads"], row["value_size"], row["mask"]) == (8, 2, 16, 1)
    assert row["state_bytes"] == 2 * 2 * 100 * 2 * 16 * 2
    assert row["macs"] == 2 * 8 * 1 * 100 * (16 + 16)


def test_what_only_the_epilogue_reads_stands_apart():
    b = GraphBuilder("residual")
    x, residual = b.input("x", (4, 32)), b.input("residual", (4, 64))
    b.elementwise("relu", b.elementwise("add", b.linear(x, 64, bias=False), residual))
    graph = fuse(b.build(), "epilogue")
    row = only(graph)
    assert (row["input_bytes"], row["extra_bytes"], row["output_bytes"]) == (2 * 4 * 32, 2 * 4 * 64, 2 * 4 * 64)
    assert (row["macs"], row["flops"]) == (4 * 32 * 64, 2 * 4 * 64)
    assert graph.ops[0].flops == 2 * row["macs"] + row["flops"]


def test_a_lookup_reads_what_it_looks_up():
    def lookup(b):
        b.gather(b.weight("table", (1000, 64)), b.input("rows", (20,), dtype="int64"))

    row = only(built(lookup))
    assert (row["accesses"], row["access_bytes"]) == (20, 128)
    assert (row["weight_bytes"], row["input_bytes"], row["footprint"]) == (20 * 128, 20 * 8, 1000 * 128)
    assert row["precision"] == CODES["fp16"]


def test_slices_are_charged_for_their_part():
    def half(b):
        b.elementwise("relu", b.part(b.input("x", (4, 64)), 1, 32))

    row = only(built(half))
    assert (row["input_bytes"], row["output_bytes"]) == (2 * 4 * 32, 2 * 4 * 32)


def test_dependent_steps_are_kept_apart_from_executions():
    row = only(built(lambda b: b.linear(b.input("x", (1, 8)), 8, steps=35)))
    assert (row["steps"], row["count"], row["weight_sets"], row["macs"]) == (35, 1, 1, 64)


def test_chains_scans_rows_and_transforms_by_hand():
    row = only(built(lambda b: b.chase(b.input("memory", (4096,)), loads=100, chains=3)))
    assert (row["chain"], row["rows"], row["accesses"], row["footprint"]) == (100, 3, 300, 8192)
    row = only(built(lambda b: b.scan("ssm", [b.input("x", (50, 8))], length=50, width=8, shape=(50, 8))))
    assert (row["chain"], row["length"], row["rows"], row["flops"]) == (50, 50, 8, 50 * 8 * 2)
    row = only(built(lambda b: b.normalise("softmax", b.input("x", (6, 100)))))
    assert (row["rows"], row["length"], row["passes"]) == (6, 100, 3)
    row = only(built(lambda b: b.fft(b.input("x", (6, 128)))))
    assert (row["rows"], row["length"]) == (6, 128)
    row = only(built(lambda b: b.collective("all_reduce", b.input("x", (128,)), 1)))
    assert (row["participants"], row["payload"]) == (1, 256)


def test_widths_and_densities():
    def mixed(b):
        b.linear(b.input("x", (4, 8)), 16, weight_dtype="int4", density=0.25, bias=False)

    row = only(built(mixed))
    assert (row["precision"], row["weight_precision"]) == (CODES["fp16"], CODES["int4"])
    assert (row["input_bits"], row["weight_bits"], row["output_bits"]) == (16, 4, 16)
    assert (row["weight_bytes"], row["weight_density"], row["input_density"]) == (8 * 16 / 2, 0.25, 1)


@pytest.mark.parametrize("phase", [Phase.FORWARD, Phase.DGRAD, Phase.WGRAD, Phase.UPDATE])
def test_passes_of_training_do_not_share_rows(phase):
    placed = archsim.evaluate(archsim.workload("resnet18"), archsim.hardware("null"), training=True)
    (part,) = placed.run.parts
    code = PHASES.index(phase)
    for same, row in zip(part.lowered.rows, part.lowered.table, strict=True):
        assert {op.phase for op in same} == {PHASES[int(row["phase"])]}
    assert code in part.lowered.table["phase"]


def test_sizes_beyond_64_bits_keep_their_magnitude():
    size = 10**16
    row = only(built(lambda b: b.linear(b.input("x", (1, size)), size, bias=False)))
    assert row["macs"] == pytest.approx(1e32, rel=1e-12)


def test_an_empty_list_of_ops_is_an_empty_table():
    lowered = lower((), {})
    assert len(lowered.table) == 0 and lowered.rows == ()
    assert lowered.table.dtype.names == tuple(column.name for column in OP)


def test_the_chip_table_holds_the_description_as_it_is():
    chip = archsim.hardware("a100-sxm4-80gb")
    (row,) = chip_table(chip)
    assert row["clock"] == chip.spec.clock
    assert row["memory_count"] == len(chip.spec.memory)
    assert row["memory_bandwidth"][0] == chip.spec.memory[0].bandwidth
    assert row["memory_width"][0] != row["memory_width"][0], "left out: not a number"
    assert row["matrix"][CODES["fp16"]] == chip.spec.matrix.fp16
    assert list(row["memory_place"][:2]) == [0, 1]
