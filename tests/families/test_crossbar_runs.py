"""Networks on ISAAC: what fits, what is written, what hides in a pipeline, and what the result says about it."""

from __future__ import annotations

import math

import pytest

import archsim
from archsim.errors import InvalidDescriptionError
from archsim.families.crossbar.area import areas
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all

ISAAC = archsim.hardware("isaac")
ANALOG = ("cells", "input conversion", "output conversion", "shift and add", "array periphery")
ROOM = {"capacity": "ignore"}


def run(workload, chip=ISAAC, **how):
    graph = archsim.workload(workload) if isinstance(workload, str) else workload
    return archsim.evaluate(graph, chip, ROOM, jit="never", **how)


def mlp(*widths, vectors=4):
    b = GraphBuilder("mlp")
    x = b.input("x", (vectors, widths[0]))
    for width in widths[1:]:
        x = b.linear(x, width, bias=False)
    return b.build()


def arrays_of(result):
    return sum(op.details["arrays"] * op.count for op in result.ops if op.details)


def test_peak_and_power_of_table_one():
    """A product that fills all arrays for long reaches 41.3 TOPS and the power of the parts that work."""
    free = with_all(ISAAC, {"tiles.bandwidth": "1 EB/s", "mapping.pipelined": "false", "mapping.duplicate": "false",
                            "memory.main.bandwidth": "1 EB/s", "memory.tile-memory.bandwidth": "1 EB/s"})  # fmt: skip
    wide, vectors = 16128 * 16, 100_000
    result = run(mlp(128, wide, vectors=vectors), free)
    (op,) = (op for op in result.ops if op.details)
    assert op.details["arrays"] == 16128 and op.details["array_utilisation"] == 1.0
    assert 2 * op.macs / op.latency == pytest.approx(41.3e12, rel=1e-3)
    units = 168 * 12 * (16e-3 + 4e-3 + 0.01e-3 + 2.4e-3 + 0.2e-3 + 1.24e-3 + 0.23e-3)
    analog = sum(op.energy_by_cause[name] for name in ANALOG) / op.latency
    assert analog == pytest.approx(units, rel=0.01)
    assert sum(areas(ISAAC).values()) == pytest.approx(85.4e-6, rel=1e-3)


def test_a_converter_of_the_survey_costs_what_the_law_says():
    """The regression over published converters instead of ISAAC's own: 8 bits, 1.28 GS/s, 32 nm."""
    survey = with_all(ISAAC, {"adc.law": "survey"})
    one, other = run("resnet50"), run("resnet50", survey)
    deep = [(a, b) for a, b in zip(one.ops, other.ops, strict=True) if a.details.get("conversion_bits") == 8.0]
    hold = ISAAC.spec.array.sample
    each = {
        round(
            (b.energy_by_cause["output conversion"] / a.energy_by_cause["output conversion"]) * (1.5625e-12 + hold), 18
        )
        for a, b in deep
    }
    assert len(deep) > 10 and max(each) == pytest.approx(min(each), rel=1e-3)
    assert 0.1e-12 < max(each) < 20e-12
    assert areas(survey)["output converters"] == areas(ISAAC)["output converters"]  # its described area holds


def test_what_fits_is_written_once_and_only_on_a_cold_start():
    warm, cold = run("resnet50"), run("resnet50", cache="cold")
    assert warm.energy_by_detail.get("weight writing", 0.0) == 0.0
    parameters = sum(op.details["cells_written"] * op.count for op in cold.ops if op.details)
    spec = ISAAC.spec.writing
    assert cold.energy_by_detail["weight writing"] == pytest.approx(parameters * spec.energy * spec.pulses)
    copies = [op.details for op in cold.ops if op.details]
    assert max(each["copies"] for each in copies) > 1.0  # and every copy is written
    assert cold.latency > warm.latency
    assert any("stay in them" in text for text in warm.warnings)


def test_what_does_not_fit_is_written_for_every_use():
    decode = run("llama-2-7b-decode")
    ops = [op for op in decode.ops if op.details]
    weights = 6.6e9
    written = sum(op.details["cells_written"] * op.count for op in ops)
    assert written == pytest.approx(8 * weights, rel=0.01)
    assert decode.energy_by_detail["weight writing"] == pytest.approx(written * 1.2e-9)
    assert decode.energy_by_detail["weight writing"] > 100 * sum(decode.energy_by_detail[name] for name in ANALOG)
    assert decode.bound == "weight writing"
    said = "\n".join(decode.warnings)
    assert "written for every use" in said and "chips would hold" in said and "writes last" in said
    chips = math.ceil(arrays_of(decode) / ISAAC.spec.array.count)
    assert f"{chips:,} chips" in said


def test_prefill_divides_its_writes_among_many_tokens():
    decode, prefill = run("llama-2-7b-decode"), run("llama-2-7b-prefill")

    def share(result):
        return result.energy_by_detail["weight writing"] / result.energy

    assert prefill.energy_by_detail["weight writing"] == pytest.approx(decode.energy_by_detail["weight writing"])
    assert share(prefill) < share(decode)


@pytest.mark.parametrize("workload", ["resnet50", "bert-base", "llama-2-7b-prefill"])
def test_conversions_at_the_boundary_are_a_cause(workload):
    result = run(workload)
    analog = {name: result.energy_by_detail[name] for name in ANALOG}
    assert max(analog, key=analog.get) == "output conversion"
    assert result.energy_by_cause["conversion"] == pytest.approx(
        analog["output conversion"] + analog["input conversion"]
    )
    for op in result.ops:
        if op.details:
            assert op.details["conversions_per_output"] >= 128  # 16 pulses, 8 columns


def test_one_array_more_is_the_difference_between_staying_and_writing():
    graph = mlp(256, 256, 256)
    arrays = 2 * 2 * 16
    fits, short = (with_all(ISAAC, {"array.count": count}) for count in (arrays, arrays - 1))
    assert run(graph, fits).energy_by_detail.get("weight writing", 0.0) == 0.0
    assert run(graph, short).energy_by_detail["weight writing"] > 0.0


def test_copies_go_to_the_slowest_layers_and_fill_the_arrays():
    result = run("resnet50")
    products = [op for op in result.ops if op.details]
    used = sum(op.details["arrays"] * op.details["copies"] * op.count for op in products)
    assert 0.9 * ISAAC.spec.array.count < used <= ISAAC.spec.array.count
    alone = with_all(ISAAC, {"mapping.duplicate": "false"})
    assert run("resnet50", alone).latency > 2 * result.latency


def test_a_pipeline_takes_as_long_as_its_slowest_stage_and_the_fills():
    serial = with_all(ISAAC, {"mapping.pipelined": "false"})
    piped, plain = run("resnet50"), run("resnet50", serial)
    assert piped.latency < plain.latency
    assert piped.exposed["arrays"] + piped.exposed.get("network", 0.0) < plain.exposed["arrays"]
    for op in piped.ops:
        assert sum(op.exposed.values()) == pytest.approx(op.latency)
    many = archsim.workload("resnet50", batch=16)
    assert run(many).latency < 16 * piped.latency  # images follow one another through the stages


def test_layers_of_one_sequence_wait_for_attention():
    """With room for all layers of BERT: one sequence passes them one by one, eight follow one another."""
    large = with_all(ISAAC, {"array.count": 200_000})
    one, eight = run("bert-base", large), run(archsim.workload("bert-base", batch=8), large)
    analog = [op for op in one.ops if op.details]
    stages = sum(op.latency * op.count for op in analog)
    spec = ISAAC.spec
    alone = [16 * spec.array.read * 128 / op.details["copies"] for op in analog]
    assert stages >= sum(time * op.count for time, op in zip(alone, analog, strict=True) if op.macs > 1e7)
    assert sum(op.latency * op.count for op in eight.ops if op.details) < 8 * stages


def test_dependent_steps_use_the_same_weights_and_no_copies():
    b = GraphBuilder("steps")
    b.linear(b.input("x", (1, 512)), 512, bias=False, steps=35)
    (op,) = (op for op in run(b.build()).ops if op.details)
    assert op.details["copies"] == 1.0 and op.details["cells_written"] == 0.0
    assert op.latency >= 35 * 16 * ISAAC.spec.array.read


def test_dynamic_products_go_to_the_digital_unit_unless_arrays_are_written_for_them():
    arrays = with_all(ISAAC, {"mapping.dynamic": "arrays"})
    digital, analog = run("bert-base"), run("bert-base", arrays)
    (beside,) = (op for op in digital.ops if op.kind == "attention")
    (inside,) = (op for op in analog.ops if op.kind == "attention")
    assert not beside.details and beside.energy_by_cause["digital products"] > 0.0
    assert inside.energy_by_cause["digital products"] == 0.0
    heads, size = 12, 64
    tokens = round(inside.details["cells_written"] / (2 * 8 * heads * size))
    assert inside.details["cells_written"] == 2 * 8 * heads * size * tokens  # keys and values, eight cells each
    assert inside.details["array_utilisation"] <= 2 / 3 + 1e-9  # heads of 64 fill half of the rows


def test_caches_that_fit_take_only_the_new_tokens():
    """Keys and values of 32 heads of 128, eight cells each: of one token where caches stay, else of all."""
    decode = archsim.workload("llama-2-7b-decode")
    few = with_all(ISAAC, {"mapping.dynamic": "arrays"})
    many = with_all(few, {"array.count": 10_000_000})
    (written,) = (op for op in run(decode, few).ops if op.kind == "attention")
    (kept,) = (op for op in run(decode, many).ops if op.kind == "attention")
    assert kept.details["cells_written"] == 2 * 8 * 32 * 128
    keys = written.details["cells_written"] / kept.details["cells_written"]
    assert keys == round(keys) > 100
    assert kept.exposed["weight writing"] < written.exposed["weight writing"]


def test_what_is_no_product_runs_beside_the_arrays():
    for op in run("bert-base").ops:
        assert op.placed_on == "isaac"
        assert bool(op.details) == (op.kind in ("matmul", "conv"))


def test_the_bits_of_converters_are_compared_with_the_sum():
    said = "\n".join(run("resnet50").warnings)
    assert "need 9 bits (ISAAC's rule: 9); converters have 8 and encoding saves 1: nothing is lost" in said
    lossy = with_all(ISAAC, {"precision.lossy": "true", "precision.saved": 0, "adc.bits": 6})
    assert "converters have 6: 3 bits are lost" in "\n".join(run("resnet50", lossy).warnings)


def test_floating_point_networks_are_rounded_and_told():
    assert any("rounded to at most 16 bits" in text for text in run("resnet50").warnings)
    assert not any("rounded" in text for text in run("resnet50", precision="int8").warnings)


def test_bad_descriptions_are_refused():
    for path, value, why in (
        ("array.active_rows", 256, "more than the 128 rows"),
        ("inputs.pulse_bits", 32, "more than inputs.bits"),
        ("supply.voltage", "0.9 V", "needs supply.nominal"),
    ):
        with pytest.raises(archsim.errors.InvalidDescriptionError, match=why):
            archsim.with_(ISAAC, path, value)


def test_writing_takes_as_long_as_what_is_written():
    """Arrays written one at a time: energy and time both follow the weights that do not stay."""
    chip = with_all(ISAAC, {"array.count": 100, "writing.arrays_at_once": 1, "mapping.duplicate": "false"})
    result = run(mlp(1280, 128, 1280), chip)  # 80 arrays each
    spec = chip.spec
    each = 128 * spec.writing.pulses * (spec.writing.pulse + spec.writing.verify_time)
    for op in (op for op in result.ops if op.details):
        arrays = op.details["cells_written"] / (128 * 128)
        assert 0 < arrays < 80
        assert op.exposed["weight writing"] == pytest.approx(math.ceil(arrays) * each)


def test_statistics_no_weights_have_are_refused():
    with pytest.raises(InvalidDescriptionError, match=r"weight_square 0\.2 is below the square of .*, 0\.25"):
        with_all(ISAAC, {"values.weight_mean": 0.5, "values.weight_square": 0.2})
    with pytest.raises(InvalidDescriptionError, match="one point"):
        with_all(archsim.hardware("colonnade"), {"supply.points": [{"voltage": 0.7, "energy": 1.0, "rate": 1.0}]})


def test_a_cell_of_neurram_takes_what_its_pulses_take():
    """8.52 us at 1.75 V into 250 kohm."""
    spec = archsim.hardware("neurram").spec.writing
    assert spec.energy * spec.pulses == pytest.approx(1.75**2 * 8.52e-6 / 250e3, rel=1e-3)
    assert spec.pulse * spec.pulses == pytest.approx(8.52e-6)
