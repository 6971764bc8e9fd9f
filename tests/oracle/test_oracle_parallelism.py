"""What a core hides of its latencies, against a window of instructions simulated one by one."""

from __future__ import annotations

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.laws import parallelism


def run_loop(iterations, body, recurrence, latency, instructions, window):
    """Clocks per iteration of a loop whose iterations enter and leave in order, `window` instructions at most.

    Each enters `body` clocks after the last one, when there is room, and when the last one's result is there; it holds
    its place until it has taken its latency and all before it have left.
    """
    room = max(1, window // instructions)
    begun, left = [], []
    for index in range(iterations):
        start = begun[-1] + max(body, recurrence) if begun else 0.0
        if index >= room:
            start = max(start, left[index - room])
        begun.append(start)
        left.append(max(start + latency, left[-1] if left else 0.0))
    half = iterations // 2
    return (left[-1] - left[half - 1]) / (iterations - half)


@given(
    st.sampled_from((0.5, 1.0, 2.0, 4.0)), st.sampled_from((0.0, 1.0, 3.0, 5.0)), st.integers(1, 300),
    st.integers(1, 12), st.integers(1, 30),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_loop_takes_the_longest_of_its_parts_its_chain_and_its_latency_over_the_window(
    body, recurrence, latency, instructions, rooms
):
    window = instructions * rooms
    law = parallelism.loop_clocks(body, recurrence, latency, instructions, window)
    assert law == pytest.approx(run_loop(400 * rooms, body, recurrence, latency, instructions, window), rel=0.02)


def run_rows(rows, length, held, depth):
    """Clocks per value of sums of rows, `held` values in flight: each waits for the one before in its row."""
    ready, left = [], []
    for index in range(rows * length):
        enters = left[index - held] if index >= held else 0.0
        start = enters if index % length == 0 else max(enters, ready[-1])
        ready.append(start + depth)
        left.append(max(ready[-1], left[-1] if left else 0.0))
    half = len(left) // 2
    return (left[-1] - left[half - 1]) / (len(left) - half)


@given(st.integers(4, 400), st.integers(1, 64))
@settings(max_examples=40, deadline=None)
def test_a_window_over_several_rows_sums_them_side_by_side(length, held):
    """The law is a lower estimate, within two fifths."""
    simulated = 3.0 / run_rows(60, length, held, 3.0)
    law = parallelism.chains_in_window(held, length)
    assert law * 0.99 <= simulated <= law * 1.4


def chase(chains, length, latency, misses):
    """Time of `chains` pointer chains, each `length` loads that wait for one another, `misses` of all in flight."""
    waiting = list(range(chains))
    flying: list[tuple[float, int]] = []
    done = [0] * chains
    now = 0.0
    while waiting or flying:
        while waiting and len(flying) < misses:
            heapq.heappush(flying, (now + latency, waiting.pop(0)))
        now, chain = heapq.heappop(flying)
        done[chain] += 1
        if done[chain] < length:
            waiting.append(chain)
    return now


@given(st.integers(1, 40), st.integers(1, 16), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_chains_overlap_as_far_as_misses_are_kept_track_of(chains, length, misses):
    flying = parallelism.misses_in_flight(chains, misses, 1e9, 4.0)
    assert flying == min(chains, misses)
    law, simulated = length * 80.0 * chains / flying, chase(chains, length, 80.0, misses)
    assert law <= simulated * (1 + 1e-9)
    assert simulated <= law + 80.0 * length  # chains that are left over run alone


def test_a_small_window_holds_few_misses_but_one():
    """Hand calculation: 192 instructions, one miss in 4, are 48; in order, 8 instructions are two, or one in 12."""
    assert parallelism.misses_in_flight(1000, 1000, 192, 4) == 48
    assert parallelism.misses_in_flight(1000, 10, 192, 4) == 10
    assert parallelism.misses_in_flight(1000, 10, 8, 4) == 2
    assert parallelism.misses_in_flight(1000, 10, 8, 12) == 1


@pytest.mark.parametrize("taken", [0.0, 0.02, 0.1, 0.3, 0.5, 0.8, 1.0])
def test_a_two_bit_counter_against_coin_flips(taken):
    generator = random.Random(7)
    state, wrong, flips = 0, 0, 200_000
    for _ in range(flips):
        outcome = generator.random() < taken
        wrong += outcome != (state >= 2)
        state = min(3, state + 1) if outcome else max(0, state - 1)
    assert parallelism.mispredicted_share(taken) == pytest.approx(wrong / flips, abs=0.005)


def test_the_busiest_part_limits_a_loop_body():
    """Hand calculation: 3 loads of 2 a clock, 1 multiplication of 3 a clock, 6 instructions of 4 a clock."""
    assert parallelism.body_clocks(3, 2, 1, 3, 6, 4) == 1.5
    assert parallelism.body_clocks(1, 2, 6, 2, 6, 4) == 3.0
    assert parallelism.body_clocks(1, 2, 1, 2, 8, 4) == 2.0
