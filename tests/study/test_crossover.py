"""Where one machine overtakes another: crossings are evaluated, and each cause's part in them is told."""

import math

import pytest

import archsim
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.study.crossover import Crossing, amount, interpolated

STEP = 8
ACCELERATOR = "a100-sxm4-80gb"


def square(size):
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (size, size)), size, bias=False)
    return b.build()


def plain():
    """A machine that starts at once, and takes far more energy per operation than the accelerator, 20 pJ."""
    return with_all(archsim.hardware("null"), {"energy": "20 pJ/OP", "power.idle": 0.01})


@pytest.fixture(scope="module")
def found():
    return archsim.crossover(square, ACCELERATOR, plain(), over=(8, 2048), step=STEP)


def test_a_crossing_is_evaluated_on_both_sides(found):
    (crossing,) = found.crossings
    assert crossing.ahead == 0 and found.size == crossing.size and found.size % STEP == 0
    assert found.ahead == (1, 0)
    energies = {
        size: [archsim.evaluate(square(size), machine).energy for machine in (ACCELERATOR, plain())]
        for size in (int(crossing.size) - STEP, int(crossing.size))
    }
    (a, b), (c, d) = energies.values()
    assert a > b and c < d


def test_points_hold_what_was_evaluated(found):
    assert [point.size for point in found.points] == sorted({point.size for point in found.points})
    for point in found.points:
        assert found.ratio(point) == pytest.approx(point.first.energy / point.second.energy, rel=1e-12)
        out = amount(point.first, "energy", ["static"])
        assert out == pytest.approx((point.first.energy - point.first.energy_by_cause["static"]) / point.first.items)


def test_without_the_cause_that_decides_the_crossing_moves(found):
    first = found.influences[0]
    assert (first.machine, first.cause) in {(ACCELERATOR, "static"), ("null", "compute")}
    assert [each.moved for each in found.influences] == sorted((e.moved for e in found.influences), reverse=True)
    assert found.variants["without static power"] != found.crossings


def test_leaving_nothing_out_changes_nothing(found):
    (crossing,) = found.without(())
    assert found.size - STEP <= crossing.size <= found.size


def test_other_metrics(found):
    for metric in ("latency", "energy_delay"):
        other = archsim.crossover(square, ACCELERATOR, plain(), over=(8, 512), step=STEP, metric=metric)
        assert other.metric == metric and other.to_dict()["metric"] == metric
        assert "influences" not in other.to_dict()
        with pytest.raises(UsageError, match=metric):
            other.without(["static"])


def test_a_machine_against_itself_never_crosses():
    same = archsim.crossover(square, plain(), plain(), over=(8, 64))
    assert same.crossings == () and same.size is None
    assert all(same.ratio(point) == 1.0 for point in same.points)


def test_interpolation_is_straight_over_the_logarithm():
    logs = [math.log(4.0), math.log(2.0), math.log(0.5), math.log(1.5)]
    assert interpolated([1, 2, 8, 32], logs) == (
        Crossing(pytest.approx(4.0), 0),
        Crossing(pytest.approx(8 * 4 ** (math.log(2) / math.log(3))), 1),
    )


@pytest.mark.parametrize(
    ("over", "step", "metric", "says"),
    [((64, 8), 8, "energy", "64 to 8"), ((0, 8), 8, "energy", "0 to 8"), ((8, 64), 0, "energy", "steps of 0"),
     ((8, 64), 64, "energy", "no two multiples"), ((8, 64), 8, "enrgy", "energy")],
)  # fmt: skip
def test_wrong_ranges_and_metrics_are_refused(over, step, metric, says):
    with pytest.raises(UsageError) as refused:
        archsim.crossover(square, plain(), plain(), over=over, step=step, metric=metric)
    assert says in f"{refused.value} {refused.value.hint}"


def test_a_cause_that_does_not_exist_is_refused(found):
    with pytest.raises(UsageError, match="conversoin") as refused:
        found.without(["conversoin"])
    assert "conversion" in refused.value.hint
