"""Optical machines as wholes: workloads of every kind run, what light cannot do is flagged, areas add up."""

from __future__ import annotations

import pytest
from optical_samples import TEXT, changed, sample, written

import archsim
from archsim.errors import InvalidDescriptionError
from archsim.families.optical.area import areas
from archsim.laws import adc

KINDS = ("streamed", "mesh", "held", "lens")
WORKLOADS = (
    "resnet50",
    "bert-base",
    "gpt3-175b",
    "llama-2-7b-decode",
    "gcn-cora",
    "capsnet",
    "fft",
    "spiking-mlp",
    "bfs",
)


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_workload_runs(kind, workload):
    result = archsim.evaluate(workload, sample(kind), capacity="ignore", jit="never")
    graph = archsim.workload(workload)
    assert result.macs == archsim.count(graph).macs
    assert result.latency > 0.0 and result.energy > 0.0
    if workload in ("fft", "spiking-mlp"):
        assert any("cannot run" in warning for warning in result.warnings)


def test_what_runs_beside_the_cores_is_said():
    told = archsim.evaluate("bert-base", sample("mesh")).warnings
    assert any("of the MACs run on the digital unit" in warning for warning in told)
    assert any("quantised to 8" in warning for warning in told)
    assert not any("digital unit" in warning for warning in archsim.evaluate("bert-base", sample()).warnings)


def test_a_power_beyond_the_limit_is_said():
    tight = sample(power__limit=0.2)
    assert any("above its limit of 200 mW" in warning for warning in archsim.evaluate("bert-base", tight).warnings)
    assert not any("above its limit" in warning for warning in archsim.evaluate("bert-base", sample()).warnings)


@pytest.mark.parametrize("kind", ["streamed", "held"])
def test_attention_whole_or_as_its_products_converts_the_same(kind):
    chip = sample(kind, core__dynamic="core")

    def conversions(fusion):
        ops = archsim.evaluate("bert-base", chip, fusion=fusion).ops
        names = ("input_conversions", "weight_conversions", "output_conversions")
        return [sum(op.details.get(name, 0.0) * op.count for op in ops) for name in names]

    assert conversions("attention") == pytest.approx(conversions("none"), rel=1e-12)


def test_scores_cost_most_conversions_and_few_products():
    """Of a wide model: 128 heads and 2048 keys, as the counts of a transformer layer say."""
    chip = sample("held", core__rows=65536, core__columns=65536, core__count=10**6, core__dynamic="core",
                  path__stage=0.0)  # fmt: skip
    result = archsim.evaluate("gpt3-175b", chip, capacity="ignore")
    whole = sum(sum(op.details[name] for name in ("input_conversions", "output_conversions")) * op.count
                for op in result.ops if op.details)  # fmt: skip
    (scores,) = (op for op in result.ops if op.kind == "attention")
    events = (scores.details["input_conversions"] + scores.details["output_conversions"]) * scores.count / whole
    assert scores.macs * scores.count / result.macs < 0.1
    assert events > 0.5


def test_areas_are_counts_times_sizes():
    parts = "core: 2 mm2, modulator: 0.01 mm2, detector: 0.002 mm2, amplifier: 0.003 mm2, laser: 5 mm2"
    sized = {
        "adc: {bits: 8,": f"areas: {{{parts}}}\nadc: {{area: 0.1 mm2, bits: 8,",
        "dac: {bits: 8,": "dac: {area: 0.2 mm2, bits: 8,",
    }
    found = areas(written(changed(TEXT, sized)))
    encoders, outputs = 2 * (16 * 4 + 16 * 8), 2 * 8 * 4
    expected = {
        "input converters": encoders * 0.2, "output converters": outputs * 0.1, "amplifiers": outputs * 0.003,
        "modulators": encoders * 0.01, "detectors": outputs * 0.002, "cores": 2 * 2, "lasers": 5,
    }  # fmt: skip
    assert found == pytest.approx({name: size * 1e-6 for name, size in expected.items()})
    assert areas(sample()) == {}


def test_converters_of_a_survey_have_its_area():
    surveyed = {"adc: {bits: 8, rate: 10 GHz, energy: 2 pJ}": "adc: {bits: 8, rate: 10 GHz, law: survey}"}
    energy = adc.regression_energy(8, 10e9, 14e-9)
    found = areas(written(changed(TEXT, surveyed)))
    assert found == pytest.approx({"output converters": 2 * 8 * 4 * adc.regression_area(energy, 10e9, 14e-9)})


def test_light_for_more_bits_than_converters_have_is_no_lack_of_bits():
    assert not any("noise leaves" in told for told in archsim.evaluate("bert-base", sample(laser__bits=12)).warnings)


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"laser: {efficiency: 0.2}": "laser: {efficiency: 0.2, law: shot}"}, "law 'shot' needs 'sensitivity'"),
        ({"laser: {efficiency: 0.2}": "laser: {efficiency: 0}"}, "efficiency 0 gives no light"),
        ({"adder:": "nonlinearity: {kind: optical}\nadder:"}, "write threshold, loss, bandwidth"),
        ({"structure: crossbar": "structure: mesh"}, "'mesh' is set, not streamed through"),
        ({"noise: 5 pA/rtHz": "noise: 5 pA"}, "5 pA"),
        ({"responsivity: 1 A/W": "responsivity: 1.3 A/W"}, "more than one electron for each photon"),
        ({"laser: {efficiency: 0.2}": "laser: {efficiency: 0.2, bits: 25}"}, "no converter reaches beyond 24"),
        ({"bits: 8\ncore": "bits: 9\ncore"}, "do not pass input converters of 8"),
        ({"clock: 5 GHz, weights": "clock: 5 GHz, windows: 0.5, weights"}, "windows"),
        (
            {
                "laser: {efficiency: 0.2}": "laser: {efficiency: 0.2, law: given, power: 1 W}",
                "adder:": "nonlinearity: {kind: optical, threshold: 1 uW, loss: 1 dB, bandwidth: 1 GHz}\nadder:",
            },
            "another laser.law than 'given'",
        ),
    ],
)
def test_impossible_descriptions_are_refused(edits, words):
    with pytest.raises(InvalidDescriptionError, match=words):
        written(changed(TEXT, edits))
