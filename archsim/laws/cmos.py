"""How energy and delay shrink with the process.

Quantity                     Symbol     Unit   Source
feature sizes                L1, L2, L  m      of two published nodes, and of the chip
energies at the two nodes    E1, E2     J      tables of one publication each
progress between them        p          -
supply                       V          V
coefficients of one node     a, b       -      Stillmaker and Baas 2017, fitted to simulated circuits
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def progress(node: float, older: float, newer: float) -> float:
    """Return how far a node lies on the way between two others: p = ln(L / L1) / ln(L2 / L1).

    Parameters
    ----------
    node, older, newer : float
        Feature sizes, m.

    Returns
    -------
    float
        Share of the way, -; 0 at the older node, 1 at the newer, beyond 1 for newer ones still.

    References
    ----------
    Dennard et al. 1974, doi:10.1109/JSSC.1974.1050511: energies are powers of the feature size.
    """
    return math.log(node / older) / math.log(newer / older)


@kernel
def between_nodes(share: float, older: float, newer: float) -> float:
    """Return an energy on the power law through its values at two published nodes: E = E1 (E2 / E1)^p.

    The two anchors set the exponent, so no generic scaling rule is needed; outside them the law extrapolates.

    Parameters
    ----------
    share : float
        Result of `progress`, -.
    older, newer : float
        The energy at the two nodes, J; an operation without a value has none at any node.

    Returns
    -------
    float
        Energy at the node, J; in J/B or J/(b m) if both are.

    References
    ----------
    Dennard et al. 1974, doi:10.1109/JSSC.1974.1050511: energies are powers of the feature size.
    """
    if older <= 0.0 or newer <= 0.0:
        return 0.0
    return older * (newer / older) ** share


@kernel
def delay_factor(voltage: float, cubic: float, square: float, linear: float, constant: float) -> float:
    """Return the delay of a circuit on a scale that all nodes share: D = a3 V^3 + a2 V^2 + a1 V + a0.

    Only ratios of two such factors mean anything: t' = t D' / D.

    Parameters
    ----------
    voltage : float
        Supply, V.
    cubic, square, linear, constant : float
        Coefficients of one node, a3 to a0, for V in volts.

    Returns
    -------
    float
        Factor, -.

    References
    ----------
    Stillmaker, Baas: Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm,
    Integration 58, 2017, doi:10.1016/j.vlsi.2017.02.002.
    """
    return ((cubic * voltage + square) * voltage + linear) * voltage + constant


@kernel
def energy_factor(voltage: float, square: float, linear: float, constant: float) -> float:
    """Return the energy of a circuit's operation on a scale that all nodes share: E = b2 V^2 + b1 V + b0.

    Only ratios of two such factors mean anything: e' = e E' / E.

    Parameters
    ----------
    voltage : float
        Supply, V.
    square, linear, constant : float
        Coefficients of one node, b2 to b0, for V in volts.

    Returns
    -------
    float
        Factor, -.

    References
    ----------
    Stillmaker, Baas: Scaling equations for the accurate prediction of CMOS device performance from 180 nm to 7 nm,
    Integration 58, 2017, doi:10.1016/j.vlsi.2017.02.002.
    """
    return (square * voltage + linear) * voltage + constant


@kernel
def power_factor(energy: float, delay: float) -> float:
    """Return the power of a circuit that never rests, over what it was: p = e / d.

    Parameters
    ----------
    energy, delay : float
        Energy and delay of its operation over what they were, e and d, -.

    Returns
    -------
    float
        Factor, -.

    References
    ----------
    Dennard et al. 1974, doi:10.1109/JSSC.1974.1050511: power is energy per switching over its delay.
    """
    return energy / delay
