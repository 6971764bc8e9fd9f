"""Schedules: never below the longest way or the busiest unit, never above one op after the other, and right by hand."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import networkx
import numpy as np
import pytest
from engine_samples import null, partial, sandwich

import archsim
from archsim.arch import registry
from archsim.engine.rows import from_rows, to_rows
from archsim.engine.schedule.lanes import lanes_of
from archsim.engine.schedule.listing import arrange, credit
from archsim.engine.schedule.steady import interval
from archsim.engine.schedule.tables import LANE, NOTHING, SLOT, TASK, empty
from archsim.engine.schedule.tasks import tasks_of
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.graph.backward import training

SLACK = 1e-9
MACHINES = ("a100-sxm4-80gb", "tpu-v4", "xeon-gold-6248", "isaac", "dota-b", "xeon-a100-dota")
NETWORKS = ("resnet18", "googlenet", "bert-base")


def scheduled(jobs, lanes, apart=()):
    """Arrange jobs given as (length, {lane: time}, waits for, fetchable); return tasks, slots, lanes and the end."""
    tasks, slots, table = empty(TASK, len(jobs)), empty(SLOT, len(jobs)), empty(LANE, lanes)
    deps = []
    for index, (length, held, waits, ahead) in enumerate(jobs):
        tasks[index]["row"], tasks[index]["first"] = index, len(deps)
        deps += waits
        tasks[index]["last"] = len(deps)
        slots[index]["length"], slots[index]["ahead"], slots[index]["repeats"] = length, ahead, 1.0
        slots[index]["memory"] = 0 if ahead else NOTHING
        for lane, time in held.items():
            slots[index]["busy"][lane] = time
            slots[index]["occupied"][lane] = min(time, length)
    table["apart"][list(apart)] = 1
    rows = [to_rows(each) for each in (tasks, slots, table)]
    end = arrange(rows[0], deps, rows[1], rows[2])
    credit(*rows)
    return SimpleNamespace(tasks=rows[0], slots=rows[1], lanes=rows[2], end=end, deps=deps)


def test_two_ops_on_different_units_run_side_by_side():
    done = scheduled([(4.0, {0: 4.0}, [], 0.0), (3.0, {1: 3.0}, [], 0.0), (1.0, {0: 1.0}, [0, 1], 0.0)], 2)
    assert [task.start for task in done.tasks] == [0.0, 0.0, 4.0] and done.end == 5.0


def test_a_unit_is_free_again_before_the_op_has_ended():
    done = scheduled([(10.0, {0: 2.0, 1: 10.0}, [], 0.0), (5.0, {0: 5.0}, [], 0.0)], 2)
    assert done.tasks[1].start == 2.0 and done.end == 10.0


def test_the_longest_way_goes_first():
    """In program order the chain b, c would wait for a, which nobody waits for."""
    jobs = [(5.0, {0: 5.0}, [], 0.0), (1.0, {0: 1.0}, [], 0.0), (9.0, {1: 9.0}, [1], 0.0)]
    done = scheduled(jobs, 2)
    assert done.end == 10.0 and done.tasks[1].start == 0.0 and done.tasks[0].start == 1.0


def test_weights_of_the_next_op_come_while_the_memory_is_free():
    """Each op takes 6, of which its memory works 6 and its array 4; half of the first op's memory time is idle."""
    jobs = [(6.0, {0: 2.0, 1: 6.0}, [], 0.0), (6.0, {0: 6.0, 1: 4.0}, [0], 2.0)]
    done = scheduled(jobs, 2)
    assert done.tasks[1].fetched == 2.0 and done.tasks[1].start == 6.0 and done.end == 10.0
    assert done.lanes[0].free == 10.0  # 2 early, 4 late


def test_what_is_fetched_early_still_passes_the_memory():
    jobs = [(6.0, {0: 6.0}, [], 0.0)] + [(6.0, {0: 5.0, 1: 1.0}, [index], 4.0) for index in range(5)]
    done = scheduled(jobs, 2)
    assert done.end >= 6.0 + 5 * 5.0


@pytest.mark.parametrize("seed", range(40))
def test_any_schedule_keeps_the_bounds_and_the_units(seed):
    random = np.random.default_rng(seed)
    jobs = []
    for index in range(int(random.integers(1, 40))):
        length = float(random.uniform(0.0, 5.0))
        held = {lane: float(random.uniform(0.0, length)) for lane in range(4) if random.random() < 0.5}
        if held and random.random() < 0.7:
            held[max(held, key=held.get)] = length
        others = max([time for lane, time in held.items() if lane], default=0.0)
        ahead = max(0.0, held.get(0, 0.0) - others) * random.random() if random.random() < 0.5 else 0.0
        waits = sorted({int(random.integers(0, index)) for _ in range(int(random.integers(0, 3)))}) if index else []
        jobs.append((length, held, waits, ahead))
    done = scheduled(jobs, 4)
    graph = networkx.DiGraph()
    for index, (_, _, waits, _) in enumerate(jobs):
        task = done.tasks[index]
        assert task.end == pytest.approx(task.start + jobs[index][0] - task.fetched)
        assert all(done.tasks[before].end <= task.start + SLACK for before in waits)
        graph.add_node(index)
        graph.add_edges_from((before, index) for before in waits)
    weight = [jobs[index][0] - done.tasks[index].fetched for index in range(len(jobs))]
    way = networkx.DiGraph((one, two, {"weight": weight[two]}) for one, two, _ in graph.edges(data=True))
    way.add_edges_from(("start", index, {"weight": weight[index]}) for index in graph)
    longest = networkx.dag_longest_path_length(way)
    busiest = max((sum(held.get(lane, 0.0) for _, held, _, _ in jobs) for lane in range(4)), default=0.0)
    assert longest - SLACK <= done.end <= sum(length for length, *_ in jobs) + SLACK
    assert busiest <= done.end + SLACK
    for lane in range(4):
        held = []
        for index, (_, times, _, _) in enumerate(jobs):
            task, time = done.tasks[index], times.get(lane, 0.0)
            early = task.fetched if lane == 0 else 0.0
            if time - early > 0.0:
                held.append((task.start, task.start + time - early))
        held.sort()
        assert all(end <= start + SLACK for (_, end), (start, _) in itertools.pairwise(held))
    credits = sum(slot.credit * slot.length for slot in done.slots) + sum(lane.credit for lane in done.lanes)
    assert credits == pytest.approx(done.end)


def test_runs_of_a_pipeline_follow_at_the_pace_of_the_busiest_unit():
    jobs = [(4.0, {0: 4.0}, [], 0.0), (3.0, {1: 3.0}, [0], 0.0), (2.0, {0: 2.0}, [1], 0.0)]
    done = scheduled(jobs, 2)
    assert done.end == 9.0 and interval(done.tasks, done.slots, done.lanes, done.end) == 6.0
    apart = scheduled(jobs, 2, apart=(0, 1))
    assert interval(apart.tasks, apart.slots, apart.lanes, apart.end) == 4.0


def test_executions_with_the_same_weights_wait_for_one_another():
    b = GraphBuilder("twice", dtype="fp16")
    x = b.input("x", (1, 64, 14, 14))
    weight = b.weight("kernel", (64, 64, 3, 3))
    for index in range(4):
        b.conv(x, 64, 3, padding=1, bias=False, weight=weight, name=f"conv-{index}")
    how = {"fusion": "none", "capacity": "ignore"}
    serial, overlap = (archsim.evaluate(b.build(), "isaac", schedule=s, **how) for s in ("serial", "pipelined"))
    (row,) = overlap.run.parts[0].outs
    arrays = float(row["busy"][overlap.run.parts[0].family.resources.index("arrays")])
    assert overlap.latency >= min(3 * arrays, serial.latency) * (1 - SLACK)
    assert overlap.interval >= min(4 * arrays, overlap.latency) * (1 - SLACK)


@pytest.mark.parametrize(
    ("machine", "network"),
    [*((machine, network) for machine in MACHINES for network in NETWORKS), ("loihi1-sanafe", "spiking-mlp")],
)
def test_every_kind_of_machine_keeps_the_bounds(machine, network):
    how = {"capacity": "ignore", "jit": "never"}
    serial, overlap, pipelined = (
        archsim.evaluate(network, machine, schedule=schedule, **how) for schedule in ("serial", "overlap", "pipelined")
    )
    line = overlap.run.timeline
    assert overlap.latency == pytest.approx(line.latency, rel=1e-12)
    assert max(line.work) * (1 - SLACK) <= overlap.latency <= serial.latency * (1 + SLACK)
    lengths = line.tasks["end"] - line.tasks["start"]
    assert lengths.max() <= overlap.latency * (1 + SLACK)
    ends = [0.0] * len(lengths)
    for index, task in enumerate(line.tasks):
        before = [ends[at] for at in line.deps[task["first"] : task["last"]]]
        ends[index] = max(before, default=0.0) + lengths[index]
    assert max(ends) <= overlap.latency * (1 + SLACK)
    assert pipelined.latency == overlap.latency and pipelined.interval <= overlap.latency
    assert pipelined.throughput == pytest.approx(pipelined.items / pipelined.interval)
    dynamic = [r.energy - sum(v for k, v in r.energy_by_detail.items() if k.endswith("static")) for r in
               (serial, overlap, pipelined)]  # fmt: skip
    if not machine.startswith("a100"):  # which may clock down under its power limit
        assert dynamic == pytest.approx([dynamic[0]] * 3, rel=1e-9)
    assert serial.macs == overlap.macs == pipelined.macs


def test_a_sweep_overlaps_as_single_runs_do():
    chip = archsim.hardware("tpu-v4")
    rates = [3e11, 1.2e12, 4e12]
    totals = archsim.evaluate_points("resnet18", chip, {"memory.hbm.bandwidth": rates}, schedule="pipelined")
    for rate, point in zip(rates, totals, strict=True):
        one = archsim.evaluate("resnet18", archsim.with_(chip, "memory.hbm.bandwidth", rate), schedule="pipelined")
        assert point["latency"] == pytest.approx(one.latency, rel=1e-12)
        assert point["interval"] == pytest.approx(one.interval, rel=1e-12)
        assert point["energy"].sum() == pytest.approx(one.energy, rel=1e-12)


def test_compiled_and_plain_schedules_agree():
    results = [archsim.evaluate("resnet18", "null", schedule="pipelined", jit=jit) for jit in ("never", "always")]
    assert results[0].latency == pytest.approx(results[1].latency, rel=1e-12)
    assert results[0].interval == pytest.approx(results[1].interval, rel=1e-12)


def test_an_op_waits_for_who_writes_and_a_writer_for_who_reads():
    b = GraphBuilder("update")
    x = b.input("x", (4, 4))
    y = b.linear(x, 4, bias=False, name="first")
    b.linear(y, 4, bias=False, name="second")
    graph = training(b.build())
    names = [op.name for op in graph.ops]
    tasks, deps = tasks_of(graph.ops, dict.fromkeys(names, 0), {})
    waits = {
        name: {names[at] for at in deps[task["first"] : task["last"]]} for name, task in zip(names, tasks, strict=True)
    }
    written = {}
    for op in graph.ops:
        for name in op.inputs:
            if name in written:
                assert written[name] in waits[op.name]
        for name in op.outputs:
            readers = {
                other.name
                for other in graph.ops
                if name in other.inputs and names.index(other.name) < names.index(op.name)
            }
            if graph.tensors[name].role.value == "weight":
                assert readers <= waits[op.name] | {op.name}
            written[name] = op.name


def test_hosts_and_links_work_beside_the_machine():
    b = GraphBuilder("branches", dtype="fp16")
    x = b.linear(b.input("x", (64, 64)), 64, bias=False, name="stem")
    left = b.elementwise("gelu", x, name="left")
    right = b.linear(x, 64, bias=False, name="right")
    b.elementwise("add", left, right, name="join")
    chip = partial("matmul")
    serial, overlap = (archsim.evaluate(b.build(), chip, fusion="none", schedule=s) for s in ("serial", "overlap"))
    assert overlap.latency < serial.latency
    assert sum(overlap.exposed.values()) == pytest.approx(overlap.latency)
    line = overlap.run.timeline
    at = {op.name: line.tasks[index] for index, op in enumerate(overlap.run.graph.ops)}
    assert at["right"]["start"] < at["left"]["end"]


def test_every_family_names_lanes_it_has():
    for name in ("a100-sxm4-80gb", "tpu-v4", "xeon-gold-6248", "isaac", "dota-b", "loihi1-sanafe", "null"):
        chip = archsim.hardware(name)
        family = registry.get(chip.family)
        resources = set(family.resource_names(chip.spec))
        lanes = lanes_of(family, chip)
        assert set(family.lanes) <= resources and set(family.apart) <= set(lanes.names)
        assert not family.unless or family.unless in resources
        assert len(lanes.of) == len(resources) and max(lanes.of) < len(lanes.names)


def test_a_schedule_that_does_not_exist():
    with pytest.raises(UsageError, match=r"schedule='overlaped'.*overlap"):
        archsim.evaluate(sandwich(), null(), schedule="overlaped")


def test_a_record_survives_the_round_trip():
    table = empty(TASK, 3)
    table["start"] = [1.0, 2.0, 3.0]
    rows = to_rows(table)
    rows[1].start = 5.0
    from_rows(rows, table)
    assert table["start"].tolist() == [1.0, 5.0, 3.0]
