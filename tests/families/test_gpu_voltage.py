"""Clock and voltage of a GPU: what follows a clock that is set, and what a power limit makes of both."""

from __future__ import annotations

import numpy as np
import pytest
from family_samples import gemm, machine, one, only, pointwise

import archsim
from archsim.io.hardware import with_all

V100 = "v100-sxm2-16gb"
SHARES = (0.4, 0.6, 0.8, 1.0, 1.1)
EXACT = {"rel": 1e-9, "abs": 0.0}


def curve(chip):
    return chip.spec.generation.voltage


def voltage(chip):
    """Of a machine at its clock, over the nominal one."""
    v = curve(chip)
    return max(v.floor, 1.0 + v.slope * (chip.spec.clock / chip.spec.boost - 1.0))


def at(share, name=V100, **sets):
    chip = machine(name, **sets)
    return with_all(chip, {"clock": chip.spec.boost * share})


def test_the_nominal_clock_is_the_one_a_file_describes():
    chip = archsim.hardware(V100)
    slow = archsim.with_(chip, "clock", "1.0 GHz")
    assert chip.spec.boost == chip.spec.clock == slow.spec.boost == 1.53e9 and slow.spec.clock == 1e9
    assert archsim.hardware("v100-pcie-32gb").spec.boost == 1.38e9, "not that of the description it extends"
    assert archsim.with_(chip, "boost", "1.4 GHz").spec.boost == 1.4e9


@pytest.mark.parametrize("share", SHARES)
def test_energy_on_the_chip_follows_the_voltage_and_that_of_the_memory_does_not(share):
    """Without the clock of busy multiprocessors, which takes time as well."""
    quiet = {"generation__voltage__busy": 0.0}
    full, slow = (only(gemm(2048, 2048, 2048), at(each, **quiet)) for each in (1.0, share))
    scale = voltage(at(share)) ** 2
    for cause, energy in full.energy_by_cause.items():
        expected = energy if cause == "device memory" else energy * scale
        assert slow.energy_by_cause[cause] == pytest.approx(expected, **EXACT), cause


@pytest.mark.parametrize("share", SHARES)
def test_static_power_has_a_part_that_follows_the_clock_and_one_that_leaks(share):
    chip = at(share)
    result = archsim.evaluate(pointwise(2**24), chip)
    v, here = curve(chip), voltage(chip)
    constant = 1.0 - v.clocking - v.leakage
    power = chip.spec.power.idle * (constant + v.clocking * share * here**2 + v.leakage * here**v.exponent)
    assert result.energy_by_detail["static"] == pytest.approx(power * result.latency, **EXACT)


@pytest.mark.parametrize("share", SHARES)
def test_busy_multiprocessors_draw_the_power_of_their_clock(share):
    ops = [only(pointwise(2**24), at(share, generation__voltage__busy=busy)) for busy in (0.0, 1.0)]
    chip = at(share)
    power = chip.spec.multiprocessors * share * voltage(chip) ** 2
    kernel = ops[1].exposed["hbm"]
    grown = ops[1].energy_by_cause["instructions"] - ops[0].energy_by_cause["instructions"]
    assert grown == pytest.approx(power * kernel, rel=1e-6)


def test_the_board_loses_a_share_of_what_the_chip_draws():
    quiet = {"generation__voltage__busy": 0.0}
    lossy, ideal = (
        only(gemm(512, 512, 512), machine(V100, generation__voltage__regulator=share, **quiet)) for share in (0.8, 1.0)
    )
    for cause, energy in ideal.energy_by_cause.items():
        assert lossy.energy_by_cause[cause] == pytest.approx(energy if cause == "device memory" else energy / 0.8)


def test_operands_of_matrix_instructions_are_paid_for():
    bare, paid = (only(gemm(512, 512, 512), machine(V100, issue__matrix_bytes=each)) for each in (0.125, 640.0))
    macs = 512**3
    per_mac = (paid.energy_by_cause["instructions"] - bare.energy_by_cause["instructions"]) / macs
    assert 0.9 * 2.5 < per_mac / 1e-12 < 1.6 * 2.5, "2.5 B of about 1 pJ, and the regulator's loss"


def test_lower_clocks_take_longer_and_save_energy_down_to_some_clock():
    graph = gemm(4096, 4096, 4096)
    results = [archsim.evaluate(graph, at(share)) for share in (1.1, 1.0, 0.85, 0.7, 0.5, 0.3, 0.15)]
    times, energies = [r.latency for r in results], [r.energy for r in results]
    assert times == sorted(times)
    assert energies[0] > energies[1] > energies[2] and min(energies) < energies[-1]


def test_a_sweep_of_the_clock_gives_what_single_evaluations_give():
    chip = machine(V100)
    graph = gemm(1024, 1024, 1024)
    clocks = np.array([0.5, 0.8, 1.0, 1.2]) * chip.spec.boost
    totals = archsim.evaluate_points(graph, chip, {"clock": clocks})
    for clock, total in zip(clocks, totals, strict=True):
        alone = archsim.evaluate(graph, with_all(chip, {"clock": float(clock)}))
        assert (total["latency"], total["energy"].sum()) == pytest.approx((alone.latency, alone.energy), rel=1e-12)


def layers(b):
    """Products and pointwise functions in turn: some of the time follows the clock."""
    x = b.input("x", (4096, 2048))
    for _ in range(3):
        x = b.elementwise("relu", b.linear(x, 2048, bias=False))


@pytest.mark.parametrize("name", [V100, "a100-sxm4-80gb", "h200-sxm"])
@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 0.99])
@pytest.mark.parametrize("graph", [gemm(8192, 4096, 4096), pointwise(2**26), one(layers)])
def test_the_limit_is_met_by_clock_and_voltage(name, share, graph):
    free = archsim.evaluate(graph, machine(name))
    limit = share * free.power
    capped = archsim.evaluate(graph, machine(name, power__limit=limit))
    assert capped.power <= limit * (1 + 2e-6)
    assert capped.power >= limit * 0.99 or capped.latency == pytest.approx(free.latency, rel=1e-6)
    assert capped.latency >= free.latency


def test_a_voltage_that_follows_loses_less_time_to_a_limit():
    graph = gemm(8192, 8192, 8192)
    limit = 0.7 * archsim.evaluate(graph, machine(V100)).power
    stiff = {"generation__voltage__floor": 1.0}
    follows, stays = (archsim.evaluate(graph, machine(V100, power__limit=limit, **how)) for how in ({}, stiff))
    assert follows.power == pytest.approx(limit, rel=1e-3) == pytest.approx(stays.power, rel=1e-3)
    assert follows.latency < 0.95 * stays.latency


@pytest.mark.parametrize("graph", [gemm(2048, 2048, 2048), pointwise(2**24)])
def test_a_limit_just_above_rest_is_met_at_a_crawl(graph):
    """What the clock and the voltage take off the power at rest is what is left to work with."""
    chip = machine(V100)
    limit = 1.001 * chip.spec.power.idle
    capped = archsim.evaluate(graph, with_all(chip, {"power.limit": limit}))
    assert 0.95 * limit <= capped.power <= limit * (1 + 2e-6)
    assert capped.latency > 2 * archsim.evaluate(graph, chip).latency
