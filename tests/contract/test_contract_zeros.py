"""What a family says it gains from zeros is what it gains: nothing more, and something on one machine at least."""

from __future__ import annotations

import pytest
from contract_machines import FAMILIES, MACHINES, machine, of_family
from contract_workloads import ROOM

import archsim
from archsim.arch import registry
from archsim.graph import GraphBuilder, Role
from archsim.graph.tensor import STRUCTURES
from archsim.graph.work import MatMul
from archsim.io.hardware import with_all

SIZE, ROWS = 2048, 64
DENSITY = {"n:m": 0.5}
FEW = 0.02
STRUCTURED = {"systolic": {"array.structured": True}}
"""What a description must say for its machine to skip zeros."""
FEW_ZEROS = 1e-9


def product(operand, structure, rows=ROWS):
    density = DENSITY.get(structure, FEW) if structure != "dense" else 1.0
    zeros = {"density": density, "structure": structure}
    b = GraphBuilder("product", dtype="int8")
    x = b.tensor("x", (rows, SIZE), Role.INPUT, dtype="int8", **(zeros if operand == "inputs" else {}))
    w = b.weight("w", (SIZE, SIZE), **(zeros if operand == "weights" else {}))
    b.op("product", MatMul(1, rows, SIZE, SIZE), [x, w], (rows, SIZE))
    return b.build()


def cost(graph, chip):
    """Time, energy besides that at rest, and MACs performed on the machine itself; nothing for what its host does."""
    result = archsim.evaluate(graph, chip, ROOM)
    (op,) = [op for op in result.ops if op.name == "product"]
    if op.placed_on != chip.name:
        return None
    return result.latency, op.energy, op.macs_performed


def compared(chip, operand, structure, rows=ROWS):
    """Those with zeros over those without; for spikes, over twice as many spikes."""
    dense = cost(product(operand, "dense", rows), chip)
    zeros = cost(product(operand, structure, rows), chip)
    if zeros is None:
        return None
    if dense is None:  # takes spikes only
        dense = (zeros[0] * 2, zeros[1] * 2, float(rows * SIZE * SIZE))
    return [few / many for few, many in zip(zeros, dense, strict=True)]


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_said_is_well_said(family):
    said = registry.get(family).zeros
    assert len({(each.operand, each.structure) for each in said}) == len(said)
    for each in said:
        assert each.operand in ("weights", "inputs") and each.structure in STRUCTURES and each.note
        assert each.effect in ("skipped", "gated")


@pytest.mark.parametrize("name", MACHINES)
def test_nothing_is_gained_in_silence(name):
    chip = machine(name)
    said = {(each.operand, each.structure) for each in registry.get(chip.family).zeros}
    for operand in ("weights", "inputs"):
        for structure in STRUCTURES[1:]:
            if (operand, structure) in said or (operand, structure) == ("weights", "temporal"):
                continue
            ratios = compared(chip, operand, structure)
            assert ratios is None or ratios == pytest.approx([1.0, 1.0, 1.0], rel=FEW_ZEROS), (operand, structure)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_said_is_gained_by_some_machine(family):
    machines = [with_all(machine(name), STRUCTURED.get(family, {})) for name in of_family(family)]
    for each in registry.get(family).zeros:
        found = [
            ratios for chip in machines for rows in (1, ROWS)
            if (ratios := compared(chip, each.operand, each.structure, rows)) is not None
        ]  # fmt: skip
        assert any(energy < 1.0 - FEW_ZEROS for _, energy, _ in found), each
        if each.effect == "skipped":
            assert any(time < 1.0 and done < 1.0 for time, _, done in found), each
        else:
            assert all(time == pytest.approx(1.0, rel=FEW_ZEROS) for time, _, _ in found), each
