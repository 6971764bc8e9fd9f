"""Servers, stragglers and steps that wait: hand calculations of what used to go missing."""

from __future__ import annotations

import dataclasses

import pytest
from engine_samples import null

import archsim as a
from archsim.io.systems import load_system, with_values
from archsim.laws import stragglers
from archsim.mapping.collectives import exchange

SMALL = {"layers": 8, "width": 256, "heads": 8, "vocabulary": 1024, "tied": False, "sequence": 32}
ETHERNET = 0.94 * 125e6
SERVED = "gradients/push and pull"


def network(**sizes):
    return a.workload("transformer", **{**SMALL, **sizes})


def machines(count, **sets):
    """Return so many null machines on Ethernet."""
    return dataclasses.replace(with_values(load_system("le-2012"), {"levels.network.members": count, **sets}),
                               chip=null())  # fmt: skip


def served(result):
    return [op for op in result.ops if op.name == SERVED]


def test_one_copy_pushes_to_servers_too():
    graph = a.workload("le2012-autoencoder", size=40, maps=2, field=5, pool=3, stages=1)
    result = a.evaluate(graph, machines(10), training=True, parameter_servers=9)
    pushed = sum(t.stored for t in graph.weights)
    (row,) = served(result)
    assert row.latency == pytest.approx(2 * pushed / ETHERNET, rel=0.02), "over the one way it has"
    assert row.bytes_by_level["network"] == 2 * pushed


@pytest.mark.parametrize("stages", [2, 4])
def test_servers_take_in_what_all_stages_push_once(stages):
    graph = network()
    result = a.evaluate(graph, machines(20), training=True, parameter_servers=4, pipeline_parallel=stages)
    pushed = sum(t.stored for t in graph.weights) * 16 // stages
    rows = served(result)
    assert len(rows) == stages and len({row.latency for row in rows}) == 1, "all stages push at a time"
    assert rows[0].latency == pytest.approx(2 * pushed / (4 * ETHERNET), rel=0.02)
    assert sum(row.bytes_by_level["network"] for row in rows) == pytest.approx(2 * pushed, rel=1e-3)
    assert any("workers keep the optimiser's state" in text for text in result.warnings)


def test_lost_time_is_lost_in_the_update_too():
    graph = network()
    for pieces in (1, 2, 5):
        whole, half = (
            a.evaluate(graph, machines(100, **{"stragglers.lost": lost}), training=True, micro_batches=pieces)
            for lost in (0.0, 0.5)
        )
        assert half.latency == pytest.approx(2 * whole.latency)
        assert sum(half.exposed.values()) == pytest.approx(half.latency)
    assert a.evaluate(graph, machines(1, **{"stragglers.lost": 0.5})).latency > 0, "one machine, too"


def test_stages_of_one_copy_wait_for_the_slowest():
    even, uneven = machines(4), machines(4, **{"stragglers.spread": 0.1})
    fast, slow = (a.evaluate(network(), each, pipeline_parallel=4) for each in (even, uneven))
    worked = fast.latency - fast.exposed["network"]
    assert slow.exposed["waiting"] == pytest.approx(0.1 * stragglers.largest_of(4) * worked)


def test_nothing_to_do_takes_no_time():
    graph = network(layers=1)
    empty = graph.replace(ops=(), tensors={}, outputs=())
    for machine in ("t4", null(), machines(4, **{"stragglers.lost": 0.5, "stragglers.spread": 0.1})):
        result = a.evaluate(empty, machine)
        assert (result.latency, result.energy, result.macs) == (0.0, 0.0, 0)
        assert str(result)
    assert a.evaluate(empty, "t4", micro_batches=3, schedule="pipelined").latency == 0.0


@pytest.mark.parametrize("how", [{}, {"micro_batches": 3}, {"pipeline_parallel": 2, "micro_batches": 4}])
def test_a_step_starts_with_updated_weights(how):
    machine = machines(4) if "pipeline_parallel" in how else "t4"
    steps, runs = (a.evaluate(network(), machine, schedule="pipelined", training=yes, **how) for yes in (True, False))
    assert steps.interval == steps.latency and runs.interval < runs.latency
    assert any("steps do not overlap" in text for text in steps.warnings)
    overlapped = a.evaluate(network(), machine, schedule="overlap", training=True, **how)
    assert (steps.latency, steps.energy) == pytest.approx((overlapped.latency, overlapped.energy))


def test_stages_of_runs_that_follow_one_another_stand_idle_less():
    result = a.evaluate(network(), machines(4), schedule="pipelined", pipeline_parallel=4, micro_batches=2)
    (text,) = [text for text in result.warnings if "stand idle" in text]
    times = {}
    for op in result.ops:
        if op.kind != "collective":  # messages arrive while the piece before is worked on
            times[op.details["stage"]] = times.get(op.details["stage"], 0.0) + op.latency * op.count / 2
    assert "equal ones would 0.0 %: 2 pieces in a row, run after run" in text
    assert f"stand idle {100 * (1 - sum(times.values()) / 4 / max(times.values())):.1f} %" in text


def test_the_busiest_expert_of_a_token_reads_its_weights_once():
    system = a.system("dgx-a100")
    sizes = {"layers": 2, "width": 1024, "heads": 8, "feed_forward": 4096, "vocabulary": 100, "experts": 8,
             "experts_per_token": 2, "context": 4096}  # fmt: skip
    one, many = (a.workload("transformer", **sizes, sequence=length) for length in (1, 2048))
    even, worse = ([a.evaluate(graph, system, expert_parallel=8, expert_imbalance=load) for graph in (one, many)]
                   for load in (1.0, 2.0))  # fmt: skip
    assert worse[0].latency < 1.01 * even[0].latency, "its weights set the pace, and are read once"
    inside = sum(op.latency * op.count for op in even[1].ops if "/experts/" in op.name)
    assert 0.7 * inside < worse[1].latency - even[1].latency < 1.1 * inside, "twice the rows take twice the time"
    trained = [a.evaluate(many, system, expert_parallel=8, expert_imbalance=load, training=True) for load in (1.0, 2.0)]
    assert trained[1].latency - trained[0].latency > 2.5 * (worse[1].latency - even[1].latency), "and on the way back"


def test_what_is_sent_is_what_is_stored():
    graph = network()
    system = a.system("le-2012", {"levels.network.members": 10})
    narrow, wide = (a.evaluate(graph, system, training=True, precision=name) for name in ("fp16", "fp32"))
    sums = [next(op for op in each.ops if op.name == "gradients/all-reduce") for each in (narrow, wide)]
    assert sums[0].latency == sums[1].latency, "the processor has no fp16: gradients are held and sent in fp32"
    assert narrow.memory.gradients == 4 * sum(t.elements for t in graph.weights)
    gradients = exchange(system, "all_reduce", narrow.memory.gradients, (10,))
    assert sums[0].latency == pytest.approx(gradients.latency)
    native = a.evaluate(graph, a.system("dgx-a100"), training=True)
    assert next(op for op in native.ops if op.name == "gradients/all-reduce").latency == pytest.approx(
        exchange(a.system("dgx-a100"), "all_reduce", 2 * sum(t.elements for t in graph.weights), (8,)).latency
    )
