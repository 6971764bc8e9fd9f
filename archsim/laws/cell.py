"""How true the weight in a cell is: error of writing, drift, and the voltage that wires take.

Quantity                              Symbol   Unit   Source
conductance, in microsiemens          g        -      fits to devices
time since writing                    t        s
exponent of drift                     v        -      a fit to devices
resistance of wire from cell to cell  r        Ohm
rows and columns of an array          R, C     -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def pcm_programming_error(conductance: float) -> float:
    """Return the error of written phase-change cells: s = -0.00178767 g^2 + 0.07585724 g + 0.28638599.

    Parameters
    ----------
    conductance : float
        Aimed at, g, microsiemens, 0 to 25.

    Returns
    -------
    float
        Standard deviation in microsiemens, -.

    References
    ----------
    Joshi et al.: Accurate deep neural network inference using computational phase-change memory, Nature Communications
    11, 2020, doi:10.1038/s41467-020-16108-9, as fitted in CrossSim.
    """
    return -0.00178767 * conductance**2 + 0.07585724 * conductance + 0.28638599


@kernel
def rram_programming_error(conductance: float) -> float:
    """Return the error of written resistive cells after a second: s = 1.536e-4 g^3 - 0.01167 g^2 + 0.2374 g + 1.053.

    Parameters
    ----------
    conductance : float
        Aimed at, g, microsiemens, 0 to 39.26.

    Returns
    -------
    float
        Standard deviation in microsiemens, -.

    References
    ----------
    Wan et al.: A compute-in-memory chip based on resistive random-access memory, Nature 608, 2022,
    doi:10.1038/s41586-022-04992-8, as fitted in CrossSim.
    """
    return 1.536e-4 * conductance**3 - 1.167e-2 * conductance**2 + 0.2374 * conductance + 1.053


@kernel
def drift(age: float, start: float, exponent: float) -> float:
    """Return the conductance that is left: q = (t / t0)^-v, and 1 before t0.

    Parameters
    ----------
    age, start : float
        Since writing, t, and from when on it drifts, t0, s.
    exponent : float
        v, -; about 0.06 in phase-change cells.

    Returns
    -------
    float
        Over that at t0, -.

    References
    ----------
    Ielmini et al.: Recovery and drift dynamics of resistance and threshold voltages in phase-change memories, IEEE
    Transactions on Electron Devices 54(2), 2007, doi:10.1109/TED.2006.888752.
    """
    return math.exp(-exponent * math.log(max(1.0, age / start)))


@kernel
def wire_drop(wire: float, conductance: float, rows: float, columns: float) -> float:
    """Return the share of the voltage that wires take, to first order: b = r G R C / 2, at most 1.

    Parameters
    ----------
    wire : float
        From one cell to the next, r, Ohm.
    conductance : float
        Mean of a cell, G, S.
    rows, columns : float
        R and C, -.

    Returns
    -------
    float
        Share, -; larger than what happens when it is no longer small.

    References
    ----------
    Definition: a wire with evenly spread loads drops half of what it would with all of them at its end.
    """
    return min(1.0, wire * conductance * rows * columns / 2.0)


@kernel
def largest_array(wire: float, conductance: float, share: float) -> float:
    """Return the most cells of an array whose wires take a share of the voltage: n = 2 b / (r G).

    Parameters
    ----------
    wire, conductance : float
        r, Ohm, and G, S.
    share : float
        b, -.

    Returns
    -------
    float
        Rows times columns, -; without limit on wires without resistance.

    References
    ----------
    Definition, from `wire_drop`.
    """
    return 2.0 * share / (wire * conductance) if wire * conductance > 0.0 else math.inf


@kernel
def column_noise(rows: float, input_square: float, deviation: float) -> float:
    """Return the variance that cells add to a sum: V = R E[x^2] s^2.

    Parameters
    ----------
    rows : float
        R, -.
    input_square : float
        E[x^2], -.
    deviation : float
        Of one cell, s, levels, -.

    Returns
    -------
    float
        Levels squared, -.

    References
    ----------
    Definition.
    """
    return rows * input_square * deviation * deviation


@kernel
def product_noise(error: float, positive: float, negative: float) -> float:
    """Return the deviation of an analog sum whose noise grows with what flows: s = E sqrt(N+ + N-).

    Parameters
    ----------
    error : float
        E, -: of one product, over its square root.
    positive, negative : float
        Sums of positive and of negative products, N+ and N-, -.

    Returns
    -------
    float
        Levels, -.

    References
    ----------
    Andrulis, Emer, Sze: RAELLA: reforming the arithmetic for efficient, low-resolution, and low-loss analog PIM, ISCA
    2023, doi:10.1145/3579371.3589062.
    """
    return error * math.sqrt(positive + negative)
