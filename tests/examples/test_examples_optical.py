"""Scripts on light: published beside predicted, and break-evens beside counts done by hand."""

from __future__ import annotations

import re

import pytest

DAC, MODULATOR, AMPLIFIER, ADC, MEMORY = 10.0, 0.5, 2.0, 3.2, 8.0
"""Of one number of eight bits on the calibrated machine, pJ."""
LIGHT = 196608 * 1.602177e-19 * 10.0**0.3 / 0.2 * 1e12
"""pJ: electrons of the charge of one at 1 A/W, 3 dB lost, a fifth of the electricity becomes light."""
ENTRY, EXIT = DAC + MODULATOR + MEMORY, AMPLIFIER + ADC + MEMORY + LIGHT
DIGITAL = 0.3
"""pJ per multiply-accumulate."""


def line_of(said, what):
    (line,) = [line for line in said.splitlines() if line.startswith(what)]
    return line


def claim(said, what):
    """Return what was published and what archsim says."""
    found = re.findall(r"(?<=\s)-?[\d,]*\.?\d+(?:e[+-]\d+)?(?=\s)", line_of(said, what)[len(what) :])
    return tuple(float(text.replace(",", "")) for text in found[:2])


def test_advantages_follow_from_conversions_counted_by_hand(run_example):
    said = run_example("optical_transformer")
    for what, width, heads, tokens, claimed in (
        ("advantage, 530 billion parameters", 20480, 128, 2048, 100.0),
        ("advantage, 4e15 parameters", 1_600_000, 10_000, 2048, 8000.0),
    ):
        numbers = 10 * width + tokens * heads  # into the cores for each token, and as many out of them
        hand = (12 * width**2 + 2 * tokens * width) * DIGITAL / (numbers * (ENTRY + EXIT))
        published, found = claim(said, what)
        assert published == claimed
        assert found == pytest.approx(hand, rel=2e-3)
        assert 0.8 < found / published < 1.3
    assert "missed" in line_of(said, "the same, 4 bits and future electronics")


def test_attention_multiplies_little_and_converts_most(run_example):
    said = run_example("optical_transformer")
    for model, width, tokens in (("GPT2-small", 768, 1024), ("MT-NLG-530B", 20480, 2048)):
        share = 100.0 * tokens / (6 * width + tokens)
        assert f"{model}: attention has {share:.1f} % of the MACs" in said
    assert "1.6 % of the MACs and 65 % of the conversions" in said


def test_light_is_ahead_from_a_size_of_core_that_arithmetic_gives(run_example):
    line = line_of(run_example("optical_transformer"), "d = 16,384: ahead")
    inward, outward = DAC + MODULATOR + MEMORY, AMPLIFIER + ADC + LIGHT  # partial sums are not written to memory
    assert float(re.findall(r"cores of (\d+)", line)[0]) == pytest.approx((inward + outward) / DIGITAL, rel=0.05)


def test_bands_hold_what_is_described(run_example):
    (line,) = [line for line in run_example("optical_transformer").splitlines() if line.startswith("4e15 parameters")]
    *_, middle, low, _, high = (text.replace(",", "") for text in line.split())
    assert 0.5 * float(middle) < float(low) < float(middle) < float(high) < 2.0 * float(middle)


def test_depth_costs_conversions_and_converters(run_example):
    said = run_example("optical_depth")
    law, found = claim(said, "width at which a layer takes 300 fJ/MAC, E_c / E_d")
    assert law == pytest.approx((ENTRY + EXIT) / DIGITAL, rel=1e-3)
    assert found == pytest.approx(law, rel=0.02)
    assert claim(said, "layers of 16,777,216 MACs there, M (E_d / E_c)^2")[1] == pytest.approx(
        2**24 / found**2, rel=1e-3
    )
    assert claim(said, "converters of 1 GS/s, width 4,096, 10 GHz symbols") == (40960.0, 40960.0)
    assert "light, 5 ns a hop: ahead of a systolic array of 256 x 256 in time at all depths" in said
    assert "1 us of control: ahead of a systolic array of 256 x 256 in time up to" in said


def test_a_conversion_spares_a_logarithm_of_a_transform_and_half_the_width_of_a_matrix(run_example):
    said = run_example("fft_vs_matmul_optics")
    assert claim(said, "FLOP spared by a conversion, N = 4,096, 2.5 log2 N")[1] == 30.0
    assert claim(said, "MACs spared by a conversion, transform as a product, 256")[1] == 256.0
    assert claim(said, "MACs spared by a conversion, product with a matrix, 256")[1] == 128.0
    assert "at no size" in line_of(said, "  transform, fast, arithmetic")
    assert "from" in line_of(said, "  product with a matrix, arithmetic")
    lens = line_of(said, "  lens and mask").split()
    assert len(set(lens[3 : lens.index("pJ/pixel,")])) == 1, "a lens does not care how large a filter is"


def test_lightening_transformer_by_component(run_example):
    said = run_example("dota_power")
    for what, value in (
        ("DOTA-B 4-bit, detectors", 2534.4),
        ("DOTA-B 8-bit, output converters", 4262.4),
        ("DOTA-B 4-bit, frequency combs", 8.411),
    ):
        assert claim(said, what)[1] == pytest.approx(value, rel=1e-3)
    assert claim(said, "DOTA-B 4-bit, power, by SimPhony")[0] == 20.77
    assert "OUTSIDE" not in said


def test_light_for_so_many_bits(run_example):
    said = run_example("receiver_bits")
    for what, level in (("light of 4 bits at 1 GHz (-25 dBm)", -25.0), ("light of 8 bits at 5 GHz (-6.7 dBm)", -6.7)):
        assert claim(said, what)[1] == pytest.approx(10.0 ** (level / 10.0), rel=0.012)
    levels, shot = (
        float(re.findall(r"10 bits ([\d.e+]+) W", line_of(said, f"lasers of DOTA-B, {law}"))[0])
        for law in ("2^b on a sensitivity", "4^b")
    )
    assert shot / levels == pytest.approx(2**10, rel=0.01)
