"""Photons: their energy, how many a wanted precision takes, and how many one product of a long sum takes.

Quantity                          Symbol   Unit   Source
Planck constant                   h        J s    exact by definition of the SI
speed of light                    c        m/s    exact by definition of the SI
Boltzmann constant                k_B      J/K    exact by definition of the SI
elementary charge                 q        A s    exact by definition of the SI
wavelength                        l        m
photons detected per output       n        -
bits of an output                 b        -
products summed on one detector   K        -
electrons of noise per read       s        -
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

PLANCK: Final = 6.62607015e-34
LIGHT_SPEED: Final = 299792458.0
BOLTZMANN: Final = 1.380649e-23
CHARGE: Final = 1.602176634e-19
FULL_SCALE: Final = 1.5
"""Mean square of a full-scale sine over that of the rounding error, for 0 bits."""


@kernel
def photon_energy(wavelength: float) -> float:
    """Return the energy of one photon: E = h c / l.

    Parameters
    ----------
    wavelength : float
        In vacuum, l, m.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Planck 1901; h and c as fixed by the SI of 2019.
    """
    return PLANCK * LIGHT_SPEED / wavelength


@kernel
def most_responsivity(wavelength: float) -> float:
    """Return the current over light of a detector that turns every photon into an electron: R = q l / (h c).

    Parameters
    ----------
    wavelength : float
        In vacuum, l, m.

    Returns
    -------
    float
        Responsivity, A/W.

    References
    ----------
    Agrawal: Fiber-optic communication systems, 4th ed. 2010, section 4.1.1 (quantum efficiency of 1).
    """
    return CHARGE * wavelength / (PLANCK * LIGHT_SPEED)


@kernel
def needed_photons(bits: float) -> float:
    """Return the photons an output needs for so many bits, if their number alone is uncertain: n = 1.5 x 4^b.

    n photons are counted with a variance of n, so that the signal is n times as strong as the noise in power; b bits
    want 1.5 x 4^b.

    Parameters
    ----------
    bits : float
        Effective bits, b, -.

    Returns
    -------
    float
        Photons, -.

    References
    ----------
    Poisson 1837 for the variance; Bennett 1948 for the noise of rounding. Hamerly, Bernstein, Sludds, Soljacic,
    Englund: Large-scale optical neural networks based on photoelectric multiplication, Physical Review X 9, 2019,
    doi:10.1103/PhysRevX.9.021032, call what follows from it the standard quantum limit.
    """
    return float(FULL_SCALE * 4.0**bits)


@kernel
def resolved_bits(photons: float) -> float:
    """Return the bits of an output of so many photons: b = log4(n / 1.5).

    Parameters
    ----------
    photons : float
        Detected, n, -.

    Returns
    -------
    float
        Effective bits, -; below 0 where the photons are too few for one.

    References
    ----------
    Bennett 1948, see `needed_photons`.
    """
    return 0.5 * math.log2(photons / FULL_SCALE)


@kernel
def product_energy(photons: float, products: float, wavelength: float) -> float:
    """Return the light detected per product summed: E = n h c / (l K).

    Parameters
    ----------
    photons : float
        Detected for one output, n, -.
    products : float
        Summed on its detector, K, -.
    wavelength : float
        l, m.

    Returns
    -------
    float
        Energy, J/MAC; the sum as a whole wants the photons, so that a longer one shares them out.

    References
    ----------
    Wang et al.: An optical neural network using less than 1 photon per multiplication, Nature Communications 13, 2022,
    doi:10.1038/s41467-021-27774-8, figure 1c.
    """
    return photons * photon_energy(wavelength) / products


@kernel
def thermal_electrons(capacitance: float, temperature: float) -> float:
    """Return the noise of charge left on a capacitor when it is reset: s = sqrt(k_B T C) / q.

    Parameters
    ----------
    capacitance : float
        Of detector and integrator, C, F.
    temperature : float
        T, K.

    Returns
    -------
    float
        Electrons, standard deviation, -.

    References
    ----------
    Johnson 1928, Nyquist 1928. Sludds et al.: Delocalized photonic deep learning on the internet's edge, Science 378,
    2022, doi:10.1126/science.abq8271, for receivers that integrate.
    """
    return math.sqrt(BOLTZMANN * temperature * capacitance) / CHARGE


@kernel
def integrated_ratio(photons: float, products: float, efficiency: float, electrons: float) -> float:
    """Return signal over noise of a receiver that adds up all products before it is read: R = K n eta / s.

    Parameters
    ----------
    photons : float
        On the detector for one product, n, -.
    products : float
        Added up, K, -.
    efficiency : float
        Electrons per photon, eta, -.
    electrons : float
        Noise of one read, s, -.

    Returns
    -------
    float
        Ratio of amplitudes, -.

    References
    ----------
    Sludds et al.: Delocalized photonic deep learning on the internet's edge, Science 378, 2022,
    doi:10.1126/science.abq8271, receivers that integrate.
    """
    return products * photons * efficiency / electrons


@kernel
def amplified_ratio(photons: float, products: float, efficiency: float, electrons: float) -> float:
    """Return signal over noise where every product is read on its own and added up after: R = sqrt(K) n eta / s.

    Parameters
    ----------
    photons : float
        On the detector for one product, n, -.
    products : float
        Added up, K, -.
    efficiency : float
        Electrons per photon, eta, -.
    electrons : float
        Noise of one read, s, -.

    Returns
    -------
    float
        Ratio of amplitudes, -.

    References
    ----------
    Sludds et al.: Delocalized photonic deep learning on the internet's edge, Science 378, 2022,
    doi:10.1126/science.abq8271, receivers that amplify.
    """
    return math.sqrt(products) * photons * efficiency / electrons
