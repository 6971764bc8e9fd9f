"""How long one access waits: in clocks, and on average over the levels its target is spread over."""

from __future__ import annotations

from archsim.jit import Record, kernel
from archsim.laws import sparse_rate


@kernel
def innermost(chip: Record, work: Record) -> float:
    """Return the latency of the innermost memory, clk."""
    return chip.memory_latency[int(chip.memory_count) - 1] * work.core_clock


@kernel
def mean_latency(chip: Record, footprint: float) -> float:
    """Return the latency of accesses at random into `footprint` bytes, of which every cache holds a part, s."""
    beyond = 1.0
    total = 0.0
    for level in range(int(chip.memory_count) - 1, 0, -1):
        missed = min(beyond, sparse_rate.random_misses(footprint, chip.memory_capacity[level]))
        total += (beyond - missed) * chip.memory_latency[level]
        beyond = missed
    return total + beyond * chip.memory_latency[0]
