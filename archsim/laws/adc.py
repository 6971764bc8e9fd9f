"""Energy and area of analog-to-digital converters by bits, rate and feature size.

A description names one law. Laws that need a published point scale it; the two of a survey need none, and say what
converters of published papers take: the regression that other tools use, and one fitted here with its spread.

Quantity                            Symbol   Unit
bits, effective                     b        b
conversions per second              f        Hz
feature size                        n        m
energy of one conversion            E        J
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel
from archsim.laws import sparsity

LEAST_BITS: Final = 4.0
"""Fewest bits the published regression is for."""
NOISE: Final = 10.0**-6.189 * 1e-12
SWITCHED: Final = 10.0**-1.153 * 1e-12
REFERENCE_NODE: Final = 65e-9
NODE_EXPONENT: Final = 1.767
BIT_EXPONENT: Final = 0.559
KNEE: Final = 10.0**6.484
RATE_EXPONENT: Final = 0.498
SPREAD: Final = 0.604
"""Fitted to the 144 converters of the survey, least squares of log10 E: noise floor and switched energy, J; exponents
of feature size, bits and rate; rate at 65 nm from which speed costs, Hz; scatter of converters left out, decades."""


@kernel
def linear_energy(energy: float, bits: float, most: float) -> float:
    """Return the energy of a converter that works bit by bit: E = E_0 b / b_0.

    Parameters
    ----------
    energy : float
        With all its bits, E_0, J.
    bits, most : float
        b and b_0, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Zhu et al.: Lightening-Transformer, HPCA 2024, arXiv:2305.19533, section V (power of converters by bits).
    """
    return energy * bits / most


@kernel
def flash_energy(energy: float, bits: float, most: float) -> float:
    """Return the energy of a converter with a comparator per level: E = E_0 (2^b - 1) / (2^b_0 - 1).

    Parameters
    ----------
    energy : float
        With all its bits, E_0, J.
    bits, most : float
        b and b_0, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Walden: Analog-to-digital converter survey and analysis, IEEE JSAC 17(4), 1999 (flash converters).
    """
    return energy * (2.0**bits - 1.0) / (2.0**most - 1.0)


@kernel
def counting_energy(energy: float, step: float, bits: float, most: float) -> float:
    """Return the energy of a converter that counts steps: E = E_0 + E_s (2^(b - 1) - 2^(b_0 - 1)).

    Parameters
    ----------
    energy : float
        With all its bits, E_0, J.
    step : float
        Of one of 2^(b - 1) steps, E_s, J.
    bits, most : float
        b and b_0, b.

    Returns
    -------
    float
        Energy, J; at least 0.

    References
    ----------
    Wan et al.: A compute-in-memory chip based on resistive random-access memory, Nature 608, 2022 (neurons that
    integrate and count charge decrements).
    """
    return max(0.0, energy + step * (2.0 ** (bits - 1.0) - 2.0 ** (most - 1.0)))


@kernel
def capacitor_energy(capacitance: float, noise_capacitance: float, bits: float, supply: float) -> float:
    """Return the energy of successive approximation on capacitors: E = (c b + d 4^b) V^2.

    Parameters
    ----------
    capacitance, noise_capacitance : float
        Switched for each bit, c, and what noise asks of the array at 0 bits, d, F.
    bits, supply : float
        b, b, and V, V.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Sun et al.: ZigZag-IMC, 2023, its model at 28 nm: c = 100 fF, d = 0.001 fF.
    """
    return (capacitance * bits + noise_capacitance * 4.0**bits) * supply * supply


@kernel
def walden_energy(figure: float, bits: float) -> float:
    """Return the energy by Walden's figure of merit: E = F 2^b.

    Parameters
    ----------
    figure, bits : float
        F, J/step, and b, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Walden: Analog-to-digital converter survey and analysis, IEEE JSAC 17(4), 1999.
    """
    return figure * 2.0**bits


@kernel
def schreier_energy(figure: float, bits: float) -> float:
    """Return the energy by Schreier's figure of merit: E = 10^((SNDR - F) / 10) / 2, SNDR = 6.02 b + 1.76.

    Parameters
    ----------
    figure, bits : float
        F, dB, and b, b.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Murmann: The race for the extra decibel, IEEE Solid-State Circuits Magazine 7(3), 2015: F = SNDR + 10 lg(f / 2P).
    """
    return 0.5 * 10.0 ** ((6.02 * bits + 1.76 - figure) / 10.0)


@kernel
def regression_energy(bits: float, rate: float, node: float) -> float:
    """Return the energy by a published regression: E = 10^((SNDR - F) / 10) g / 2.

    F = min(213.78 - 2.872 ln f, 128.31 + 3.2205 ceil b) dB is the better of what speed and bits allow, and ln g = 26.05
    + 1.88 ln n - 2.829 ln b - 1.470 with n in nm. It is a bound of the best: 27 % of the surveyed converters take less.
    Below 4 bits, where it is not meant to be used, it follows `surveyed_energy` from there.

    Parameters
    ----------
    bits, rate, node : float
        b, b; f, Hz; n, m.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Andrulis, Chen, Lee, Emer, Sze: Modeling analog-digital-converter energy and area for compute-in-memory accelerator
    design, 2024, arXiv:2404.06553; coefficients of hwcomponents-adc 1.0.21.
    """
    b = max(LEAST_BITS, bits)
    figure = min(
        213.7806687348118 - 2.8719030399529957 * math.log(rate), 128.3068287398817 + 3.220511510977559 * math.ceil(b)
    )
    noise = 20.0 * b * math.log10(2.0) + 10.0 * math.log10(1.5) - figure
    growth = (
        26.0496215686518 + 1.8800369206815004 * math.log(node * 1e9) - 2.8291256050594527 * math.log(b)
        - 1.4702022133784405
    )  # fmt: skip
    energy = 0.5e-12 * 10.0 ** (noise / 10.0) * math.exp(growth)
    if bits < LEAST_BITS:
        energy *= surveyed_energy(bits, rate, node, 0.5) / surveyed_energy(LEAST_BITS, rate, node, 0.5)
    return energy


@kernel
def regression_area(energy: float, rate: float, node: float) -> float:
    """Return the area by the same regression: ln A = 1.346 + 0.993 ln n + 0.181 ln f + 0.299 ln E.

    Parameters
    ----------
    energy, rate, node : float
        E, J; f, Hz; n, m.

    Returns
    -------
    float
        Area, m2; the median surveyed converter takes 5.8 times as much.

    References
    ----------
    Andrulis, Chen, Lee, Emer, Sze 2024, arXiv:2404.06553; coefficients of hwcomponents-adc 1.0.21: A in um2, n in nm, E
    in pJ.
    """
    return 1e-12 * math.exp(
        1.3461916439910742
        + 0.9932794744745022 * math.log(node * 1e9)
        + 0.18071538424508238 * math.log(rate)
        + 0.29912426192653485 * math.log(energy * 1e12)
    )


@kernel
def surveyed_energy(bits: float, rate: float, node: float, quantile: float) -> float:
    """Return what a share q keeps below: E = (d 4^b + c n^p 2^(w b)) (1 + (f n / k)^s) x.

    Of published converters: a floor of noise, switched charge that shrinks with the feature size n (over 65 nm), and
    what speed costs beyond what the process gives; x = 10^(z(q) s_E), z the normal quantile and s_E the spread around
    the fit, 0.60 decades for converters left out of it.

    Parameters
    ----------
    bits, rate, node : float
        b, b; f, Hz; n, m.
    quantile : float
        q, above 0 and below 1; 0.5 is the median.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Fitted here to those of Murmann's ADC performance survey, 1997 to 2023, that Andrulis et al. 2024 kept.
    """
    relative = node / REFERENCE_NODE
    work = NOISE * 4.0**bits + SWITCHED * relative**NODE_EXPONENT * 2.0 ** (BIT_EXPONENT * bits)
    speed = 1.0 + (rate * relative / KNEE) ** RATE_EXPONENT
    z = -sparsity.normal_quantile(quantile) if quantile <= 0.5 else sparsity.normal_quantile(1.0 - quantile)
    return float(work * speed * 10.0 ** (z * SPREAD))
