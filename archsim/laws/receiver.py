"""How much light a detector needs for so many bits, and how many bits it finds in so much light.

Current and noise are those at the bandwidth of one sample. Shot noise grows with the root of the light, thermal noise
not at all, and the intensity noise of the laser with the light itself, so that there are bits no light reaches.

Quantity                             Symbol   Unit      Source
bits                                 b        -
signal over noise, in power          S        -         of a full-scale sine over the rounding of b bits
photocurrent                         I        A
dark current                         I_d      A
noise current of the amplifier       i_n      A/rtHz    datasheet
relative intensity noise             RIN      1/Hz      datasheet of the laser, 10^(dB/10)
bandwidth of one sample              B        Hz
responsivity                         R_pd     A/W       datasheet
elementary charge                    q        A s       exact by definition of the SI
"""

from __future__ import annotations

import math

from archsim.jit import kernel
from archsim.laws.photons import CHARGE, FULL_SCALE


@kernel
def wanted_ratio(bits: float) -> float:
    """Return the signal over noise, in power, that so many bits are: S = 1.5 x 4^b.

    Parameters
    ----------
    bits : float
        Effective bits, b, -.

    Returns
    -------
    float
        Ratio, -.

    References
    ----------
    Bennett: Spectra of quantized signals, Bell System Technical Journal 27, 1948; IEEE Std 1241-2010, effective bits.
    """
    return float(FULL_SCALE * 4.0**bits)


@kernel
def noise_square(current: float, dark: float, noise: float, intensity: float, bandwidth: float) -> float:
    """Return the mean square of the noise: s^2 = (2 q (I + I_d) + i_n^2 + RIN I^2) B.

    Parameters
    ----------
    current, dark : float
        Photocurrent and dark current, I and I_d, A.
    noise : float
        Of the amplifier, i_n, A/rtHz.
    intensity : float
        Of the laser, RIN, 1/Hz.
    bandwidth : float
        Of one sample, B, Hz.

    Returns
    -------
    float
        Square of the noise current, A, squared.

    References
    ----------
    Agrawal: Fiber-optic communication systems, 4th ed. 2010, section 4.4 (shot, thermal and intensity noise).
    """
    return (2.0 * CHARGE * (current + dark) + noise * noise + intensity * current * current) * bandwidth


@kernel
def headroom(bits: float, intensity: float, bandwidth: float) -> float:
    """Return what the laser's own noise leaves of the wanted signal over noise: D = 1 - S RIN B.

    Parameters
    ----------
    bits : float
        Wanted, b, -.
    intensity, bandwidth : float
        RIN, 1/Hz, and B, Hz.

    Returns
    -------
    float
        Share, -; at 0 and below no light suffices.

    References
    ----------
    Definition: as light grows without limit, I^2 / s^2 tends to 1 / (RIN B).
    """
    return 1.0 - wanted_ratio(bits) * intensity * bandwidth


@kernel
def required_current(bits: float, dark: float, noise: float, intensity: float, bandwidth: float) -> float:
    """Return the photocurrent for so many bits: I = (S q B + sqrt((S q B)^2 + D S (2 q I_d + i_n^2) B)) / D.

    Where I^2 = S s^2, solved for I.

    Parameters
    ----------
    bits : float
        Wanted, b, -.
    dark, noise, intensity, bandwidth : float
        As in `noise_square`.

    Returns
    -------
    float
        Current, A; infinite where the laser's own noise is too large.

    References
    ----------
    Agrawal: Fiber-optic communication systems, 4th ed. 2010, section 4.4, its noise solved for the current.
    """
    left = headroom(bits, intensity, bandwidth)
    if left <= 0.0:
        return math.inf
    ratio = wanted_ratio(bits)
    shot = ratio * CHARGE * bandwidth
    thermal = ratio * (2.0 * CHARGE * dark + noise * noise) * bandwidth
    return (shot + math.sqrt(shot * shot + left * thermal)) / left


@kernel
def required_power(current: float, responsivity: float) -> float:
    """Return the light that gives a photocurrent: P = I / R_pd.

    Parameters
    ----------
    current : float
        I, A.
    responsivity : float
        R_pd, A/W.

    Returns
    -------
    float
        Power at the detector, W.

    References
    ----------
    Definition of the responsivity.
    """
    return current / responsivity


@kernel
def reached_bits(current: float, dark: float, noise: float, intensity: float, bandwidth: float) -> float:
    """Return the bits a receiver finds in a photocurrent: b = log4(I^2 / (1.5 s^2)).

    Parameters
    ----------
    current : float
        I, A.
    dark, noise, intensity, bandwidth : float
        As in `noise_square`.

    Returns
    -------
    float
        Effective bits, -; 0 where there are fewer.

    References
    ----------
    Bennett 1948; the inverse of `required_current`.
    """
    square = noise_square(current, dark, noise, intensity, bandwidth)
    if square <= 0.0:
        return math.inf
    ratio = current * current / (FULL_SCALE * square)
    return 0.5 * math.log2(ratio) if ratio > 1.0 else 0.0


@kernel
def most_bits(intensity: float, bandwidth: float) -> float:
    """Return the bits that no light exceeds: b = log4(1 / (1.5 RIN B)).

    Parameters
    ----------
    intensity, bandwidth : float
        RIN, 1/Hz, and B, Hz.

    Returns
    -------
    float
        Effective bits, -; infinite without intensity noise.

    References
    ----------
    Definition: where `headroom` is 0.
    """
    if intensity <= 0.0:
        return math.inf
    return max(0.0, 0.5 * math.log2(1.0 / (FULL_SCALE * intensity * bandwidth)))


@kernel
def counted_current(photons: float, rate: float) -> float:
    """Return the photocurrent of so many photons detected in each sample: I = n q f.

    Parameters
    ----------
    photons : float
        Detected, n, -.
    rate : float
        Samples, f, Hz.

    Returns
    -------
    float
        Current, A.

    References
    ----------
    Definition: one electron for each photon detected.
    """
    return photons * CHARGE * rate
