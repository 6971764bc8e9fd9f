"""Machines from node to node: what scales, by how much, and what stays."""

from __future__ import annotations

import itertools
import math

import pytest

import archsim
from archsim.arch import registry
from archsim.arch.columns import columns
from archsim.arch.scaling import Scale
from archsim.errors import UnsupportedError
from archsim.io import catalogue
from archsim.io.processes import process_table
from archsim.laws import adc
from archsim.study.nodes import LAWS, area_of, at_node

FAMILIES = ("cpu", "crossbar", "gpu", "optical", "spiking", "systolic")
PHYSICAL = {
    "time", "frequency", "energy", "energy per byte", "energy per conversion step", "power", "area", "voltage",
    "capacitance", "bandwidth",
}  # fmt: skip
"""Dimensions of what may follow a process; sizes, counts, bits and losses do not."""
OF_ITSELF = ("technology.",)
"""Follows the node by its own law."""
PUBLISHED_AREAS = {
    180: (1, 0.34, 0.15, 0.08, 0.053, 0.025, 0.011, 0.01, 0.0093, 0.0055, 0.0032),
    65: (12, 4.3, 1.9, 1, 0.66, 0.31, 0.14, 0.13, 0.12, 0.068, 0.039),
    45: (19, 6.4, 2.8, 1.5, 1, 0.46, 0.21, 0.19, 0.17, 0.1, 0.059),
    20: (88, 30, 13, 7.1, 4.7, 2.2, 1, 0.89, 0.82, 0.48, 0.28),
}
"""Rows of the table of areas as published, to every node; two digits."""


@pytest.mark.parametrize("family", FAMILIES)
def test_every_physical_leaf_says_what_it_follows(family):
    """A leaf that is added without a rule would silently stay as it is."""
    names = [entry.name for entry in catalogue.entries("hardware") if entry.family == family]
    rules = registry.get(family).scaling(archsim.hardware(names[0]))
    leaves = {
        ".".join(column.path): column.quantity.dimension.name
        for column in columns(registry.get(family).spec)
        if column.quantity is not None and not ".".join(column.path).startswith(OF_ITSELF)
    }
    assert not set(rules) - set(leaves), "rules of leaves that do not exist"
    assert [path for path, dimension in leaves.items() if dimension in PHYSICAL and path not in rules] == []


@pytest.mark.parametrize("older", PUBLISHED_AREAS)
def test_areas_are_the_published_table(older):
    """Its entries have two digits, and so have those at 7 nm they are reckoned from here."""
    nodes = [round(row.node * 1e9) for row in process_table().nodes]
    area = {round(row.node * 1e9): row.area for row in process_table().nodes}
    for newer, published in zip(nodes, PUBLISHED_AREAS[older], strict=True):
        assert area[newer] / area[older] == pytest.approx(published, rel=0.07)


def test_delay_and_energy_fall_but_for_the_step_to_fins():
    """Every newer node is faster and takes less, but 20 nm, the first with fins, is slower than 32 nm."""
    slow = archsim.hardware("tesla-k80")
    found = [at_node(slow, row.node, "stillmaker").factors for row in process_table().nodes]
    delays = [next(f.value for f in each if f.what == Scale.DELAY) for each in found]
    energies = [next(f.value for f in each if f.what == Scale.LOGIC) for each in found]
    rises = [index for index, (one, two) in enumerate(itertools.pairwise(delays)) if two > one]
    assert rises == [5]
    assert energies == sorted(energies, reverse=True)


def test_published_energies_by_hand():
    """An instruction takes 70 pJ at 45 nm and 24.5 pJ at 7 nm: from 22 nm (24.5 / 70)^(ln 22/7 / ln 45/7) = 0.524."""
    moved = at_node(archsim.hardware("xeon-e5-2699-v3"), 7e-9)
    factors = {factor.what: factor.value for factor in moved.factors}
    by_hand = (24.5 / 70.0) ** (math.log(22 / 7) / math.log(45 / 7))
    assert factors[Scale.LOGIC] == pytest.approx(by_hand, rel=1e-9)
    assert factors[Scale.DELAY] == 1.0, "no published pair of clocks"
    assert moved.chip.spec.clock == archsim.hardware("xeon-e5-2699-v3").spec.clock
    # 32 to 20 nm is 7.8 to 3.6 in area; 22 nm lies 0.797 of the way
    share = math.log(22 / 32) / math.log(20 / 32)
    assert factors[Scale.AREA] == pytest.approx(1.0 / (7.8 * (3.6 / 7.8) ** share), rel=1e-9)
    assert area_of(moved.chip) == pytest.approx(662e-6 * factors[Scale.AREA])


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", ["xeon-gold-6248", "v100-sxm2-16gb", "tpu-v3", "isaac", "dota-b", "loihi1-sanafe"])
def test_there_and_back_is_the_machine_as_it_was(name, law):
    chip = archsim.hardware(name)
    back = at_node(at_node(chip, 10e-9, law).chip, chip.spec.process.node, law).chip
    assert _numbers(back.spec.model_dump()) == pytest.approx(_numbers(chip.spec.model_dump()), rel=1e-9)


def _numbers(node, path=""):
    if isinstance(node, dict):
        return {key: value for name, child in node.items() for key, value in _numbers(child, f"{path}.{name}").items()}
    if isinstance(node, list | tuple):
        return {key: value for i, child in enumerate(node) for key, value in _numbers(child, f"{path}[{i}]").items()}
    number = isinstance(node, int | float) and not isinstance(node, bool) and math.isfinite(node)
    return {path: float(node)} if number else {}


def test_laws_part_ways_where_nothing_was_published():
    """From 130 nm: (24.5 / 70)^(ln 130/7 / ln 45/7) = 0.192 against polynomials at 1.3 V and 0.7 V."""
    chip = archsim.with_(archsim.hardware("t4"), "process.node", "130 nm")
    one, two = ({factor.what: factor for factor in at_node(chip, 7e-9, law).factors}[Scale.LOGIC] for law in LAWS)
    assert one.value == pytest.approx((24.5 / 70.0) ** (math.log(130 / 7) / math.log(45 / 7)), rel=1e-9)
    assert (one.value, two.value) == (pytest.approx(0.192, abs=5e-4), pytest.approx(0.0076, abs=5e-5))
    assert one.law == "power law through 45 nm and 7 nm, extrapolated beyond 45 nm, mean of operations"
    assert (one.extrapolated, two.extrapolated) == (True, False)
    within = at_node(archsim.with_(chip, "process.node", "45 nm"), 7e-9).factors
    assert not any(factor.extrapolated for factor in within)


def test_the_same_node_changes_nothing():
    chip = archsim.hardware("a100-sxm4-80gb")
    moved = at_node(chip, 7e-9)
    assert moved.chip is chip
    assert moved.factors == moved.kept == ()


def test_simulated_energies_reach_the_joules():
    """Arithmetic of a run takes the factor of the polynomials, and the whole run follows the clock."""
    chip = archsim.hardware("tpu-v3")
    moved = at_node(chip, 7e-9, "stillmaker")
    factors = {factor.what: factor.value for factor in moved.factors}
    graph = archsim.workload("resnet18", batch=8)
    before, after = (archsim.evaluate(graph, machine, jit="never") for machine in (chip, moved.chip))
    ratio = after.energy_by_detail["multiply-accumulates"] / before.energy_by_detail["multiply-accumulates"]
    assert ratio == pytest.approx(factors[Scale.LOGIC], rel=1e-9)
    assert moved.chip.spec.clock == pytest.approx(chip.spec.clock / factors[Scale.DELAY])
    assert before.latency > after.latency > before.latency * factors[Scale.DELAY], "memory outside keeps its pace"
    assert after.energy_by_cause["off_chip_memory"] == pytest.approx(before.energy_by_cause["off_chip_memory"])


def test_what_stays_and_what_does_not_in_light():
    chip = archsim.hardware("dota-b")
    moved = at_node(chip, 7e-9)
    one, two = chip.spec, moved.chip.spec
    for path in ("core", "modulator", "receiver", "laser", "dac", "power", "path"):
        assert getattr(two, path) == getattr(one, path)
    ratio = adc.surveyed_energy(4.0, 10e9, 7e-9, 0.5) / adc.surveyed_energy(4.0, 10e9, 14e-9, 0.5)
    assert two.adc.energy == pytest.approx(one.adc.energy * ratio)
    assert two.adder < one.adder
    assert two.areas.core == one.areas.core
    assert two.memory[0] == one.memory[0], "memory outside the chip"
    assert any("light" in part for part in moved.kept)


def test_cells_that_sum_on_wires_stay_and_cells_of_logic_do_not():
    analog, digital = archsim.hardware("isaac"), archsim.hardware("colonnade")
    assert at_node(analog, 7e-9).chip.spec.cell == analog.spec.cell
    moved = at_node(digital, 28e-9, "stillmaker").chip
    assert moved.spec.cell.area < digital.spec.cell.area
    assert moved.spec.array.read < digital.spec.array.read


def test_dies_of_mixed_parts_scale_part_by_part():
    """ISAAC's cells, drivers and links stay, converters go by the survey, the rest by the table."""
    chip = archsim.hardware("isaac")
    moved = at_node(chip, 7e-9)
    before, after = (registry.get("crossbar").areas(each) for each in (chip, moved.chip))
    for part in ("cells", "input converters", "shared"):
        assert after[part] == before[part]
    factors = {factor.what: factor.value for factor in moved.factors}
    assert after["tiles"] == pytest.approx(before["tiles"] * factors[Scale.AREA])
    assert sum(before.values()) == pytest.approx(85.4e-6, rel=1e-3), "its parts are the die"
    assert area_of(moved.chip) == pytest.approx(sum(after.values()), rel=1e-3)

    raella, there = archsim.hardware("raella"), at_node(archsim.hardware("raella"), 7e-9).chip
    parts = [sum(registry.get("crossbar").areas(each).values()) for each in (raella, there)]
    assert area_of(there) == pytest.approx(parts[1] + (600e-6 - parts[0]) * factors[Scale.AREA])


def test_citations_say_that_they_were_scaled_and_bounds_go_along():
    chip = archsim.hardware("tpu-v3")
    moved = at_node(chip, 7e-9).chip
    assert moved.cited["process", "area"].why.endswith("scaled: area of logic, 16 nm to 7 nm")
    idle = moved.cited["power", "idle"]
    assert idle.source == chip.cited["power", "idle"].source
    assert "scaled: power of logic" in idle.where
    assert str(idle.kind) == "estimated", "what was measured is no longer"
    assert moved.cited["clock",] == chip.cited["clock",], "what did not change says what it said"
    area = moved.cited["process", "area"]
    assert area.low / area.text == pytest.approx(550 / 700)


def test_memory_outside_keeps_its_share_of_the_power_limit():
    """Of 300 W a V100 gives its HBM2 its bandwidth times the energy per byte, whatever the logic takes."""
    chip = archsim.hardware("v100-sxm2-16gb")
    memory = chip.spec.memory[0]
    outside = memory.bandwidth * memory.energy
    moved = at_node(chip, 7e-9)
    power = next(factor.value for factor in moved.factors if factor.what == Scale.POWER)
    assert moved.chip.spec.power.limit == pytest.approx(outside + (300.0 - outside) * power)


def test_nodes_outside_the_table_are_refused():
    with pytest.raises(UnsupportedError, match=r"'h100-pcie-80gb' is made at 4 nm.*180 nm to 7 nm"):
        at_node(archsim.hardware("h100-pcie-80gb"), 7e-9)
    with pytest.raises(UnsupportedError, match=r"node 5 nm is asked for.*; ask for 7 nm"):
        at_node(archsim.hardware("t4"), 5e-9)
    with pytest.raises(UnsupportedError, match="'null' does not say"):
        at_node(archsim.hardware("null"), 10e-9)


def test_area_is_the_die_or_the_sum_of_parts_or_nothing():
    assert area_of(archsim.hardware("a100-sxm4-80gb")) == 826e-6
    assert area_of(archsim.hardware("dota-b")) == pytest.approx(60.3e-6, rel=1e-3)
    assert area_of(archsim.hardware("hermes-64-core")) is None
