"""Energies of a digital chip: the published numbers at the published nodes, and what lies between."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping_samples import technology_row

from archsim.arch.tables import LEVELS
from archsim.graph.dtypes import CODES
from archsim.mapping import energies

KIB, MIB = 1024.0, 1024.0**2
PICO = 1e-12


def derived(chip):
    """Energies of a chip row."""
    work = SimpleNamespace(progress=0.0, special_energy=0.0, instruction_energy=0.0, level_energy=[0.0] * LEVELS)
    energies.derive_energies(chip, work)
    return work


def at(node, **changes):
    """A chip row of the Xeon at another node, and its energies."""
    chip = technology_row("xeon-gold-6248", process__node=node, **changes)
    return chip, derived(chip)


PUBLISHED = {
    "45 nm": {"fp32": (3.7, 0.9), "fp16": (1.1, 0.4), "int32": (3.1, 0.1), "int8": (0.2, 0.03)},
    "7 nm": {"fp32": (1.31, 0.38), "fp16": (0.34, 0.16), "bf16": (0.21, 0.11), "int8": (0.07, 0.007)},
}
"""Multiplication and addition, pJ: Horowitz 2014, figure 1.1.9, and Jouppi et al. 2021, table 2."""
SUMS = {"45 nm": {"fp32": 0.9, "int32": 0.1}, "7 nm": {"fp32": 0.38, "int32": 0.03}}
"""Additions of the formats that sums are kept in, pJ."""
ROWS = [(node, name) for node, table in PUBLISHED.items() for name in table]


@pytest.mark.parametrize(("node", "name"), ROWS)
def test_additions_have_the_published_energies(node, name):
    chip, work = at(node)
    assert energies.add_energy(chip, CODES[name], work.progress) == pytest.approx(PUBLISHED[node][name][1] * PICO)


@pytest.mark.parametrize(("node", "name"), ROWS)
def test_a_mac_is_a_multiplication_and_an_addition_in_the_format_of_the_sum(node, name):
    """Narrow floats are summed in fp32, narrow integers in int32."""
    chip, work = at(node)
    multiply = PUBLISHED[node][name][0]
    add = SUMS[node]["int32" if name.startswith("int") else "fp32"]
    assert energies.mac_energy(chip, CODES[name], work.progress) == pytest.approx((multiply + add) * PICO)


@pytest.mark.parametrize(("node", "instruction", "special"), [("45 nm", 70.0, 14.0), ("7 nm", 24.5, 5.3)])
def test_instructions_and_special_functions_at_the_nodes(node, instruction, special):
    _, work = at(node)
    assert work.instruction_energy == pytest.approx(instruction * PICO)
    assert work.special_energy == pytest.approx(special * PICO)


@pytest.mark.parametrize(
    ("node", "capacity", "expected"),
    [("45 nm", 8 * KIB, 1.25), ("45 nm", 1 * MIB, 12.5), ("7 nm", 8 * KIB, 0.9375), ("7 nm", 1 * MIB, 1.75)],
)
def test_arrays_have_the_published_energies(node, capacity, expected):
    """A cache of every core, so without wires."""
    _, work = at(node, memory__l1__capacity=capacity)
    assert work.level_energy[3] == pytest.approx(expected * PICO)


@pytest.mark.parametrize(("node", "ratio"), [("45 nm", 10.0), ("7 nm", 14 / 7.5)])
def test_arrays_between_and_beyond_follow_the_power_law_of_their_node(node, ratio):
    """The ratio is that of 1 MiB to 8 KiB: sizes on the way in equal steps are equal factors apart."""
    found = [at(node, memory__l1__capacity=8 * KIB * 128 ** (step / 4))[1].level_energy[3] for step in range(6)]
    factors = [after / before for before, after in itertools.pairwise(found)]
    assert factors == pytest.approx([ratio**0.25] * 5)


@pytest.mark.parametrize("capacity", [4 * KIB, 8 * KIB, 100 * KIB, 1 * MIB, 30 * MIB])
def test_at_a_node_between_an_array_lies_on_the_power_law_through_both(capacity):
    older, middle, newer = (
        at(node, memory__l1__capacity=capacity)[1].level_energy[3] for node in (45e-9, math.sqrt(45e-9 * 7e-9), 7e-9)
    )
    assert middle == pytest.approx(math.sqrt(older * newer))


@pytest.mark.parametrize(("node", "wires"), [("45 nm", 121.0), ("7 nm", 50.0)])
def test_a_memory_the_whole_die_shares_adds_its_wires(node, wires):
    """Half an edge for eight bits: 4 x 20 mm on a die of 400 mm2."""
    changes = {"process__area": 400e-6, "memory__l3__capacity": 1 * MIB, "memory__l1__capacity": 1 * MIB}
    _, work = at(node, **changes)
    array, shared = work.level_energy[3], work.level_energy[1]
    assert shared - array == pytest.approx(4 * 20e-3 * wires * 1e-15 / 1e-3)


def test_a_memory_in_parts_and_a_die_of_unknown_size_add_none():
    parts = at("45 nm", memory__l3__instances=4, memory__l3__capacity=1 * MIB)[1]
    assert parts.level_energy[1] == pytest.approx(12.5 * PICO)
    chip = technology_row("xeon-gold-6248", process__node="45 nm", memory__l3__capacity=1 * MIB)
    chip.process_area = math.nan
    assert derived(chip).level_energy[1] == pytest.approx(12.5 * PICO)


def test_what_a_description_says_is_taken_as_it_is():
    _, work = at("7 nm", memory__dram__energy="17 pJ/b", memory__l1__energy="3 pJ/B")
    assert work.level_energy[0] == pytest.approx(17 * 8 * PICO)
    assert work.level_energy[3] == pytest.approx(3 * PICO)


@given(st.floats(5e-9, 60e-9), st.floats(1.0, 3.0))
def test_an_older_node_never_takes_less(node, factor):
    chip = technology_row("xeon-gold-6248")
    newer, older = (SimpleNamespace(**vars(chip) | {"process_node": each}) for each in (node, node * factor))
    before, after = derived(newer), derived(older)
    assert before.instruction_energy <= after.instruction_energy * (1 + 1e-9)
    for level in range(int(chip.memory_count)):
        assert before.level_energy[level] <= after.level_energy[level] * (1 + 1e-9)
    for code in CODES.values():
        energy = energies.mac_energy(newer, code, before.progress)
        assert 0 < energy <= energies.mac_energy(older, code, after.progress) * (1 + 1e-9)
