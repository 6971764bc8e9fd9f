"""More of a resource is never slower, two halves are never faster than the whole, and the power limit holds."""

from __future__ import annotations

import numpy as np
import pytest
from contract_machines import FIRST, MACHINES, machine, paths_of_speed, uncapped, value_at
from contract_workloads import BATCHED, ROOM, network, single_ops

import archsim
from archsim.arch import registry
from archsim.arch.family import settled
from archsim.engine.evaluate import prepare
from archsim.errors import InvalidDescriptionError, UnsupportedError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all

SLACK = 1e-9
FACTORS = np.geomspace(1 / 8, 8, 7)
LEAVES = [(name, path) for name in MACHINES for path in paths_of_speed(machine(name))]
CAPPED = [name for name, family in MACHINES.items() if registry.get(family).settle is not settled]


@pytest.mark.parametrize(("name", "path"), LEAVES, ids=[f"{name}-{path}" for name, path in LEAVES])
def test_latency_never_rises_with_a_leaf_of_speed(name, path):
    chip = uncapped(name)
    values = value_at(chip, path) * FACTORS
    compared = 0
    for graph in single_ops():
        if prepare(graph, chip, archsim.Policy()).host:
            continue
        totals = archsim.evaluate_points(graph, chip, {path: values}, ROOM, jit="never")
        latency = totals["latency"][totals["status"] == 0]
        assert np.all(np.diff(latency) <= SLACK * latency[:-1]), graph.name
        compared += len(latency) > 1
    assert compared


@pytest.mark.parametrize("family", FIRST)
def test_a_faster_machine_is_faster_at_something(family):
    """Guards the test above against sweeps that reach nothing."""
    chip = uncapped(FIRST[family])
    faster = {path: 8 * value_at(chip, path) for path in paths_of_speed(chip)}
    if not any(path.endswith("clock") for path in faster):
        pytest.skip("has no clock")
    before, after = (
        [archsim.evaluate(graph, one, ROOM).latency for graph in single_ops()] for one in (chip, with_all(chip, faster))
    )
    assert sum(np.less(after, before)) > len(before) / 4


def inside(result):
    """Energy of a run but for the memory off the chip."""
    return result.energy - result.energy_by_cause.get("off_chip_memory", 0.0)


def lost_hits(once, twice, chip):
    """Longest time that traffic takes which caches no longer save, at half of the outermost memory's bandwidth."""
    memory = chip.spec.memory[0]
    level = next(iter(once.bytes_by_level))

    def moved(result):
        return {op.name: op.count * op.bytes_by_level.get(level, 0.0) for op in result.ops}

    before = moved(once)
    more = sum(max(0.0, amount - 2 * before.get(name, 0.0)) for name, amount in moved(twice).items())
    return 2 * more / (memory.bandwidth * memory.instances) if memory.bandwidth else 0.0


@pytest.mark.parametrize("batch", [1, 4, 32])
@pytest.mark.parametrize("name", MACHINES)
def test_twice_the_batch_costs_at_most_two_runs(name, batch):
    """But for twice the activations no longer staying in a cache from op to op."""
    chip = uncapped(name)
    for workload in BATCHED:
        if prepare(network(workload, batch=batch), chip, archsim.Policy()).host:
            continue  # caches of the host lose hits of their own, and it is held to this by itself
        once, twice = (archsim.evaluate(network(workload, batch=size), chip, ROOM) for size in (batch, 2 * batch))
        assert twice.items == 2 * once.items
        slack = lost_hits(once, twice, chip) + SLACK * once.latency
        assert twice.latency <= 2 * once.latency + slack, workload
        busy = inside(twice) - 2 * inside(once)
        assert busy <= SLACK * inside(once) + slack * 2 * once.power, workload


@pytest.mark.parametrize("name", CAPPED)
def test_twice_the_batch_costs_at_most_two_runs_under_a_power_limit(name):
    """The limit is met within a tolerance, as is the comparison; lost cache hits keep units busy longer."""
    chip = machine(name)
    for workload in ("resnet50", "bert-base", "mobilenet-v2"):
        once, twice = (archsim.evaluate(network(workload, batch=size), chip, ROOM) for size in (16, 32))
        slack = lost_hits(once, twice, chip)
        assert twice.latency <= 2 * once.latency * 1.01 + slack, workload
        assert inside(twice) <= 2 * inside(once) * 1.03 + slack * 2 * once.power, workload


def product(dtype, size):
    b = GraphBuilder(f"{dtype} product of {size}", dtype=dtype)
    b.linear(b.input("x", (size, size)), size, bias=False)
    return b.build()


@pytest.mark.parametrize("dtype", ["fp64", "fp32", "fp16", "int8"])
@pytest.mark.parametrize("name", CAPPED)
def test_the_power_limit_holds(name, dtype):
    chip = machine(name)
    limit = chip.spec.power.limit
    for size in (1024, 4096, 16384):
        graph = product(dtype, size)
        try:
            capped = archsim.evaluate(graph, chip)
        except UnsupportedError as refusal:
            pytest.skip(str(refusal))
        free = archsim.evaluate(graph, uncapped(name))
        assert capped.power <= 1.01 * limit
        assert capped.latency >= free.latency * (1 - SLACK)
        if free.power <= limit:
            assert capped.latency == free.latency and capped.energy == free.energy


@pytest.mark.parametrize("name", CAPPED)
def test_a_lower_power_limit_binds_and_is_met(name):
    graph = product("fp16", 8192)
    free = archsim.evaluate(graph, uncapped(name))
    idle = machine(name).spec.power.idle
    limit = idle + 0.5 * (free.power - idle)
    tight = archsim.evaluate(graph, archsim.with_(machine(name), "power.limit", limit))
    assert tight.latency > free.latency
    assert 0.9 * limit < tight.power <= 1.01 * limit


@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
@pytest.mark.parametrize("workload", ["mobilenet-v2", "llama-2-7b-decode", "bert-base"])
@pytest.mark.parametrize("name", CAPPED)
def test_the_power_limit_holds_where_memory_hides_the_clock(name, workload, share):
    graph = archsim.workload(workload, batch=8)
    free = archsim.evaluate(graph, uncapped(name), capacity="ignore")
    idle = machine(name).spec.power.idle
    limit = idle + share * (free.power - idle)
    capped = archsim.evaluate(graph, archsim.with_(machine(name), "power.limit", limit), capacity="ignore")
    assert 0.9 * limit < capped.power <= 1.001 * limit


def test_a_power_limit_below_the_idle_power_is_refused():
    chip = machine("a100-sxm4-80gb")
    with pytest.raises(InvalidDescriptionError, match="leaves nothing to work with"):
        archsim.with_(chip, "power.limit", chip.spec.power.idle)
