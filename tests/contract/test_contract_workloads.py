"""Every standard workload evaluates on every machine; what a machine cannot do runs on its host, and is flagged."""

from __future__ import annotations

import pytest
from contract_machines import INTEGERS_ONLY, MACHINES, machine
from contract_workloads import ROOM, SAMPLE, network

import archsim
from archsim.engine.evaluate import prepare
from archsim.errors import UnsupportedError
from archsim.io import catalogue
from archsim.workloads.registry import generators

PARTIAL = """\
schema: 1
family: "null"
name: {name}
title: Contractions only
boundary: chip
process:
  node: {{value: 7 nm, kind: assumed, why: nothing depends on it}}
power: {{idle: 1 W, limit: 10 W}}
rate: {{value: 1 TOP/s, kind: assumed, why: a round number}}
energy: {{value: 1 pJ/OP, kind: assumed, why: a round number}}
memory:
  - {{name: memory, place: off_chip, capacity: 1 TB, bandwidth: 1 TB/s, energy: 0 J/B}}
kinds: [{kinds}]
host: xeon-gold-6248
host_link: {{bandwidth: 16 GB/s, latency: 10 us, energy: 10 pJ/b}}
"""


def check_nothing_dropped(graph, chip, **how):
    """Evaluate, and assert that every op of the graph is in the result, once."""
    result = archsim.evaluate(graph, chip, ROOM, **how)
    placement = prepare(graph, chip, archsim.Policy(**how))
    moves = [op for op in result.ops if op.placed_on == "link"]
    assert sum(op.count for op in result.ops if op.placed_on != "link") == len(placement.graph.ops) - len(moves)
    assert len(moves) == len(placement.moves)
    assert result.macs == archsim.count(graph).macs
    return result


@pytest.mark.parametrize("workload", SAMPLE)
@pytest.mark.parametrize("name", MACHINES)
def test_a_workload_evaluates_with_nothing_dropped(name, workload):
    result = check_nothing_dropped(network(workload), machine(name))
    assert result.latency > 0.0 and result.energy > 0.0
    if archsim.count(network(workload)).flops:
        assert sum(op.flops * op.count for op in result.ops) == pytest.approx(archsim.count(network(workload)).flops)


@pytest.mark.parametrize("workload", [generator.name for generator in generators()])
def test_every_registered_workload_evaluates(workload):
    assert check_nothing_dropped(network(workload), machine("null")).energy >= 0.0


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """A machine that multiplies and convolves and nothing else."""
    path = tmp_path_factory.mktemp("models") / "partial.yaml"
    path.write_text(PARTIAL.format(name="contractions", kinds="matmul, conv"))
    return archsim.hardware(str(path))


@pytest.mark.parametrize("workload", SAMPLE)
def test_what_a_machine_cannot_do_runs_on_its_host_and_is_flagged(partial, workload):
    graph = network(workload)
    result = check_nothing_dropped(graph, partial)
    places = {op.kind: op.placed_on for op in result.ops if op.placed_on != "link"}
    for kind, place in places.items():
        assert place == (partial.name if kind in ("matmul", "conv") else "xeon-gold-6248")
    flagged = [text for text in result.warnings if "xeon-gold-6248" in text and "cannot run" in text]
    elsewhere = sorted(kind for kind in places if kind not in ("matmul", "conv"))
    assert len(flagged) == bool(elsewhere)
    if elsewhere:
        assert f"({', '.join(elsewhere)})" in flagged[0]
        assert result.energy_by_cause["host"] > 0.0
        with pytest.raises(UnsupportedError) as refusal:
            archsim.evaluate(graph, partial, ROOM, fallback="forbid")
        assert repr(next(op.name for op in graph.ops if op.kind in elsewhere)) in str(refusal.value)


def test_a_machine_found_through_the_users_own_folder_falls_back_alike(partial, tmp_path, monkeypatch):
    folder = tmp_path / "hardware" / "null"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(PARTIAL.format(name="mine", kinds="matmul, conv"))
    monkeypatch.setenv("ARCHSIM_MODELS", str(tmp_path))
    mine = archsim.evaluate(network("resnet50"), archsim.hardware("mine"))
    assert mine.hardware == "mine"
    assert mine.latency == archsim.evaluate(network("resnet50"), partial).latency


OTHERS = [entry for entry in catalogue.entries("hardware") if entry.name not in MACHINES]


@pytest.mark.parametrize("entry", OTHERS, ids=lambda entry: entry.name)
def test_machines_that_extend_others_drop_nothing_either(entry):
    """What only extends another machine, or computes integers only, and counts with another simulator's defects."""
    chip = archsim.hardware(entry.name)
    integers = INTEGERS_ONLY in entry.path.read_text(encoding="utf-8").partition("\nprocess:")[0]
    how = {"precision": "int8"} if integers else {}
    for workload in ("gcn-cora", "capsnet", "bfs", "spiking-mlp"):
        assert check_nothing_dropped(network(workload), chip, **how).latency > 0.0
