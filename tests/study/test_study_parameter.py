"""Crossings over any parameter: exact where the answer is known, all of them, and told where there is none."""

import math

import pytest

import archsim
from archsim.errors import ArchsimError, DoesNotFitError, UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.study.bracket import Brackets
from archsim.study.crossover import crossover


def square(size=16):
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (size, size)), size, bias=False)
    return b.build()


SLOW = archsim.hardware("null")
FAST = with_all(SLOW, {"name": "fast", "rate": "3 GOP/s"})


def roots(function, low, high, points=9, step=0.0):
    grid = [low + (high - low) * index / (points - 1) for index in range(points)]
    return [value for value, _ in Brackets(function, step, logarithmic=False).crossings(grid)]


def test_all_roots_of_a_polynomial():
    found = roots(lambda x: (x - 1.0) * (x - 2.5) * (x - 7.25), 0.0, 8.0)
    assert found == pytest.approx([1.0, 2.5, 7.25])


def test_a_pair_between_neighbours_is_found():
    found = roots(lambda x: (x - 4.1) * (x - 4.3), 0.0, 8.0)
    assert found == pytest.approx([4.1, 4.3])
    assert roots(lambda x: (x - 4.1) ** 2 + 1e-3, 0.0, 8.0) == []


def test_whole_steps_are_halved_to_the_first_on_the_far_side():
    assert roots(lambda x: x - 37.5, 0.0, 64.0, step=4.0) == [40.0]


def test_nothing_is_sought_across_a_gap():
    assert roots(lambda x: math.nan if 3.0 < x < 5.0 else x - 4.0, 0.0, 8.0) == []
    assert roots(lambda x: math.nan if 3.9 < x < 4.1 else x - 4.0, 0.0, 8.0, points=8) == []


def test_infinities_have_a_side():
    assert roots(lambda x: -math.inf if x < 3.0 else math.inf, 0.0, 8.0) == pytest.approx([3.0], abs=1e-6)


def test_a_number_of_one_machine():
    found = crossover(square(), SLOW, FAST, over=("0.5 GOP/s", "9 GOP/s"), parameter="first.rate", metric="latency")
    (crossing,) = found.crossings
    assert crossing.size == pytest.approx(3e9, rel=1e-8) and crossing.ahead == 0 and found.winner is None
    assert found.verdict.endswith("from first.rate 3 GOP/s on null is")
    mirrored = crossover(square(), FAST, SLOW, over=(0.5e9, 9e9), parameter="second.rate", metric="latency")
    assert mirrored.size is None and mirrored.crossings[0].size == pytest.approx(3e9, rel=1e-8)


def test_none_and_who_wins_everywhere():
    found = crossover(square(), SLOW, FAST, over=(1e-13, 1e-11), parameter="energy", metric="latency", points=3)
    assert found.crossings == () and found.winner == "fast" and "fast is ahead everywhere" in found.verdict
    same = crossover(square(), SLOW, SLOW, over=("1 GOP/s", "2 GOP/s"), parameter="rate", points=3)
    assert same.winner is None and "both take the same everywhere" in same.verdict
    assert same.to_dict()["winner"] is None and same.to_dict()["parameter"] == "rate"


def test_an_argument_of_the_workload():
    idle = with_all(SLOW, {"name": "idle", "rate": "9 GOP/s", "energy": "0.5 pJ/OP", "power.idle": "1 mW"})
    found = crossover(square, idle, SLOW, over=(4, 64), parameter="workload.size", step=4)
    assert found.winner == "idle" and {point.size % 4 for point in found.points} == {0.0}
    named = crossover("mlp", SLOW, FAST, over=(1, 4), parameter="workload.batch", metric="latency")
    assert named.winner == "fast" and [point.size for point in named.points] == [1.0, 2.0, 3.0, 4.0]


def test_a_choice_of_policy():
    found = crossover("mlp", SLOW, FAST, None, over=(0.1, 0.9), parameter="policy.rate", timesteps=4, points=3)
    assert found.winner is None and len(found.points) == 3  # one energy per operation on both


def test_values_without_a_result_are_told():
    found = crossover(square(), SLOW, FAST, over=("1 kB", "1 MB"), parameter="first.memory.memory.capacity", points=5,
                      metric="latency")  # fmt: skip
    assert [each.size for each in found.refused] == [1e3] and "holds 1 kB" in found.refused[0].reason
    assert "1 values have no result" in found.warnings[-1] and len(found.points) == 4
    with pytest.raises(DoesNotFitError):
        crossover(square(), SLOW, FAST, over=("10 B", "1 kB"), parameter="first.memory.memory.capacity", points=3)


@pytest.mark.parametrize(
    ("build", "choices", "says"),
    [
        (square(), {"parameter": "first.rat"}, "did you mean 'rate'"), (square(), {"parameter": "rate.x"}, "rate.x"),
        (square(), {"parameter": "workload.size"}, "finished graph"), (square(), {"parameter": 3}, "no path"),
        ("mlp", {"parameter": "workload.bach"}, "did you mean 'batch'"), (square(), {}, "nothing of"),
        (square(), {"parameter": "policy.rte"}, "unknown policy 'rte'"), (square(), {"parameter": "name"}, "name"),
        (square(), {"parameter": "rate", "over": ("1 GB/s", "2 GB/s")}, "GB/s"),
        (square(), {"parameter": "rate", "over": (2e9, 1e9)}, "smaller value first"),
        (square(), {"parameter": "rate", "over": (1e9,)}, "over="),
        (square(), {"parameter": "rate", "points": 1}, "points=1"),
        (square(), {"parameter": "policy.rate", "over": ("few", "many")}, "'few'"),
    ],
)  # fmt: skip
def test_absurd_requests_are_refused(build, choices, says):
    with pytest.raises(ArchsimError) as refused:
        crossover(build, SLOW, FAST, **{"over": (1e9, 2e9), **choices})
    assert says in str(refused.value)
    assert isinstance(refused.value, UsageError) or "GB/s" in says
