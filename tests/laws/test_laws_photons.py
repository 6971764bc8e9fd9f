"""Photons by hand, by published values, and by drawing them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import photons

COUNTS = st.floats(1e-2, 1e9)
ROOM = 293.15


@pytest.mark.parametrize(("wavelength", "energy"), [(1.55e-6, 1.28e-19), (532e-9, 3.73e-19)])
def test_a_photon_of_the_usual_lasers(wavelength, energy):
    assert photons.photon_energy(wavelength) == pytest.approx(energy, rel=2e-3)


@pytest.mark.parametrize(("wavelength", "most"), [(1.55e-6, 1.55 / 1.239841984), (850e-9, 0.85 / 1.239841984)])
def test_one_electron_for_each_photon(wavelength, most):
    """A photon of 1 um has 1.239841984 eV, CODATA 2018."""
    assert photons.most_responsivity(wavelength) == pytest.approx(most, rel=1e-9)
    assert photons.most_responsivity(wavelength) == pytest.approx(photons.CHARGE / photons.photon_energy(wavelength))


def test_a_micrometre_is_known_in_electronvolts():
    assert photons.photon_energy(1e-6) / photons.CHARGE == pytest.approx(1.239841984, rel=1e-9)


def test_two_thirds_of_a_photon_per_product_as_wang_et_al_measured():
    """0.64 photons of green light, of 2.4e-19 J: as many per output as products are summed."""
    assert photons.product_energy(0.64 * 784.0, 784.0, 532e-9) == pytest.approx(2.39e-19, rel=1e-3)


def test_photons_for_eight_bits_by_hand():
    assert photons.needed_photons(8.0) == 1.5 * 65536
    assert photons.needed_photons(0.0) == 1.5


@given(st.floats(0.0, 16.0))
def test_bits_and_photons_are_each_others_inverse(bits):
    assert photons.resolved_bits(photons.needed_photons(bits)) == pytest.approx(bits, abs=1e-9)


@pytest.mark.parametrize("bits", [8.0, 10.0])
def test_photons_drawn_are_as_noisy_as_the_law_says(bits):
    """Counts of the number wanted for b bits vary by what rounding a full-scale sine to b bits leaves."""
    wanted = photons.needed_photons(bits)
    drawn = np.random.default_rng(7).poisson(wanted, 400_000)
    signal_over_noise = drawn.mean() ** 2 / drawn.var()
    sine = np.sin(np.linspace(0.0, 2.0 * np.pi, 400_000, endpoint=False) * 1001.3)
    step = 2.0 / 2.0**bits
    rounding = sine - (np.floor(sine / step) + 0.5) * step
    assert signal_over_noise == pytest.approx((sine**2).mean() / (rounding**2).mean(), rel=0.06)


@pytest.mark.parametrize(("capacitance", "electrons"), [(1e-15, 12.7), (1e-12, 402.0), (1e-11, 1270.0)])
def test_thermal_electrons_of_three_capacitors(capacitance, electrons):
    assert photons.thermal_electrons(capacitance, 300.0) == pytest.approx(electrons, rel=2e-3)


@given(COUNTS, st.integers(1, 10_000), st.floats(0.1, 1.0), st.floats(1.0, 1e4))
def test_integrating_wins_by_the_root_of_the_products(light, products, efficiency, electrons):
    late = photons.integrated_ratio(light, float(products), efficiency, electrons)
    early = photons.amplified_ratio(light, float(products), efficiency, electrons)
    assert late == pytest.approx(early * products**0.5, rel=1e-12)


def test_receivers_drawn_are_as_noisy_as_the_laws_say():
    """Forty products of 30 photons each: one read of all with noise of 100 electrons, or forty such reads."""
    draw = np.random.default_rng(11)
    light, products, efficiency, electrons = 30.0, 40, 0.8, 100.0
    signal = products * light * efficiency
    once = draw.normal(signal, electrons, 200_000)
    each = draw.normal(light * efficiency, electrons, (20_000, products)).sum(axis=1)
    assert photons.integrated_ratio(light, products, efficiency, electrons) == pytest.approx(
        signal / once.std(), rel=0.02
    )
    assert photons.amplified_ratio(light, products, efficiency, electrons) == pytest.approx(
        signal / each.std(), rel=0.02
    )


def test_room_temperature_is_close_to_a_fortieth_of_a_volt():
    volts = photons.BOLTZMANN * ROOM / photons.CHARGE
    assert volts == pytest.approx(0.02526, rel=1e-3)
