"""What the environment says about compilation: whether to compile, and on how many threads."""

from __future__ import annotations

import os

from archsim.errors import UsageError


def enabled() -> bool:
    """Say whether kernels are compiled; ``ARCHSIM_JIT=0`` keeps them plain Python."""
    return os.environ.get("ARCHSIM_JIT", "").strip() != "0"


def threads() -> int:
    """Count the threads a compiled driver may use.

    ``NUMBA_NUM_THREADS`` when set, else the processors this process may run on. Numba is not imported.

    Raises
    ------
    UsageError
        When ``NUMBA_NUM_THREADS`` is not a whole number above zero.
    """
    text = os.environ.get("NUMBA_NUM_THREADS", "").strip()
    if text:
        if not text.isdigit() or int(text) == 0:
            raise UsageError(f"NUMBA_NUM_THREADS is {text!r}", hint="write a whole number above zero, such as 4")
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
