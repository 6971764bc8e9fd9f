"""Systems of different machines: every op on one of them, tensors over the host, everything charged and named."""

from __future__ import annotations

import pytest
from engine_samples import partial, sandwich

import archsim
from archsim.cli import main
from archsim.errors import ArchsimError, DoesNotFitError, UnsupportedError, UsageError

SYSTEM = """
schema: 1
name: pair
title: Two machines
host: xeon-gold-6248
members:
  - {name: near, chip: "null", memory: shared}
  - {name: far, chip: a100-pcie-80gb, lanes: 16, link: link-pcie-4}
"""


@pytest.fixture
def pair(tmp_path):
    file = tmp_path / "pair.yaml"
    file.write_text(SYSTEM)
    return archsim.system(file)


@pytest.mark.parametrize("workload", ["resnet18", "bert-base", "spiking-mlp"])
@pytest.mark.parametrize("system", ["xeon-a100-dota", "xeon-isaac-loihi"])
@pytest.mark.parametrize("placement", ["first", "latency", "energy"])
def test_nothing_is_dropped_and_macs_are_kept(system, workload, placement):
    graph = archsim.workload(workload)
    result = archsim.evaluate(graph, system, placement=placement, capacity="ignore")
    alone = archsim.evaluate(graph, "xeon-gold-6248")
    assert result.macs == alone.macs
    ran = sum(op.count for op in result.ops if op.placed_on != "link")
    assert ran == len(result.run.graph.ops) - len(result.run.placement.moves)
    assert sum(result.exposed.values()) == pytest.approx(result.latency)
    assert result.energy_by_cause["static"] > 0.0 and "host static" in result.energy_by_detail
    assert any("ops are placed by" in text for text in result.warnings)


def test_the_cheaper_place_is_chosen():
    results = {placement: archsim.evaluate("bert-base", "xeon-a100-dota", placement=placement)
               for placement in ("first", "latency", "energy")}  # fmt: skip
    assert results["latency"].latency <= results["first"].latency
    assert archsim.evaluate("bert-base", "xeon-a100-dota").latency == results["latency"].latency


def test_inputs_come_from_the_host_and_pass_it(pair):
    result = archsim.evaluate("resnet18", pair, placement="first", fusion="none")
    ends = result.run.placement.ends
    assert ("host", "near") in ends.values() and ("near", "far") not in ends.values()
    shared = [op for op in result.ops if op.placed_on == "link" and op.bound == "link of near"]
    assert all(op.latency == 0.0 and op.energy == 0.0 for op in shared)


def test_values_are_changed_by_member(pair):
    slower = archsim.io.systems.with_values(pair, {"far.memory.hbm.bandwidth": "1 TB/s", "members.far.lanes": 8})
    assert slower.machines["far"].spec.memory[0].bandwidth == 1e12
    assert slower.ways()["far"].bandwidth == pytest.approx(pair.ways()["far"].bandwidth / 2)
    assert (
        archsim.io.systems.with_values(slower, {"host.clock": "1 GHz"}).machines["far"].spec.memory[0].bandwidth == 1e12
    )
    with pytest.raises(UsageError, match=r"'pair' has no 'faar.clock'.*'far'"):
        archsim.io.systems.with_values(pair, {"faar.clock": "1 GHz"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("name: far", "name: host"), "cannot be called 'host'"),
        (("name: far", "name: near"), "two members are called 'near'"),
        (("a100-pcie-80gb", "a100-pcie-80gbb"), "a100-pcie-80gb"),
        (("memory: shared", "memory: none"), "memory"),
        (("link-pcie-4", "link-pcie-9"), "link-pcie"),
    ],
)
def test_wrong_descriptions_say_where(tmp_path, change, problem, capsys):
    file = tmp_path / "wrong.yaml"
    file.write_text(SYSTEM.replace(*change))
    with pytest.raises(ArchsimError, match=problem) as refused:
        archsim.system(file)
    assert refused.value.exit_code == 3 and "wrong.yaml:" in str(refused.value)
    assert main(["run", "resnet18", str(file)]) == 3
    assert "wrong.yaml:" in capsys.readouterr().err


def test_a_mixed_system_splits_no_layers(pair):
    with pytest.raises(UsageError, match="tensor_parallel=2"):
        archsim.evaluate("resnet18", pair, tensor_parallel=2)


def test_forbidding_the_host_names_the_op(tmp_path):
    chip, file = tmp_path / "limited.yaml", tmp_path / "pair.yaml"
    chip.write_text("schema: 1\nname: limited\ntitle: Limited\nextends: 'null'\nkinds: [matmul]\n")
    file.write_text(SYSTEM.replace('"null"', str(chip)).replace(SYSTEM.splitlines()[-1], ""))
    with pytest.raises(UnsupportedError, match=r"'pair' cannot run 1 of .* ops, the first is 'middle'"):
        archsim.evaluate(sandwich(), archsim.system(file), fallback="forbid", fusion="none")


def test_weights_changed_on_one_side_return_to_their_readers():
    """One step of training: layers on the crossbar, updates on the host, which must hand the weights back."""
    result = archsim.evaluate("mlp", "xeon-isaac-loihi", training=True, placement="first", fusion="none")
    graph, ends = result.run.graph, result.run.placement.ends
    side = {op.name: name for name, ops in result.run.placement.places.items() for op in ops}
    for name, writer in graph.rewritten.items():
        if writer.name in side and graph.tensors[name].role.value == "weight":
            there = {side[op.name] for op in graph.consumers[name] if op.name in side} - {side[writer.name]}
            moved = {target for move, (_, target) in ends.items() if move.startswith(f"{name} to ")}
            assert there <= moved | {side[writer.name]}


def test_the_host_is_asked_what_it_can_run(tmp_path):
    host = tmp_path / "host.yaml"
    host.write_text("schema: 1\nname: poor-host\ntitle: Poor host\nextends: 'null'\nkinds: [matmul]\n")
    chip = partial("matmul")
    with pytest.raises(UnsupportedError, match=r"'null' cannot run 1 of .* ops, the first is 'middle'"):
        archsim.evaluate(sandwich(), chip, fusion="none", host=str(host))


def test_a_machine_without_a_host_may_choose_among_itself():
    first, cheap = (archsim.evaluate("resnet18", "xeon-gold-6248", placement=how) for how in ("first", "latency"))
    assert first.latency == cheap.latency


def test_the_hosts_memory_is_checked():
    small = archsim.system("xeon-isaac-loihi", {"host.memory.dram.capacity": "1 kB"})
    with pytest.raises(DoesNotFitError, match="xeon-gold-6248"):
        archsim.evaluate("spiking-mlp", small)


def test_a_model_no_member_has_is_refused():
    with pytest.raises(UsageError, match="fidelity='bogus': no machine of 'xeon-isaac-loihi'"):
        archsim.evaluate("spiking-mlp", "xeon-isaac-loihi", fidelity="bogus")


@pytest.mark.parametrize("workload", ["gcn-cora", "bfs", "spiking-mlp", "resnet18"])
@pytest.mark.parametrize("system", ["xeon-a100-dota", "xeon-isaac-loihi"])
def test_least_energy_is_no_more_than_least_time(system, workload):
    energy = {
        placement: archsim.evaluate(workload, system, placement=placement, capacity="ignore").energy
        for placement in ("first", "latency", "energy")
    }
    assert energy["energy"] <= min(energy["first"], energy["latency"]) * 1.05  # costs are those of a place on its own
