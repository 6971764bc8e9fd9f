"""Pipeline stages of a graph: nothing is lost, nothing is done twice, what crosses is received."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.graph.backward import training
from archsim.graph.check import check_graph
from archsim.graph.fusion import fuse
from archsim.graph.op import Phase
from archsim.graph.stages import crossing, cut, forward, owners, part
from archsim.graph.work import Collective

SMALL = {"layers": 4, "width": 64, "heads": 4, "vocabulary": 100, "sequence": 8, "context": 16}


def network(**sizes):
    return a.workload("transformer", **{**SMALL, **sizes})


@pytest.fixture(scope="module", params=["inference", "training", "fused training"])
def graph(request):
    made = network() if request.param == "inference" else training(network(), optimiser="adam")
    return fuse(made, "attention") if "fused" in request.param else made


def stages_of(graph, count):
    jobs = len(forward(graph))
    return cut(graph, [jobs * stage // count for stage in range(count)], owners(graph))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_op_runs_in_one_stage(graph, count):
    stages = stages_of(graph, count)
    ops = [op for stage in stages for op in stage.whole.ops if op.name not in stage.sources]
    assert sorted(op.name for op in ops) == sorted(op.name for op in graph.ops)
    assert sum(op.macs for op in ops) == sum(op.macs for op in graph.ops)
    for stage in stages:
        check_graph(stage.flow)
        check_graph(stage.whole)
        together = (*stage.flow.ops, *(stage.update.ops if stage.update else ()))
        assert {op.name for op in together} == {op.name for op in stage.whole.ops}
        assert all(op.phase is not Phase.UPDATE for op in stage.flow.ops)


def test_what_goes_back_belongs_where_it_came_from():
    trained = training(network())
    owner, names = owners(trained), [op.name for op in forward(trained)]
    for op in trained.ops:
        layer = op.name.split("/")[0]
        if layer.startswith("layer-") and not op.name.startswith("layer-0"):
            assert names[owner[op.name]].split("/")[0] in (layer, f"layer-{int(layer[6:]) + 1}", "final-norm"), op.name


def test_one_tensor_crosses_between_layers_each_way():
    trained = training(network(tied=False))
    names = [op.name for op in forward(trained)]
    start = next(index for index, name in enumerate(names) if name.startswith("layer-2"))
    first, second = cut(trained, [0, start], owners(trained))
    size = 8 * 64 * 2
    for stage, source in ((first, 1), (second, 0)):
        received = [op for op in stage.whole.ops if op.name in stage.sources]
        assert [(op.work, stage.sources[op.name]) for op in received] == [
            (Collective("send_recv", 2, size, axis="stages"), source)
        ]
        assert received[0] in stage.flow.ops
    assert crossing(trained, len(names))[start] == size


def test_a_shared_weight_is_added_up_once():
    trained = training(network(tied=True))
    half = len(forward(trained)) // 2
    first, second = cut(trained, [0, half], owners(trained))
    late = [op for op in first.update.ops if op.name in first.sources]
    assert [op.work.payload for op in late] == [100 * 64 * 2], "the gradient of the head"
    assert not any(op.name in second.sources for op in second.update.ops)


def test_a_part_says_what_it_gets_and_what_others_want():
    graph = network()
    middle = part(graph, "middle", [op for op in graph.ops if op.name.startswith("layer-1/")])
    check_graph(middle)
    given = [t.name for t in middle.tensors.values() if t.role.value == "input"]
    assert len(given) == 1 and graph.producer[given[0]].name.startswith("layer-0/")
    assert len(middle.outputs) == 1
