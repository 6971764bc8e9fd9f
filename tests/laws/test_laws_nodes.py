"""Energies between process nodes and between memory sizes, against the tables they are taken from."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import cmos, sram, wire

NODES = st.floats(1e-9, 1e-6)
ENERGIES = st.floats(1e-16, 1e-9)
KIB = 1024


@pytest.mark.parametrize(("older", "newer"), [(3.7e-12, 1.31e-12), (1.1e-12, 0.34e-12), (0.03e-12, 0.007e-12)])
def test_both_published_nodes_give_their_own_numbers(older, newer):
    """Horowitz 2014 at 45 nm and Jouppi et al. 2021 at 7 nm: fp32 and fp16 multiplication, int8 addition."""
    assert cmos.between_nodes(cmos.progress(45e-9, 45e-9, 7e-9), older, newer) == pytest.approx(older)
    assert cmos.between_nodes(cmos.progress(7e-9, 45e-9, 7e-9), older, newer) == pytest.approx(newer)


def test_half_the_way_is_the_geometric_mean():
    between = math.sqrt(45e-9 * 7e-9)
    share = cmos.progress(between, 45e-9, 7e-9)
    assert share == pytest.approx(0.5)
    assert cmos.between_nodes(share, 4e-12, 1e-12) == pytest.approx(2e-12)


def test_fourteen_nanometres_by_hand():
    """ln(14/45) / ln(7/45) = 0.6275; 3.7 pJ x (1.31/3.7)^0.6275 = 1.928 pJ."""
    share = cmos.progress(14e-9, 45e-9, 7e-9)
    assert share == pytest.approx(0.6275, abs=1e-4)
    assert cmos.between_nodes(share, 3.7e-12, 1.31e-12) == pytest.approx(1.928e-12, rel=1e-3)


@given(NODES, st.floats(1.01, 100.0), ENERGIES, st.floats(0.0, 6.0))
def test_any_power_law_through_two_nodes_is_found_again(newer, ratio, energy, exponent):
    """Dennard's cube of the feature size among them, inside the two nodes and beyond."""
    older = newer * ratio
    for node in (newer / 2, newer, math.sqrt(newer * older), older, 2 * older):
        share = cmos.progress(node, older, newer)
        found = cmos.between_nodes(share, energy, energy * (newer / older) ** exponent)
        assert found == pytest.approx(energy * (node / older) ** exponent, rel=1e-9)


@given(st.floats(-1.0, 3.0), ENERGIES)
def test_an_operation_without_a_published_value_has_none_at_any_node(share, energy):
    assert cmos.between_nodes(share, 0.0, energy) == cmos.between_nodes(share, energy, 0.0) == 0.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), ENERGIES, st.floats(0.01, 1.0))
def test_newer_nodes_take_no_more(first, second, older, ratio):
    energies = [cmos.between_nodes(share, older, older * ratio) for share in sorted((first, second))]
    assert energies[1] <= energies[0] * (1 + 1e-12)
    assert older * ratio * (1 - 1e-12) <= energies[1]


def test_memory_sizes_of_horowitz():
    """10 pJ and 100 pJ per 64 bits at 8 KiB and 1 MiB: the exponent is ln 10 / ln 128."""
    growth = sram.exponent(8 * KIB, 1.25e-12, 1024 * KIB, 12.5e-12)
    assert growth == pytest.approx(math.log(10) / math.log(128)) == pytest.approx(0.4746, abs=1e-4)
    assert sram.energy(8 * KIB, 8 * KIB, 1.25e-12, growth) == 1.25e-12
    assert sram.energy(1024 * KIB, 8 * KIB, 1.25e-12, growth) == pytest.approx(12.5e-12)
    # 32 KiB, which the law does not know: Horowitz gives 20 pJ per 64 bits, 2.5 pJ/B.
    assert sram.energy(32 * KIB, 8 * KIB, 1.25e-12, growth) == pytest.approx(2.5e-12, rel=0.05)


def test_bit_lines_that_grow_with_the_edge_of_a_square_array():
    assert sram.exponent(1.0, 1.0, 100.0, 10.0) == pytest.approx(0.5)
    assert sram.exponent(1.0, 3.0, 100.0, 3.0) == 0.0


@given(st.floats(1.0, 1e9), st.floats(1.01, 1e4), ENERGIES, st.floats(0.0, 1.0))
def test_larger_arrays_take_no_less_and_both_sizes_give_their_numbers(small, ratio, energy, exponent):
    large, large_energy = small * ratio, energy * ratio**exponent
    growth = sram.exponent(small, energy, large, large_energy)
    assert growth == pytest.approx(exponent, abs=1e-9)
    assert sram.energy(large, small, energy, growth) == pytest.approx(large_energy)
    assert sram.energy(2 * large, small, energy, growth) >= sram.energy(large, small, energy, growth) * (1 - 1e-9)


def test_wires_of_a_die_by_hand():
    """121 fJ per bit and mm across half of a 20 mm edge: 8 bits x 10 mm x 121 fJ = 9.68 pJ."""
    assert wire.die_energy(400e-6, 121e-15 / 1e-3) == pytest.approx(9.68e-12)
    assert wire.die_energy(0.0, 121e-12) == wire.die_energy(400e-6, 0.0) == 0.0


def test_the_mean_way_along_the_edges_to_the_middle_is_half_an_edge():
    rng = random.Random(0)
    edge, count = 3.0, 20_000
    mean = sum(abs(rng.random() - 0.5) + abs(rng.random() - 0.5) for _ in range(count)) * edge / count
    assert wire.die_energy(edge**2, 1.0) == pytest.approx(8 * mean, rel=0.01)


@given(st.floats(1e-9, 1e-2), st.floats(1e-13, 1e-9), st.floats(1.0, 100.0))
def test_a_die_of_twice_the_edge_has_wires_of_twice_the_energy(area, energy, factor):
    assert wire.die_energy(area * factor**2, energy) == pytest.approx(factor * wire.die_energy(area, energy))


def test_factors_of_the_corrigendum():
    """Stillmaker and Baas 2017, section 4.2.1 as corrected: 1 pJ at 65 nm, 1.3 V is 0.1755 pJ at 32 nm, 0.9 V."""
    after = cmos.energy_factor(0.9, 0.8367, -0.4341, 0.1701)
    before = cmos.energy_factor(1.3, 3.755, -4.398, 1.975)
    assert after == pytest.approx(0.4571, abs=5e-4)
    assert before == pytest.approx(2.604, abs=5e-4)
    assert after / before == pytest.approx(0.1755, abs=2e-4)


def test_delay_is_the_polynomial():
    """7 nm at 0.7 V: -28.58 x 0.343 + 76.6 x 0.49 - 70.26 x 0.7 + 24.69 = 3.239."""
    assert cmos.delay_factor(0.7, -28.58, 76.6, -70.26, 24.69) == pytest.approx(3.239, abs=1e-3)
    assert cmos.delay_factor(2.0, 1.0, 10.0, 100.0, 1000.0) == 8.0 + 40.0 + 200.0 + 1000.0


@given(st.floats(0.01, 10.0), st.floats(0.01, 10.0))
def test_power_times_delay_is_energy(energy, delay):
    assert cmos.power_factor(energy, delay) * delay == pytest.approx(energy)
