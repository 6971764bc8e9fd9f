"""How energy shrinks with the process.

Quantity                     Symbol     Unit   Source
feature sizes                L1, L2, L  m      of two published nodes, and of the chip
energies at the two nodes    E1, E2     J      tables of one publication each
progress between them        p          -
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
