"""Laws of clusters against simulation, exact order statistics, brute force on small networks, and hand calculation."""

from __future__ import annotations

import itertools
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.laws import halo, parameter_server, pipeline, stragglers, torus

TIMES = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def simulated(times, pieces):
    """Each stage starts a piece when it is free and the piece has left the stage before."""
    free = [0.0] * len(times)
    for _ in range(pieces):
        ready = 0.0
        for stage, time in enumerate(times):
            free[stage] = ready = max(ready, free[stage]) + time
    return free[-1]


@given(TIMES, st.integers(1, 12))
def test_pieces_flow_as_in_a_simulation(times, pieces):
    assert pipeline.flow_time(pieces, sum(times), max(times)) == simulated(times, pieces)


@given(st.integers(1, 12), st.integers(1, 40))
def test_the_bubble_is_what_equal_stages_stand_idle(stages, pieces):
    total = simulated([1.0] * stages, pieces)
    assert pipeline.bubble_share(pieces, stages) == pytest.approx(1.0 - pieces / total)
    assert pipeline.idle_share(pieces, stages, float(stages), total) == pytest.approx(1.0 - pieces / total)


def test_the_bubble_of_gpipe():
    assert pipeline.bubble_share(16, 4) == pytest.approx(3 / 19)


@pytest.mark.parametrize(
    ("machines", "exact"),
    # Teichroew 1956, Ann. Math. Statist. 27(2): expected largest of n normal numbers; 2 and 3 in closed form.
    [
        (1, 0.0),
        (2, 1 / math.sqrt(math.pi)),
        (3, 1.5 / math.sqrt(math.pi)),
        (10, 1.53875),
        (20, 1.86748),
        (100, 2.50759),
    ],
)
def test_the_largest_of_normal_numbers(machines, exact):
    assert stragglers.largest_of(machines) == pytest.approx(exact, abs=1e-5)


def test_the_largest_of_very_many_is_between_the_quantiles_around_it():
    normal = statistics.NormalDist()
    for machines in (1_000, 100_000):
        bounds = normal.inv_cdf(1 - 1 / machines), normal.inv_cdf(1 - 1 / (10 * machines))
        assert bounds[0] < stragglers.largest_of(machines) < bounds[1]


def test_waiting_and_lost_time_by_hand():
    assert stragglers.waiting_time(2.0, 2, 0.1) == pytest.approx(0.2 / math.sqrt(math.pi))
    assert stragglers.waiting_time(2.0, 1, 0.1) == 0.0
    assert stragglers.lost_time(3.0, 0.25) == pytest.approx(1.0), "a quarter of four"


def test_servers_or_workers_set_the_pace():
    # Four copies of 8 B on two ways of 1 B/s each: 4 s a copy; two servers of 16 B/s take 4 x 8 / 32 = 1 s.
    assert parameter_server.server_time(8.0, 2, 4 * 8.0, 2, 0.5, 1.0, 16.0) == pytest.approx(2 * (0.5 + 4.0))
    # One server of 2 B/s takes 16 s.
    assert parameter_server.server_time(8.0, 2, 4 * 8.0, 1, 0.0, 1.0, 2.0) == pytest.approx(2 * 16.0)


def test_halos_by_hand():
    assert halo.block_bytes(10.0, 4) == pytest.approx(20.0), "the edge of four tiles is twice that of one"
    assert halo.halo_time(100.0, 8, 0.5, 20.0) == pytest.approx(9.0)


def loads(length, closed):
    """Messages over the busiest link when each machine sends one to all, itself among them, half of ties either way."""
    count = dict.fromkeys(itertools.product(range(length), (1, -1)), 0.0)
    for source, target in itertools.product(range(length), repeat=2):
        ahead = (target - source) % length
        ways = [(1, ahead), (-1, length - ahead)] if closed else [(1 if target > source else -1, abs(target - source))]
        least = min(steps for _, steps in ways)
        shortest = [(way, steps) for way, steps in ways if steps == least and steps]
        for way, steps in shortest:
            for step in range(steps):
                count[(source + way * step) % length, way] += 1.0 / len(shortest)
    return max(count.values())


@pytest.mark.parametrize("length", range(3, 10))
@pytest.mark.parametrize("closed", [True, False])
def test_uniform_traffic_on_rings_and_lines(length, closed):
    links = torus.ways(length) if closed else 1.0
    # At rate r each message takes 1 / (r / k); the busiest link passes its load at rate 1.
    assert length * (1.0 / loads(length, closed)) == pytest.approx(torus.uniform_rate(length, links, 1.0), rel=1e-12)


def test_two_machines_have_one_link():
    assert [torus.ways(length) for length in (1, 2, 3, 8)] == [0, 1, 2, 2]
    assert torus.uniform_rate(2, 1.0, 5.0) == pytest.approx(10.0), "half of all stays at home"
    assert torus.uniform_rate(8, 2.0, 5.0) == pytest.approx(8 / 8 * 5.0), "8 / k of the bandwidth"
