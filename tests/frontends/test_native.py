"""The native workload format: short form, exact form, and what it says when something is wrong."""

from __future__ import annotations

import pytest

from archsim.errors import ArchsimError, GraphError, InvalidDescriptionError, UsageError
from archsim.frontends.native import dump_graph, dump_text, load_workload, read_workload
from archsim.graph import GraphBuilder
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.io import yaml
from archsim.workloads.registry import generators, workload

TEN_LINES = """\
schema: 1
name: my-net
dtype: fp16
inputs: {x: [8, 3, 224, 224]}
layers:
  - conv: {x: x, channels: 64, kernel: 7, stride: 2, padding: 3, as: c1}
  - normalise: {x: c1, function: batch_norm}
  - elementwise: {function: relu}        # x defaults to the last layer's output
  - reduce: {function: mean, axes: [2, 3]}
  - linear: {features: 1000}
"""


def read(text):
    return read_workload(yaml.loads(text, "net.yaml"))


def one_per_generator():
    """One name of every generator function: the others differ in sizes only."""
    first = {}
    for generator in generators():
        first.setdefault(generator.build, generator)
    return sorted(first.values(), key=lambda generator: generator.name)


def test_ten_lines_are_a_network():
    graph = read(TEN_LINES)
    b = GraphBuilder("my-net", dtype="fp16")
    x = b.conv(b.input("x", (8, 3, 224, 224)), 64, 7, stride=2, padding=3, name="c1")
    x = b.elementwise("relu", b.normalise("batch_norm", x))
    b.linear(b.reduce("mean", x, (2, 3)), 1000)
    assert graph == b.build()
    assert count(graph).macs == 8 * (112 * 112 * 64 * 3 * 49 + 64 * 1000)


def test_several_inputs_weights_and_state():
    graph = read(
        """
        schema: 1
        name: tied
        dtype: bf16
        items: 6
        item: token
        weights: {table: {shape: [1000, 64], dtype: int8, density: 0.5, structure: uniform}}
        inputs: {tokens: {shape: [2, 3], dtype: int32}}
        layers:
          - gather: {table: table, indices: tokens, as: rows}
          - linear: {features: 64, bias: false}
          - elementwise: {function: add, inputs: [rows, linear]}
          - normalise: {function: rms_norm}
          - linear: {features: 1000, weight: table, bias: false, as: head}
        outputs: [head]
        """
    )
    assert graph.items == 6
    assert graph.outputs == ("head",)
    assert graph.tensors["table"].density == 0.5
    assert graph.tensors["linear/weight"].dtype == "bf16"
    assert count(graph).parameters == 1000 * 64 + 64 * 64 + 64


@pytest.mark.parametrize("generator", one_per_generator(), ids=lambda generator: generator.name)
def test_every_graph_survives_a_round_trip(generator):
    graph = generator.build(**generator.fixed)
    assert read(dump_text(graph)) == graph


def test_training_graphs_and_json_survive_too(tmp_path):
    graph = training(workload("gpt2-small", layers=1, sequence=8, vocabulary=100))
    assert read(dump_text(graph)) == graph
    assert read_workload(yaml.Document(dump_graph(graph))) == graph
    path = tmp_path / "net.yaml"
    path.write_text(dump_text(graph), encoding="utf-8")
    assert load_workload(path) == graph


def test_strange_names_survive():
    b = GraphBuilder('1e-12: "{} \u2028 \u00e4 \U0001f600', parameters={"text": "no", "list": (1, "a")})
    b.linear(b.input("yes", (2, 4)), 8, name="# a: [b]\t")
    graph = b.build()
    assert read(dump_text(graph)) == graph


def test_what_cannot_be_written_is_named():
    b = GraphBuilder("net", parameters={"made": object()})
    b.linear(b.input("x", (2, 4)), 8)
    with pytest.raises(GraphError, match=r"'made'.*object"):
        dump_graph(b.build())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("channels", "chanels", r"net.yaml:6:18: there is no key 'chanels' here; did you mean 'channels'\?"),
        ("conv", "cnov", r"net.yaml:6:5: there is no layer 'cnov'; did you mean 'conv'\?"),
        ("x: c1", "x: c2", "net.yaml:7:20: nothing is called 'c2'"),
        ("channels: 64", "channels: many", "net.yaml:6:28: channels is 'many'; write a whole number"),
        ("channels: 64", "channels: -3", "channels is -3; write a whole number of at least 0"),
        ("dtype: fp16", "dtype: fp17", "net.yaml:3:8: there is no number format 'fp17'"),
        ("schema: 1", "schema: 2", "net.yaml:1:9: schema is 2; this version reads schema: 1"),
        ("schema: 1\n", "", "'schema' is missing; start with schema: 1"),
        ("[8, 3, 224, 224]", "8", "'x' has no sizes"),
        ("[8, 3, 224, 224]", "[8, 3, 0, 224]", "0"),
        ("stride: 2", "stride: 0", "net.yaml:6:11: a window of 7 with stride 0"),
        ("{features: 1000}", "{features: 1000, weight: c1}", "its weight 'c1' has the shape"),
        ("{features: 1000}", "", "linear lacks 'features'"),
        ("function: relu", "function: rleu", r"did you mean 'relu'\?"),
        ("as: c1", "as: x", "there is already something called 'x'"),
        ("padding: 3", "padding: [1, 2, 3]", "padding has 3 numbers"),
        ("- linear: {features: 1000}", "- {linear: {features: 1}, conv: {}}", "a layer has one name, here are 2"),
        ("inputs: {x: [8, 3, 224, 224]}\n", "", "nothing is called 'x'"),
        ("axes: [2, 3]", "axes: [9]", "axis 9"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(old, new, message):
    assert old in TEN_LINES
    with pytest.raises(InvalidDescriptionError, match=message):
        read(TEN_LINES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"kind": "matmul"', '"kind": "matmull"', "did you mean 'matmul'"),
        ('"m": 8', '"mm": 8', "there is no key 'mm' here"),
        ('"m": 8, ', "", "lack 'm'"),
        ('"m": 8', '"m": -8', "m = -8"),
        ('"role": "input"', '"role": "inpt"', "did you mean 'input'"),
        ('"inputs": ["x"', '"inputs": ["y"', "reads 'y', which nothing writes"),
        ('"dtype": "fp16"', '"dtype": "fp61"', "unknown number format 'fp61'"),
        ("tensors:", "tensor:", "did you mean 'tensors'"),
    ],
)
def test_the_exact_form_is_checked(old, new, message):
    b = GraphBuilder("net")
    b.linear(b.input("x", (8, 4)), 2, bias=False)
    text = dump_text(b.build())
    assert old in text
    with pytest.raises(InvalidDescriptionError, match=message) as caught:
        read(text.replace(old, new))
    assert caught.value.where.startswith("net.yaml:")


def test_a_missing_file_and_no_mapping():
    with pytest.raises(UsageError, match="there is no file"):
        load_workload("nowhere.yaml")
    with pytest.raises(ArchsimError, match="write a description"):
        read("- 1")
