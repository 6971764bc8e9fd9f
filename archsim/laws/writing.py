"""Writing weights into cells: what it costs, how long it takes, how long the cells last, and when it pays.

Quantity                                Symbol   Unit   Source
cells that are written                  n        -
pulses into one cell, on average        N        -
energy of one pulse                     E        J      voltage, length and resistance of the cell
energy of reading back over that        e        -
length of one pulse, of reading back    tp, tv   s
rows, and rows written together         R, r     -
writes a cell survives                  L        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def pulse_energy(voltage: float, time: float, resistance: float) -> float:
    """Return the energy of one pulse into a cell: E = V^2 t / Ron.

    Parameters
    ----------
    voltage : float
        Across the cell, V, V.
    time : float
        Length of the pulse, t, s.
    resistance : float
        Of the cell in its more conducting state, Ron, Ohm: the most a pulse can take.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Definition.
    """
    return voltage * voltage * time / resistance


@kernel
def write_energy(cells: float, pulse_energy: float, pulses: float, verify: float) -> float:
    """Return the energy of writing cells: W = n N E (1 + e).

    Parameters
    ----------
    cells : float
        n, -.
    pulse_energy : float
        E, J.
    pulses : float
        Into one cell, on average, N, -.
    verify : float
        Energy of reading a cell back after a pulse over that of the pulse, e, -.

    Returns
    -------
    float
        Energy, J.

    References
    ----------
    Papandreou et al.: Programming algorithms for multilevel phase-change memory, ISCAS 2011,
    doi:10.1109/ISCAS.2011.5937569 (pulses, each followed by a read, until the cell is near enough).
    """
    return cells * pulses * pulse_energy * (1.0 + verify)


@kernel
def write_time(rows: float, rows_at_once: float, pulses: float, pulse: float, verify_time: float) -> float:
    """Return the time for writing an array: t = ceil(R / r) N (tp + tv).

    Cells of a row are written together; arrays beside each other take no longer than one.

    Parameters
    ----------
    rows, rows_at_once : float
        Rows that are written, R, and those written together, r, -.
    pulses : float
        Into one cell, N, -: those of the slowest cell of a row where they differ.
    pulse, verify_time : float
        Length of a pulse and of reading back after it, tp and tv, s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Definition.
    """
    return math.ceil(rows / rows_at_once) * pulses * (pulse + verify_time)


@kernel
def wear(writes: float, time: float) -> float:
    """Return how often each cell is written per second: w = n / t.

    Parameters
    ----------
    writes : float
        Into each cell, n, -: each counts once however many pulses it takes.
    time : float
        In which they happen, t, s.

    Returns
    -------
    float
        Rate, Hz.

    References
    ----------
    Definition.
    """
    return writes / time


@kernel
def lifetime(endurance: float, wear: float) -> float:
    """Return how long cells last that are written over and over: t = L / w, without end where they are not written.

    Parameters
    ----------
    endurance : float
        Writes a cell survives, L, -; infinite for cells without wear.
    wear : float
        Writes into each cell per second, w, Hz.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Definition.
    """
    if wear <= 0.0:
        return math.inf
    return endurance / wear


@kernel
def breakeven_reuse(
    pulses: float, pulse_energy: float, cells_per_weight: float, digital_mac: float, analog_mac: float
) -> float:
    """Return the uses of a weight above which writing it has paid: U = N E c / (Ed - Ea), infinite where it never does.

    Parameters
    ----------
    pulses : float
        Into one cell, N, -.
    pulse_energy : float
        With what reading back takes, E, J.
    cells_per_weight : float
        c, -.
    digital_mac, analog_mac : float
        Energy of a multiply-accumulate on a machine that writes nothing, Ed, and of one in the cells with its
        converters, Ea, J.

    Returns
    -------
    float
        Uses, -.

    References
    ----------
    Definition.
    """
    saved = digital_mac - analog_mac
    if saved <= 0.0:
        return math.inf
    return pulses * pulse_energy * cells_per_weight / saved
