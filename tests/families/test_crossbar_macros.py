"""Published macros: calculated by hand from their descriptions, and what physics says of bits, values and supply."""

from __future__ import annotations

import math

import pytest

import archsim
from archsim.families.crossbar.area import areas
from archsim.io.hardware import with_all
from archsim.laws import pulses
from archsim.validation.one_product import filled

MACROS = (
    "neurram", "macro-a-jia-2020", "macro-b-sinangil-2021", "macro-d-wang-2022", "colonnade", "aimc1-cicc-2021",
    "aimc2-jssc-2023", "dimc1-isscc-2022", "dimc2-isscc-2022", "dimc4-isscc-2023",
)  # fmt: skip
VECTORS = 64


@pytest.fixture(scope="module")
def machines():
    return {name: archsim.hardware(name) for name in MACROS}


@pytest.mark.parametrize("name", MACROS)
def test_a_macro_says_what_it_includes_and_costs_something(machines, name):
    chip = machines[name]
    assert chip.spec.boundary == "macro"
    peak = filled(chip, VECTORS)
    assert peak.latency > 0.0 and peak.energy > 0.0
    assert sum(peak.by_cause.values()) == pytest.approx(peak.energy)


def neurram(chip, given, asked, phase):
    sets = {"inputs.bits": given, "inputs.pulse_bits": phase, "precision.result_bits": asked}
    return filled(with_all(chip, sets), VECTORS)


@pytest.mark.parametrize(("given", "asked", "phase"), [(1, 3, 1), (3, 5, 2), (5, 7, 4), (5, 7, 2), (8, 10, 4)])
def test_neurram_by_hand(machines, given, asked, phase):
    """Places, samples, phases and bits found: word lines, neurons, rows and time of one vector on all cores."""
    chip, spec = machines["neurram"], machines["neurram"].spec
    peak = neurram(chip, given, asked, phase)
    beside = max(1, given - 1)
    phases = math.ceil(beside / phase)
    samples, found = pulses.sampling_steps(beside, phase), pulses.resolved_bits(asked, beside, phase)
    cores, neurons, array = 48, 256, spec.array
    lines = cores * (beside * array.periphery + phases * array.phase_periphery)
    assert peak.each("array periphery") / VECTORS == pytest.approx(lines)
    neuron = beside * array.sample + samples * array.integrate + found * spec.adc.energy / spec.adc.bits
    assert peak.each("output conversion") / VECTORS == pytest.approx(cores * neurons * neuron)
    rows = cores * array.rows * beside * spec.dac.energy * spec.values.input_density
    assert peak.each("input conversion") / VECTORS == pytest.approx(rows)
    time = samples * array.read + phases * array.phase_time + found / spec.adc.bits / spec.adc.rate
    assert peak.latency / VECTORS == pytest.approx(time, rel=1e-3)


def test_neurram_word_lines_are_their_capacitance_and_swing(machines):
    line = 48e-15 + 256 * (1.5e-15 + 0.6e-15)
    assert machines["neurram"].spec.array.periphery == pytest.approx(256 * line * 2.2 * (2.2 - 0.9), rel=1e-3)


def test_two_phases_pay_for_inputs_of_many_bits(machines):
    """One phase samples 2^m - 1 times: past some bits two phases are faster, before that they are not."""
    chip = machines["neurram"]
    assert neurram(chip, 3, 5, 2).rate > neurram(chip, 3, 5, 1).rate
    assert neurram(chip, 8, 10, 7).rate < neurram(chip, 8, 10, 4).rate


def test_macro_a_takes_bits_one_by_one(machines):
    """Conversions, driven rows and time follow input bits; weight bits share the columns."""
    chip = machines["macro-a-jia-2020"]
    single = filled(with_all(chip, {"weights.bits": 1, "inputs.bits": 1}), VECTORS)
    double = filled(with_all(chip, {"weights.bits": 1, "inputs.bits": 2}), VECTORS)
    assert double.energy == pytest.approx(2.0 * single.energy)
    assert double.latency == pytest.approx(2.0 * single.latency, rel=1e-3)
    wide = filled(with_all(chip, {"weights.bits": 4, "inputs.bits": 1}), VECTORS)
    assert wide.operations == pytest.approx(single.operations / 4.0)
    assert wide.energy == pytest.approx(single.energy)


def test_macro_b_energy_grows_with_its_inputs(machines):
    """So many pulses for each input: 64 rows at 69.2 fJ each of a full input, beside what nothing moves."""
    chip = machines["macro-b-sinangil-2021"]

    def at(average):
        share = math.sqrt(average) / 4.0
        values = {"input_density": share, "weight_mean": share, "weight_square": max(0.5, share * share)}
        peak = filled(with_all(chip, {f"values.{name}": value for name, value in values.items()}), VECTORS)
        return peak.energy / VECTORS

    still = at(0.0)
    assert at(16.0) - still == pytest.approx(64 * 69.2e-15)
    assert at(4.0) - still == pytest.approx(32 * 69.2e-15)


@pytest.mark.parametrize("voltage", [0.7, 0.9, 1.1])
def test_macro_d_ladders_of_resistors_draw_current_as_long_as_it_takes(machines, voltage):
    chip = machines["macro-d-wang-2022"]
    nominal, moved = filled(chip, VECTORS), filled(with_all(chip, {"supply.voltage": voltage}), VECTORS)
    slower = moved.latency / nominal.latency
    law = ((1.0 - 0.35) / (voltage - 0.35)) ** 1.3 * voltage
    assert slower == pytest.approx(law, rel=1e-3)
    for cause in ("cells", "output conversion", "array periphery"):
        assert moved.each(cause) == pytest.approx(voltage**2 * nominal.each(cause))
    ladders = voltage**2 * law * nominal.each("input conversion")
    assert moved.each("input conversion") == pytest.approx(ladders)


@pytest.mark.parametrize("bits", [1, 4, 8, 9, 15, 16])
def test_colonnade_shares_the_energy_of_a_row(machines, bits):
    """floor(128 / (w + 7)) products share a row that is clocked once for each input bit."""
    chip = machines["colonnade"]
    peak = filled(with_all(chip, {"weights.bits": bits, "inputs.bits": 3}), VECTORS)
    assert peak.outputs == 128 // (bits + 7)
    each = 2.0 * peak.energy / peak.operations
    assert each == pytest.approx(3 * 0.7342e-12 / peak.outputs)


def test_colonnade_follows_its_measured_points(machines):
    chip = machines["colonnade"]
    low, high = (filled(with_all(chip, {"supply.voltage": voltage}), VECTORS) for voltage in (0.6, 0.7))
    assert low.energy / high.energy == pytest.approx(0.4014)  # V^2 would be 0.735
    assert low.latency == pytest.approx(high.latency)


def test_dimc1_is_what_its_authors_model_says(machines):
    """ZigZag-IMC misses its efficiency by 0.93 %, its area by 6.1 % and its clock by 16.7 %."""
    chip = machines["dimc1-isscc-2022"]
    peak = filled(chip, VECTORS)
    volts = 0.7e-15 * 0.81
    tree, sums = 32 * 10 - (9 + 5 + 1), 32
    cycle = 64 * 6 * volts * (0.25 * (32 * 8 * 0.5 + 6 * tree) + 9 * sums)
    assert peak.efficiency == pytest.approx(2 * 32 * 384 / (4 * cycle))
    assert peak.efficiency / 1e12 == pytest.approx(36.63, rel=0.0094)
    assert sum(areas(chip).values()) == pytest.approx(0.9408e-6 * (1 - 0.061), rel=1e-3)
    assert peak.latency / VECTORS / 4 == pytest.approx(5.128e-9 * (1 - 0.1667), rel=1e-3)


def test_aimc1_by_hand(machines):
    """Converters, bit lines, drivers, gates and adders of 1024 x 1024 cells at 0.8 V, and the time of six decisions."""
    peak = filled(machines["aimc1-cicc-2021"], VECTORS)
    volts = 0.8**2
    adc = 1024 * (100 * 6 + 0.001 * 4**6) * volts
    dac = 1024 * 50 * 7 * volts
    cells = 1024 * 1024 * (0.35 + 0.25 * 0.5 * 0.7) * volts
    adders = 512 * 6 * 6 * 0.25 * 0.7 * volts
    assert peak.energy / VECTORS == pytest.approx((adc + dac + cells + adders) * 1e-15, rel=1e-3)
    time = 6 * (0.00653 * 1024 + 0.640) + 0.0478 * (1 + 4.4 + 2 * (6 + 1 - 2))
    assert peak.latency / VECTORS == pytest.approx(time * 1e-9, rel=1e-3)


def test_registers_between_tree_and_accumulator_leave_the_longer_half(machines):
    chip = machines["dimc4-isscc-2023"]
    tree = 1 + 4.8 * 6 + 4.4 + 2 * (8 + 7 - 2)
    adding = 4.8 + 2 * (23 - 15)
    for pipelined, path in ((True, max(tree, adding)), (False, tree + adding)):
        peak = filled(with_all(chip, {"logic.pipelined": pipelined}), VECTORS)
        assert peak.latency / VECTORS / 8 == pytest.approx(path * 47.8e-12, rel=1e-3)


def test_products_that_are_accumulated_first_meet_in_one_tree(machines):
    """DIMC2: 32 accumulators of 16 bits, and a tree that works once in eight pulses."""
    chip = machines["dimc2-isscc-2022"]
    peak = filled(chip, VECTORS)
    tree = sum(32 / 2**level * (16 + level - 1) for level in range(1, 6))
    gates = 0.25 * (0.5 * 32 * 8 + 6 * tree / 8 + 9 * 32 * 16)
    assert peak.energy / VECTORS / 8 == pytest.approx(2 * gates * 0.7e-15 * 0.81)
    area = 2 * (32 * 8 + 7.8 * tree + 13.8 * 32 * 16) * 0.614e-12
    assert areas(chip)["gates"] == pytest.approx(area)
