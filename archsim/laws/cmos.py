"""How energy shrinks with the process.

Quantity                     Symbol     Unit   Source
energy at two known nodes    E1, E2     J      tables of one publication each
feature sizes                L1, L2, L  m
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def between_nodes(node: float, older: float, older_value: float, newer: float, newer_value: float) -> float:
    """Return a value at `node` on the power law through two published nodes.

    E(L) = E1 (L / L1)^p with p = ln(E2 / E1) / ln(L2 / L1)

    Two anchors set the exponent, so no generic scaling rule is needed; outside them the law extrapolates.

    Parameters
    ----------
    node, older, newer : float
        Feature sizes, m.
    older_value, newer_value : float
        The quantity at the two nodes, in its own unit; zero stays zero.

    References
    ----------
    Dennard et al. 1974, doi:10.1109/JSSC.1974.1050511 (power laws in feature size); anchors as cited in the data.
    """
    if older_value <= 0.0 or newer_value <= 0.0:
        return 0.0
    power = math.log(newer_value / older_value) / math.log(newer / older)
    return older_value * (node / older) ** power
