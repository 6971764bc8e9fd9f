"""What optical machines are built for, and where it ends: light and conversions per product over the width."""

from __future__ import annotations

import numpy as np
import pytest
from family_samples import gemm, one
from optical_samples import sample

import archsim

WIDTHS = [256, 512, 1024, 2048, 4096, 8192]
LIGHT = ("laser",)
CONVERSIONS = ("digital-to-analog conversion", "modulators", "analog-to-digital conversion", "detectors")


def wide(side, **sets):
    """Weights in place in cores of `side` x `side`, without losses that follow their size."""
    free = {"path__stage": 0.0, "laser__gated": True, "laser__channels": float(side) * 4, "tuning__power": 0.0,
            "modulator__power": 0.0}  # fmt: skip
    return sample("held", **({"core__rows": side, "core__columns": side, "core__count": 10**6} | free | sets))


def slope(energies):
    return np.polyfit(np.log(WIDTHS), np.log(energies), 1)[0]


def per_mac(graph, chip, names):
    result = archsim.evaluate(graph, chip, fusion="none", jit="never")
    macs = sum(op.macs * op.count for op in result.ops)
    return sum(result.energy_by_detail.get(name, 0.0) for name in names) / macs


@pytest.mark.parametrize("names", [LIGHT, CONVERSIONS])
def test_energy_per_product_falls_with_the_width_that_a_core_has(names):
    energies = [per_mac(gemm(64, d, d, dtype="int8"), wide(8192), names) for d in WIDTHS]
    assert slope(energies) == pytest.approx(-1.0, abs=0.02)


@pytest.mark.parametrize("names", [LIGHT, CONVERSIONS])
def test_and_no_further(names):
    """Beyond its core a product is cut into blocks, each with light and conversions of its own."""
    energies = [per_mac(gemm(64, d, d, dtype="int8"), wide(128), names) for d in WIDTHS]
    assert slope(energies) == pytest.approx(0.0, abs=0.02)
    assert per_mac(gemm(64, 8192, 8192, dtype="int8"), wide(256), names) == pytest.approx(energies[-1] / 2, rel=0.02)


def scores(width, heads, context):
    """Queries times keys of one layer."""

    def add(b):
        b.matmul(b.input("q", (heads, context, width // heads)), b.input("k", (heads, width // heads, context)))

    return one(add, "int8")


@pytest.mark.parametrize("names", [LIGHT, CONVERSIONS])
def test_attention_scores_gain_nothing_from_the_width(names):
    """Their depth is that of one head, which wider models do not make deeper."""
    chip = wide(8192, core__dynamic="core")
    energies = [per_mac(scores(d, d // 64, 1024), chip, names) for d in WIDTHS]
    assert slope(energies) == pytest.approx(0.0, abs=0.02)


def test_a_filter_costs_a_lens_nothing():
    def conv(side):
        return one(lambda b: b.conv(b.input("x", (1, 4, 32, 32)), 8, side, padding=side // 2, bias=False), "int8")

    def found(side):
        (op,) = archsim.evaluate(conv(side), sample("lens"), fusion="none").ops
        return op

    small, large = found(3), found(11)
    assert large.macs > 13 * small.macs * 0.99
    for count in ("input_conversions", "output_conversions"):
        assert large.details[count] == small.details[count]
    assert small.details["input_conversions"] == 4 * 32 * 32 * 8
    assert small.details["output_conversions"] == 8 * 32 * 32 * 4
    assert large.exposed["light"] == pytest.approx(small.exposed["light"], rel=0.5)
    assert found(1).exposed["digital products"] > 0.0, "a filter of one pixel is a product, which no lens does"


def mlp(b):
    x = b.input("x", (32, 16))
    for _ in range(4):
        x = b.elementwise("relu", b.linear(x, 16, bias=False))


def layers(kind, **sets):
    side = {"core__rows": 16, "core__columns": 16, "core__count": 8}
    chip = sample("held", **(side | sets | {"nonlinearity__kind": kind}))
    return archsim.evaluate(one(mlp, "int8"), chip, fusion="epilogue")


def test_functions_between_layers_in_analog_skip_conversion_and_memory():
    digital, analog = layers("digital"), layers("electronic", nonlinearity__energy=1e-13)
    outs, ins = (
        sum(op.details[name] * op.count for op in digital.ops) for name in ("output_conversions", "input_conversions")
    )
    kept_outs, kept_ins = (
        sum(op.details[name] * op.count for op in analog.ops) for name in ("output_conversions", "input_conversions")
    )
    assert (outs, ins) == (4 * 32 * 16, 4 * 32 * 16)
    assert kept_outs == kept_ins < outs
    assert analog.energy_by_detail["analog nonlinearities"] == pytest.approx(4 * 32 * 16 * 1e-13)
    assert analog.bytes_by_level["buffer"] < digital.bytes_by_level["buffer"]


def test_sums_over_several_passes_are_converted_first():
    digital, analog = layers("digital", core__rows=8), layers("electronic", core__rows=8)
    assert (
        analog.energy_by_detail["analog-to-digital conversion"]
        == digital.energy_by_detail["analog-to-digital conversion"]
    )


def test_light_itself_lasts_as_far_as_the_link_budget():
    physics = {"nonlinearity__threshold": 1e-6, "nonlinearity__loss": 3.0, "nonlinearity__bandwidth": 1e10}
    one_layer = layers("optical", path__budget=14.0, **physics)
    lossy = layers("optical", path__budget=30.0, **physics)
    assert (
        one_layer.energy_by_detail["analog-to-digital conversion"]
        == layers("digital").energy_by_detail["analog-to-digital conversion"]
    )
    half = one_layer.energy_by_detail["analog-to-digital conversion"] / 2
    assert lossy.energy_by_detail["analog-to-digital conversion"] == pytest.approx(half), "12 + 3 + 12 dB: two layers"


def test_a_boundary_costs_what_its_parts_add_up_to():
    """Parts of a published core at 8 bits and 5 GHz, without memory: 0.44 + 0.6 + 1.48 + 3.57 + 0.56 = 6.65 pJ."""
    chip = wide(12, dac__energy=3.57e-12, modulator__energy=0.56e-12, adc__energy=1.48e-12)
    result = archsim.evaluate(gemm(48, 12, 12, dtype="int8"), chip, fusion="none")
    per_element = sum(result.energy_by_detail[name] for name in CONVERSIONS) / (48 * 12)
    assert per_element == pytest.approx(6.65e-12, rel=1e-9)


def test_integration_over_time_needs_less_light():
    """A sample four symbols long has a quarter of the bandwidth: half the light where thermal noise rules."""
    once, four = (
        archsim.evaluate(
            gemm(64, 64, 64, dtype="int8"), sample(core__accumulate=symbols, receiver__dark=0.0, adc__bits=2)
        )
        .ops[0]
        .details["laser_w"]
        for symbols in (1, 4)
    )
    assert four == pytest.approx(once / 2, rel=0.05)
