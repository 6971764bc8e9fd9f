"""Clusters: pipelines, experts, pictures in tiles, parameter servers, and time spent waiting."""

from __future__ import annotations

import dataclasses
import math
import time

import pytest
from engine_samples import null

import archsim as a
from archsim.engine.parallel import GRADIENTS, share_out
from archsim.engine.parallel.share import Share, layout, level_between
from archsim.errors import DoesNotFitError, UnsupportedError, UsageError
from archsim.io.systems import load_system, with_values
from archsim.laws import pipeline, stragglers
from archsim.mapping.collectives import exchange
from archsim.mapping.servers import serve

SMALL = {"layers": 8, "width": 256, "heads": 8, "vocabulary": 1024, "tied": False, "sequence": 32}
MIXTURE = {"layers": 2, "width": 64, "heads": 4, "feed_forward": 96, "vocabulary": 100, "experts": 8,
           "experts_per_token": 2, "sequence": 32, "context": 64}  # fmt: skip
LOCAL = {"size": 40, "maps": 2, "field": 5, "pool": 3, "stages": 1, "reconstruct": True, "batch": 4}


def on_null(name, **sets):
    return dataclasses.replace(with_values(load_system(name), sets) if sets else load_system(name), chip=null())


@pytest.fixture(scope="module")
def nodes():
    """Eight nodes of eight null machines."""
    return on_null("dgx-a100-cluster", **{"levels.network.members": 8})


def network(**sizes):
    return a.workload("transformer", **{**SMALL, **sizes})


def test_one_piece_takes_as_long_as_without_stages_but_for_the_messages(nodes):
    alone, flowing = (a.evaluate(network(), nodes, **how) for how in ({}, {"pipeline_parallel": 4}))
    sent = sum(op.latency * op.count for op in flowing.ops if op.kind == "collective")
    assert flowing.latency == pytest.approx(alone.latency + sent, rel=1e-9)
    assert flowing.items * 4 == alone.items and flowing.macs * 4 == alone.macs
    assert flowing.memory.weights < alone.memory.weights / 3
    assert any("4 stages stand idle 75.0 % of the time" in text for text in flowing.warnings)


@pytest.mark.parametrize("training", [False, True])
def test_pieces_flow_through_the_slowest_stage(nodes, training):
    first, second, many = (
        a.evaluate(network(), nodes, pipeline_parallel=4, micro_batches=count, training=training)
        for count in (1, 2, 32)
    )
    slowest = second.latency - first.latency
    assert many.latency == pytest.approx(first.latency + 31 * slowest, rel=1e-9)
    stages = {}
    for op in first.ops:
        if "update" not in op.name and op.name != GRADIENTS:
            stages[op.details["stage"]] = stages.get(op.details["stage"], 0.0) + op.latency * op.count
    if not training:
        assert slowest == pytest.approx(max(stages.values()), rel=1e-9)
        assert many.latency == pytest.approx(pipeline.flow_time(32, sum(stages.values()), max(stages.values())))
    assert max(stages.values()) < 1.5 * sum(stages.values()) / 4, "stages are balanced"
    assert many.macs == 32 * first.macs and many.items == 32 * first.items
    for result in (first, many):
        assert sum(result.exposed.values()) == pytest.approx(result.latency)
        assert sum(result.energy_by_detail.values()) == pytest.approx(result.energy)
        assert sum(result.energy_by_cause.values()) == pytest.approx(result.energy)


def test_static_power_is_drawn_by_all_stages_over_the_whole_run():
    four = load_system("hgx-a100-4")
    alone = a.evaluate(network(), four)
    power = alone.energy_by_cause["static"] / alone.latency
    flowing = a.evaluate(network(), four, pipeline_parallel=4, micro_batches=3)
    assert power > 0 and flowing.energy_by_cause["static"] == pytest.approx(power * flowing.latency)
    assert flowing.energy_by_cause["compute"] == pytest.approx(3 / 4 * alone.energy_by_cause["compute"])


def test_a_training_step_updates_once(nodes):
    alone = a.evaluate(network(), nodes, training=True)
    more = a.evaluate(network(), nodes, training=True, micro_batches=4)
    updates = [op for op in alone.ops if "update" in op.name or op.name == GRADIENTS]
    once = sum(op.latency * op.count for op in updates)
    assert once > 0 and more.latency == pytest.approx(4 * (alone.latency - once) + once)
    assert next(op for op in more.ops if op.name == GRADIENTS).count == 1
    assert a.evaluate(network(), null(), micro_batches=3).latency == pytest.approx(
        3 * a.evaluate(network(), null()).latency
    ), "one machine takes one piece after the other"


def test_stages_of_nodes_send_over_the_network_stages_inside_over_nvlink(nodes):
    inside = a.evaluate(network(), nodes, pipeline_parallel=8)
    assert inside.exposed["nvlink"] > 0 and "network" not in inside.exposed
    between = a.evaluate(network(), nodes, pipeline_parallel=8, tensor_parallel=8)
    message = exchange(nodes, "send_recv", 32 * 256 * 2, (1, 2), crowded=True)
    received = [op for op in between.ops if "received" in op.name]
    assert {op.details["stage"] for op in received} == set(range(1, 8)) and {op.bound for op in received} == {"network"}
    assert max(op.latency for op in received) == message.latency, "every chip sends what it holds to its counterpart"
    assert between.exposed["network"] == pytest.approx(sum(op.latency * op.count for op in received))
    assert between.macs == network().items / 32 * sum(op.macs for op in network().ops)


def test_gradients_of_copies_are_added_up_stage_by_stage(nodes):
    result = a.evaluate(network(), nodes, pipeline_parallel=4, micro_batches=8, training=True)
    sums = [op for op in result.ops if op.name == GRADIENTS]
    assert [op.details["stage"] for op in sums] == [0, 1, 2, 3]
    weights = sum(t.stored for t in network().weights)
    group = layout(nodes, Share(1, 16, 4))["copies"]
    each = exchange(nodes, "all_reduce", 1.0, group.members, crowded=True, strides=group.strides).payload
    assert sum(op.bytes_by_level["network"] for op in sums) == pytest.approx(weights * each, rel=0.01)


def test_what_a_stage_keeps_is_checked(nodes):
    small = {"levels.network.members": 1}
    system = a.system("dgx-a100-cluster", small)
    graph = a.workload("gpt3-175b", sequence=64)
    with pytest.raises(DoesNotFitError, match="'gpt3-175b-stage-0' needs 8"):
        a.evaluate(graph, system, tensor_parallel=2, pipeline_parallel=2)
    ignored = a.evaluate(graph, system, tensor_parallel=2, pipeline_parallel=2, capacity="ignore")
    assert sum("are those of a machine with enough memory" in text for text in ignored.warnings) == 2
    assert a.evaluate(graph, system, tensor_parallel=2, pipeline_parallel=4).memory.total < 80e9
    kept = [
        a.evaluate(network(), nodes, training=True, pipeline_parallel=2, micro_batches=count).memory.saved
        for count in (1, 2, 8)
    ]
    assert kept[0] < kept[1] == kept[2], "two stages keep two pieces at most"


def test_175_billion_parameters_on_eight_by_eight():
    system = a.system("dgx-a100-cluster", {"levels.network.members": 16})
    graph = a.workload("gpt3-175b", sequence=256, vocabulary=51200)
    result = a.evaluate(graph, system, tensor_parallel=8, pipeline_parallel=8, micro_batches=16)
    assert result.macs == 2 * 16 * sum(op.macs for op in graph.ops), "two copies, sixteen pieces"
    assert result.memory.total < 80e9
    assert result.parameters["copies"] == 2


def test_a_hundred_thousand_machines():
    few, many = (on_null("le-2012", **{"levels.network.members": count}) for count in (100, 100_000))
    graph = network()
    start = time.perf_counter()
    results = [a.evaluate(graph, system, training=True) for system in (few, many)]
    assert time.perf_counter() - start < 5
    assert results[1].macs == 1000 * results[0].macs and results[1].items == 100_000 * graph.items
    waiting = [next(op.latency for op in result.ops if op.name == GRADIENTS) for result in results]
    assert results[1].latency - results[0].latency == pytest.approx(waiting[1] - waiting[0])


def test_experts_are_dealt_out_and_tokens_travel(nodes):
    graph = a.workload("transformer", **MIXTURE)
    alone, dealt = (a.evaluate(graph, nodes, expert_parallel=count) for count in (1, 8))
    assert dealt.macs == alone.macs and dealt.items == alone.items
    assert dealt.memory.weights < 0.5 * alone.memory.weights
    sends = [op for op in dealt.ops if op.kind == "collective"]
    each = exchange(nodes, "all_to_all", 32 * 2 * 64 * 2, (8,), crowded=True)
    assert sum(op.count for op in sends) == 4
    assert {op.latency for op in sends} == {each.latency}
    assert sum(op.bytes_by_level["nvlink"] * op.count for op in sends) == pytest.approx(4 * 8 * each.payload)
    worse = a.evaluate(graph, nodes, expert_parallel=8, expert_imbalance=1.5)
    inside = sum(op.latency * op.count for op in dealt.ops if "expert" in op.name and op.kind == "matmul")
    waited = worse.latency - dealt.latency
    more = exchange(nodes, "all_to_all", 1.5 * 32 * 2 * 64 * 2, (8,), crowded=True)
    assert waited == pytest.approx(0.5 * inside + 4 * (more.latency - each.latency), rel=1e-3)
    assert worse.exposed["waiting"] == pytest.approx(waited)


def test_gradients_of_experts_are_added_up_among_those_who_have_the_same(nodes):
    graph = a.workload("transformer", **MIXTURE)
    result = a.evaluate(graph, nodes, expert_parallel=8, training=True)
    sums = {op.name: op for op in result.ops if op.name.startswith("gradients/")}
    assert set(sums) == {GRADIENTS, "gradients/experts/all-reduce"}
    experts = 2 * 2 * 8 * 64 * 96 * 2  # layers, matrices, experts, sizes, bytes
    cost = exchange(nodes, "all_reduce", experts // 8, (1, 8), crowded=True)
    assert sums["gradients/experts/all-reduce"].latency == pytest.approx(cost.latency)
    dense = sum(t.stored for t in graph.weights) - experts
    assert sums[GRADIENTS].latency == pytest.approx(exchange(nodes, "all_reduce", dense, (8, 8)).latency, rel=0.01)


def test_pictures_in_tiles_fetch_halos(nodes):
    graph = a.workload("le2012-autoencoder", **LOCAL)
    result = a.evaluate(graph, nodes, spatial_parallel=8)
    halos = [op for op in result.ops if op.kind == "collective"]
    assert halos and all(op.bound == "nvlink" for op in halos)
    assert sum(op.macs for op in graph.ops) * 8 <= result.macs < 1.03 * 8 * sum(op.macs for op in graph.ops)
    assert result.items == 8 * graph.items


def test_copies_push_and_pull():
    system = a.system("le-2012", {"levels.network.members": 20})
    graph = a.workload("le2012-autoencoder", **LOCAL)
    alone, served = (a.evaluate(graph, system, training=True, parameter_servers=count) for count in (0, 4))
    assert served.items == 16 * graph.items and alone.items == 20 * graph.items
    (row,) = [op for op in served.ops if op.name == "gradients/push and pull"]
    gradients = sum(t.stored for t in graph.weights)
    assert row.latency == pytest.approx(serve(system, gradients, 1, 16, 4).latency)
    assert row.latency == pytest.approx(2 * 16 / 4 * gradients / (0.94 * 125e6), rel=0.02), "the servers set the pace"
    power = alone.energy_by_cause["static"] / alone.latency
    assert power > 0 and served.energy_by_cause["static"] == pytest.approx(power * served.latency), "all 20 draw it"
    assert any("workers keep the optimiser's state" in text for text in served.warnings)
    assert "push" in str(served.explain("latency", "gradients/push and pull"))


def test_all_ways_to_share_at_once(nodes):
    graph = a.workload("transformer", **{**MIXTURE, "layers": 4})
    how = {"tensor_parallel": 2, "expert_parallel": 4, "pipeline_parallel": 2}
    result = a.evaluate(graph, nodes, how, micro_batches=3)
    routers = sum(op.macs for op in graph.ops if "router" in op.name)  # both chips of a layer route all tokens
    assert result.macs == 3 * 16 * (sum(op.macs for op in graph.ops) + routers), "two chips a stage, sixteen copies"
    functions = {op.name.split("/")[-1].split("-")[0] for op in result.ops if op.kind == "collective"}
    assert {"all", "dispatch", "received"} <= functions, "what is alike shares a row"
    trained = a.evaluate(graph, nodes, how, micro_batches=3, training=True, parameter_servers=0)
    one = a.evaluate(graph, nodes, training=True).macs // 64
    assert trained.macs == 3 * 16 * (one + 3 * routers)
    split = a.evaluate(graph, nodes, pipeline_parallel=2, training=True, parameter_servers=4)
    row = max((op for op in split.ops if op.name == "gradients/push and pull"), key=lambda op: op.latency)
    assert row.count == 1 and sum(split.exposed.values()) == pytest.approx(split.latency)


def test_machines_wait_for_the_slowest_and_lose_time():
    sets = {"levels.network.members": 100}
    even, uneven = a.system("le-2012", sets), a.system("le-2012", {**sets, "stragglers.spread": 0.1})
    graph = network()
    fast, slow = (a.evaluate(graph, each) for each in (even, uneven))
    assert slow.latency == pytest.approx(fast.latency * (1 + 0.1 * stragglers.largest_of(100)))
    assert slow.exposed["waiting"] == pytest.approx(slow.latency - fast.latency)
    assert math.isclose(slow.energy_by_cause["compute"], fast.energy_by_cause["compute"])
    assert slow.energy_by_cause["static"] > 1.2 * fast.energy_by_cause["static"]
    losing = a.system("le-2012", {**sets, "stragglers.lost": 0.2})
    assert a.evaluate(graph, losing).latency == pytest.approx(fast.latency / 0.8)
    free = a.evaluate(graph, uneven, training=True, parameter_servers=10)
    assert "waiting" not in free.exposed, "copies that go on by themselves wait for nobody"
    assert "largest_of" in str(slow.explain("latency", "wait/slowest"))
    stages = a.evaluate(graph, uneven, pipeline_parallel=4)
    assert stages.exposed["waiting"] > 0 and sum(stages.exposed.values()) == pytest.approx(stages.latency)


def test_groups_lie_inside_one_another(nodes):
    found = layout(nodes, Share(chips=4, copies=8, stages=2, experts=2))
    assert [(axis, found[axis].members, found[axis].strides) for axis in ("", "experts", "stages", "replicas")] == [
        ("", (4, 1), (1, 1)), ("experts", (2, 1), (4, 1)), ("stages", (1, 2), (8, 1)), ("replicas", (1, 4), (8, 2)),
    ]  # fmt: skip
    assert found["copies"].size == 8
    stages = layout(nodes, Share(chips=2, copies=1, stages=32))["stages"]
    assert [level_between(nodes, stages, first, first + 1) for first in (0, 1, 3, 7)] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"pipeline_parallel": 3}, "the 64 chips of 'dgx-a100-cluster' do not divide into groups of 3"),
        ({"expert_parallel": 3}, "the 64 copies on 'dgx-a100-cluster' do not divide into groups of 3 that share"),
        ({"tensor_parallel": 2, "spatial_parallel": 2}, "both split layers"),
        ({"parameter_servers": 2}, "is for training"),
        ({"parameter_servers": 8, "training": True}, "leave nobody"),
        ({"parameter_servers": -1}, "parameter_servers=-1"),
        ({"expert_imbalance": 2.0}, "is of experts on several chips"),
        ({"expert_imbalance": float("nan")}, "expert_imbalance=nan"),
        ({"expert_imbalance": 0.5}, "expert_imbalance=0.5"),
        ({"expert_imbalance": 4.5, "expert_parallel": 4}, "expert_imbalance=4.5 is beyond expert_parallel=4"),
        ({"micro_batches": 0}, "micro_batches=0"),
        ({"micro_batches": "many"}, "micro_batches='many'"),
        ({"pipeline_paralel": 2}, "pipeline_paralel"),
        ({"pipeline_parallel": 64, "tensor_parallel": 2}, "groups of 128"),
    ],
)
def test_what_cannot_be_shared_out_is_told(nodes, how, said):
    with pytest.raises((UsageError, UnsupportedError), match=said):
        a.evaluate(network(), nodes, how)


def test_one_machine_is_told_to_name_a_system():
    for name in ("pipeline_parallel", "expert_parallel", "spatial_parallel"):
        with pytest.raises(UsageError, match=f"policy {name}=2 needs a system of chips"):
            a.evaluate(network(), null(), {name: 2})
    with pytest.raises(UsageError, match="parameter_servers=1 needs a system"):
        a.evaluate(network(), null(), training=True, parameter_servers=1)
    assert share_out(None, a.Policy(), network()) == Share(1, 1)
    with pytest.raises(UnsupportedError, match="ops cannot be cut into 64 stages"):
        two = network(layers=1)
        a.evaluate(two, on_null("dgx-a100-cluster", **{"levels.network.members": 8}), pipeline_parallel=64)
