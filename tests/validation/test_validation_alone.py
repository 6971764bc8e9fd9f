"""Every row is a run of its own, and what it gives is what `evaluate` gives."""

import numpy as np
import pytest

from archsim.arch import registry
from archsim.engine.evaluate import evaluate
from archsim.engine.lower import chip_table, lower
from archsim.engine.run import run
from archsim.graph.graph import Graph
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import MatMul
from archsim.io.hardware import load_hardware, with_
from archsim.validation import run_validation
from archsim.validation.alone import run_alone

SIZES = [(1, 4096, 4096), (16, 12288, 4096), (128, 512, 512), (4096, 4096, 4096), (8192, 8192, 8192), (333, 77, 1001)]


def matmul(name, m, n, k, copy=""):
    tensors = (
        Tensor(f"{name}.a", (m, k), "bf16", Role.INPUT),
        Tensor(f"{name}.w{copy}", (k, n), "bf16", Role.WEIGHT),
        Tensor(f"{name}.c{copy}", (m, n), "bf16"),
    )
    op = Op(f"{name}{copy}", MatMul(1, m, n, k), (tensors[0].name, tensors[1].name), (tensors[2].name,))
    return op, {tensor.name: tensor for tensor in tensors}


def many():
    ops, tensors = [], {}
    for index, sizes in enumerate(SIZES):
        op, own = matmul(str(index), *sizes)
        ops.append(op)
        tensors |= own
    return ops, tensors


def rotating(m, n, k, copies):
    """A graph that runs one matmul with each of its copies of the weights."""
    ops, tensors = [], {}
    for copy in range(copies):
        op, own = matmul("x", m, n, k, copy=str(copy))
        ops.append(op)
        tensors |= own
    return Graph("rotating", tuple(ops), tensors)


def test_a_perfect_table_made_by_the_model_itself_scores_zero(table):
    chip = load_hardware("a100-sxm4-80gb")
    rows = []
    for m, n, k in SIZES:
        latency = evaluate(rotating(m, n, k, 6), chip, jit="never").latency / 6
        rows.append(f"A100-SXM4-80GB,gemm,m={m};n={n};k={k},bfloat16,{latency * 1e3!r}")
    (outcome,) = run_validation(table(*rows))
    assert outcome.value == pytest.approx(0.0, abs=1e-9)
    assert outcome.rows == len(SIZES)
    assert outcome.spearman == pytest.approx(1.0)


def test_neighbours_do_not_matter_where_a_common_run_would_share_one_operating_point():
    chip = with_(load_hardware("a100-sxm4-80gb"), "power.limit", "200 W")
    ops, tensors = many()
    together = run_alone(chip, ops, tensors)
    single = [run_alone(chip, [op], tensors).latency[0] for op in ops]
    assert together.latency.tolist() == single
    outs, _ = run(registry.get("gpu"), lower(ops, tensors).table, chip_table(chip), mode="never", keep=True)
    assert not np.allclose(outs["latency"], together.latency, rtol=1e-3)


def test_compiled_and_plain_agree():
    chip = load_hardware("a100-sxm4-80gb")
    ops, tensors = many()
    plain = run_alone(chip, ops, tensors, copies=6, mode="never").latency
    assert run_alone(chip, ops, tensors, copies=6, mode="always").latency == pytest.approx(plain, rel=1e-12)


def test_ops_of_one_row_of_the_table_keep_their_order():
    chip = load_hardware("null")
    ops, tensors = many()
    twins, own = matmul("twin", *SIZES[2])
    alone = run_alone(chip, [ops[3], twins, ops[2], ops[0]], tensors | own)
    expected = [2e-9 * m * n * k for m, n, k in (SIZES[3], SIZES[2], SIZES[2], SIZES[0])]
    assert alone.latency == pytest.approx(expected)
    assert alone.verdict == ("ok",) * 4


def test_a_verdict_is_returned_and_no_number():
    chip = load_hardware("v100-sxm2-16gb")
    chip = with_(chip, "vector", {"fp16": "128 FLOP/clk"})
    op, tensors = matmul("x", 8, 8, 8)
    wide = {name: Tensor(t.name, t.shape, "fp64", t.role) for name, t in tensors.items()}
    assert run_alone(chip, [op], wide).verdict == ("no unit has the number format, or a wider one",)
