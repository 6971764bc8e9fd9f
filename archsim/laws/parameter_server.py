"""Machines that hold the parameters of a network for others that train copies of it.

Quantity                              Symbol   Unit   Source
payload of one copy                   S        B      what it pushes, and what it pulls
ways out of one copy                  k        -      its machines, each with a part of the payload
payload of all copies                 L        B      what all push at a time
servers                               s        -
start of one message                  h        s
bandwidth of one way, one side        R        B/s
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def server_time(
    payload: float, ways: float, load: float, servers: float, hop: float, bandwidth: float, server_bandwidth: float
) -> float:  # fmt: skip
    """Return the time to push gradients and pull weights: t = 2 (h + max(S / (k R), L / (s Q))).

    All copies push at a time, then all pull: in step, since each way is busy in one direction only. Copies that go on
    by themselves would let pushes and pulls overlap, and where ways are full duplex that takes half the time at best.
    Every server holds the s-th part of the parameters, so that its way in, then out, carries the s-th part of the load.

    Parameters
    ----------
    payload : float
        What one copy pushes, and pulls, S, B.
    ways : float
        Out of one copy, k, -.
    load : float
        What all copies push together, L, B: n S for n copies alike.
    servers : float
        s, -.
    hop : float
        Start of one message, h, s.
    bandwidth, server_bandwidth : float
        One way of a copy, R, and the way of a server, Q, one direction, B/s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Li et al.: Scaling distributed machine learning with the parameter server, OSDI 2014; Dean et al.: Large scale
    distributed deep networks, NIPS 2012 (Downpour: push and pull).
    """
    return 2.0 * (hop + max(payload / (ways * bandwidth), load / (servers * server_bandwidth)))
