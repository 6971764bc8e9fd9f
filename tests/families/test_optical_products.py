"""A product on optical cores by hand: conversions, symbols, time and energy, from round numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from family_samples import gemm, one, only
from optical_samples import sample

import archsim
from archsim.errors import UnsupportedError
from archsim.laws import optics, receiver

EXACT = {"rel": 1e-9, "abs": 0.0}
M, N, K = 100, 60, 70
"""Sides that no core divides: 4 vectors at once in 25 turns, 8 columns in 8 blocks, 16 rows in 5."""


FAST = {"memory__dram__bandwidth": 1e18, "memory__buffer__width": 1e9}
"""Memories that are never in the way."""


def causes(result, *names):
    return [result.energy_by_detail.get(name, 0.0) for name in names]


def run(chip, shape=(M, N, K), dtype="int8", **how):
    return archsim.evaluate(gemm(*shape, dtype=dtype), chip, fusion="none", **how)


def test_conversions_of_streamed_operands():
    details = run(sample()).ops[0].details
    assert details["input_conversions"] == M * K * 8
    assert details["weight_conversions"] == N * K * 25
    assert details["output_conversions"] == M * N * 5
    assert details["macs_per_conversion"] == pytest.approx(M * N * K / (M * K * 8 + N * K * 25 + M * N * 5), **EXACT)


def test_time_of_streamed_operands():
    """Symbols, or the slowest converters: 192 for inputs of a core, 32 for outputs."""
    op = run(sample(**FAST)).ops[0]
    symbols = math.ceil(25 * 5 * 8 / 2) / 5e9
    assert op.exposed["light"] == pytest.approx(symbols, **EXACT)
    assert op.latency == pytest.approx(symbols + 100e-9 + 100e-9, **EXACT), "and the launch, and one access to memory"
    slow = run(sample(adc__rate=1e8, core__pipeline=5e-9, **FAST)).ops[0]
    assert slow.exposed["output converters"] == pytest.approx(M * N * 5 / (32 * 2 * 1e8), **EXACT)
    assert slow.exposed["converter pipeline"] == 5e-9
    slow = run(sample(dac__rate=1e8, **FAST)).ops[0]
    assert slow.exposed["input converters"] == pytest.approx((M * K * 8 + N * K * 25) / (192 * 2 * 1e8), **EXACT)


def test_energy_by_cause():
    chip = sample()
    result = run(chip)
    inputs, outputs = M * K * 8 + N * K * 25, M * N * 5
    light = math.ceil(25 * 5 * 8 / 2) / 5e9
    dac, modulators, detectors, adc, sums, network, laser = causes(
        result, "digital-to-analog conversion", "modulators", "detectors", "analog-to-digital conversion",
        "partial sums", "network on chip", "laser",
    )  # fmt: skip
    assert dac == pytest.approx(inputs * 3e-12, **EXACT)
    assert modulators == pytest.approx(inputs * 0.5e-12 + 192 * 2 * 0.5e-3 * light, **EXACT)
    assert detectors == pytest.approx(M * N * 5 * 2 * 1.1e-3 / 5e9 + outputs * 0.6e-12, **EXACT)
    assert adc == pytest.approx(outputs * 2e-12, **EXACT)
    assert sums == pytest.approx((outputs - M * N) * 0.05e-12, **EXACT)
    assert network == pytest.approx((outputs - M * N) * 1e-12, **EXACT)
    current = receiver.required_current(8, 60e-9, 5e-12, 0.0, 5e9)
    power = 2 * current * 32 * optics.ratio(4.0 + 3 * 0.1) / 0.2
    assert laser == pytest.approx(power * result.latency, **EXACT)
    gated = run(sample(laser__gated=True))
    lit = power / 2 * M * N * 5 / (5e9 * 32)
    assert causes(gated, "laser") == pytest.approx([lit], **EXACT)


def test_idle_light_is_static_energy():
    """A core in the dark costs its light unless it is gated: it is drawn over the whole run."""

    def copy(chip):
        b = archsim.GraphBuilder("copy")
        b.elementwise("relu", b.input("x", (4096,)))
        return archsim.evaluate(b.build(), chip)

    lit, dark = copy(sample()), copy(sample(laser__gated=True))
    power = optics.ratio(4.3) / 0.2 * 64 * receiver.required_current(8, 60e-9, 5e-12, 0.0, 5e9)
    assert lit.energy_by_detail["idle light"] == pytest.approx(power * lit.latency, **EXACT)
    assert lit.energy_by_cause["static"] == pytest.approx((0.1 + power) * lit.latency, **EXACT)
    assert dark.energy_by_cause["static"] == pytest.approx(0.1 * dark.latency, **EXACT)


def test_signs_repeat_encodings_and_reads_but_not_bytes():
    plain, twice = run(sample()).ops[0], run(sample(core__signs=2)).ops[0]
    for count in ("input_conversions", "weight_conversions", "output_conversions"):
        assert twice.details[count] == 2 * plain.details[count]
    assert twice.bytes_by_level == plain.bytes_by_level


def test_analog_sums_save_conversions():
    details = run(sample(core__accumulate=2)).ops[0].details
    assert details["output_conversions"] == M * N * 3
    details = run(sample(core__accumulate=2, core__summed=2)).ops[0].details
    assert details["output_conversions"] == M * N * 2
    assert run(sample(core__broadcast=4)).ops[0].details["input_conversions"] == M * K * 2


def test_a_sum_shorter_than_a_detector_adds_up_has_fewer_bits():
    """Of 5 symbols where 10 fit, photons are half as many: with their noise alone half a bit less."""
    quiet = {"receiver__noise": 0.0, "receiver__dark": 0.0, "laser__law": "photons", "laser__photons": 1000.0}
    short = run(sample(core__accumulate=10, **quiet)).ops[0].details["bits_reached"]
    full = run(sample(core__accumulate=10, **quiet), (M, N, 10 * 16)).ops[0].details["bits_reached"]
    assert full == pytest.approx(math.log(1000 / 2 / 1.5, 4), **EXACT)
    assert full - short == pytest.approx(0.5, **EXACT)


def test_reloaded_cores_are_set_block_by_block():
    op = run(sample("mesh")).ops[0]
    turns = math.ceil(5 * 8 / 2)
    assert op.details["weight_conversions"] == N * K
    assert op.exposed["weight setting"] == pytest.approx(turns * 2e-6, **EXACT)
    assert op.exposed["light"] == pytest.approx(turns * 25 / 5e9, **EXACT)
    often = run(sample("mesh", core__held=10)).ops[0]
    assert often.details["weight_conversions"] == N * K * 10
    assert often.exposed["weight setting"] == pytest.approx(turns * 10 * 2e-6, **EXACT)


def test_weights_in_place_are_set_once_if_they_fit():
    whole = sample("held", core__count=40, **FAST)
    warm, cold = run(whole), run(whole, cache="cold")
    assert warm.exposed.get("weight setting", 0.0) == 0.0
    assert warm.ops[0].exposed["light"] == pytest.approx(25 / 5e9, **EXACT)
    assert cold.exposed["weight setting"] == pytest.approx(2e-6, **EXACT)
    assert cold.energy_by_detail["weight setting"] == pytest.approx(N * K * 7e-12, **EXACT)
    assert cold.ops[0].bytes_by_level["dram"] == warm.ops[0].bytes_by_level["dram"] + N * K
    assert warm.energy_by_detail["tuning"] == pytest.approx(
        40 * (16 * 15 / 2 + 8 * 7 / 2 + 8) * 2e-3 * warm.latency, **EXACT
    )
    part = run(sample("held", core__count=39))
    assert part.exposed["weight setting"] == pytest.approx((1 - 38 / 40) * 2 * 2e-6, **EXACT)
    assert any("do not stay in place" in warning for warning in part.warnings)
    assert not any("do not stay" in warning for warning in warm.warnings)


def dynamic(n=64, dtype="int8"):
    def scores(b):
        b.matmul(b.input("q", (n, 32)), b.input("k", (32, n)))

    return one(scores, dtype)


def test_two_computed_operands():
    streamed = only(dynamic(), sample())
    assert streamed.details["weight_conversions"] == 64 * 32 * 16
    beside = only(dynamic(), sample("mesh"))
    assert not beside.details and beside.exposed["digital products"] > 0.0
    encoded = only(dynamic(), sample("mesh", core__dynamic="core"))
    assert encoded.details["weight_conversions"] == 64 * 32
    assert encoded.exposed["weight setting"] == pytest.approx(math.ceil(2 * 8 / 2) * 2e-6, **EXACT)


def test_bits_wanted_set_the_light():
    least = run(sample(adc__bits=4)).ops[0].details
    most = run(sample(adc__bits=8)).ops[0].details
    assert least["bits_reached"] == pytest.approx(4.0, **EXACT)
    assert most["laser_w"] > 8 * least["laser_w"]


@pytest.mark.parametrize(
    ("sets", "words"),
    [
        ({"receiver__intensity_noise": -100.0}, "intensity noise"),
        ({"path__budget": 4.0}, "link budget"),
        ({"laser__limit": 1e-6}, "more light than a source gives"),
    ],
)
def test_what_no_light_reaches_is_refused_with_the_reason(sets, words):
    with pytest.raises(UnsupportedError, match=words):
        run(sample(**sets))


def test_sweeps_tell_what_is_not_feasible():
    noise = 10 * np.log10([1e-16, 1e-14, 1e-12])
    chip = sample(receiver__intensity_noise=-160.0)
    points = archsim.evaluate_points(gemm(M, N, K, dtype="int8"), chip, {"receiver.intensity_noise": noise})
    assert [status != 0 for status in points["status"]] == [1.5 * 4**8 * 10 ** (n / 10) * 5e9 >= 1 for n in noise]
    assert np.isfinite(points["energy"]).all()


def test_alternative_laws_of_light():
    def light(law, bits):
        chip = sample(laser__law=law, laser__sensitivity=1e-6, laser__photons=500.0, laser__power=3.0, laser__bits=bits)
        return run(chip).ops[0].details["laser_w"]

    assert light("levels", 6) == pytest.approx(2 * light("levels", 5), **EXACT)
    assert light("shot", 6) == pytest.approx(4 * light("shot", 5), **EXACT)
    assert light("cubed", 6) == pytest.approx(8 * light("cubed", 5), **EXACT)
    assert light("given", 6) == pytest.approx(3.0, **EXACT)
    assert light("photons", 6) == pytest.approx(2 * 500 * 1.602176634e-19 * 5e9 * 32 * optics.ratio(4.3) / 0.2, **EXACT)
