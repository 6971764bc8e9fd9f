"""Lightening-Transformer counted as its own simulator counts, against its reports and against counting by hand."""

import itertools
import math

import pytest

import archsim
from archsim.engine.evaluate import evaluate
from archsim.errors import InvalidDescriptionError
from archsim.families.optical.area import areas
from archsim.families.optical.power import components
from archsim.graph.builder import GraphBuilder
from archsim.workloads.registry import workload
from archsim.workloads.vit import vit


def product(m, n, k, chip, **policy):
    builder = GraphBuilder("product", dtype="int4")
    builder.linear(builder.input("x", (m, k)), n, bias=False)
    (op,) = evaluate(builder.build(), chip, **policy).ops
    return op


def deit(chip, **policy):
    return evaluate(workload("deit-ti"), chip, **policy)


def named(result, name):
    return next(op for op in result.ops if op.name.endswith(name))


@pytest.mark.parametrize("policy", [{"precision": "int4", "fusion": "none"}, {"precision": "int4"}, {}])
def test_deit_t_costs_what_the_simulator_reports(policy):
    """0.38430 mJ and 0.019353 ms for 197 tokens on DOTA-B at 4 bits, fused or not, whatever format it is stored in."""
    result = deit(archsim.hardware("dota-b"), **policy)
    assert result.energy == pytest.approx(0.38430121867e-3, rel=2e-3)
    assert result.latency == pytest.approx(0.019353226e-3, rel=3e-3)


def test_one_layer_of_queries_keys_and_values_costs_what_the_simulator_reports():
    op = named(deit(archsim.hardware("dota-b"), precision="int4", fusion="none"), "qkv")
    assert op.energy == pytest.approx((0.0038584159819 + 0.003012055632) * 1e-3, rel=1e-7)
    assert op.latency == pytest.approx(0.0039168e-3 / 12, rel=1e-12)


@pytest.mark.parametrize(
    ("machine", "energy", "latency"),
    [
        ("dota-l", 0.07722591494647613, 0.0019584),
        ("mrr-bank", 0.3323844476820256, 0.0518736),
        ("mzi-mesh", 0.5501698095385443, 2.3493888),
    ],
)
def test_the_other_machines_cost_what_the_simulator_reports(machine, energy, latency):
    """Queries, keys and values of all twelve layers of DeiT-T, mJ and ms."""
    op = named(deit(archsim.hardware(machine), precision="int4", fusion="none"), "qkv")
    assert 12 * op.energy == pytest.approx(energy * 1e-3, rel=1e-6)
    assert 12 * op.latency == pytest.approx(latency * 1e-3, rel=1e-9)


@pytest.mark.parametrize(("m", "n", "k"), [(7, 5, 30), (25, 13, 100), (12, 48, 24), (1, 40, 12)])
def test_conversions_are_those_of_walking_over_all_blocks(m, n, k):
    """Blocks of 12 x 12 by 12 x 12: weights are encoded for each, inputs once for all four tiles."""
    weights, inputs, symbols = 0, 0.0, 0
    for row, column in itertools.product(range(0, n, 12), range(0, m, 12)):
        for depth in range(0, k, 12):
            deep = min(12, k - depth)
            weights += min(12, n - row) * deep
            inputs += min(12, m - column) * deep / 4
            symbols += 1
    reads = 0
    for _output in range(m * n):  # two cores of a tile add up, each three symbols at most, but no more than it gets
        blocks = math.ceil(k / 12)
        turns = min(3, math.ceil(k / 24))
        reads += len(range(0, len(range(0, blocks, turns)), 2))
    chip = archsim.hardware("dota-b")
    op = product(m, n, k, chip)
    assert op.details["weight_conversions"] == weights
    assert op.details["input_conversions"] == pytest.approx(inputs, rel=1e-12)
    assert op.details["output_conversions"] == reads
    lit = op.energy_by_cause["laser"] / components(chip)["lasers"] * 5e9 * 8
    assert lit == pytest.approx(symbols, rel=1e-9)


def test_a_product_that_fills_all_cores_draws_what_the_parts_draw():
    """Energy of use over time is power: two ways to count that share devices only."""
    chip = archsim.hardware("dota-b")
    op, parts = product(480, 960, 960, chip), components(chip)
    drawn = {cause: energy / op.latency for cause, energy in op.energy_by_cause.items()}
    assert op.details["core_utilisation"] == pytest.approx(1.0, rel=1e-12)
    assert drawn["laser"] == pytest.approx(parts["lasers"], rel=1e-9)
    assert drawn["digital-to-analog conversion"] == pytest.approx(parts["input converters"], rel=1e-9)
    assert drawn["modulators"] == pytest.approx(parts["modulators"], rel=1e-9)
    amplifiers = parts["amplifiers"] * 14 / 40  # 80 blocks of depth in 27 thirds, by two cores: 14 reads in 40 symbols
    assert drawn["detectors"] == pytest.approx(parts["detectors"] + amplifiers, rel=1e-9)
    assert drawn["analog-to-digital conversion"] == pytest.approx(parts["output converters"] * 14 / 40, rel=1e-9)


def test_loading_weights_takes_longer_than_a_product_with_one_vector():
    """21 rows of blocks for four tiles, each loading 12 x 192 half bytes at a quarter of 1 TiB/s in 500 MHz cycles."""
    cycles = 21 * math.ceil(12 * 192 / 2 / (2**40 / 4) * 500e6)
    op = product(1, 1000, 192, archsim.hardware("dota-b"))
    assert op.latency == pytest.approx(cycles / 500e6, rel=1e-12)
    assert op.bound == "dram"


def test_functions_are_charged_for_one_layer():
    """So the simulator counts, whatever the number of layers; the native dataflow charges all."""
    chip = archsim.hardware("dota-b")
    native = archsim.with_(chip, "dataflow", "native")

    def functions(layers, machine):
        graph = vit(width=192, heads=3, layers=layers)
        ops = evaluate(graph, machine, precision="int4", fusion="none").ops
        return sum(op.energy * op.count for op in ops if op.name.endswith(("gelu", "softmax")))

    assert functions(24, chip) == pytest.approx(functions(12, chip), rel=1e-12)
    assert functions(24, native) == pytest.approx(2 * functions(12, native), rel=1e-12)
    assert functions(12, native) > 10 * functions(12, chip)


def test_the_native_dataflow_agrees_within_a_tenth():
    """The same hardware counted as any other machine, product by product."""
    own = deit(archsim.hardware("dota-b"), precision="int4", fusion="none")
    native = deit(archsim.with_(archsim.hardware("dota-b"), "dataflow", "native"), precision="int4", fusion="none")
    for name in ("qkv", "scores", "values", "output", "expand", "project"):
        assert named(native, name).energy == pytest.approx(named(own, name).energy, rel=0.1)
        assert named(native, name).latency == pytest.approx(named(own, name).latency, rel=0.1)


def test_scores_lie_in_the_global_buffer_once_and_computed_operands_are_read_for_nothing():
    """The simulator multiplies the energy of computed operands with itself, which leaves the results alone."""
    op = named(deit(archsim.hardware("dota-b"), precision="int4", fusion="none"), "scores")
    assert op.bytes_by_level["global-buffer"] == pytest.approx(3 * 197 * 197 / 2, rel=1e-12)
    assert op.bytes_by_level["dram"] == 0.0


def test_keys_and_values_of_earlier_steps_come_from_the_main_memory():
    """2047 of 5120 keys and as many values, in 4 of 16 bits; 2048 with those of the step itself, which is computed."""
    chip = archsim.hardware("dota-b")
    result = archsim.evaluate(archsim.workload("gpt3-13b", phase="decode"), chip, capacity="ignore")
    (scores,) = (op for op in result.ops if op.kind == "attention")
    assert scores.bytes_by_level["dram"] == pytest.approx(2 * 5120 * 2047 / 2, rel=1e-12)
    assert scores.exposed["dram"] == pytest.approx(5120 * 2047 / 2**40, rel=1e-12)


def test_eight_bits_change_light_and_converters_alone():
    four, eight = archsim.hardware("dota-b"), archsim.hardware("dota-b-8-bit")
    before, after = components(four), components(eight)
    assert {name for name in before if after[name] != pytest.approx(before[name], rel=1e-12)} == {
        "lasers",
        "input converters",
        "output converters",
    }
    assert after["lasers"] == pytest.approx(16 * before["lasers"], rel=1e-12)
    assert after["input converters"] == pytest.approx(8 * before["input converters"], rel=1e-12)
    assert sum(after.values()) == pytest.approx(50.93518706, rel=1e-6)
    assert areas(four) == areas(eight)


def test_area_is_that_of_the_simulator():
    assert sum(areas(archsim.hardware("dota-b")).values()) == pytest.approx(60.300595086e-6, rel=1e-9)


def test_what_the_simulator_cannot_count_is_refused():
    with pytest.raises(InvalidDescriptionError, match=r"core.count 8 does not divide into tiles of core.tile 3"):
        archsim.with_(archsim.hardware("dota-b"), "core.tile", 3)
    with pytest.raises(InvalidDescriptionError, match="'functions', which is missing"):
        archsim.with_(archsim.hardware("netcast"), "dataflow", "dota")


def test_a_result_says_that_functions_are_charged_once():
    assert any("for one layer" in line for line in deit(archsim.hardware("dota-b"), fusion="none").warnings)
