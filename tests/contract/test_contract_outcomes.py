"""Every outcome on every machine: finite, not negative, and made of its parts."""

from __future__ import annotations

import math

import pytest
from contract_machines import FAMILIES, FIRST, MACHINES, machine
from contract_workloads import ROOM, network, single_ops

import archsim
from archsim.arch import registry
from archsim.arch.family import GROUPS, STATIC
from archsim.graph.work import Elementwise

SLACK = 1e-9
LITTLE_TIME, LITTLE_ENERGY = 1e-6, 1e-9
"""What a few dozen elements may take on machines that start an op at once and rest without power, s and J."""
RUNS = {
    "resnet50": ("resnet50", {}),
    "mobilenet-v2": ("mobilenet-v2", {}),
    "bert-base": ("bert-base", {}),
    "llama-2-7b-decode": ("llama-2-7b-decode", {}),
    "capsnet": ("capsnet", {}),
    "bfs": ("bfs", {}),
    "spiking-mlp": ("spiking-mlp", {}),
    "mamba-130m": ("mamba-130m", {}),
    "resnet18-training": ("resnet18", {"training": True}),
    "gpt2-training": ("gpt2", {"training": True, "optimiser": "adam", "fusion": "full"}),
    "bert-base-unfused": ("bert-base", {"fusion": "none"}),
    "resnet50-int8": ("resnet50", {"precision": "int8"}),
}


def near(total, parts):
    return abs(math.fsum(parts) - total) <= SLACK * total


def is_amount(value):
    return math.isfinite(value) and value >= 0.0


def check_result(result):
    """Assert every law that all results obey."""
    for total in (result.latency, result.energy, result.power, result.throughput):
        assert is_amount(total)
    for parts in (result.energy_by_cause, result.energy_by_detail, result.exposed, result.bytes_by_level):
        assert all(is_amount(amount) for amount in parts.values())
    assert near(result.energy, result.energy_by_cause.values())
    assert near(result.energy, result.energy_by_detail.values())
    assert near(result.latency, result.exposed.values())
    assert near(result.latency, (op.latency * op.count for op in result.ops))
    assert set(result.energy_by_cause) <= set(GROUPS)
    assert result.bound in result.exposed
    for op in result.ops:
        check_op(op)
    moving = math.fsum(op.energy * op.count for op in result.ops)
    assert near(result.energy, (moving, *(part for name, part in result.energy_by_detail.items() if "static" in name)))


def check_op(op):
    assert is_amount(op.latency) and is_amount(op.energy) and is_amount(op.utilisation)
    assert op.utilisation <= 1.0 + SLACK
    assert near(op.latency, op.exposed.values())
    assert near(op.energy, op.energy_by_cause.values())
    assert all(is_amount(amount) for amount in op.bytes_by_level.values())
    assert not op.exposed or op.bound in op.exposed


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("name", MACHINES)
def test_parts_add_up(name, run):
    workload, how = RUNS[run]
    check_result(archsim.evaluate(network(workload), machine(name), ROOM, **how))


@pytest.mark.parametrize("name", MACHINES)
def test_parts_of_every_kind_of_op_add_up(name):
    for graph in single_ops():
        check_result(archsim.evaluate(graph, machine(name), ROOM))


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_names_everything_it_counts(family):
    of = registry.get(family)
    assert family in FIRST, "a family ships at least one machine"
    assert of.name == family and of.title
    assert of.causes[0] == STATIC
    assert {cause.group for cause in of.causes} <= set(GROUPS)
    assert of.verdicts[0] == "ok"
    spec = machine(FIRST[family]).spec
    for names in ([cause.name for cause in of.causes], of.resource_names(spec), of.verdicts):
        assert len(set(names)) == len(names)
    assert of.capacity(spec) > 0.0


@pytest.mark.parametrize("name", MACHINES)
def test_nothing_to_do_costs_overhead_and_static_energy(name):
    def one(elements, function="copy"):
        b = archsim.GraphBuilder("little")
        b.op("little", Elementwise(function, elements, 0.0, 0.0), [b.input("x", (elements,))], None)
        return archsim.evaluate(b.build(), machine(name))

    least, more = one(1), one(64)
    if least.ops[0].placed_on != name:
        pytest.skip("its host does it")
    assert least.latency == pytest.approx(more.latency, rel=1e-3, abs=LITTLE_TIME)
    moving = least.energy - least.energy_by_cause.get("static", 0.0)
    assert moving <= max(1e-3 * least.energy_by_cause["static"], LITTLE_ENERGY)
    for group in ("compute", "conversion", "light"):
        assert least.energy_by_cause.get(group, 0.0) == 0.0
