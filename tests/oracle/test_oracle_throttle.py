"""The step of the power limit, repeated on machines whose memory does not follow the clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import power

ROUNDS = 8
"""Rounds a run may take."""
STATIC, DYNAMIC = 50.0, 500.0
"""Power whatever runs, and dynamic energy of a run that takes one second at full clock, W and J."""
LIMITS = st.floats(STATIC + 0.3 * DYNAMIC, STATIC + 0.99 * DYNAMIC)


def mean_power(clock, memory, *, overlap):
    """Mean power of a run whose memory works for this share of a second, beside arithmetic of a second or after it.

    At a fixed voltage the energy of the operations does not depend on the clock.
    """
    time = max(1.0 / clock, memory) if overlap else (1.0 - memory) / clock + memory
    return STATIC + DYNAMIC / time


def settled(limit, memory, *, overlap, rounds):
    """Clocks after each round, from the full one on; steps go down only."""
    clocks = [1.0]
    for _ in range(rounds):
        drawn = mean_power(clocks[-1], memory, overlap=overlap)
        clocks.append(clocks[-1] * power.throttle(drawn, STATIC, limit) if drawn > limit else clocks[-1])
    return clocks


@given(LIMITS)
def test_arithmetic_alone_meets_the_limit_in_one_step_or_a_halving_each(limit):
    clocks = settled(limit, 0.0, overlap=False, rounds=2)
    assert mean_power(clocks[-1], 0.0, overlap=False) == pytest.approx(limit)
    wanted = (limit - STATIC) / DYNAMIC
    assert clocks[1] == pytest.approx(max(0.5, wanted))


@given(LIMITS, st.floats(0.0, 1.0), st.booleans(), st.integers(1, 20))
def test_steps_down_never_go_below_the_clock_that_meets_the_limit(limit, memory, overlap, rounds):
    clocks = settled(limit, memory, overlap=overlap, rounds=rounds)
    assert clocks == sorted(clocks, reverse=True)
    if clocks[-1] < 1.0:
        assert mean_power(clocks[-1], memory, overlap=overlap) >= limit * (1 - 1e-9) or clocks[-2] == clocks[-1]


@pytest.mark.parametrize(("memory", "excess"), [(0.0, 1e-12), (0.3, 1e-5), (0.6, 1e-3), (0.8, 0.012)])
@given(limit=LIMITS)
def test_eight_rounds_settle_a_run_that_is_not_all_memory(memory, excess, limit):
    """Every step removes the share of the excess that the clock answers for, which is all but the memory's share."""
    clocks = settled(limit, memory, overlap=False, rounds=ROUNDS)
    assert mean_power(clocks[-1], memory, overlap=False) <= (1 + excess) * limit


@given(LIMITS, st.floats(0.0, 1.0))
def test_eight_rounds_settle_a_run_whose_memory_works_beside_the_arithmetic(limit, memory):
    clocks = settled(limit, memory, overlap=True, rounds=ROUNDS)
    assert mean_power(clocks[-1], memory, overlap=True) <= (1 + 1e-9) * limit


def test_eight_plain_steps_do_not_settle_a_run_that_waits_for_its_memory():
    """Where the clock answers for a hundredth of the time, a machine must stretch its steps."""
    limit, memory = STATIC + 0.66 * DYNAMIC, 0.99
    powers = [mean_power(clock, memory, overlap=False) for clock in settled(limit, memory, overlap=False, rounds=400)]
    assert powers[ROUNDS] > 1.2 * limit
    assert powers[-1] == pytest.approx(limit, rel=1e-3)


@given(LIMITS, st.floats(0.0, 1.0), st.booleans(), st.floats(0.01, 1.0))
def test_a_step_up_from_below_the_limit_stays_below(limit, memory, overlap, clock):
    drawn = mean_power(clock, memory, overlap=overlap)
    if drawn <= limit:
        faster = clock * max(1.0, power.throttle(drawn, STATIC, limit))
        assert mean_power(faster, memory, overlap=overlap) <= limit * (1 + 1e-9)
