"""The measurements a description is made from, one after the other."""

from __future__ import annotations

import datetime
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from archsim.study.this_machine.bench import Bench, RealBench
from archsim.study.this_machine.host import Host, read_host
from archsim.study.this_machine.load import Load, read_load, refuse_a_crowd
from archsim.study.this_machine.samples import Sample, sweep
from archsim.study.this_machine.timing import Stopwatch, Timing, refuse_unsteady, take_all

SMALLEST: Final = 16 * 2**10
"""Smallest working set, B."""
LARGEST: Final = 2**30
"""Largest working set, whatever the caches, B."""
BEYOND: Final = 4
"""Largest working set over the last cache."""
LOOPS: Final = ("sum", "copy", "triad")
STEP: Final = 2
"""From one working set to the next."""
PATIENCE: Final = 25.0
"""What varied much is measured again until so much time is over, s."""
NOTHING: Final = Timing(0.0, 0.0, 0)
"""What was not measured."""

Report = Callable[[int, int, str], None]
"""Called before every measurement: how many are done, how many there are, and what comes next."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Time per byte of a loop over a working set, B, by some threads."""

    loop: str
    size: int
    threads: int
    timing: Timing

    @property
    def rate(self) -> float:
        """Bandwidth, B/s."""
        return 1.0 / self.timing.seconds


@dataclass
class Measurements:
    """What was measured.

    Attributes
    ----------
    host : Host
        The processor.
    load : Load
        What else ran on it.
    date : str
        ISO date.
    blas, numpy : str
        Library behind numpy's products, and numpy's version.
    clock : dict of int to Timing
        Clock period by cores at work, s.
    streams : list of Stream
        Loops over working sets of all sizes.
    chases : dict of int to Timing
        One dependent load by working set, s.
    call, fork_join : Timing
        A library call on one element; waking the threads and waiting for them.
    samples : list of (Sample, Timing)
        The sweep that constants are set from.
    seconds : float
        What all of it took, s.
    """

    host: Host
    load: Load
    date: str
    blas: str
    numpy: str
    clock: dict[int, Timing] = field(default_factory=dict)
    streams: list[Stream] = field(default_factory=list)
    chases: dict[int, Timing] = field(default_factory=dict)
    call: Timing = NOTHING
    fork_join: Timing = NOTHING
    samples: list[tuple[Sample, Timing]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def timings(self) -> list[Timing]:
        """All of them."""
        return [
            *self.clock.values(), *(each.timing for each in self.streams), *self.chases.values(), self.call,
            self.fork_join, *(timing for _, timing in self.samples),
        ]  # fmt: skip


def sizes(host: Host) -> list[int]:
    """Return the working sets, B: from the first cache to well beyond the last, as far as there is memory for them."""
    last = host.caches[-1]
    room = host.available // 4 if host.available else LARGEST
    largest = max(min(BEYOND * last.capacity * last.instances, LARGEST, room), 8 * SMALLEST)
    found = itertools.takewhile(lambda size: size <= largest, (SMALLEST * STEP**i for i in itertools.count()))
    return list(found)


def measure(
    host: Host | None = None, *, force: bool = False, bench: Bench | None = None, load: Load | None = None,
    report: Report | None = None, samples: list[Sample] | None = None,
) -> Measurements:  # fmt: skip
    """Measure the machine.

    Parameters
    ----------
    host : Host, optional
        The processor; read if left out.
    force : bool
        Go on although other programs use the machine, or repeats differ.
    bench : Bench, optional
        What takes the times; this machine if left out.
    load : Load, optional
        What else runs; read before and after if left out.
    report : callable, optional
        Told what comes next.
    samples : list of Sample, optional
        Library calls that constants are set from; `samples.sweep` if left out.

    Raises
    ------
    UnsupportedError
        Not Linux, other programs use the machine, or repeats differ.
    """
    host = host or read_host()
    start = time.perf_counter()
    before = load or read_load(host.cpus)
    refuse_a_crowd(before, force)
    found = Measurements(host, before, datetime.date.today().isoformat(), *blas_name())
    working = sizes(host)
    owned = None
    if bench is None:
        if report:
            report(0, 1, "compiling the loops")
        bench = owned = RealBench(host.cpus[: host.cores], working[-1], Stopwatch())
    try:
        plan = _plan(found, bench, working, sweep() if samples is None else samples)
        taken = take_all([(what, take) for what, take, _ in plan], report, patience=PATIENCE)
        for (_, _, keep), timing in zip(plan, taken, strict=True):
            keep(timing)
    finally:
        if owned is not None:
            owned.close()
    found.load = before if load else before.worse(read_load(host.cpus))
    found.seconds = time.perf_counter() - start
    refuse_a_crowd(found.load, force)
    refuse_unsteady(found.timings, force)
    return found


Step = tuple[str, Callable[[], Timing], Callable[[Timing], None]]
"""What is measured, what measures it, and what keeps the result."""


def _plan(found: Measurements, bench: Bench, working: list[int], samples: list[Sample]) -> list[Step]:
    cores, line = found.host.cores, found.host.caches[0].line
    counts = (1, cores) if cores > 1 else (1,)

    def keep_call(timing: Timing) -> None:
        found.call = timing

    def keep_fork_join(timing: Timing) -> None:
        found.fork_join = timing

    def keep_stream(loop: str, size: int, count: int, timing: Timing) -> None:
        found.streams.append(Stream(loop, size, count, timing))

    def keep_sample(sample: Sample, timing: Timing) -> None:
        found.samples.append((sample, timing))

    plan: list[Step] = [
        (f"clock, {_cores(count)}", partial(bench.clock, count), partial(found.clock.__setitem__, count))
        for count in counts
    ]
    plan.append(("library call", bench.call, keep_call))
    if cores > 1:
        plan.append(("fork and join", partial(bench.fork_join, cores), keep_fork_join))
    for size, count, loop in itertools.product(working, counts, LOOPS):
        total = size * count
        if total <= working[-1]:
            what = f"bandwidth of {total // 2**10} KiB, {_cores(count)}"
            plan.append((what, partial(bench.stream, loop, total, count), partial(keep_stream, loop, total, count)))
    for size in working:
        what = f"latency of {size // 2**10} KiB"
        plan.append((what, partial(bench.chase, size, line), partial(found.chases.__setitem__, size)))
    for each in samples:
        plan.append((f"{each.op} {each.shape}", partial(bench.sample, each), partial(keep_sample, each)))
    return plan


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"


def blas_name() -> tuple[str, str]:
    """Return the name and version of the library behind numpy's products, and numpy's own version."""
    import numpy as np

    try:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']}".strip(), np.__version__
    except (KeyError, TypeError):
        return "an unnamed BLAS", np.__version__
