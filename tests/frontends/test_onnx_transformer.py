"""Transformer exports: shapes computed at run time, attention taken apart, ties, caches."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import Sketch, transformer

from archsim.errors import ImportFormatError, UnknownNameError, UsageError
from archsim.frontends.onnx import import_onnx, load_onnx
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.fusion import fuse
from archsim.graph.work import Attention, MatMul, Normalise, Opaque

WIDTH, HEADS, VOCABULARY, POSITIONS, HIDDEN = 32, 4, 50, 64, 64
BIND = {"batch": 2, "sequence": 16}


def block_macs(batch, length):
    tokens = batch * length
    linear = tokens * (4 * WIDTH * WIDTH + 2 * WIDTH * HIDDEN + WIDTH * VOCABULARY)
    return linear + 2 * batch * length * length * WIDTH


@pytest.fixture
def path(tmp_path):
    return transformer().save(tmp_path)


def test_shapes_computed_at_run_time_become_numbers(path):
    imported = import_onnx(path, bind=BIND)
    assert imported.coverage.covered == 1.0
    assert count(imported.graph).macs == block_macs(2, 16)
    assert imported.graph.items == 2
    assert imported.coverage.folded["Shape"] == 1
    assert imported.coverage.folded["Reshape"] == 4
    assert imported.coverage.folded["Concat"] == 4


def test_parameters_are_tables_matrices_biases_and_norms_with_the_tie_counted_once(path):
    graph = load_onnx(path, bind=BIND)
    matrices = 4 * (WIDTH * WIDTH + WIDTH) + 2 * WIDTH * HIDDEN + HIDDEN + WIDTH
    assert count(graph).parameters == (VOCABULARY + POSITIONS) * WIDTH + matrices + 3 * 2 * WIDTH
    readers = [op.kind for op in graph.consumers["words"]]
    assert readers == ["gather", "matmul"]


def test_attention_is_recognised_and_counts_are_conserved(path):
    whole, apart = load_onnx(path, bind=BIND), import_onnx(path, bind=BIND, attention=False).graph
    (found,) = [op for op in whole.ops if isinstance(op.work, Attention)]
    assert found.work == Attention(2, HEADS, HEADS, 16, 16, WIDTH // HEADS, WIDTH // HEADS)
    assert not [op for op in apart.ops if isinstance(op.work, Attention)]
    assert count(whole).macs == count(apart).macs
    assert count(whole).parameters == count(apart).parameters
    # The file divides by the root of the head size and adds a mask; the op counts one operation for both.
    scores = found.work.scores
    assert count(apart).flops - count(whole).flops == 0
    assert count(apart).special - count(whole).special == scores
    assert len(found.inputs) == 4  # the mask is still read


def test_attention_taken_apart_again_has_the_products_of_the_file(path):
    whole = fuse(load_onnx(path, bind=BIND), "none")
    apart = import_onnx(path, bind=BIND, attention=False).graph
    products = [
        sorted((w.batch, w.m, w.n, w.k) for op in graph.ops if isinstance(w := op.work, MatMul))
        for graph in (whole, apart)
    ]
    assert products[0] == products[1]


def test_shared_keys_are_recognised_behind_their_copies(tmp_path):
    path = transformer(kv_heads=2).save(tmp_path)
    whole, apart = load_onnx(path, bind=BIND), import_onnx(path, bind=BIND, attention=False).graph
    (found,) = [op for op in whole.ops if isinstance(op.work, Attention)]
    assert (found.work.heads, found.work.kv_heads) == (4, 2)
    assert whole.tensors[found.inputs[1]].elements == 2 * 16 * 2 * (WIDTH // HEADS)
    assert count(whole).macs == count(apart).macs


def test_scores_that_are_an_output_stay_visible(tmp_path):
    sketch = transformer()
    softmax = next(node for node in sketch.nodes if node.op_type == "Softmax")
    sketch.output(softmax.output[0], None)
    graph = load_onnx(sketch.save(tmp_path), bind=BIND)
    assert not [op for op in graph.ops if isinstance(op.work, Attention)]
    assert [op for op in graph.ops if isinstance(op.work, Normalise) and op.work.function == "softmax"]


def test_batch_binds_the_first_dimension(path):
    graph = load_onnx(path, batch=3, bind={"sequence": 8})
    assert count(graph).macs == block_macs(3, 8)


def test_an_open_dimension_is_named(path):
    with pytest.raises(ImportFormatError, match=r"'sequence'.*--bind sequence=1"):
        load_onnx(path, batch=3)


def test_a_misspelt_dimension(path):
    with pytest.raises(UnknownNameError, match=r"'sequenze'.*did you mean 'sequence'"):
        load_onnx(path, bind={"batch": 1, "sequenze": 4})


def test_batch_and_bind_that_contradict(path):
    with pytest.raises(UsageError, match="contradict"):
        load_onnx(path, batch=3, bind={"batch": 2, "sequence": 4})


@pytest.mark.parametrize("size", [-1, 1.5, True, "8"])
def test_a_size_that_is_none(path, size):
    with pytest.raises(UsageError, match="batch="):
        load_onnx(path, bind={"batch": size, "sequence": 4})


def cached_step():
    """One decoding step: past keys come in, grow by one, and go out."""
    s = Sketch()
    q = s.input("query", ["batch", 4, 1, 8])
    k = s.input("key", ["batch", 4, 1, 8])
    past = s.input("past_key", ["batch", 4, "past", 8])
    mask = s.input("mask", ["batch", 1, 1, "past + 1"])
    keys = s.node("Concat", past, k, axis=2)
    scores = s.node("Add", s.node("MatMul", q, s.node("Transpose", keys, perm=[0, 1, 3, 2])), mask)
    s.output(s.node("MatMul", s.node("Softmax", scores, axis=-1), keys), ["batch", 4, 1, 8])
    s.output(keys, ["batch", 4, "past + 1", 8])
    return s


def test_sums_of_dimensions_and_caches(tmp_path):
    path = cached_step().save(tmp_path)
    graph = load_onnx(path, bind={"batch": 1, "past": 31})
    assert graph.tensors["past_key"].role is Role.STATE
    assert graph.tensors["mask"].shape == (1, 1, 1, 32)
    (found,) = [op.work for op in graph.ops if isinstance(op.work, Attention)]
    assert (found.query_length, found.key_length) == (1, 32)
    with pytest.raises(ImportFormatError, match="--bind past=1"):
        load_onnx(path, bind={"batch": 1})


def test_an_empty_cache(tmp_path):
    graph = load_onnx(cached_step().save(tmp_path), bind={"batch": 1, "past": 0})
    assert "past_key" not in graph.tensors
    assert not [op for op in graph.ops if op.name.startswith("Concat")]
    assert count(graph).macs == 2 * 4 * 8


def test_masks_and_literals_are_not_parameters(tmp_path):
    s = Sketch()
    x = s.input("x", [1, 8, 8])
    s.initializers.append(numpy_helper.from_array(np.tril(np.ones((8, 8), dtype=bool)), "causal"))
    s.output(s.node("Where", "causal", x, s.number(-1e9, np.float32)), [1, 8, 8])
    graph = load_onnx(s.save(tmp_path))
    assert count(graph).parameters == 0
    assert graph.tensors["causal"].role is Role.STATE
    assert graph.ops[0].inputs == ("x", "causal")


@pytest.mark.parametrize("value", [True, False])
def test_an_if_with_a_known_condition_is_its_branch(tmp_path, value):
    s = Sketch()
    x = s.input("x", [2, 8])
    branches = []
    for op in ("Relu", "Tanh"):
        out = helper.make_tensor_value_info(f"{op}_out", TensorProto.FLOAT, [2, 8])
        branches.append(helper.make_graph([helper.make_node(op, [x], [f"{op}_out"], name=op)], op, [], [out]))
    s.output(s.node("If", s.number(value, bool), then_branch=branches[0], else_branch=branches[1]), [2, 8])
    imported = import_onnx(s.save(tmp_path))
    assert [op.name for op in imported.graph.ops] == ["Relu" if value else "Tanh"]
    assert imported.coverage.folded["If"] == 1


def test_an_if_decided_at_run_time_is_opaque_and_noted(tmp_path):
    s = Sketch()
    x, flag = s.input("x", [2, 8]), s.input("flag", [], TensorProto.BOOL)
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [2, 8])
    branch = helper.make_graph([helper.make_node("Relu", [x], ["out"])], "branch", [], [out])
    s.output(s.node("If", flag, then_branch=branch, else_branch=branch), [2, 8])
    imported = import_onnx(s.save(tmp_path))
    (op,) = imported.graph.ops
    assert isinstance(op.work, Opaque)
    assert set(op.inputs) == {"flag", "x"}
    assert imported.coverage.opaque["If"] == 1
    assert imported.coverage.covered == 0.0
    assert any("If" in note and "run time" in note for note in imported.graph.notes)
