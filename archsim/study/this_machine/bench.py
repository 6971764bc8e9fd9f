"""What is timed, by name: the loops of `loops`, library calls on one element, and samples.

A bench is anything with these methods; tests have one that computes its times.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from threading import get_native_id
from typing import TYPE_CHECKING, Any, Protocol

from archsim.study.this_machine.timing import Stopwatch, Timing

if TYPE_CHECKING:
    from archsim.study.this_machine.samples import Sample

TURNS = 500_000
"""Turns of the chain that shows the clock, of eight dependent operations each."""
PASSED = 8e6
"""Bytes a repeat passes over at least, B: small working sets are passed over again and again."""
LOADS = 50_000
"""Dependent loads of one repeat."""


class Bench(Protocol):
    """Times what `archsim.study.this_machine.measurements` asks for."""

    def clock(self, threads: int) -> Timing:
        """Return the time of one clock period while some cores run a chain of dependent operations."""

    def stream(self, loop: str, size: int, threads: int) -> Timing:
        """Return the time per byte of a loop (``sum``, ``copy`` or ``triad``) over a working set of `size` bytes."""

    def chase(self, size: int, line: int) -> Timing:
        """Return the time of one of many dependent loads from a working set of `size` bytes."""

    def call(self) -> Timing:
        """Return the time of one library call on one element."""

    def fork_join(self, threads: int) -> Timing:
        """Return the time in which threads are woken and waited for."""

    def sample(self, sample: Sample) -> Timing:
        """Return the time of one sample."""


@dataclass
class RealBench:
    """Times on the machine this runs on.

    Attributes
    ----------
    cpus : tuple of int
        Logical CPU of each core; every thread of a loop stays on one of them.
    largest : int, B
        Of all working sets: their memory is taken once.
    stopwatch : Stopwatch
        Takes the times.
    """

    cpus: tuple[int, ...]
    largest: int
    stopwatch: Stopwatch

    def __post_init__(self) -> None:
        import numpy as np
        from numba import get_num_threads, set_num_threads

        from archsim.study.this_machine import loops

        self._loops: Any = loops
        self._before = get_num_threads()
        self.threads = max(1, min(len(self.cpus), self._before))
        set_num_threads(self.threads)
        self._numbers = dict.fromkeys([get_native_id(), *loops.thread_numbers(self.threads)])
        self._memory = np.zeros(max(self.largest, 2**12) // 8)

    def clock(self, threads: int) -> Timing:
        """Return the time of one clock period."""
        import numpy as np

        start = np.array([1, 3, 5], dtype=np.int64)
        clocks = TURNS * self._loops.CHAINED
        with self._pinned():
            if threads > 1:
                return _per(self._time(lambda: self._loops.chains(start, TURNS, threads)), clocks)
            return _per(self._time(lambda: self._loops.chain(start[0], start[1], start[2], TURNS)), clocks)

    def stream(self, loop: str, size: int, threads: int) -> Timing:
        """Return the time per byte of a loop."""
        arrays = self._loops.ARRAYS[loop]
        each = size // 8 // arrays // threads * threads
        views = [self._memory[index * each : (index + 1) * each] for index in range(arrays)]
        views += [views[0]] * (3 - arrays)
        passed = each * 8 * arrays
        repeats = max(1, round(PASSED / passed))
        shared, alone = self._loops.SHARED[loop], self._loops.ALONE[loop]
        with self._pinned():
            if threads > 1:
                return _per(self._time(lambda: shared(*views, repeats, threads)), repeats * passed)
            return _per(self._time(lambda: alone(*views, repeats)), repeats * passed)

    def chase(self, size: int, line: int) -> Timing:
        """Return the time of one dependent load."""
        import numpy as np

        circle, place = self._loops.circle(size // 8, line), np.zeros(1, dtype=np.uint64)
        with self._pinned():  # every repeat goes on where the last one stopped, or a few lines would do for all
            return _per(self._time(lambda: self._loops.follow(circle, place, LOADS)), LOADS)

    def call(self) -> Timing:
        """Return the median over four calls: two numbers, a function, a sum, a product."""
        import numpy as np

        x, y = np.ones(1, dtype=np.float32), np.ones((1, 1), dtype=np.float32)
        out, matrix = x.copy(), y.copy()
        calls: list[Callable[[], object]] = [
            lambda: np.add(1.0, 2.0),
            lambda: np.exp(x, out=out),
            lambda: np.sum(x, axis=-1, keepdims=True, out=out),
            lambda: np.matmul(y, y, out=matrix),
        ]
        taken = [self._time(call) for call in calls]
        return Timing(median(each.seconds for each in taken), median(each.variation for each in taken),
                      min(each.repeats for each in taken))  # fmt: skip

    def fork_join(self, threads: int) -> Timing:
        """Return the time of a parallel region in which nothing is done."""
        import numpy as np

        found = np.zeros(threads)
        with self._pinned():
            return self._time(lambda: self._loops.nothing(found))

    def sample(self, sample: Sample) -> Timing:
        """Return the time of one sample."""
        return self._time(sample.prepare())

    def close(self) -> None:
        """Give the memory back, and numba its threads."""
        from numba import set_num_threads

        set_num_threads(self._before)
        del self._memory

    def _time(self, call: Callable[[], object]) -> Timing:
        return self.stopwatch.time(call)

    @contextlib.contextmanager
    def _pinned(self) -> Iterator[None]:
        """Keep every thread of the loops on a core of its own meanwhile; libraries place theirs themselves."""
        if not hasattr(os, "sched_setaffinity"):
            yield
            return
        before = os.sched_getaffinity(0)
        for index, number in enumerate(self._numbers):
            _place(number, {self.cpus[index % len(self.cpus)]})
        try:
            yield
        finally:
            for number in self._numbers:
                _place(number, before)


def _place(number: int, cpus: set[int]) -> None:
    with contextlib.suppress(OSError):
        os.sched_setaffinity(number, cpus)


def _per(timing: Timing, amount: float) -> Timing:
    return Timing(timing.seconds / amount, timing.variation, timing.repeats)
