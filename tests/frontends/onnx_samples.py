"""Small ONNX files for the tests, and a counter of MACs that shares no code with archsim."""

import math

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from archsim.frontends.onnx import import_onnx


class Sketch:
    """Collects nodes under names of its own and writes them to a file."""

    def __init__(self, opset=17, domains=()):
        self.nodes, self.inputs, self.outputs, self.initializers, self.value_info = [], [], [], [], []
        self.opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]

    def input(self, name, shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def weight(self, name, shape, kind=np.float32):
        self.initializers.append(numpy_helper.from_array(np.ones(shape, dtype=kind), name))
        return name

    def number(self, value, kind=np.int64):
        name = f"number_{len(self.nodes)}"
        tensor = numpy_helper.from_array(np.array(value, dtype=kind))
        self.nodes.append(helper.make_node("Constant", [], [name], name=name, value=tensor))
        return name

    def node(self, op, *inputs, outputs=1, domain="", **attributes):
        name = f"{op}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}.{place}" for place in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=name, domain=domain, **attributes))
        return name if outputs == 1 else names

    def output(self, name, shape=None, kind=TensorProto.FLOAT):
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def model(self):
        graph = helper.make_graph(
            self.nodes, "sketch", self.inputs, self.outputs, self.initializers, value_info=self.value_info
        )
        return helper.make_model(graph, opset_imports=self.opsets, ir_version=10)

    def save(self, folder, name="sketch.onnx"):
        path = folder / name
        onnx.save(self.model(), path)
        return path


def transformer(width=32, heads=4, vocabulary=50, positions=64, hidden=64, kv_heads=None):
    """One encoder block as exporters write it: every reshape computed from the shape of the input."""
    s = Sketch()
    size = width // heads
    kv_heads = kv_heads or heads
    ids = s.input("input_ids", ["batch", "sequence"], TensorProto.INT64)
    mask = s.input("attention_mask", ["batch", "sequence"], TensorProto.INT64)
    shape = s.node("Shape", ids)
    batch = s.node("Gather", shape, s.number(0), axis=0)
    length = s.node("Gather", shape, s.number(1), axis=0)

    def row(name):
        return s.node("Unsqueeze", name, s.number([0]))

    where = s.node("Range", s.number(0), length, s.number(1))
    x = s.node("Gather", s.weight("words", (vocabulary, width)), ids)
    x = s.node("Add", x, s.node("Gather", s.weight("places", (positions, width)), where))
    x = norm(s, x, width, "norm0")

    def project(source, name, features):
        out = s.node("MatMul", source, s.weight(f"{name}.weight", (width, features)))
        return s.node("Add", out, s.weight(f"{name}.bias", (features,)))

    def split(source, many):
        target = s.node("Concat", row(batch), row(length), s.number([many]), s.number([size]), axis=0)
        return s.node("Reshape", source, target)

    def repeat(source):
        # (batch, sequence, kv_heads, size) to one copy of keys per query head
        grouped = s.node("Unsqueeze", source, s.number([3]))
        copies = [row(batch), row(length), s.number([kv_heads]), s.number([heads // kv_heads]), s.number([size])]
        wide = s.node("Expand", grouped, s.node("Concat", *copies, axis=0))
        target = s.node("Concat", row(batch), row(length), s.number([heads]), s.number([size]), axis=0)
        return s.node("Reshape", wide, target)

    q = s.node("Transpose", split(project(x, "query", width), heads), perm=[0, 2, 1, 3])
    k, v = (split(project(x, name, kv_heads * size), kv_heads) for name in ("key", "value"))
    if kv_heads != heads:
        k, v = repeat(k), repeat(v)
    k, v = s.node("Transpose", k, perm=[0, 2, 3, 1]), s.node("Transpose", v, perm=[0, 2, 1, 3])
    scores = s.node("Div", s.node("MatMul", q, k), s.number(math.sqrt(size), np.float32))
    bias = s.node("Cast", s.node("Unsqueeze", mask, s.number([1, 2])), to=TensorProto.FLOAT)
    bias = s.node("Mul", s.node("Sub", s.number(1, np.float32), bias), s.number(-1e9, np.float32))
    shares = s.node("Softmax", s.node("Add", scores, bias), axis=-1)
    mixed = s.node("Transpose", s.node("MatMul", shares, v), perm=[0, 2, 1, 3])
    flat = s.node("Reshape", mixed, s.node("Concat", row(batch), row(length), s.number([width]), axis=0))
    x = norm(s, s.node("Add", project(flat, "out", width), x), width, "norm1")
    up = s.node("Add", s.node("MatMul", x, s.weight("up.weight", (width, hidden))), s.weight("up.bias", (hidden,)))
    half = s.node("Add", s.node("Erf", s.node("Div", up, s.number(math.sqrt(2), np.float32))), s.number(1, np.float32))
    up = s.node("Mul", s.node("Mul", up, half), s.number(0.5, np.float32))
    down = s.node("MatMul", up, s.weight("down.weight", (hidden, width)))
    x = norm(s, s.node("Add", s.node("Add", down, s.weight("down.bias", (width,))), x), width, "norm2")
    logits = s.node("MatMul", x, s.node("Transpose", "words", perm=[1, 0]))
    s.output(logits, ["batch", "sequence", vocabulary])
    return s


def norm(s, x, width, name):
    return s.node(
        "LayerNormalization", x, s.weight(f"{name}.scale", (width,)), s.weight(f"{name}.bias", (width,)), axis=-1
    )


def hand_count(path):
    """MACs of Conv, Gemm and MatMul from ONNX's own shapes, by the definition of each operator."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path, load_external_data=False), data_prop=True)
    graph = model.graph
    shapes = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    for entry in (*graph.input, *graph.value_info, *graph.output):
        shapes.setdefault(entry.name, [dim.dim_value for dim in entry.type.tensor_type.shape.dim])
    total = 0
    for node in graph.node:
        out = shapes.get(node.output[0])
        attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
        if node.op_type == "Conv":
            taps = math.prod(shapes[node.input[1]][1:])
            total += math.prod(out) * taps
        elif node.op_type == "Gemm":
            k = shapes[node.input[0]][0 if attributes.get("transA") else 1]
            total += math.prod(out) * k
        elif node.op_type == "MatMul":
            total += math.prod(out) * shapes[node.input[0]][-1]
    return total


def single(tmp_path, build, opset=17, domains=(), **options):
    """Import a file with what `build` makes; returns the import."""
    s = Sketch(opset, domains)
    for result in build(s):
        s.output(result)
    return import_onnx(s.save(tmp_path), **options)


def works(imported):
    return [op.work for op in imported.graph.ops]
