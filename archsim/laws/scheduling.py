"""Unequal jobs dealt to processors, each to the one that is free first.

Quantity                              Symbol   Unit   Source
jobs                                  J        -
processors                            N        -
mean and longest time of a job        t, T     s
"""

from __future__ import annotations

import math

from archsim.jit import kernel


@kernel
def list_time(jobs: float, processors: float, mean: float, longest: float) -> float:
    """Return the time until all are done: t_all = max(T, (J / N + 1 - 1 / N) t); T if J <= N, ceil(J / N) t if equal.

    The bound of list scheduling with the mean job in place of the last one: whichever job ends last, it began when no
    processor was idle any more.

    Parameters
    ----------
    jobs, processors : float
        J and N, -.
    mean, longest : float
        t and T, s.

    Returns
    -------
    float
        Time, s.

    References
    ----------
    Graham: Bounds on multiprocessing timing anomalies, SIAM J. Applied Mathematics 17(2), 1969, doi:10.1137/0117039.
    """
    if jobs <= processors:
        return longest
    if longest <= mean:
        return math.ceil(jobs / processors) * mean
    return max(longest, (jobs / processors + 1.0 - 1.0 / processors) * mean)
