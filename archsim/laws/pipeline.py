"""Work in pieces that flow through stages one after the other.

Quantity                              Symbol   Unit   Source
pieces                                M        -
stages                                p        -
time of one piece in all stages       T        s
time of one piece in the slowest      t        s
"""

from __future__ import annotations

from archsim.jit import kernel


@kernel
def flow_time(pieces: float, through: float, slowest: float) -> float:
    """Return the time until the last piece leaves the last stage: t_all = T + (M - 1) t.

    The first piece fills the stages; from then on one piece leaves each time the slowest stage has done one.

    Parameters
    ----------
    pieces : float
        M, -.
    through, slowest : float
        T and t, s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Huang et al.: GPipe: efficient training of giant neural networks using pipeline parallelism, NeurIPS 2019,
    arXiv:1811.06965.
    """
    return through + (pieces - 1.0) * slowest


@kernel
def bubble_share(pieces: float, stages: float) -> float:
    """Return the share of the time that equal stages stand idle: s = (p - 1) / (M + p - 1).

    Parameters
    ----------
    pieces, stages : float
        M and p, -.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    Huang et al.: GPipe: efficient training of giant neural networks using pipeline parallelism, NeurIPS 2019,
    arXiv:1811.06965: O((K - 1) / (M + K - 1)).
    """
    return (stages - 1.0) / (pieces + stages - 1.0)


@kernel
def idle_share(pieces: float, stages: float, through: float, total: float) -> float:
    """Return the share of the time that stages stand idle on average: s = 1 - M T / (p t_all).

    Parameters
    ----------
    pieces, stages : float
        M and p, -.
    through, total : float
        T, one piece in all stages, and t_all, all pieces, s.

    Returns
    -------
    float
        Share, -.

    References
    ----------
    Definition.
    """
    return 1.0 - pieces * through / (stages * total)
