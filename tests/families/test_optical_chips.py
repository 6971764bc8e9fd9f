"""Published optical machines, and the claims of Optical Transformers: by hand, and as printed."""

from __future__ import annotations

import pytest

import archsim as a
from archsim.io import catalogue
from archsim.io.hardware import load_hardware
from archsim.laws import photons
from archsim.validation.transformer_light import INWARD, OUTWARD, part_of, products

CALIBRATED = "optical-transformer-calibrated"
FUTURE = "optical-transformer-future"
DIGITAL = 300e-15
"""Energy of a product of the digital machine that the paper compares with, J."""
SHAPES = {"gpt2-small": (768, 12, 1024), "gpt3-175b": (12288, 96, 2048), "530b": (20480, 128, 2048)}
QUADRILLION = (1_600_000, 10_000, 2048)


def advantage(shape, machine):
    found = products(*shape, a.hardware(machine))
    return DIGITAL * found.macs / found.energy()


def product(chip, m, n, k, **policy):
    builder = a.GraphBuilder("product", dtype="int8")
    builder.linear(builder.input("x", (m, k)), n, bias=False)
    (op,) = a.evaluate(builder.build(), chip, capacity="ignore", **policy).ops
    return op


@pytest.mark.parametrize("name", SHAPES)
def test_a_layer_converts_ten_widths_and_all_scores(name):
    """N = 10 d + n h in and out, 12 d^2 + 2 n d products for each token."""
    width, heads, tokens = SHAPES[name]
    found = products(width, heads, tokens, a.hardware(CALIBRATED))
    assert found.conversions(INWARD) == found.conversions(OUTWARD) == 10 * width + tokens * heads
    assert found.macs == 12 * width**2 + 2 * tokens * width


@pytest.mark.parametrize("name", SHAPES)
def test_parts_of_a_layer_add_up(name):
    width, heads, tokens = SHAPES[name]
    found = products(width, heads, tokens, a.hardware(CALIBRATED))
    shares = {part: found.share(part) for part in ("qkv", "proj", "ffn", "attention")}
    assert shares["attention"] == pytest.approx(tokens / (6 * width + tokens))
    assert sum(shares.values()) == pytest.approx(1.0)


def test_attention_is_few_products_and_most_conversions():
    """Of a model of 530 billion parameters 1.6 % of the products pay for 65 % of the conversions, 56 % with scores."""
    width, heads, tokens = SHAPES["530b"]
    found = products(width, heads, tokens, a.hardware(CALIBRATED))
    whole = found.conversions(INWARD) + found.conversions(OUTWARD)
    attention = found.sum(
        lambda op: sum(op.details[name] for name in (*INWARD, *OUTWARD)) if part_of(op) == "attention" else 0.0
    )
    assert found.share("attention") == pytest.approx(0.0164, abs=1e-4)
    assert attention == 2 * tokens * heads + 4 * width
    assert attention / whole == pytest.approx(0.65, abs=0.005)
    assert 2 * tokens * heads / whole == pytest.approx(0.56, abs=0.005)


def test_an_event_costs_what_the_description_adds_up_to():
    """Memory 8 bits of 1 pJ, DAC 10 and modulator 0.5 going in; amplifier 2, ADC 3.2 and memory 8 coming out."""
    found = products(*SHAPES["gpt2-small"], a.hardware(CALIBRATED))
    events = found.conversions(INWARD)
    assert found.energy(light=False) == pytest.approx(events * (18.5e-12 + 13.2e-12), rel=1e-9)
    light = 196608 * photons.CHARGE / 1.0 / 0.2 * 10**0.3
    assert found.lit() == pytest.approx(events * light, rel=1e-9)


def test_calibrated_machine_meets_the_claim_it_was_set_from():
    assert 80.0 < advantage(SHAPES["530b"], CALIBRATED) < 130.0


def test_calibrated_machine_carries_over_to_a_quadrillion_parameters():
    assert 6000.0 < advantage(QUADRILLION, CALIBRATED) < 10000.0


def test_future_electronics_gain_another_order_of_magnitude():
    """Fixed parts halved only leave the claim of more than 100,000 a little short; the printed one is not asserted."""
    assert advantage(QUADRILLION, FUTURE) / advantage(QUADRILLION, CALIBRATED) == pytest.approx(9.7, abs=0.3)


def test_energy_of_linear_layers_falls_as_one_over_the_width():
    """In cores as large as the matrices; those of 1,024 inputs stop at their size."""
    wide = a.hardware(CALIBRATED)
    narrow = a.with_(a.with_(wide, "core.rows", 1024), "core.columns", 1024)
    each = {
        (chip.spec.core.rows, width): sum(product(chip, 64, width, width).energy_by_cause.values()) / (64 * width**2)
        for chip in (wide, narrow)
        for width in (1024, 8192)
    }
    side = wide.spec.core.rows
    assert each[side, 8192] / each[side, 1024] == pytest.approx(1.0 / 8.0, rel=1e-9)
    assert each[1024, 1024] == pytest.approx(each[side, 1024], rel=1e-9)
    # memory alone is still shared by all of the width, conversions by one core's part of it
    converted = (18.5e-12 - 8e-12 + 13.2e-12 - 8e-12) / 1024
    assert each[1024, 8192] > converted


def test_netcast_client_costs_what_its_table_adds_up_to():
    """(1 + 1) pJ over 100 outputs, (1 + 0.001 + 0.1) pJ over 100 steps: 31 fJ per product."""
    op = product(a.hardware("netcast"), 1000, 1000, 100)
    parts = ("modulators", "digital-to-analog conversion", "analog-to-digital conversion", "detectors")
    assert sum(op.energy_by_cause[part] for part in parts) / op.macs == pytest.approx(31.01e-15, rel=1e-9)
    assert op.details["weight_conversions"] == 0.0


def test_netcast_client_takes_one_input_a_clock():
    """1,000 outputs are ten blocks of wavelengths, each of which sees every input again."""
    op = product(a.hardware("netcast"), 1000, 1000, 100)
    assert op.details["input_conversions"] == 1000 * 100 * 10
    assert op.latency >= 1000 * 100 * 10 / 1e9
    assert op.latency * op.utilisation == pytest.approx(1000 * 100 * 10 / 1e9, rel=1e-9)


def test_homodyne_encodes_rows_and_columns_and_reads_each_sum_once():
    op = product(a.hardware("hamerly-homodyne"), 1000, 1000, 1000)
    assert op.details["input_conversions"] == op.details["weight_conversions"] == 1e6
    assert op.details["output_conversions"] == 1e6
    assert op.details["macs_per_conversion"] == pytest.approx(1e9 / 3e6)


def test_homodyne_shines_less_than_a_photon_per_product():
    chip = a.hardware("hamerly-homodyne")
    op = product(chip, 1000, 1000, 1000)
    detected = op.energy_by_cause["laser"] / op.macs * 0.2 / 10**0.3
    assert detected == pytest.approx(0.384 * photons.CHARGE, rel=1e-9)
    assert detected < photons.photon_energy(1.55e-6)


@pytest.mark.parametrize(
    ("name", "peak"),
    [("pace", 8.192e12), ("awgr-2025", 262.144e12), ("xu-2021", 11.322e12), ("luan-2026", 16.384e12)],
)
def test_peaks_follow_from_structure(name, peak):
    chip = a.hardware(name)
    core = chip.spec.core
    op = product(chip, 4096 * core.vectors, core.columns, core.rows)
    assert 2.0 * op.macs / op.latency / op.utilisation == pytest.approx(peak, rel=1e-6)


def test_pace_answers_a_vector_in_five_nanoseconds():
    op = product(a.hardware("pace"), 1, 64, 64)
    assert op.latency - op.exposed["launch"] == pytest.approx(5e-9, rel=1e-6)


def test_a_convolution_of_xu_encodes_each_pixel_once():
    builder = a.GraphBuilder("convolution", dtype="int8")
    builder.conv(builder.input("x", (1, 1, 500, 500)), 10, 3, padding=1, bias=False)
    (op,) = a.evaluate(builder.build(), a.hardware("xu-2021"), capacity="ignore").ops
    assert op.details["input_conversions"] == pytest.approx(250_000, rel=1e-3)
    assert op.details["output_conversions"] == 10 * 250_000


@pytest.mark.parametrize("size", [5, 31])
def test_a_lens_filters_at_any_size_for_the_same_conversions(size):
    builder = a.GraphBuilder("filter", dtype="int8")
    builder.conv(builder.input("x", (1, 1, 512, 512)), 1, size, padding=size // 2, bias=False)
    (op,) = a.evaluate(builder.build(), a.hardware("fourier-4f"), capacity="ignore").ops
    assert op.details["input_conversions"] == 2 * 512**2
    assert op.details["output_conversions"] == 2 * 512**2
    assert op.details["weight_conversions"] == (512 + size - 1) ** 2


def test_every_machine_here_says_what_it_rests_on():
    names = [entry.name for entry in catalogue.entries("hardware") if entry.path.parent.name == "optical"]
    assert {CALIBRATED, FUTURE, "netcast", "pace"} <= set(names)
    for name in (CALIBRATED, FUTURE):
        assert "calibrated" in load_hardware(name).spec.title.lower()
    assert "fitted" in load_hardware(CALIBRATED).cited["memory", 0, "energy"].where
