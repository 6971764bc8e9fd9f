"""Channels first: which convolutions are between two turns of their maps."""

from archsim.graph import GraphBuilder, check_graph
from archsim.graph.autocast import autocast
from archsim.graph.backward import training
from archsim.graph.counts import count
from archsim.graph.layout import channels_first
from archsim.workloads import workload


def network(dtype="fp16"):
    b = GraphBuilder("maps", dtype=dtype)
    x = b.conv(b.input("x", (2, 3, 8, 8)), 8, 3, padding=1, name="dense")
    x = b.conv(x, 8, 3, padding=1, groups=8, name="depthwise")
    b.conv(x, 16, 1, name="pointwise")
    return b.build()


def test_dense_narrow_convolutions_alone():
    graph = network()
    made = channels_first(graph)
    check_graph(made)
    assert [op.name for op in made.ops] == ["dense/channels-last", "dense/result", "dense", "depthwise", "pointwise"]
    assert count(made).macs == count(graph).macs
    before, after = count(graph).activation_bytes, count(made).activation_bytes
    assert after - before == 2 * 64 * (3 + 8) * 2
    assert channels_first(network("fp32")).ops == network("fp32").ops


def test_gradients_are_turned_too():
    step = training(channels_first(autocast(workload("resnet18", batch=2))))
    check_graph(step)
    turns = [op for op in step.ops if op.kind == "move" and "turn" in op.work.function]
    convolutions = 1 + 16
    assert len(turns) == 4 * convolutions - 1  # the images have no gradient
