"""Ops as benchmarks time them: sizes, bytes and passes against hand calculations."""

import pytest

from archsim.engine.lower import lower
from archsim.graph.op import Phase
from archsim.graph.tensor import Role
from archsim.graph.work import Attention, Conv, MatMul
from archsim.validation import ops, recurrent
from archsim.validation.alone import table_alone
from archsim.validation.formats import formats

CONV = Conv(2, 3, 8, 10, 12, 5, 6, 3, 5, (2, 2), padding=(1, 1, 2, 2))


def lowered(timed):
    table = lower(timed.ops, {tensor.name: tensor for tensor in timed.tensors}).table
    assert len(table) == len(timed.ops)
    return table


def test_a_product_of_activations_by_weights():
    row = lowered(ops.product(MatMul(1, 10, 20, 30), formats("int8_wo")))[0]
    assert (row["m"], row["n"], row["k"], row["macs"]) == (10, 20, 30, 6000)
    assert (row["input_bytes"], row["weight_bytes"], row["output_bytes"]) == (600, 600, 400)


def test_a_result_that_is_added_is_read_too():
    row = lowered(ops.product(MatMul(1, 10, 20, 30), formats("fp32"), added=True))[0]
    assert (row["extra_bytes"], row["output_bytes"]) == (800, 800)
    assert (row["macs"], row["flops"]) == (6000, 200)


def test_a_product_of_two_activations_has_no_weights():
    row = lowered(ops.product(MatMul(4, 10, 20, 30, dynamic=True), formats("fp32")))[0]
    assert (row["weight_bytes"], row["input_bytes"], row["dynamic"]) == (0, 4 * 4 * (300 + 600), 1)


def test_a_bias_is_read_once():
    row = lowered(ops.product(MatMul(1, 10, 20, 30, bias=True), formats("fp32")))[0]
    assert (row["weight_bytes"], row["flops"]) == (4 * (600 + 20), 200)


def test_zeros_are_counted():
    row = lowered(ops.product(MatMul(1, 10, 20, 30), formats("fp32"), density=0.05))[0]
    assert row["weight_density"] == 0.05
    assert row["weight_elements"] == 600


def test_attention():
    row = lowered(ops.attention(Attention(2, 8, 2, 5, 7, 16, 16, causal=True), "bf16"))[0]
    assert row["macs"] == 2 * 8 * 5 * 7 * 32
    assert row["mask"] == pytest.approx((3 + 4 + 5 + 6 + 7) / 35)
    assert row["input_bytes"] == 2 * 2 * (5 * 128 + 2 * 7 * 32)
    assert row["output_bytes"] == 2 * 2 * 5 * 128


@pytest.mark.parametrize("make", [ops.convolution, ops.convolution_of_inputs, ops.convolution_of_weights])
def test_every_pass_of_a_convolution_has_the_same_products(make):
    timed = make(CONV, "fp32")
    assert timed.ops[0].macs == 2 * 5 * 6 * 8 * 3 * 3 * 5


def test_passes_of_a_convolution_read_and_write_each_their_own():
    maps, kernel, results = 4 * 2 * 3 * 10 * 12, 4 * 8 * 3 * 3 * 5, 4 * 2 * 8 * 5 * 6
    forward = lowered(ops.convolution(CONV, "fp32"))[0]
    assert (forward["input_bytes"], forward["weight_bytes"], forward["output_bytes"]) == (maps, kernel, results)
    inputs = lowered(ops.convolution_of_inputs(CONV, "fp32"))[0]
    assert (inputs["input_bytes"], inputs["weight_bytes"], inputs["output_bytes"]) == (results, kernel, maps)
    weights = lowered(ops.convolution_of_weights(CONV, "fp32"))[0]
    assert (weights["input_bytes"], weights["weight_bytes"], weights["output_bytes"]) == (maps + results, 0, kernel)
    assert [make(CONV, "fp32").ops[0].phase for make in (ops.convolution_of_inputs, ops.convolution_of_weights)] == [
        Phase.DGRAD,
        Phase.WGRAD,
    ]


def test_pointwise_and_norms():
    row = lowered(ops.pointwise("add", 4, 8, "fp32", operands=2))[0]
    assert (row["input_bytes"], row["output_bytes"], row["flops"]) == (256, 128, 32)
    row = lowered(ops.pointwise("silu_multiply", 4, 8, "fp16", packed=2))[0]
    assert (row["input_bytes"], row["output_bytes"], row["flops"], row["special"]) == (128, 64, 96, 64)
    row = lowered(ops.normalise("layer_norm", 4, 8, "fp16", affine=2))[0]
    assert (row["input_bytes"], row["weight_bytes"], row["rows"], row["length"]) == (64, 32, 4, 8)


def test_names_get_prefixes_everywhere():
    timed = ops.product(MatMul(1, 2, 3, 4), formats("fp16"), added=True).prefixed("7/")
    (op,) = timed.ops
    names = {tensor.name for tensor in timed.tensors}
    assert {*op.inputs, *op.outputs, *op.epilogue[0].inputs, *op.epilogue[0].outputs} == names
    assert all(name.startswith("7/") for name in (op.name, op.epilogue[0].name, *names))


CELLS = {"vanilla": 1, "lstm": 4, "gru": 3}


@pytest.mark.parametrize(("name", "gates"), CELLS.items())
def test_a_recurrent_layer_multiplies_by_the_state_alone(name, gates):
    cell, stored = recurrent.CELLS[name], formats("fp32")
    for run in (recurrent.forward, recurrent.inputs):
        timed = run(cell, 64, 8, 10, stored)
        assert sorted(op.kind for op in timed.ops) == ["elementwise", "matmul"]
        assert all(op.steps == 10 for op in timed.ops)
        assert sum(op.macs for op in timed.ops) == 10 * 8 * 64 * gates * 64
        (weights,) = [tensor for tensor in timed.tensors if tensor.role is Role.WEIGHT]
        assert weights.elements == gates * 64 * 64
    (op,) = recurrent.weights(cell, 64, 8, 10, stored).ops
    assert (op.steps, op.macs, op.phase) == (1, 10 * 8 * 64 * gates * 64, Phase.WGRAD)


def test_the_state_passes_from_the_product_to_the_cell():
    timed = recurrent.forward(recurrent.CELLS["lstm"], 64, 8, 10, formats("fp32"))
    product, cell = timed.ops
    assert set(product.outputs) <= set(cell.inputs)
    back = recurrent.inputs(recurrent.CELLS["lstm"], 64, 8, 10, formats("fp32"))
    assert set(back.ops[0].outputs) & set(back.ops[1].inputs)


def test_copies_and_what_runs_between_decide_how_far_back_weights_were_used():
    timed = ops.product(MatMul(1, 10, 20, 30), formats("fp16"))
    tensors = {tensor.name: tensor for tensor in timed.tensors}
    activations = 600 + 400
    row = table_alone(timed.ops, tensors, copies=6, between=5000.0)[0]
    assert row["weight_distance"] == 6 * 1200 + activations + 5000
    assert row["input_distance"] == 1200 + activations
    assert (row["count"], row["weight_sets"]) == (6, 6)
    pair = (timed + ops.product(MatMul(1, 10, 20, 30), formats("fp16"), name="twin")).prefixed("a/")
    both = table_alone(pair.ops, {t.name: t for t in pair.tensors}, copies=[1, 3], between=[0.0, 100.0])
    assert both["weight_distance"].tolist() == [1200 + activations, 3 * 1200 + activations + 100]
