"""Energy of moving data across a die.

Quantity                                Symbol   Unit     Source
energy per random bit and distance      w        J/(b m)  Keckler et al. 2011
mean distance from a shared memory      d        m        half the edge of a square die
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def die_energy(area: float, energy: float) -> float:
    """Return the energy of one byte between a memory all of the die shares and a unit: E = 8 w sqrt(A) / 2.

    Along the two edges of a square die, the mean way to its middle is half an edge.

    Parameters
    ----------
    area : float
        Die, m2.
    energy : float
        Energy of one random bit (half of them toggle) over a distance, J/(b m).

    Returns
    -------
    float
        Energy of one byte, J/B.

    References
    ----------
    Keckler et al.: GPUs and the future of parallel computing, IEEE Micro 31(5), 2011, doi:10.1109/MM.2011.89.
    """
    return 4.0 * energy * math.sqrt(area)
