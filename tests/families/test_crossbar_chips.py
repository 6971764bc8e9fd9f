"""Published analog chips: peaks from structure, modes of reading, sums of a table, layers of a tool, what-ifs."""

from __future__ import annotations

import math

import pytest

import archsim
from archsim.families.crossbar.area import areas
from archsim.graph import GraphBuilder
from archsim.graph.counts import count
from archsim.io.hardware import with_all
from archsim.validation.checks import isaac_table, neurosim_vgg8
from archsim.validation.full_load import full_load, unhindered

BOUNDARIES = {
    "isaac": "chip",
    "puma": "system",
    "hermes-64-core": "macro",
    "hermes-64-core-4-phase": "macro",
    "ibm-34-tile": "chip",
    "raella": "chip",
    "neurosim-22nm": "chip",
    "mythic-m1076": "chip",
}
LABELS = {
    "ISAAC": "isaac",
    "PUMA": "puma",
    "HERMES-64core": "hermes-64-core",
    "IBM-34tile": "ibm-34-tile",
    "RAELLA": "raella",
    "Mythic M1076": "mythic-m1076",
}


def product(vectors, depth, features, dtype="int8"):
    b = GraphBuilder("product", dtype=dtype)
    b.linear(b.input("x", (vectors, depth)), features, bias=False)
    return b.build()


def arrays_energy(result):
    causes = ("cells", "input conversion", "output conversion", "shift and add", "array periphery")
    return sum(op.count * sum(op.energy_by_cause[cause] for cause in causes) for op in result.ops)


@pytest.mark.parametrize(("name", "boundary"), BOUNDARIES.items())
def test_every_chip_says_what_its_figures_include(name, boundary):
    assert archsim.hardware(name).boundary == boundary


@pytest.mark.parametrize(("label", "name"), LABELS.items())
def test_labels_of_published_tables_find_their_chips(label, name):
    assert archsim.hardware(label).name == name


# Operations of one vector through all arrays, two for each weight, over the time between two vectors.
@pytest.mark.parametrize(
    ("name", "weights", "time"),
    [
        ("isaac", 16_128 * 128 * 128 // 8, 16 * 100e-9),
        ("puma", 138 * 8 * 2 * 128 * 128, 16 * 128e-9),
        ("hermes-64-core", 64 * 256 * 256, 127 * 1.047e-9),
        ("hermes-64-core-4-phase", 64 * 256 * 256, 4 * 127 * 1.047e-9),
        ("ibm-34-tile", 34 * 512 * 512, 500e-9),
        ("mythic-m1076", 76 * 1024 * 1024, 6.38e-6),
    ],
)
def test_a_peak_is_all_weights_over_the_time_of_a_vector(name, weights, time):
    full = full_load(archsim.hardware(name))
    assert full.op.macs == weights * 4096
    assert full.peak == pytest.approx(2.0 * weights / time, rel=2e-3)


def test_the_peak_of_isaac_is_41_tera_operations():
    assert full_load(archsim.hardware("isaac")).peak == pytest.approx(41.3e12, rel=0.03)


def test_one_phase_of_hermes_takes_133_ns_and_860_nj():
    full = full_load(archsim.hardware("hermes-64-core"))
    assert full.time == pytest.approx(133e-9, rel=0.01)
    assert full.energy == pytest.approx(0.86e-6, rel=0.01)
    assert 2.0 * 64 * 256 * 256 / full.energy == pytest.approx(9.76e12, rel=0.02)


def test_four_phases_cost_four_times_as_much_as_one():
    one, four = (full_load(archsim.hardware(name)) for name in ("hermes-64-core", "hermes-64-core-4-phase"))
    assert four.energy / one.energy == pytest.approx(4.0, rel=0.01)
    assert four.time / one.time == pytest.approx(4.0, rel=0.01)
    assert four.energy == pytest.approx(3.38e-6, rel=0.03)
    assert four.peak == pytest.approx(16.1e12, rel=0.03)


def test_weights_fit_the_published_capacities():
    spec = archsim.hardware("puma").spec
    assert spec.array.count * spec.array.rows * spec.array.columns * spec.cell.bits / 8 == 69 * 2**20
    spec = archsim.hardware("mythic-m1076").spec
    assert spec.array.count * spec.array.rows * spec.array.columns == pytest.approx(80e6, rel=0.01)
    spec = archsim.hardware("ibm-34-tile").spec  # four devices to a weight
    assert 4 * spec.array.count * spec.array.rows * spec.array.columns == pytest.approx(35e6, rel=0.02)


def test_isaac_adds_up_to_its_table():
    chip = archsim.hardware("isaac")
    drawn, taken = isaac_table.power(full_load(chip, shallow=True)), isaac_table.area(chip)
    assert drawn["IMA"] == pytest.approx(24.08e-3, rel=0.01)
    assert drawn["tile"] == pytest.approx(329.8e-3, rel=0.01)
    assert drawn["chip"] == pytest.approx(65.8, rel=0.01)
    assert taken["IMA"] == pytest.approx(0.01312e-6, rel=0.01)
    assert taken["chip"] == pytest.approx(85.4e-6, rel=0.01)


def test_a_part_of_isaac_draws_its_power_and_no_more():
    chip = archsim.hardware("isaac")
    full = full_load(chip, shallow=True)
    without = full_load(with_all(chip, {"adc.energy": "0 pJ"}), shallow=True)
    units = 16_128 / 8
    drop = (full.power("output conversion") - without.power("output conversion")) / units
    assert drop == pytest.approx(16e-3, rel=0.01)
    assert without.power("cells") == full.power("cells")


def test_vgg8_has_the_operations_the_tool_counts():
    # 9.26374 TOPS in a cycle of 132.974 us, two operations to a MAC.
    assert count(archsim.workload("vgg8")).macs == pytest.approx(9.26374e12 * 132.974e-6 / 2, rel=1e-3)


def test_the_tool_leaves_out_padding_here_too():
    macs = {op.name: op.macs for op in neurosim_vgg8.network().ops}
    assert macs["layer1"] == 900 * 27 * 128
    assert macs["layer5"] == 36 * 2304 * 512
    assert macs["layer7"] == 8192 * 1024


def test_layers_cost_in_the_order_of_the_tool():
    found = {
        op.name: neurosim_vgg8.energy(op, "energy_pJ", None)
        for op in archsim.evaluate(neurosim_vgg8.network(), archsim.hardware("neurosim-22nm")).ops
    }
    order = sorted(("layer1", "layer2", "layer4", "layer5", "layer7"), key=found.__getitem__)
    assert order == ["layer7", "layer1", "layer5", "layer4", "layer2"]


def test_arrays_of_the_tool_take_21_square_millimetres():
    assert areas(archsim.hardware("neurosim-22nm"))["cells"] == pytest.approx(21.0312e-6, rel=1e-3)


def test_copies_of_layers_follow_the_tool():
    chip = unhindered(archsim.hardware("neurosim-22nm"))
    copies = {op.name: op.details["copies"] for op in archsim.evaluate(neurosim_vgg8.network(), chip).ops}
    assert copies["layer3"] == copies["layer4"] == 4
    assert copies["layer6"] == copies["layer7"] == copies["layer8"] == 1
    assert copies["layer1"] == copies["layer2"] == pytest.approx(16, abs=3)


@pytest.mark.parametrize("name", [name for name in BOUNDARIES if name != "neurosim-22nm"])
def test_converters_that_cost_nothing_take_their_energy_away_and_nothing_else(name):
    chip = archsim.hardware(name)
    net = product(64, 512, 512)
    plain, free = archsim.evaluate(net, chip), archsim.evaluate(net, with_all(chip, {"adc.energy": "0 pJ"}))
    paid = plain.ops[0].energy_by_cause["output conversion"]
    left = free.ops[0].energy_by_cause["output conversion"]
    assert paid > 0.0
    assert left < 0.01 * paid
    assert plain.energy - free.energy == pytest.approx(paid - left, rel=1e-9)
    assert plain.latency == free.latency


@pytest.mark.parametrize("name", ["isaac", "puma", "raella", "neurosim-22nm"])
def test_half_the_bits_of_inputs_halve_what_serial_pulses_cost(name):
    chip = with_all(archsim.hardware(name), {"mapping.duplicate": False})
    half = with_all(chip, {"inputs.bits": 4})
    net = product(64, 512, 512)
    whole, less = (arrays_energy(archsim.evaluate(net, each)) for each in (chip, half))
    sums = archsim.evaluate(net, chip).ops[0].energy_by_cause["shift and add"]
    assert 2.0 * less == pytest.approx(whole, rel=sums / whole + 1e-9)


def test_four_bits_of_inputs_make_pulses_of_hermes_shorter():
    chip = archsim.hardware("hermes-64-core")
    seven, three = full_load(chip), full_load(with_all(chip, {"inputs.bits": 4, "inputs.pulse_bits": 3}))
    assert three.op.bound == "output converters"
    assert three.time == pytest.approx(1.0 / 13e6, rel=0.01)
    assert three.time < seven.time
    assert three.power("cells") * three.time < seven.power("cells") * seven.time


def test_raella_converts_five_to_fifteen_times_less_often_than_isaac():
    net = product(1, 4608, 512)
    found = [
        archsim.evaluate(net, archsim.hardware(name)).ops[0].details["conversions_per_output"]
        for name in ("isaac", "raella")
    ]
    # Of eight slices of one bit RAELLA converts 42 % on average.
    assert 5.0 <= found[0] / (0.42 * found[1]) <= 15.0


def test_a_network_that_does_not_fit_is_written_again_and_again():
    chip = with_all(archsim.hardware("hermes-64-core"), {"writing.energy": "100 pJ"})
    small, large = (archsim.evaluate(product(8, 1024, n), chip) for n in (1024, 16384))
    assert small.ops[0].energy_by_cause["weight writing"] == 0.0
    assert large.ops[0].energy_by_cause["weight writing"] > 100.0 * arrays_energy(large)


def test_energies_grow_with_the_data_that_conducts():
    chip = archsim.hardware("neurosim-22nm")
    runs = [
        arrays_energy(archsim.evaluate(product(16, 512, 512), with_all(chip, {"values.input_density": density})))
        for density in (0.1, 0.3, 0.9)
    ]
    assert runs == sorted(runs)
    assert math.isclose(runs[2] - runs[1], 3.0 * (runs[1] - runs[0]), rel_tol=1e-9)
