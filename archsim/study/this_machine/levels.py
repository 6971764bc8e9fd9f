"""From curves over the working set to one bandwidth and one latency per memory level."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import geometric_mean, median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from archsim.study.this_machine.host import Cache
    from archsim.study.this_machine.measurements import Measurements, Stream

BEYOND: Final = 1.5
"""A working set this many times the cache inside says what the next level does."""
WITHIN: Final = 0.75
"""Share of a level that a working set may fill to still show that level."""
OUTSIDE: Final = 2.0
"""A working set this many times the last cache says what main memory does."""
SHARED_MUCH: Final = 0.5
"""Below this share of the last cache, its capacity is taken to be what this process sees of it."""
GRID: Final = 200
"""Capacities tried."""


@dataclass(frozen=True)
class Level:
    """One memory level as this process sees it.

    Attributes
    ----------
    name : str
        ``dram``, ``l3``, ...
    capacity : float, B
        Of one instance.
    nominal : float, B
        What the processor says of it.
    instances : int
        How many these cores use.
    line : int, B
        Smallest transfer.
    latency : float, s
        Of one dependent load.
    one, all : float, B/s
        What one core draws, and what all cores draw together.
    low, high : float, B/s
        What the slowest and the fastest loop of all cores draw.
    """

    name: str
    capacity: float
    nominal: float
    instances: int
    line: int
    latency: float
    one: float
    all: float
    low: float
    high: float


def usable(found: Measurements) -> float:
    """Return the working set up to which the last cache keeps everything, all its instances together, B.

    The capacity at which t = max(1 / R_cache, (1 - h) / R_memory) per byte, h as in `archsim.laws.residency.hit`, is
    nearest to the times of one core. A guest of a larger machine shares that cache with others it does not see.
    """
    from archsim.laws.residency import hit

    last = found.host.caches[-1]
    inner = found.host.caches[-2].capacity if len(found.host.caches) > 1 else 0
    nominal = float(last.capacity * last.instances)
    points = [(size, rate) for size, rate in _curve(found.streams, 1) if size >= BEYOND * inner]
    if len(points) < 3 or points[-1][0] <= nominal:
        return nominal
    least = max(BEYOND * inner, float(points[0][0]))

    def misfit(capacity: float) -> float:
        inside = [rate for size, rate in points if size <= capacity] or [points[0][1]]
        outside = [rate for size, rate in points if size >= OUTSIDE * capacity] or [points[-1][1]]
        cache, memory = max(inside), median(outside)
        error = 0.0
        for size, rate in points:
            error += abs(math.log(rate * max(1.0 / cache, (1.0 - hit(size, capacity, 1.0)) / memory)))
        return error

    tried = [least * (nominal / least) ** (step / GRID) for step in range(GRID + 1)] if nominal > least else [nominal]
    best: float = min(reversed(tried), key=misfit)
    return best


def levels(found: Measurements) -> list[Level]:
    """Return the levels, outermost first."""
    caches = found.host.caches
    capacity = usable(found)
    last = caches[-1]
    made: list[Level] = []
    for index, cache in enumerate(caches):
        inside = caches[index - 1].capacity if index else 0
        limit = capacity / last.instances if cache is last else float(cache.capacity)
        made.append(_cache(found, cache, inside, limit))
    outside = OUTSIDE * capacity
    latency = median(_latencies(found, lambda size: size >= outside, max))
    memory = float(found.host.memory or found.host.available or 2**30)
    made.append(_level(found, "dram", memory, memory, 1, last.line, latency, lambda size, _: size >= outside, max))
    return made[::-1]


def share_of_last(found: Measurements) -> float:
    """Return the share of the last cache's capacity, as `levels` gives it, that keeps operands, -."""
    last = found.host.caches[-1]
    share = usable(found) / (last.capacity * last.instances)
    return 1.0 if share < SHARED_MUCH else share


def _cache(found: Measurements, cache: Cache, inside: int, limit: float) -> Level:
    def shows(size: int, threads: int) -> bool:
        users = min(threads, cache.instances)
        return BEYOND * inside * threads <= size <= WITHIN * limit * users

    nominal = float(cache.capacity)
    capacity = limit if limit < SHARED_MUCH * nominal else nominal
    latency = median(_latencies(found, lambda size: 2 * inside <= size <= WITHIN * limit, min))
    return _level(found, f"l{cache.level}", capacity, nominal, cache.instances, cache.line, latency, shows, min)


def _level(
    found: Measurements, name: str, capacity: float, nominal: float, instances: int, line: int, latency: float,
    shows: Callable[[int, int], bool], nearest: Callable[[Iterable[int]], int],
) -> Level:  # fmt: skip
    cores = found.host.cores
    one = _rates(found.streams, 1, shows, nearest)
    together = _rates(found.streams, cores, shows, nearest)
    rate = geometric_mean(together)
    return Level(name, capacity, nominal, instances, line, latency, min(geometric_mean(one), rate), rate,
                 min(together), max(together))  # fmt: skip


def _rates(
    streams: list[Stream], threads: int, shows: Callable[[int, int], bool], nearest: Callable[[Iterable[int]], int]
) -> list[float]:
    """Return the best bandwidth of each loop among the working sets that show a level; of the nearest if none does."""
    mine = [each for each in streams if each.threads == threads]
    wanted = [each for each in mine if shows(each.size, threads)]
    if not wanted:
        size = nearest(each.size for each in mine)
        wanted = [each for each in mine if each.size == size]
    best: dict[str, float] = {}
    for each in wanted:
        best[each.loop] = max(best.get(each.loop, 0.0), each.rate)
    return list(best.values())


def _latencies(
    found: Measurements, shows: Callable[[int], bool], nearest: Callable[[Iterable[int]], int]
) -> list[float]:
    return [timing.seconds for size, timing in found.chases.items() if shows(size)] or [
        found.chases[nearest(found.chases)].seconds
    ]


def _curve(streams: list[Stream], threads: int) -> list[tuple[int, float]]:
    """Return the bandwidth by working set, the mean of the loops."""
    rates: dict[int, list[float]] = {}
    for each in streams:
        if each.threads == threads:
            rates.setdefault(each.size, []).append(each.rate)
    return [(size, geometric_mean(found)) for size, found in sorted(rates.items())]
