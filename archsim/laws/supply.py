"""Supply voltage of circuits whose energies and rates are described at another one.

Quantity                       Symbol   Unit
supply, and where described    V, Vn    V
threshold of the transistors   Vt       V
exponent of their current      a        -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def energy_ratio(voltage: float, nominal: float) -> float:
    """Return energy over that at the nominal supply: e = (V / Vn)^2.

    Parameters
    ----------
    voltage, nominal : float
        V and Vn, V.

    Returns
    -------
    float
        Ratio, -.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2 (energy of a transition C V^2).
    """
    return (voltage / nominal) ** 2.0


@kernel
def rate_ratio(voltage: float, nominal: float, threshold: float, exponent: float) -> float:
    """Return rate over that at the nominal supply: r = ((V - Vt) / (Vn - Vt))^a Vn / V.

    Parameters
    ----------
    voltage, nominal, threshold : float
        V, Vn and Vt, V; the first two above the third.
    exponent : float
        a, -.

    Returns
    -------
    float
        Ratio, -.

    References
    ----------
    Sakurai, Newton: Alpha-power law MOSFET model and its applications to CMOS inverter delay and other formulas, IEEE
    JSSC 25(2), 1990, doi:10.1109/4.52187.
    """
    return float(((voltage - threshold) / (nominal - threshold)) ** exponent * nominal / voltage)


@kernel
def between_points(voltage: float, lower: float, upper: float, below: float, above: float) -> float:
    """Return what lies between two measured points: y = y1 + (y2 - y1) (V - V1) / (V2 - V1).

    Parameters
    ----------
    voltage, lower, upper : float
        V, V1 and V2, V.
    below, above : float
        y1 and y2, -.

    Returns
    -------
    float
        y, -.

    References
    ----------
    Definition.
    """
    return below + (above - below) * (voltage - lower) / (upper - lower)
