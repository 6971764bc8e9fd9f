"""Moving bytes over a link.

Quantity          Symbol   Unit   Source
payload           B        B
latency           a        s
bandwidth         R        B/s
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def transfer_time(payload: float, latency: float, bandwidth: float) -> float:
    """Return the time of one message: t = a + B / R.

    Parameters
    ----------
    payload : float
        Message, B.
    latency : float
        Start-up time, s.
    bandwidth : float
        One direction, B/s.

    Returns
    -------
    float
        Time of the message, s.

    References
    ----------
    Hockney: The communication challenge for MPP, Parallel Computing 20(3), 1994, doi:10.1016/S0167-8191(06)80021-9.
    """
    return latency + payload / bandwidth


@kernel
def transfer_energy(payload: float, energy: float) -> float:
    """Return the energy of one message: E = B e.

    Parameters
    ----------
    payload : float
        Message, B.
    energy : float
        Energy of one byte, both ends, J/B.

    Returns
    -------
    float
        Energy of the message, J.

    References
    ----------
    Definition.
    """
    return payload * energy
