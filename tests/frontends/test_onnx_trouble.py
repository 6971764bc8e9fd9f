"""Everything that can be wrong with a file ends in one sentence, and nothing is dropped in silence."""

import random
import sys
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_samples import Sketch, transformer

from archsim.errors import ArchsimError, GraphError, ImportFormatError, MissingExtraError, UsageError
from archsim.frontends.onnx import import_onnx, load_onnx
from archsim.graph.counts import count
from archsim.graph.work import Opaque


def custom(domains=("mine",), times=2):
    s = Sketch(domains=domains)
    x = s.node("Relu", s.input("x", (2, 8)))
    for _ in range(times):
        x = s.node("Wobble", x, domain="mine")
    s.output(s.node("MatMul", x, s.weight("w", (8, 4))), (2, 4))
    return s


def test_an_unknown_operator_is_named_counted_and_explained(tmp_path):
    with pytest.raises(ImportFormatError) as caught:
        load_onnx(custom().save(tmp_path))
    text = str(caught.value)
    for part in ("'Wobble_1'", "'Wobble'", "'mine'", "2 such nodes", "mine::Wobble x2", "--unknown opaque", "skip"):
        assert part in text


def test_an_unknown_operator_as_bytes(tmp_path):
    imported = import_onnx(custom().save(tmp_path), unknown="opaque")
    assert [op.work for op in imported.graph.ops if isinstance(op.work, Opaque)] == [Opaque("mine::Wobble", 16)] * 2
    assert imported.coverage.opaque["mine::Wobble"] == 2
    assert imported.coverage.covered == 0.5
    assert sum("opaque: Wobble" in note for note in imported.graph.notes) == 2
    assert any("taken to have the shape" in note for note in imported.graph.notes)
    assert "2 opaque: mine::Wobble x2" in str(imported.coverage)
    assert imported.coverage.as_dict()["compute_nodes"] == 4


def test_an_unknown_operator_left_out(tmp_path):
    imported = import_onnx(custom().save(tmp_path), unknown="skip")
    assert [op.kind for op in imported.graph.ops] == ["elementwise", "matmul"]
    assert imported.graph.ops[1].inputs[0] == imported.graph.ops[0].outputs[0]
    assert sum("skipped: Wobble" in note for note in imported.graph.notes) == 2


def test_a_policy_that_does_not_exist(tmp_path):
    with pytest.raises(UsageError, match=r"'ignore'.*'error', 'opaque' or 'skip'"):
        load_onnx(custom().save(tmp_path), unknown="ignore")


def test_nodes_nobody_needs_are_noted(tmp_path):
    s = Sketch()
    x = s.input("x", (2, 8))
    s.node("Tanh", x)
    s.output(s.node("Relu", x), (2, 8))
    imported = import_onnx(s.save(tmp_path))
    assert len(imported.graph.ops) == 1
    assert any("1 nodes" in note for note in imported.graph.notes)


def test_weights_in_a_file_that_is_absent(tmp_path):
    s = Sketch()
    s.output(s.node("MatMul", s.input("x", (2, 256)), s.weight("w", (256, 64))), (2, 64))
    path = tmp_path / "external.onnx"
    onnx.save(s.model(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    graph = load_onnx(path)
    assert count(graph).macs == 2 * 256 * 64
    assert count(graph).parameters == 256 * 64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"this is not a model at all\n" * 10, "not a complete ONNX file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (bytes(range(256)) * 20, "not a complete ONNX file"),
        (helper.make_model(helper.make_graph([], "empty", [], [])).SerializeToString(), "no nodes"),
    ],
)
def test_files_that_are_no_models(tmp_path, content, message):
    path = tmp_path / "strange.onnx"
    path.write_bytes(content)
    with pytest.raises(ImportFormatError, match=message):
        load_onnx(path)


def test_a_folder_and_nothing(tmp_path):
    with pytest.raises(ImportFormatError, match="folder"):
        load_onnx(tmp_path)
    with pytest.raises(ImportFormatError, match="absent"):
        load_onnx(tmp_path / "absent.onnx")


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'archsim\[onnx\]'"):
        load_onnx(tmp_path / "any.onnx")


def test_a_name_that_is_not_text(tmp_path):
    s = Sketch()
    s.output(s.node("Relu", s.input("x", ["batches", 8])))
    path = tmp_path / "bytes.onnx"
    path.write_bytes(s.model().SerializeToString().replace(b"batches", b"\xff\xfetches"))
    with pytest.raises(ImportFormatError, match="not text"):
        load_onnx(path, batch=2)


def test_a_graph_of_constants_has_nothing_to_compute(tmp_path):
    s = Sketch()
    s.output(s.node("Add", s.number([1]), s.number([2])), (1,), TensorProto.INT64)
    with pytest.raises(GraphError, match="no ops"):
        load_onnx(s.save(tmp_path))


def test_shapes_that_do_not_fit_name_the_node(tmp_path):
    s = Sketch()
    s.output(s.node("MatMul", s.input("x", (2, 8)), s.weight("w", (9, 4))))
    with pytest.raises(ImportFormatError, match="'MatMul_0'"):
        load_onnx(s.save(tmp_path))


def test_an_input_nobody_defined(tmp_path):
    s = Sketch()
    s.output(s.node("Relu", "ghost"))
    with pytest.raises(ImportFormatError, match="'ghost', which no node before it writes"):
        load_onnx(s.save(tmp_path))


def test_an_input_without_a_shape(tmp_path):
    s = Sketch()
    s.inputs.append(helper.make_tensor_value_info("x", TensorProto.FLOAT, None))
    s.output(s.node("Relu", "x"))
    with pytest.raises(ImportFormatError, match="'x' has no shape"):
        load_onnx(s.save(tmp_path))


def test_an_axis_without_a_name_is_bound_by_its_place(tmp_path):
    s = Sketch()
    s.output(s.node("Relu", s.input("x", [None, 8])))
    path = s.save(tmp_path)
    with pytest.raises(ImportFormatError, match=r"--bind x\.0=1"):
        load_onnx(path)
    assert load_onnx(path, bind={"x.0": 4}).tensors["x"].shape == (4, 8)
    assert load_onnx(path, batch=5).items == 5


def test_a_size_that_depends_on_data_must_be_bound(tmp_path):
    s = Sketch()
    found = s.node("NonZero", s.input("x", (6, 8)))
    s.output(s.node("Gather", s.weight("table", (50, 4)), found), [2, "hits", 4])
    s.value_info.append(helper.make_tensor_value_info(found, TensorProto.INT64, [2, "hits"]))
    path = s.save(tmp_path)
    with pytest.raises(ImportFormatError, match=r"'hits'.*--bind hits=1"):
        load_onnx(path)
    assert [op.kind for op in load_onnx(path, bind={"hits": 10}).ops] == ["move", "gather"]


def test_a_batch_that_cannot_be_changed(tmp_path):
    s = Sketch()
    x = s.node("Reshape", s.input("x", (1, 8, 6)), s.number([8, 6]))
    s.output(s.node("MatMul", x, s.weight("w", (6, 4))))
    with pytest.raises(ImportFormatError, match="fixed at 1, and changing it to 3"):
        load_onnx(s.save(tmp_path), batch=3)


def test_a_leading_size_that_is_no_batch(tmp_path):
    s = Sketch()
    s.output(s.node("Softmax", s.input("x", (4, 8)), axis=0))
    with pytest.raises(ImportFormatError, match=r"'Softmax_0'.*dynamic batch"):
        load_onnx(s.save(tmp_path), batch=8)


def test_a_batch_written_into_a_reshape_is_followed(tmp_path):
    s = Sketch()
    x = s.node("Reshape", s.input("x", (1, 8, 6)), s.number([1, -1]))
    s.output(s.node("MatMul", x, s.weight("w", (48, 4))))
    path = s.save(tmp_path)
    assert count(load_onnx(path, batch=5)).macs == 5 * count(load_onnx(path)).macs == 5 * 48 * 4


@pytest.mark.parametrize("batch", [0, -1, 1.5, True])
def test_a_batch_that_is_none(tmp_path, batch):
    with pytest.raises(UsageError, match="batch="):
        load_onnx(custom().save(tmp_path), batch=batch)


def test_huge_sizes_are_counted_or_refused_at_once(tmp_path):
    s = Sketch()
    x = s.input("x", (2**40, 2**20))
    s.output(s.node("Tile", x, s.number([2**40, 2**20])))
    started = time.perf_counter()
    with pytest.raises(ImportFormatError, match="Tile_1"):
        load_onnx(s.save(tmp_path))
    flat = Sketch()
    flat.output(flat.node("Flatten", flat.input("x", (2**40, 2**40)), axis=0))
    with pytest.raises(ImportFormatError, match="Flatten_0"):
        load_onnx(flat.save(tmp_path))
    wide = Sketch()
    wide.output(wide.node("Relu", wide.node("Expand", wide.input("y", (1, 1)), wide.number([2**40, 2**40]))))
    assert count(load_onnx(wide.save(tmp_path))).flops == float(2**80)
    assert time.perf_counter() - started < 5


def damaged(content, rng):
    data = bytearray(content)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(data[: rng.randrange(len(data))])
    if kind == 1:
        return rng.randbytes(rng.randrange(1, 400))
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(data))
        if kind == 2:
            data[place] ^= 1 << rng.randrange(8)
        else:
            data[place : place + rng.randrange(8)] = rng.randbytes(rng.randrange(8))
    return bytes(data)


def quantised():
    s = Sketch()
    x = s.input("x", (1, 3, 8, 8), TensorProto.UINT8)
    parts = [s.weight("xs", ()), s.weight("xz", (), np.uint8), s.weight("w", (4, 3, 3, 3), np.int8), s.weight("ws", ())]
    parts += [s.weight("wz", (), np.int8), s.weight("ys", ()), s.weight("yz", (), np.uint8)]
    y = s.node("QLinearConv", x, *parts)
    s.output(s.node("Resize", s.node("Cast", y, to=1), "", s.number([1, 1, 2, 2], np.float32)))
    return s


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("sketch", [transformer, quantised, custom])
def test_damaged_files_end_in_archsim_errors(tmp_path, sketch, seed):
    rng = random.Random(seed)
    content = sketch().model().SerializeToString()
    path = tmp_path / "damaged.onnx"
    for _ in range(40):
        path.write_bytes(damaged(content, rng))
        try:
            load_onnx(
                path,
                bind=rng.choice([None, {"batch": 2, "sequence": 4}]),
                unknown=rng.choice(["error", "opaque", "skip"]),
            )
        except ArchsimError as error:
            assert "\n" not in str(error)
            assert len(str(error)) < 1500
