"""One operator at a time: the work each becomes, counted by hand."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_samples import Sketch, single, works

from archsim.frontends.onnx import load_onnx
from archsim.frontends.onnx.ops import mapper, operators
from archsim.graph import Role
from archsim.graph.counts import count
from archsim.graph.work import Elementwise, Fft, Gather, Move, Normalise, Reduce, Scatter


def test_batch_norm_statistics_are_state(tmp_path):
    names = ("scale", "shift", "mean", "variance")
    imported = single(
        tmp_path,
        lambda s: [s.node("BatchNormalization", s.input("x", (2, 6, 4, 4)), *(s.weight(n, (6,)) for n in names))],
    )
    assert count(imported.graph).parameters == 12
    assert imported.graph.tensors["mean"].role is imported.graph.tensors["variance"].role is Role.STATE
    assert works(imported)[0].rows == 6


@pytest.mark.parametrize(("opset", "rows", "length"), [(11, 2, 20), (13, 8, 5)])
def test_softmax_meant_all_trailing_axes_before_operator_set_13(tmp_path, opset, rows, length):
    attributes = {} if opset == 11 else {"axis": -1}
    imported = single(tmp_path, lambda s: [s.node("Softmax", s.input("x", (2, 4, 5)), **attributes)], opset)
    (work,) = works(imported)
    assert isinstance(work, Normalise)
    assert (work.rows, work.length) == (rows, length)


def pooled(s, op, **attributes):
    return [s.node(op, s.input("x", (2, 3, 8, 8)), **attributes)]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda s: pooled(s, "MaxPool", kernel_shape=[2, 2], strides=[2, 2]), Reduce("max_pool", 96, 4)),
        (
            lambda s: pooled(s, "AveragePool", kernel_shape=[3, 3], ceil_mode=1, strides=[2, 2]),
            Reduce("average_pool", 96, 9),
        ),
        (lambda s: [s.node("Mul", s.input("x", (3, 3)), s.node("EyeLike", "x"))], Elementwise("multiply", 9)),
        (lambda s: pooled(s, "GlobalAveragePool"), Reduce("average_pool", 6, 64)),
        (lambda s: pooled(s, "ReduceMean", axes=[2, 3], keepdims=0), Reduce("mean", 6, 64)),
        (lambda s: pooled(s, "ReduceMax"), Reduce("max", 1, 384)),
        (lambda s: pooled(s, "ArgMax", axis=1), Reduce("arg_max", 128, 3)),
        (lambda s: pooled(s, "LRN", size=3), Normalise("local_response_norm", 128, 3, 1, 9.0, 2)),
        (lambda s: pooled(s, "LpNormalization"), Normalise("l2_norm", 48, 8, 2, 3, 0, 2)),
        (lambda s: pooled(s, "DepthToSpace", blocksize=1), Move("depth_to_space", 384)),
        (lambda s: [s.node("TopK", s.input("x", (4, 10)), s.number([3]), outputs=2)[0]], Reduce("top_k", 4, 10)),
        (lambda s: [s.node("CumSum", s.input("x", (4, 10)), s.number(1))], Elementwise("add", 40)),
        (lambda s: [s.node("Pow", s.input("x", (4,)), s.number(2, np.float32))], Elementwise("square", 4)),
        (
            lambda s: [s.node("Sum", *(s.input(n, (4, 1)) for n in "ab"), s.input("c", (4, 9)))],
            Elementwise("add", 36, 2),
        ),
        (lambda s: [s.node("Transpose", s.input("x", (4, 9)))], Move("transpose", 36)),
        (
            lambda s: [s.node("Slice", s.input("x", (4, 9)), s.number([0]), s.number([2]), s.number([1]))],
            Move("slice", 8),
        ),
        (lambda s: [s.node("Pad", s.input("x", (4, 9)), s.number([1, 0, 0, 1]))], Move("pad", 50)),
        (
            lambda s: [s.node("Resize", s.input("x", (1, 2, 4, 4)), "", s.number([1, 1, 2, 2], np.float32))],
            Move("resize_nearest", 128),
        ),
        (
            lambda s: [s.node("Resize", s.input("x", (1, 2, 4, 4)), "", "", s.number([1, 2, 8, 8]), mode="linear")],
            Elementwise("resize_linear", 128, 7.0),
        ),
        (lambda s: [s.node("DFT", s.input("x", (3, 16, 2)), axis=1)], Fft(3, 16)),
        (lambda s: [s.node("Gather", s.weight("w", (50, 8)), s.input("i", (2, 3), TensorProto.INT64))], Gather(6, 8)),
        (lambda s: [s.node("Gather", s.input("x", (2, 5, 8)), s.number(0), axis=1)], Move("slice", 16)),
        (
            lambda s: [s.node("GatherElements", s.input("x", (4, 9)), s.input("i", (4, 2), TensorProto.INT64), axis=1)],
            Gather(8, 1),
        ),
        (
            lambda s: [s.node("GatherND", s.input("x", (4, 9, 5)), s.input("i", (7, 2), TensorProto.INT64))],
            Gather(7, 5),
        ),
        (
            lambda s: [
                s.node("ScatterND", s.input("x", (4, 9)), s.input("i", (3, 1), TensorProto.INT64), s.input("u", (3, 9)))
            ],
            Scatter(3, 9),
        ),
        (
            lambda s: [
                s.node("Where", s.input("c", (4, 1), TensorProto.BOOL), s.input("x", (4, 9)), s.number(0, np.float32))
            ],
            Elementwise("select", 36),
        ),
    ],
)
def test_single_operators(tmp_path, build, expected):
    assert works(single(tmp_path, build)) == [expected]


@pytest.mark.parametrize("op", ["Identity", "Flatten", "Dropout"])
def test_views_cost_nothing(tmp_path, op):
    def build(s):
        return [s.node("Relu", s.node(op, s.input("x", (2, 3, 4))))]

    imported = single(tmp_path, build)
    assert works(imported) == [Elementwise("relu", 24)]
    assert imported.coverage.folded[op] == 1
    assert imported.graph.ops[0].inputs == ("x",)


def test_moving_sizes_of_one_is_a_view(tmp_path):
    imported = single(
        tmp_path, lambda s: [s.node("Relu", s.node("Transpose", s.input("x", (1, 7, 1, 5)), perm=[1, 0, 3, 2]))]
    )
    assert [op.kind for op in imported.graph.ops] == ["elementwise"]


def test_split_writes_every_part(tmp_path):
    imported = single(tmp_path, lambda s: s.node("Split", s.input("x", (4, 9)), s.number([4, 5]), outputs=2, axis=1))
    (op,) = imported.graph.ops
    assert op.work == Move("split", 36)
    assert [imported.graph.tensors[name].shape for name in op.outputs] == [(4, 4), (4, 5)]


@pytest.mark.parametrize(("op", "gates"), [("RNN", 1), ("GRU", 3), ("LSTM", 4)])
@pytest.mark.parametrize("directions", [1, 2])
def test_recurrent_layers_run_in_steps(tmp_path, op, gates, directions):
    length, batch, width, hidden = 7, 2, 6, 5

    def build(s):
        x = s.input("x", (length, batch, width))
        w, r = s.weight("w", (directions, gates * hidden, width)), s.weight("r", (directions, gates * hidden, hidden))
        b = s.weight("b", (directions, 2 * gates * hidden))
        way = "bidirectional" if directions == 2 else "forward"
        return s.node(op, x, w, r, b, outputs=2, hidden_size=hidden, direction=way)

    imported = single(tmp_path, build)
    graph = imported.graph
    assert count(graph).macs == directions * length * batch * gates * hidden * (width + hidden)
    assert count(graph).parameters == directions * gates * hidden * (width + hidden + 2)
    assert sorted({op.steps for op in graph.ops}) == [1, length]
    assert graph.tensors[graph.ops[-1].outputs[0]].shape == (length, directions, batch, hidden)
    assert imported.coverage.covered == 1.0


def test_sparse_weights_carry_their_density(tmp_path):
    s = Sketch()
    s.output(s.node("MatMul", s.input("x", (5, 8)), "w"))
    model = s.model()
    values = numpy_helper.from_array(np.ones(14, dtype=np.float32), "w")
    indices = numpy_helper.from_array(np.arange(14, dtype=np.int64), "w_indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [8, 7]))
    onnx.save(model, tmp_path / "sparse.onnx")
    tensor = load_onnx(tmp_path / "sparse.onnx").tensors["w"]
    assert (tensor.role, tensor.density) == (Role.WEIGHT, 0.25)


def test_functions_of_the_file_are_put_in_line(tmp_path):
    s = Sketch(domains=["mine"])
    s.output(s.node("Twice", s.input("x", (4, 8)), domain="mine"), (4, 8))
    body = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Add", ["b", "b"], ["c"])]
    model = s.model()
    model.functions.append(helper.make_function("mine", "Twice", ["a"], ["c"], body, [helper.make_opsetid("", 17)]))
    onnx.save(model, tmp_path / "function.onnx")
    assert [op.kind for op in load_onnx(tmp_path / "function.onnx").ops] == ["elementwise", "elementwise"]


def test_the_table_of_operators():
    names = operators()
    assert {"Conv", "MatMul", "LSTM", "com.microsoft::GroupQueryAttention"} <= set(names)
    assert len(names) > 250
    assert mapper("ai.onnx", "Conv") is mapper("", "Conv")
    assert mapper("mine", "Conv") is None
