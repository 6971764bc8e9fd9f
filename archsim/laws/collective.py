"""Time of messages that a group of machines exchanges together.

Every machine has one way out and one way in that work at once. A collective is a number of dependent steps, each of
which waits for the one before, and a number of bytes that every way out has to carry.

Quantity                          Symbol   Unit   Source
payload                           S        B      whole buffer: summed, gathered, or to be scattered
machines                          n        -
passes round the ring             p        -      2 for all-reduce, 1 for all-gather and reduce-scatter
time of one dependent step        h        s
bandwidth of one way, one side    R        B/s
"""

from __future__ import annotations

import math
from typing import Final

from archsim.jit import kernel

WORDS: Final = 0.5
"""Share of the bandwidth left to data when every 4 bytes travel with a 4-byte flag of their own and no fence is waited
for: NCCL's LL protocol (NVIDIA/nccl, src/device/prims_ll.h: data1, flag1, data2, flag2 in 16 bytes)."""


@kernel
def ring_bytes(payload: float, members: float, passes: float) -> float:
    """Return the bytes each machine of a ring sends on: B = p S (n - 1) / n.

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    members : float
        Machines, n, -.
    passes : float
        Passes round the ring, p, -.

    Returns
    -------
    float
        Bytes of one machine, B.

    References
    ----------
    Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms, JPDC 69(2), 2009, doi:10.1016/j.jpdc.2008.09.002.
    """
    return passes * payload * (members - 1.0) / members


@kernel
def ring_time(payload: float, members: float, passes: float, hop: float, bandwidth: float) -> float:
    """Return the time of a collective round a ring: t = p (n - 1) (h + S / (n R)).

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    members : float
        Machines, n, -.
    passes : float
        Passes round the ring, p, -.
    hop : float
        One dependent step, h, s.
    bandwidth : float
        One direction, R, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Patarasuk, Yuan: Bandwidth optimal all-reduce algorithms, JPDC 69(2), 2009, doi:10.1016/j.jpdc.2008.09.002.
    """
    return passes * (members - 1.0) * (hop + payload / (members * bandwidth))


@kernel
def tree_time(payload: float, depth: float, hop: float, bandwidth: float) -> float:
    """Return the time of an all-reduce up and down two trees that share the payload: t = 2 (d h + S / R).

    Each machine is an inner node of one tree and a leaf of the other, so that every way carries the payload once up
    and once down, in pieces that follow one another.

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    depth : float
        Steps from the farthest leaf to the root, d, -; ceil(log2 n) in a binary tree.
    hop : float
        One dependent step, h, s.
    bandwidth : float
        One direction, R, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Sanders, Speck, Traeff: Two-tree algorithms for full bandwidth broadcast, reduction and scan, Parallel Computing
    35(12), 2009, doi:10.1016/j.parco.2009.09.001.
    """
    return 2.0 * (depth * hop + payload / bandwidth)


@kernel
def tree_depth(members: float) -> float:
    """Return the steps from the farthest leaf of a binary tree to its root: d = ceil(log2 n).

    Returns
    -------
    float
        Steps, -.

    References
    ----------
    Definition.
    """
    return math.ceil(math.log2(members))


@kernel
def one_shot_time(payload: float, members: float, hop: float, bandwidth: float) -> float:
    """Return the time of an all-reduce in which everybody reads everything: t = h + (n - 1) S / R.

    One step only, for which every way carries n - 1 whole payloads: best where steps cost more than bytes.

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    members : float
        Machines, n, -.
    hop : float
        One dependent step, h, s.
    bandwidth : float
        One direction, R, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in MPICH, IJHPCA 19(1), 2005,
    doi:10.1177/1094342005051521 (recursive exchange of whole vectors).
    """
    return hop + (members - 1.0) * payload / bandwidth


@kernel
def in_switch_time(payload: float, members: float, hop: float, bandwidth: float) -> float:
    """Return the time of an all-reduce that the switch adds up and multicasts: t = 2 h + (1 + 1 / n) S / R.

    Every machine answers for the n-th part: it draws that part of all the others through the adding switch, which
    takes all of S out of each, and sends the sums, S / n, back through the multicasting one.

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    members : float
        Machines, n, -.
    hop : float
        One dependent step, h, s.
    bandwidth : float
        One direction, R, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Klenk et al.: An in-network architecture for accelerating shared-memory multiprocessor collectives, ISCA 2020,
    doi:10.1109/ISCA45697.2020.00085.
    """
    return 2.0 * hop + (1.0 + 1.0 / members) * payload / bandwidth


@kernel
def hierarchical_time(
    payload: float, inner: float, outer: float, inner_hop: float, outer_hop: float, inner_bandwidth: float,
    outer_bandwidth: float,
) -> float:  # fmt: skip
    """Return the time of an all-reduce in two levels: t = 2 (a - 1) (h + S / (a R)) + 2 (b - 1) (H + S / (a b Q)).

    A reduce-scatter inside each group, an all-reduce of every part between groups, an all-gather inside.

    Parameters
    ----------
    payload : float
        Whole buffer, S, B.
    inner, outer : float
        Machines of one group, a, and groups, b, -.
    inner_hop, outer_hop : float
        One dependent step inside and between groups, h and H, s.
    inner_bandwidth, outer_bandwidth : float
        One direction of one machine inside, R, and to other groups, Q, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Cho et al.: BlueConnect: decomposing all-reduce for deep learning on heterogeneous network hierarchy, IBM Journal of
    Research and Development 63(6), 2019, doi:10.1147/JRD.2019.2947013.
    """
    inside = ring_time(payload, inner, 2.0, inner_hop, inner_bandwidth)
    return inside + ring_time(payload / inner, outer, 2.0, outer_hop, outer_bandwidth)


@kernel
def all_to_all_time(payload: float, members: float, hop: float, bandwidth: float) -> float:
    """Return the time in which everybody sends everybody another part: t = (n - 1) (h + S / (n R)).

    The messages to the n - 1 others leave one after the other.

    Parameters
    ----------
    payload : float
        Buffer of one machine, its own part included, S, B.
    members : float
        Machines, n, -.
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
    Thakur, Rabenseifner, Gropp: Optimization of collective communication operations in MPICH, IJHPCA 19(1), 2005,
    doi:10.1177/1094342005051521 (pairwise exchange).
    """
    return (members - 1.0) * (hop + payload / (members * bandwidth))


@kernel
def shaped_time(payload: float, burst: float, peak: float, sustained: float) -> float:
    """Return the time of a message on a way that holds back after a burst: t = min(S, b) / R + max(S - b, 0) / Q.

    Parameters
    ----------
    payload : float
        Message, S, B.
    burst : float
        Bytes let through at the higher rate, b, B.
    peak, sustained : float
        Higher and lower rate, R and Q, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Turner: New directions in communications (or which way to the information age?), IEEE Communications Magazine
    24(10), 1986, doi:10.1109/MCOM.1986.1092946 (leaky bucket).
    """
    return min(payload, burst) / peak + max(payload - burst, 0.0) / sustained
