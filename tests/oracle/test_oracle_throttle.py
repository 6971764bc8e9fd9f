"""The search for the clock that meets a power limit, on synthetic runs whose time at every clock is known."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arch.tables import ROUNDS
from archsim.mapping.throttle import NO_CLOCK, choose_clock, start_clock

STATIC, DYNAMIC = 50.0, 500.0
"""Power whatever runs, W, and dynamic energy of the run, J."""
OPS = st.lists(st.tuples(st.floats(0.0, 1.0), st.floats(0.01, 1.0)), min_size=1, max_size=6)
"""Ops by the time their memory and their arithmetic take at the described clock, s; the longer one counts."""


def time_at(ops, clock):
    return sum(max(memory, arithmetic / clock) for memory, arithmetic in ops)


def settled(ops, limit):
    """Run the search; return its last clock, the mean power at it, the rounds and the verdict."""
    work = SimpleNamespace(status=0)
    start_clock(SimpleNamespace(power_idle=STATIC, power_limit=limit), work)
    rounds, again = 0, True
    while again and rounds < ROUNDS:
        clock, rounds = work.throttle, rounds + 1
        time = time_at(ops, clock)
        totals = SimpleNamespace(latency=time, energy=[STATIC * time, DYNAMIC, 0, 0, 0, 0], rounds=rounds)
        again = choose_clock(totals, work)
    return clock, STATIC + DYNAMIC / time, rounds, work.status


@given(OPS, st.floats(0.1, 2.0))
def test_the_limit_is_met_or_the_run_is_refused(ops, share):
    limit = STATIC + share * DYNAMIC / time_at(ops, 1.0)
    clock, drawn, rounds, status = settled(ops, limit)
    assert status == 0 and drawn <= limit * (1 + 1e-5)
    if share >= 1.0:
        assert clock == 1.0 and rounds == 1
    else:
        assert clock < 1.0 or drawn == pytest.approx(limit)


@given(st.floats(0.05, 1.0), st.floats(0.3, 0.99))
def test_a_run_that_follows_the_clock_settles_at_once(arithmetic, share):
    ops = [(0.0, arithmetic)]
    clock, drawn, rounds, _ = settled(ops, STATIC + share * DYNAMIC / time_at(ops, 1.0))
    assert clock == pytest.approx(share) and rounds == 2
    assert drawn == pytest.approx(STATIC + share * DYNAMIC / arithmetic)


@given(st.floats(0.0, 0.9), st.floats(0.3, 0.99))
def test_memory_beside_the_arithmetic_of_one_kind_settles_exactly(hidden, share):
    """One kink: from any clock below it, one step lands on the limit."""
    ops = [(1.0, 1.0 - hidden)]
    limit = STATIC + share * DYNAMIC
    _, drawn, _, status = settled(ops, limit)
    assert status == 0 and drawn == pytest.approx(limit, rel=1e-5)


@given(OPS, st.floats(0.3, 0.95))
def test_the_clock_is_close_to_the_highest_that_meets_the_limit(ops, share):
    limit = STATIC + share * DYNAMIC / time_at(ops, 1.0)
    low, high = 1e-4, 1.0
    for _ in range(80):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if STATIC + DYNAMIC / time_at(ops, middle) <= limit else (low, middle)
    clock, drawn, _, _ = settled(ops, limit)
    assert clock <= low * (1 + 1e-4)
    assert drawn >= 0.97 * limit


def test_a_limit_below_the_static_power_is_refused():
    assert settled([(0.0, 1.0)], STATIC)[3] == NO_CLOCK
