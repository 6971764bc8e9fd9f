"""Voltage over clock, and what follows it: dynamic energy, leakage, and the power of the clock itself.

All is relative to a nominal clock, at which a chip's energies and powers are stated.

Quantity                    Symbol   Unit   Source
clock over the nominal one  r        -
voltage over the nominal    v        -
lowest voltage              vmin     -      a fit to measured power
slope of the voltage        s        -      a fit to measured power
exponent of leakage         k        -
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def relative_voltage(clock: float, floor: float, slope: float) -> float:
    """Return the voltage a clock needs over that of the nominal clock: v = max(vmin, 1 + s (r - 1)).

    Parameters
    ----------
    clock : float
        Clock over the nominal one, r, -.
    floor : float
        Lowest voltage the regulator gives, over the nominal one, vmin, -.
    slope : float
        Relative rise of the voltage per relative rise of the clock near the nominal one, s, -; 0: it never changes.

    Returns
    -------
    float
        Voltage, -, over the nominal one.

    References
    ----------
    Guerreiro, Ilic, Roma, Tomas: GPGPU power modeling for multi-domain voltage-frequency scaling, HPCA 2018,
    doi:10.1109/HPCA.2018.00072 (constant up to a clock, then rising with it, on measured GPUs).
    """
    return max(floor, 1.0 + slope * (clock - 1.0))


@kernel
def energy_scale(voltage: float) -> float:
    """Return the energy of an operation over that at the nominal voltage: e = v^2.

    Parameters
    ----------
    voltage : float
        Voltage over the nominal one, -.

    Returns
    -------
    float
        Energy, -, over the nominal one.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2 (energy of a transition C V^2).
    """
    return voltage * voltage


@kernel
def leakage_scale(voltage: float, exponent: float) -> float:
    """Return the power that leaks over that at the nominal voltage: p = v^k.

    Parameters
    ----------
    voltage : float
        Voltage over the nominal one, -.
    exponent : float
        1 for the supply itself, more for the current it draws through barriers it lowers, k, -.

    Returns
    -------
    float
        Power, -, over the nominal one; at one temperature.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.3 (subthreshold current and barrier lowering by the drain).
    """
    return float(voltage**exponent)


@kernel
def clocking_scale(clock: float, voltage: float) -> float:
    """Return the power of what switches with every clock over that at the nominal clock: p = r v^2.

    Parameters
    ----------
    clock, voltage : float
        Clock and voltage over the nominal ones, -.

    Returns
    -------
    float
        Power, -, over the nominal one.

    References
    ----------
    Weste, Harris: CMOS VLSI Design, 4th ed. 2010, section 5.2 (P = a C V^2 f with a = 1 for the clock tree).
    """
    return clock * energy_scale(voltage)


@kernel
def static_power(
    constant: float, clocking: float, leakage: float, clock: float, voltage: float, exponent: float
) -> float:
    """Return the power drawn whatever runs: P0 = Pconst + Pclock r v^2 + Pleak v^k.

    Parameters
    ----------
    constant, clocking, leakage : float
        At the nominal clock: what follows neither clock nor voltage, the clock tree, and leakage, W.
    clock, voltage : float
        Clock and voltage over the nominal ones, -.
    exponent : float
        Of leakage, k, -.

    Returns
    -------
    float
        Power, W.

    References
    ----------
    Mei, Wang, Chu: A survey and measurement study of GPU DVFS on energy conservation, Digital Communications and
    Networks 3(2), 2017, doi:10.1016/j.dcan.2016.10.001 (static power and power of the clock beside that of the work).
    """
    return constant + clocking * clocking_scale(clock, voltage) + leakage * leakage_scale(voltage, exponent)
