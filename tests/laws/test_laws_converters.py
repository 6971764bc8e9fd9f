"""Converters and conversions: published points and tables, counts by loops, and the fit behind the constants."""

import itertools
import math

import numpy as np
import pytest

from archsim.io.catalogue import models_root
from archsim.laws import adc, conversion, dac
from archsim.validation.checks.adc import fit


def survey():
    rows = np.genfromtxt(models_root() / "measured" / "analog" / "adc_survey.csv", delimiter=",", names=True)
    return np.column_stack([rows[name] for name in ("enob", "freq_Hz", "tech_nm", "energy_pJ_per_convert")])


def test_the_constants_are_those_of_the_fit():
    found = fit(survey())
    shipped = [math.log10(adc.NOISE * 1e12), math.log10(adc.SWITCHED * 1e12), adc.NODE_EXPONENT, adc.BIT_EXPONENT,
               adc.RATE_EXPONENT, math.log10(adc.KNEE)]  # fmt: skip
    assert shipped == pytest.approx(found.tolist(), abs=2e-3)
    table = survey()
    errors = [math.log10(e * 1e-12 / adc.surveyed_energy(b, f, n * 1e-9, 0.5)) for b, f, n, e in table]
    assert 0.95 * adc.SPREAD > np.std(errors) > 0.9 * adc.SPREAD  # of those the fit has seen: less than of others


def test_quantiles_hold_the_share_they_name():
    table = survey()
    for quantile in (0.1, 0.5, 0.9):
        below = [e * 1e-12 < adc.surveyed_energy(b, f, n * 1e-9, quantile) for b, f, n, e in table]
        assert np.mean(below) == pytest.approx(quantile, abs=0.07)
    undercut = [e * 1e-12 < adc.regression_energy(b, f, n * 1e-9) for b, f, n, e in table if b >= 4]
    assert np.mean(undercut) == pytest.approx(0.27, abs=0.01)


def test_published_points_of_the_regression():
    assert adc.regression_energy(8.0, 1e10, 14e-9) == pytest.approx(1.588e-12, rel=1e-3)
    energy = adc.regression_energy(8.0, 1.28e9, 32e-9)
    assert energy == pytest.approx(1.93e-12, rel=5e-3)
    assert adc.regression_area(energy, 1.28e9, 32e-9) == pytest.approx(6.5e-9, rel=2e-2)


def test_energy_rises_with_bits_and_rate_and_feature_size():
    for law in (adc.regression_energy, lambda b, f, n: adc.surveyed_energy(b, f, n, 0.5)):
        for bits in (1.0, 2.0, 3.0, 4.0, 5.0, 9.0):
            assert law(bits, 1e8, 28e-9) < law(bits + 1.0, 1e8, 28e-9)
        assert law(8.0, 1e9, 28e-9) <= law(8.0, 1e10, 28e-9)
        assert law(8.0, 1e9, 28e-9) < law(8.0, 1e9, 65e-9)


def test_capacitors_follow_a_published_table():
    """Successive approximation at 32 nm, 4 to 10 bits: two constants give all seven energies."""
    published = (0.79, 0.99, 1.20, 1.42, 1.67, 1.97, 2.38)
    found = [adc.capacitor_energy(0.199e-12, 4.1e-19, bits, 1.0) for bits in map(float, range(4, 11))]
    assert found == pytest.approx([energy * 1e-12 for energy in published], rel=0.1)
    # 28 nm, 0.9 V, 5 bits: (100 fF x 5 + 0.001 fF x 4^5) x 0.81 V^2
    assert adc.capacitor_energy(100e-15, 1e-18, 5.0, 0.9) == pytest.approx((500 + 1.024) * 1e-15 * 0.81, rel=1e-12)


def test_scalings_by_hand():
    assert adc.linear_energy(8.0, 4.0, 8.0) == 4.0
    assert adc.flash_energy(255.0, 4.0, 8.0) == pytest.approx(15.0)
    assert adc.counting_energy(100.0, 0.5, 4.0, 8.0) == pytest.approx(100 - 0.5 * (128 - 8))
    assert adc.counting_energy(1.0, 1.0, 1.0, 8.0) == 0.0
    assert adc.walden_energy(10e-15, 8.0) == pytest.approx(2.56e-12)
    # 74 dB at a figure of 174 dB: 10^(-10) / 2
    assert adc.schreier_energy(174.0, (74.0 - 1.76) / 6.02) == pytest.approx(0.5e-10, rel=1e-12)
    # Lightening-Transformer: 50 mW at 14 GS/s and 8 bits, 4 bits take 1/8 of it
    assert dac.weighted_energy(50e-3 / 14e9, 4.0, 8.0) == pytest.approx(50e-3 / 14e9 / 8, rel=1e-12)
    assert dac.binary_energy(256.0 / 9.0, 3.0, 8.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("m", "n", "k", "rows", "columns", "slices", "pulses"), [
    (3, 5, 7, 4, 4, 2, 3), (1, 8, 8, 8, 8, 1, 1), (2, 9, 3, 2, 4, 4, 8),
])  # fmt: skip
def test_events_are_those_of_a_walk(m, n, k, rows, columns, slices, pulses):
    """A core of so many rows and columns, all of whose columns in use are read after every pulse."""
    inputs = outputs = 0
    wide = n * slices
    for _vector, _pulse in itertools.product(range(m), range(pulses)):
        for left in range(0, wide, columns):
            for top in range(0, k, rows):
                inputs += min(rows, k - top)
                outputs += min(columns, wide - left)
    folds_n, folds_k = math.ceil(wide / columns), math.ceil(k / rows)
    assert conversion.input_events(float(m), float(k), float(folds_n), float(pulses)) == inputs
    assert conversion.output_events(float(m), float(wide), float(folds_k), float(pulses)) == outputs
    # and shared out to the multiply-accumulates, where the matrix fills the core
    if k == rows and wide == columns:
        share = conversion.mac_energy(0.0, 2.0, slices, k, 3.0, pulses, n)
        assert share * m * n * k == pytest.approx(2.0 * outputs + 3.0 * inputs)


def test_a_larger_core_pays_less_per_operation_and_no_less_at_the_boundary():
    energies = [conversion.mac_energy(1e-15, 1e-12, 8.0, size, 1e-12, 16.0, size) for size in (64.0, 128.0, 256.0)]
    assert energies[0] - 1e-15 == pytest.approx(4 * (energies[2] - 1e-15))
    # parts of a published machine, pJ: detector, amplifier and converter out, driver and modulator in
    assert conversion.boundary_energy(0.44 + 0.6 + 1.48, 0.0, 0.0, 3.57 + 0.56) == pytest.approx(6.65)


def test_converters_that_keep_up():
    assert conversion.converters_needed(4096.0, 10e9, 10e9) == 4096.0
    assert conversion.converters_needed(1024.0, 5e9, 1e9) == 5120.0
