"""What light loses on its way through a circuit, and the electricity behind the light that is left.

Quantity                              Symbol   Unit   Source
loss                                  L        dB
ports of a mesh, inputs               R        -
branches of a splitting tree          n        -
efficiency of the laser               eta      -      light over electricity, datasheet
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def ratio(level: float) -> float:
    """Return the ratio that decibels stand for: r = 10^(L / 10).

    Parameters
    ----------
    level : float
        L, dB.

    Returns
    -------
    float
        Ratio of powers, -.

    References
    ----------
    Definition.
    """
    return float(10.0 ** (level / 10.0))


@kernel
def level(ratio: float) -> float:
    """Return the decibels of a ratio: L = 10 log10(r).

    Parameters
    ----------
    ratio : float
        Ratio of powers, r, -.

    Returns
    -------
    float
        Level in dB, -.

    References
    ----------
    Definition.
    """
    return 10.0 * math.log10(ratio)


@kernel
def mesh_depth(ports: float) -> float:
    """Return the interferometers that light passes in a rectangular mesh: d = R.

    Parameters
    ----------
    ports : float
        Inputs, R, -.

    Returns
    -------
    float
        Depth, -.

    References
    ----------
    Clements, Humphreys, Metcalf, Kolthammer, Walmsley: Optimal design for universal multiport interferometers,
    Optica 3(12), 2016, doi:10.1364/OPTICA.3.001460.
    """
    return ports


@kernel
def mesh_elements(ports: float) -> float:
    """Return the interferometers of a mesh for any unitary matrix: N = R (R - 1) / 2.

    Parameters
    ----------
    ports : float
        Inputs, R, -.

    Returns
    -------
    float
        Interferometers, -.

    References
    ----------
    Clements, Humphreys, Metcalf, Kolthammer, Walmsley: Optimal design for universal multiport interferometers,
    Optica 3(12), 2016, doi:10.1364/OPTICA.3.001460.
    """
    return ports * (ports - 1.0) / 2.0


@kernel
def matrix_elements(rows: float, columns: float) -> float:
    """Return the interferometers for any matrix, as two meshes and attenuators: N = R(R-1)/2 + C(C-1)/2 + min(R, C).

    Parameters
    ----------
    rows, columns : float
        Matrix, R and C, -.

    Returns
    -------
    float
        Interferometers, -.

    References
    ----------
    Shen et al.: Deep learning with coherent nanophotonic circuits, Nature Photonics 11, 2017,
    doi:10.1038/nphoton.2017.93 (singular value decomposition on a chip).
    """
    return mesh_elements(rows) + mesh_elements(columns) + min(rows, columns)


@kernel
def tree_depth(branches: float) -> float:
    """Return the splitters that light passes in a binary tree: d = ceil(log2 n).

    Parameters
    ----------
    branches : float
        Ends of the tree, n, -.

    Returns
    -------
    float
        Splitters, -.

    References
    ----------
    Definition.
    """
    return math.ceil(math.log2(branches))


@kernel
def link_loss(fixed: float, stages: float, stage: float, branches: float, excess: float, guide: float) -> float:
    """Return the loss from a source to a detector: L = L_0 + d L_s + t L_x + L_g.

    What splitting hands to other detectors is not lost, and not counted here.

    Parameters
    ----------
    fixed : float
        Of what is passed once, L_0, dB.
    stages, stage : float
        Stages, d, -, and loss of one, L_s, dB.
    branches, excess : float
        Splitters, t, -, and what one loses beyond dividing the light, L_x, dB.
    guide : float
        Of all waveguide, L_g, dB.

    Returns
    -------
    float
        Loss in dB, -.

    References
    ----------
    Definition: ratios multiply, so that decibels add up.
    """
    return fixed + stages * stage + branches * excess + guide


@kernel
def deepest_mesh(budget: float, fixed: float, stage: float) -> float:
    """Return the stages a link budget allows: d = floor((L_max - L_0) / L_s).

    Parameters
    ----------
    budget, fixed, stage : float
        Most that may be lost, loss of what is passed once, and loss of one stage, dB.

    Returns
    -------
    float
        Stages, -.

    References
    ----------
    Definition: the largest depth whose `link_loss` is within the budget.
    """
    return max(0.0, math.floor((budget - fixed) / stage))


@kernel
def source_power(detector: float, loss: float, sharing: float) -> float:
    """Return the light of a source: P = P_d n 10^(L / 10).

    Parameters
    ----------
    detector : float
        Wanted at one detector, P_d, W.
    loss : float
        On the way, L, dB.
    sharing : float
        Detectors that share the light of the source, n, -.

    Returns
    -------
    float
        Light, W.

    References
    ----------
    Agrawal: Fiber-optic communication systems, 4th ed. 2010, section 5.2.2 (power budget).
    """
    return detector * sharing * ratio(loss)


@kernel
def wall_power(light: float, efficiency: float) -> float:
    """Return the electricity behind light: P = P_o / eta.

    Parameters
    ----------
    light : float
        P_o, W.
    efficiency : float
        Of the laser with its driver, eta, -.

    Returns
    -------
    float
        Electricity, W.

    References
    ----------
    Definition of the wall-plug efficiency.
    """
    return light / efficiency
