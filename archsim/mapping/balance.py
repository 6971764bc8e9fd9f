"""Cutting a row of jobs into stages so that the slowest is as fast as it can be."""

from __future__ import annotations

from collections.abc import Sequence

from archsim.errors import UnsupportedError


def balanced(times: Sequence[float], arriving: Sequence[Sequence[float]]) -> list[int]:
    """Return where each stage begins: the cut whose slowest stage takes least, by dynamic programming over all cuts.

    Parameters
    ----------
    times : sequence of float, (jobs,)
        Time of each job, s.
    arriving : sequence of sequence of float, (stages, jobs)
        For each stage, what it takes to receive what it needs if it begins with that job, s.

    Returns
    -------
    list of int
        First job of each stage, rising from 0.

    Raises
    ------
    UnsupportedError
        Fewer jobs than stages.
    """
    import numpy as np

    jobs, stages = len(times), len(arriving)
    if jobs < stages:
        raise UnsupportedError(f"{jobs} ops cannot be cut into {stages} stages", hint=f"choose at most {jobs} stages")
    done = np.concatenate(([0.0], np.cumsum(times)))
    receive = np.asarray(arriving, dtype=float)
    # best[i]: least time of the slowest of the first k stages, when they do the first i jobs.
    best = done + receive[0, 0]
    best[0] = np.inf
    first = np.zeros((stages, jobs + 1), dtype=np.int64)
    for stage in range(1, stages):
        after = np.full(jobs + 1, np.inf)
        start = receive[stage] - done[:-1]
        for end in range(stage + 1, jobs + 1):
            slowest = np.maximum(best[stage:end], start[stage:end] + done[end])
            chosen = int(np.argmin(slowest))
            after[end], first[stage, end] = slowest[chosen], stage + chosen
        best = after
    starts, end = [], jobs
    for stage in range(stages - 1, 0, -1):
        end = int(first[stage, end])
        starts.append(end)
    return [0, *reversed(starts)]
