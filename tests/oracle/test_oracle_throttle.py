"""The search for the clock that meets a power limit, on synthetic runs whose time at every clock is known."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.arch.tables import ROUNDS
from archsim.mapping.throttle import NO_CLOCK, choose_clock, follow_voltage, start_clock, start_voltage

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


CURVE = {"floor": 0.75, "slope": 0.8, "clocking": 0.4, "leakage": 0.1, "exponent": 3.0}
"""Voltage over clock, and the shares of static power that follow both."""
MEMORY, BUSY = 100.0, 30.0
"""Energy of the run where the voltage stays, J, and power of the clock while kernels run, W."""


class Board:
    """A board whose voltage follows its clock, and a run on it, without the kernels under test."""

    def __init__(self, ops, idle=0.0, bend=lambda clock: 1.0):
        self.ops, self.idle, self.bend = ops, idle, bend

    def time(self, clock):
        return self.idle + self.bend(clock) * time_at(self.ops, clock)

    def powers(self, clock):
        """Scale of energies, static power and power of the clock while kernels run."""
        v = max(CURVE["floor"], 1.0 + CURVE["slope"] * (clock - 1.0))
        leaking, clocking = CURVE["leakage"] * v ** CURVE["exponent"], CURVE["clocking"] * clock * v * v
        constant = 1.0 - CURVE["leakage"] - CURVE["clocking"]
        return v * v, STATIC * (constant + leaking + clocking), BUSY * clock * v * v

    def energies(self, clock):
        scale, static, busy = self.powers(clock)
        time = self.time(clock)
        return [static * time, DYNAMIC * scale + busy * (time - self.idle), 0.0, 0.0, 0.0, MEMORY]

    def power(self, clock):
        return sum(self.energies(clock)) / self.time(clock)

    def best(self, limit):
        """The highest clock that meets a limit, by halving; power rises with the clock."""
        low, high = 1e-6, 1.0
        for _ in range(200):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if self.power(middle) <= limit else (low, middle)
        return low

    def settle(self, limit):
        """Run the search; return its last clock, the rounds and the verdict."""
        work = SimpleNamespace(status=0)
        start_clock(SimpleNamespace(power_idle=STATIC, power_limit=limit), work)
        start_voltage(1.0, **CURVE, busy=BUSY, work=work)
        rounds, again = 0, True
        while again and rounds < ROUNDS:
            follow_voltage(work)
            clock, rounds = work.throttle, rounds + 1
            scale, static, busy = self.powers(clock)
            assert (work.energy_scale, work.static_power, work.busy_now) == pytest.approx((scale, static, busy))
            totals = SimpleNamespace(
                latency=self.time(clock), energy=self.energies(clock), exposed=[self.idle, 0, 0, 0, 0], rounds=rounds
            )
            again = choose_clock(totals, work)
        return clock, rounds, work.status


@given(OPS, st.floats(0.3, 1.1), st.sampled_from([0.0, 0.1, 1.0]))
def test_clock_and_voltage_meet_the_limit_together(ops, share, idle):
    board = Board(ops, idle)
    limit = STATIC + share * (board.power(1.0) - STATIC)
    clock, rounds, status = board.settle(limit)
    assert status == 0 and board.power(clock) <= limit * (1 + 2e-6)
    if share >= 1.0:
        assert clock == 1.0 and rounds == 1
    else:
        assert clock == pytest.approx(board.best(limit), rel=1e-4) or board.power(clock) >= limit * (1 - 1e-5)


@given(OPS, st.floats(0.4, 0.95))
def test_a_lower_voltage_leaves_a_higher_clock(ops, share):
    board = Board(ops)
    limit = STATIC + share * (board.power(1.0) - STATIC)
    fixed = STATIC + BUSY + (DYNAMIC + MEMORY) / time_at(ops, 1.0)
    assert board.power(1.0) == pytest.approx(fixed)
    clock, _, _ = board.settle(limit)
    energy = DYNAMIC + MEMORY
    assert STATIC + BUSY * clock + energy / time_at(ops, clock) >= limit * (1 - 1e-5)


@given(OPS, st.floats(0.4, 0.95), st.floats(1.0, 40.0))
def test_time_that_is_not_convex_never_leads_beyond_the_limit(ops, share, waves):
    """A search inside an op may change its mind from clock to clock: time wobbles by a few percent."""
    board = Board(ops, bend=lambda clock: 1.0 + 0.03 * math.sin(waves / clock))
    limit = STATIC + share * (board.power(1.0) - STATIC)
    clock, rounds, status = board.settle(limit)
    assert rounds <= ROUNDS
    assert status == NO_CLOCK or board.power(clock) <= limit * (1 + 2e-6)


def test_what_draws_more_at_every_clock_is_refused():
    constant = STATIC * (1.0 - CURVE["clocking"] - CURVE["leakage"])
    assert Board([(0.0, 1.0)]).settle(constant)[2] == NO_CLOCK
    assert Board([(0.0, 1.0)]).settle(1.3 * STATIC)[2] == 0
