"""Loops that show what the cores and memories do, compiled by numba; imported only when something is measured.

Reassociation of sums is allowed here (``fastmath``), so that they run on SIMD units; nothing the models compute is
compiled that way. Every loop over data is repeated inside, and each repeat changes one element, so that the compiler
cannot do it once only.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numba import njit, prange

CHAINED = 8
"""Dependent operations of one turn of `chain`."""
APART = 16
"""Elements between results of different threads, so that no two share a line."""


@njit(fastmath=True, nogil=True)
def total(a: Any, b: Any, c: Any, repeats: Any) -> Any:
    """Add up `a`."""
    found = 0.0
    for _ in range(repeats):
        part = 0.0
        for i in range(len(a)):
            part += a[i]
        a[0] = part * 1e-30
        found += part
    return found


@njit(fastmath=True, nogil=True)
def copy(a: Any, b: Any, c: Any, repeats: Any) -> Any:
    """Copy `a` to `b`."""
    for _ in range(repeats):
        for i in range(len(a)):
            b[i] = a[i]
        a[0] = b[len(a) - 1] + 1e-30
    return b[0]


@njit(fastmath=True, nogil=True)
def triad(a: Any, b: Any, c: Any, repeats: Any) -> Any:
    """Write a + b / 2 to `c`."""
    for _ in range(repeats):
        for i in range(len(a)):
            c[i] = a[i] + 0.5 * b[i]
        a[0] = c[len(a) - 1] * 1e-30
    return c[0]


def _shared(loop: Any) -> Any:
    """Return a loop that every thread runs on its own part of the arrays."""

    @njit(parallel=True)
    def all_threads(a: Any, b: Any, c: Any, repeats: Any, threads: Any) -> Any:
        each = len(a) // threads
        found = np.zeros(threads * APART)
        for thread in prange(threads):
            low, high = thread * each, (thread + 1) * each
            found[thread * APART] = loop(a[low:high], b[low:high], c[low:high], repeats)
        return found[0]

    return all_threads


ALONE = {"sum": total, "copy": copy, "triad": triad}
SHARED = {name: _shared(loop) for name, loop in ALONE.items()}
ARRAYS = {"sum": 1, "copy": 2, "triad": 3}
"""Arrays each loop passes over once."""


@njit(nogil=True)
def chain(value: Any, first: Any, second: Any, turns: Any) -> Any:
    """Add and exclusive-or in turn, each on the last result: one clock each on every core there is."""
    for _ in range(turns):
        value = (value + first) ^ second
        value = (value + first) ^ second
        value = (value + first) ^ second
        value = (value + first) ^ second
    return value


@njit(parallel=True)
def chains(start: Any, turns: Any, threads: Any) -> Any:
    """Run `chain` on several threads."""
    found = np.zeros(threads * APART, np.int64)
    for thread in prange(threads):
        found[thread * APART] = chain(start[0], start[1], start[2], turns)
    return found[0]


@njit(nogil=True)
def follow(following: Any, place: Any, loads: Any) -> None:
    """Go from element to element, each naming the next; unsigned numbers, so that no index counts from the end."""
    at = place[0]
    for _ in range(loads):
        at = following[at]
    place[0] = at


@njit(parallel=True)
def nothing(found: Any) -> None:
    """Wake all threads, and wait for them."""
    for thread in prange(len(found)):
        found[thread] = thread


_LIBRARY = ctypes.CDLL(None)
_THREAD = getattr(_LIBRARY, "gettid", None)


def thread_numbers(threads: int) -> list[int]:
    """Return the system's number of every thread that loops run on; none where the C library does not tell."""
    if _THREAD is None:
        return []
    number = _THREAD
    number.argtypes, number.restype = [], ctypes.c_int

    @njit(parallel=True)
    def ask(found: Any) -> None:
        for thread in prange(len(found)):
            found[thread] = number()

    found = np.zeros(threads, dtype=np.int64)
    ask(found)
    return [int(each) for each in found]


def circle(elements: int, line: int, seed: int = 1) -> np.ndarray:
    """Return the elements of one random circle through all cache lines of an array, for `follow`."""
    step = max(1, line // 8)
    lines = max(1, elements // step)
    order = np.random.default_rng(seed).permutation(lines).astype(np.uint64)
    following = np.zeros(lines * step, dtype=np.uint64)
    following[order * np.uint64(step)] = np.roll(order, -1) * np.uint64(step)
    return following
