"""Noise of sums on wires: how far a converted and recombined product lies from the exact one.

A sum counts levels: one for an input one step above nothing on a cell one step above nothing.

Quantity                                     Symbol       Unit
rows of a sum                                R            -
input of a pulse, level of a cell            x, g         -
mean and standard deviation of the sum       mu, sigma    -
step between two codes of the converter      D            -
deviation the cells add to the sum           d            -
characteristic function of what is converted phi          -
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

TERMS: Final = 40
"""Of the series: those left out are below a thousandth of D^2 / 12."""
BOLTZMANN: Final = 1.380649e-23
NARROW: Final = 0.02
"""Deviation of the cells over the step below which they move no code; the series would need more terms."""


@kernel
def sum_mean(rows: float, input_mean: float, cell_mean: float) -> float:
    """Return the mean of a sum: mu = R E[x] E[g].

    Parameters
    ----------
    rows : float
        R, -.
    input_mean, cell_mean : float
        E[x] and E[g], -.

    Returns
    -------
    float
        Levels, -.

    References
    ----------
    Definition.
    """
    return rows * input_mean * cell_mean


@kernel
def sum_variance(rows: float, input_mean: float, input_square: float, cell_mean: float, cell_square: float) -> float:
    """Return the variance of a sum of independent products: V = R (E[x^2] E[g^2] - E[x]^2 E[g]^2).

    Parameters
    ----------
    rows : float
        R, -.
    input_mean, input_square, cell_mean, cell_square : float
        Moments of inputs and cells, -; of input bits both are their density.

    Returns
    -------
    float
        Levels squared, -.

    References
    ----------
    Definition.
    """
    return rows * (input_square * cell_square - input_mean * input_mean * cell_mean * cell_mean)


@kernel
def word_square(bits: float, width: float, mean: float, square: float) -> float:
    """Return the mean square of a number of independent digits: E[X^2] = V[x] (4^n - 1) / (4^b - 1) + E[X]^2.

    Parameters
    ----------
    bits, width : float
        Of the number, n, and of each digit, b, b.
    mean, square : float
        Moments of a digit, E[x] and E[x^2], -.

    Returns
    -------
    float
        Mean square, -.

    References
    ----------
    Definition.
    """
    digits = math.ceil(bits / width)
    whole = mean * (2.0 ** (digits * width) - 1.0) / (2.0**width - 1.0)
    return (square - mean * mean) * recombination(digits, width) + whole * whole


@kernel
def recombination(count: float, width: float) -> float:
    """Return how noise of one digit grows when digits are put together: a = (4^(n b) - 1) / (4^b - 1).

    The sum of 4^(i b) over the digits i; independent noise of slices and pulses multiplies both.

    Parameters
    ----------
    count, width : float
        Digits, n, -, and bits of each, b, b.

    Returns
    -------
    float
        Variance over that of the lowest digit, -.

    References
    ----------
    Definition.
    """
    return (4.0 ** (count * width) - 1.0) / (4.0**width - 1.0)


@kernel
def conversion_noise(step: float, mean: float, deviation: float, noise: float) -> float:
    """Return the mean square error of a conversion: e = D^2/12 + d^2 + sum (-1)^k (4 d^2 + (D/(pi k))^2) Re phi(u_k).

    u_k = 2 pi k / D. A sum of whole levels has phi(u) = phi(u - 2 pi), so near D = 1 codes and levels drift past each
    other slowly and the error is below D^2/12; phi falls off as exp(-(d u)^2 / 2) with what cells add. Without that,
    a step of at most a level loses nothing, as the sum is rounded to the next level.

    Parameters
    ----------
    step : float
        D, -.
    mean, deviation : float
        Of the exact sum, mu and sigma, -, from the lowest code on; Gaussian on whole levels.
    noise : float
        Deviation cells add, d, -.

    Returns
    -------
    float
        Levels squared, -; within the range of the converter.

    References
    ----------
    Sripad, Snyder: A necessary and sufficient condition for quantization errors to be uniform and white, IEEE
    Transactions on Acoustics, Speech, and Signal Processing 25(5), 1977, doi:10.1109/TASSP.1977.1162977.
    """
    if step <= 1.0 and noise == 0.0:
        return 0.0
    error = step * step / 12.0 + noise * noise
    moving = noise > NARROW * step
    for index in range(1, TERMS + 1):
        turn = index / step
        near = turn - round(turn)
        spread = 2.0 * math.pi * math.pi * ((deviation * near) ** 2 + (noise * turn) ** 2)
        if spread < 50.0:
            real = math.cos(2.0 * math.pi * near * mean) * math.exp(-spread)
            sign = 1.0 if index % 2 == 0 else -1.0
            error += sign * real * (step / (math.pi * index)) ** 2
            if moving:
                error += sign * real * 4.0 * noise * noise
    return max(0.0, error)


@kernel
def conversion_offset(step: float, mean: float, deviation: float, noise: float) -> float:
    """Return the mean error of a conversion, which a constant corrects: o = D sum (-1)^k Im phi(u_k) / (pi k).

    Parameters
    ----------
    step, mean, deviation, noise : float
        As in `conversion_noise`, -.

    Returns
    -------
    float
        Levels, -.

    References
    ----------
    Sripad, Snyder: A necessary and sufficient condition for quantization errors to be uniform and white, IEEE
    Transactions on Acoustics, Speech, and Signal Processing 25(5), 1977, doi:10.1109/TASSP.1977.1162977.
    """
    if step <= 1.0 and noise == 0.0:
        return 0.0
    offset = 0.0
    for index in range(1, TERMS + 1):
        turn = index / step
        near = turn - round(turn)
        spread = 2.0 * math.pi * math.pi * ((deviation * near) ** 2 + (noise * turn) ** 2)
        sign = 1.0 if index % 2 == 0 else -1.0
        offset += sign * math.sin(2.0 * math.pi * near * mean) * math.exp(-spread) * step / (math.pi * index)
    return offset


@kernel
def conversion_gain(step: float, mean: float, deviation: float, noise: float) -> float:
    """Return the part of its error that follows the sum: c = 2 D sum (-1)^k n_k Re phi(u_k) / k.

    n_k is what is left of k / D beyond the nearest whole number. When 63 codes stand for 64 levels, all sums come out
    1/63 too large, and so does what they are put together to: this part adds up like the signal, not like noise.

    Parameters
    ----------
    step, mean, deviation, noise : float
        As in `conversion_noise`, -.

    Returns
    -------
    float
        Error over the sum's distance from its mean, -.

    References
    ----------
    Bussgang: Crosscorrelation functions of amplitude-distorted Gaussian signals, MIT Research Laboratory of Electronics
    report 216, 1952, for the series of Sripad and Snyder, 1977.
    """
    if step <= 1.0 and noise == 0.0:
        return 0.0
    gain = 0.0
    for index in range(1, TERMS + 1):
        turn = index / step
        near = turn - round(turn)
        spread = 2.0 * math.pi * math.pi * ((deviation * near) ** 2 + (noise * turn) ** 2)
        sign = 1.0 if index % 2 == 0 else -1.0
        gain += sign * near / index * math.cos(2.0 * math.pi * near * mean) * math.exp(-spread)
    return 2.0 * step * gain


@kernel
def recombined_noise(places: float, error: float, offset: float, gain: float, variance: float, signal: float) -> float:
    """Return the noise of a product put together from conversions: N = a (e - o^2 - c^2 V) + c^2 S.

    Parameters
    ----------
    places : float
        Conversions, each with its weight squared, a, -.
    error, offset, gain : float
        Mean square error of a conversion, e, its mean, o, and the part of it that follows the sum, c, -.
    variance, signal : float
        Of the exact sum, V, and of the exact product, S, -.

    Returns
    -------
    float
        Variance, -.

    References
    ----------
    Definition, from `conversion_noise`, `conversion_offset` and `conversion_gain`.
    """
    return places * max(0.0, error - offset * offset - gain * gain * variance) + gain * gain * signal


@kernel
def clip_noise(deviation: float, limit: float) -> float:
    """Return the error of a Gaussian sum clipped on one side: c = sigma^2 ((1 + k^2) Q(k) - k f(k)).

    Parameters
    ----------
    deviation : float
        sigma, -.
    limit : float
        From the mean to the end of the range in deviations, k, -.

    Returns
    -------
    float
        Levels squared, -.

    References
    ----------
    Definition, with the Gaussian density f and tail Q: the integral of (y - k)^2 f(y) beyond k. Abramowitz, Stegun:
    Handbook of mathematical functions, 1964, section 26.2.
    """
    tail = 0.5 * math.erfc(limit / math.sqrt(2.0))
    density = math.exp(-0.5 * limit * limit) / math.sqrt(2.0 * math.pi)
    return max(0.0, deviation * deviation * ((1.0 + limit * limit) * tail - limit * density))


@kernel
def thermal_current(temperature: float, conductance: float, bandwidth: float) -> float:
    """Return the thermal noise of a column's cells: i = sqrt(4 k T G f).

    Parameters
    ----------
    temperature : float
        T, K.
    conductance : float
        Of all cells of the column together, G, S.
    bandwidth : float
        f, Hz.

    Returns
    -------
    float
        Current, root mean square, A.

    References
    ----------
    Nyquist: Thermal agitation of electric charge in conductors, Physical Review 32, 1928, doi:10.1103/PhysRev.32.110.
    """
    return math.sqrt(4.0 * BOLTZMANN * temperature * conductance * bandwidth)


@kernel
def decibels(signal: float, noise: float) -> float:
    """Return a signal-to-noise ratio: SNR = 10 log10(S / N); no number where there is no noise.

    Parameters
    ----------
    signal, noise : float
        Variances, S and N, -.

    Returns
    -------
    float
        Decibels, -; not a number where nothing is lost.

    References
    ----------
    Definition.
    """
    if noise <= 0.0 or signal <= 0.0:
        return math.nan
    return 10.0 * math.log10(signal / noise)


@kernel
def effective_bits(decibels: float) -> float:
    """Return the bits of an ideal converter with this ratio of signal to noise: n = (SNR - 1.76) / 6.02.

    Parameters
    ----------
    decibels : float
        SNR, dB.

    Returns
    -------
    float
        Effective bits, -.

    References
    ----------
    Bennett: Spectra of quantized signals, Bell System Technical Journal 27, 1948,
    doi:10.1002/j.1538-7305.1948.tb01340.x; IEEE Std 1241-2010.
    """
    return (decibels - 1.76) / 6.02
