"""Systems of different machines: every op on one of them, tensors over the host, everything charged and named."""

from __future__ import annotations

import pytest
from engine_samples import sandwich

import archsim
from archsim.cli import main
from archsim.errors import ArchsimError, UnsupportedError, UsageError

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
