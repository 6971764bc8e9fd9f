"""Systems: copies side by side, layers split over groups, and what the links cost."""

from __future__ import annotations

import dataclasses

import pytest
from engine_samples import null, stack

import archsim as a
from archsim.engine.parallel import GRADIENTS
from archsim.errors import DoesNotFitError, UnsupportedError, UsageError
from archsim.graph import GraphBuilder
from archsim.io.systems import load_system
from archsim.mapping.collectives import exchange

SMALL = {"layers": 2, "width": 256, "heads": 8, "vocabulary": 16384, "tied": False, "sequence": 32}


@pytest.fixture(scope="module")
def eight():
    """Eight null machines on NVLink."""
    return dataclasses.replace(load_system("dgx-a100"), chip=null())


def network():
    return a.workload("transformer", **SMALL)


def test_without_a_policy_every_chip_runs_a_copy(eight):
    alone, side_by_side = a.evaluate(network(), null()), a.evaluate(network(), eight)
    assert side_by_side.hardware == "dgx-a100"
    assert side_by_side.latency == alone.latency
    assert side_by_side.items == 8 * alone.items
    assert side_by_side.energy == pytest.approx(8 * alone.energy)
    assert side_by_side.macs == 8 * alone.macs
    assert side_by_side.bytes_by_level["memory"] == pytest.approx(8 * alone.bytes_by_level["memory"])
    assert side_by_side.parameters["copies"] == 8
    assert side_by_side.memory.total == alone.memory.total


def test_a_group_splits_the_work_and_pays_for_its_sums(eight):
    alone, split = a.evaluate(network(), null()), a.evaluate(network(), eight, tensor_parallel=8)
    rows = [op for op in split.ops if op.kind == "collective"]
    waiting = sum(op.latency * op.count for op in rows)
    assert split.exposed["nvlink"] == pytest.approx(waiting)
    assert sum(op.count for op in rows) == 2 * 2 + 1 + 1
    assert alone.latency / 8 < split.latency - waiting < alone.latency / 7
    assert split.items == alone.items
    assert split.macs == alone.macs
    each = exchange(eight, "all_reduce", 32 * 256 * 2, (8,))
    (sums,) = [op for op in rows if op.count == 5]
    assert sums.latency == pytest.approx(each.latency) and sums.energy == pytest.approx(each.energy)
    assert split.energy_by_cause["network"] == pytest.approx(sum(op.energy * op.count for op in rows))
    assert split.latency == pytest.approx(sum(op.latency * op.count for op in split.ops))


def test_groups_of_two_run_four_copies(eight):
    result = a.evaluate(network(), eight, tensor_parallel=2)
    assert result.items == 4 * network().items
    one = exchange(eight, "all_reduce", 32 * 256 * 2, (2,))
    sums = next(op for op in result.ops if op.kind == "collective" and op.count == 5)
    assert sums.energy == pytest.approx(4 * one.energy)


def test_copies_in_training_add_up_their_gradients(eight):
    graph = stack()
    alone, trained = (a.evaluate(graph, machine, training=True) for machine in (null(), eight))
    (row,) = [op for op in trained.ops if op.kind == "collective"]
    assert row.name == GRADIENTS
    gradients = 3 * 64 * 64 * 2
    assert row.latency == pytest.approx(exchange(eight, "all_reduce", gradients, (8,)).latency)
    assert trained.latency == pytest.approx(alone.latency + row.latency)
    assert trained.items == 8 * alone.items


def test_copies_on_two_nodes_cross_the_network():
    cluster = dataclasses.replace(load_system("a100-nvlink-cluster"), chip=null())
    result = a.evaluate(stack(), cluster, training=True)
    assert result.exposed["network"] > 0 and result.items == 16 * a.evaluate(stack(), null()).items
    split = a.evaluate(network(), cluster, tensor_parallel=8, training=True)
    assert split.exposed["nvlink"] > 0 and split.exposed["network"] > 0


def test_groups_beside_one_another_share_the_ports():
    cluster = load_system("a100-nvlink-cluster")
    alone = exchange(cluster, "all_reduce", 1e9, (1, 2))
    crowded = exchange(cluster, "all_reduce", 1e9, (1, 2), crowded=True)
    assert crowded.latency / alone.latency == pytest.approx(2.0, rel=0.01), "eight chips on four ports"


def test_a_graph_may_bring_its_own_collectives(eight):
    b = GraphBuilder("exchange")
    b.collective("all_to_all", b.linear(b.input("x", (64, 64)), 64), 4, name="mix")
    result = a.evaluate(b.build(), eight)
    assert result.parameters["copies"] == 2
    mix = next(op for op in result.ops if op.name == "mix")
    assert mix.latency == pytest.approx(exchange(eight, "all_to_all", 64 * 64 * 2, (4,)).latency)
    assert mix.placed_on == "link" and mix.bound == "nvlink"


def test_collectives_are_explained(eight):
    result = a.evaluate(network(), eight, tensor_parallel=8)
    text = str(result.explain("latency", "embed/all-reduce"))
    for words in ("ring over nvlink", "collective.ring_time", "Patarasuk", "hop = 8.1e-07"):
        assert words in text
    assert "collective" in str(result.explain("energy", "embed/all-reduce"))


def test_a_trace_has_every_collective(eight):
    from archsim.report.trace import executions

    result = a.evaluate(network(), eight, tensor_parallel=8)
    names = [name for name, _ in executions(result)]
    assert sum("all-reduce" in name for name in names) == 5
    assert sum(op.latency for _, op in executions(result)) == pytest.approx(result.latency)


def test_assumed_values_of_the_links_are_listed(eight):
    assert any(text.startswith("dgx-a100: levels[0].link.energy") for text in a.evaluate(network(), eight).assumed)


def test_names_of_systems_do(eight):
    assert a.evaluate(stack(), "DGX_A100").hardware == "dgx-a100"
    table = a.compare(stack(), ["a100-sxm4-80gb", "dgx-a100", eight])
    assert [result.hardware for result in table.results] == ["a100-sxm4-80gb", "dgx-a100", "dgx-a100"]


@pytest.mark.parametrize(
    ("machine", "how", "said"),
    [
        ("null", {"tensor_parallel": 2}, "needs a system of chips, and this is one machine"),
        ("dgx-a100", {"tensor_parallel": 3}, "the 8 chips of 'dgx-a100' do not divide into groups of 3"),
        ("dgx-a100", {"tensor_parallel": 0}, "tensor_parallel=0"),
        ("dgx-a100", {"tensor_parallel": "two"}, "tensor_parallel='two'"),
        ("dgx-a100", {"tensor_parallel": True}, "tensor_parallel=True"),
    ],
)
def test_wrong_groups_are_told_what_to_write(machine, how, said):
    with pytest.raises((UsageError, UnsupportedError), match=said):
        a.evaluate(network(), machine, how)


def test_a_sweep_takes_one_chip(eight):
    with pytest.raises(UsageError, match="is a system of 8 chips, and this takes one chip"):
        a.evaluate_points(stack(), eight, {"rate": [1e9]})
    with pytest.raises(UsageError, match="needs a system of chips"):
        a.evaluate_points(stack(), null(), {"rate": [1e9]}, tensor_parallel=2)


def test_what_one_chip_cannot_keep_several_can(eight):
    graph = network()
    kept = a.evaluate(graph, null()).memory.total
    small = dataclasses.replace(eight, chip=null(memory__memory__capacity=kept / 2))
    with pytest.raises(DoesNotFitError, match="tensor_parallel"):
        a.evaluate(graph, small)
    assert a.evaluate(graph, small, tensor_parallel=8).latency > 0
