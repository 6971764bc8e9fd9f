"""A picture cut into tiles, one for each machine, whose windows reach into the tiles beside.

Quantity                              Symbol   Unit   Source
halo of one machine                   S        B      `archsim.graph.space.halo_pixels`
machines of one block                 m        -
neighbours                            q        -
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def block_bytes(payload: float, machines: float) -> float:
    """Return the bytes that enter a square block of tiles: S_m = S sqrt(m).

    The halo lies along the edge, and the edge of a block of m tiles is sqrt(m) times that of one; where windows are
    wider than tiles this is more than enters.

    Parameters
    ----------
    payload : float
        Halo of one machine, S, B.
    machines : float
        Tiles of the block, m, -.

    Returns
    -------
    float
        Bytes, B.

    References
    ----------
    Definition: the perimeter of a square of given area.
    """
    return payload * math.sqrt(machines)


@kernel
def halo_time(payload: float, neighbours: float, hop: float, bandwidth: float) -> float:
    """Return the time to fetch a halo: t = q h + S / R.

    Parameters
    ----------
    payload : float
        What enters over one way, S, B.
    neighbours : float
        Machines it comes from, q, -.
    hop : float
        Start of one message, h, s.
    bandwidth : float
        One direction, R, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Dryden et al.: Improving strong-scaling of CNN training by exploiting finer-grained parallelism, IPDPS 2019,
    arXiv:1903.06681, section V.
    """
    return neighbours * hop + payload / bandwidth
