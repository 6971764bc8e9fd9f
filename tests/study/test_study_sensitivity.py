"""Elasticities, tornado and total indices of machines whose answers are known by hand."""

import math

import pytest

import archsim
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.io.hardware import with_all
from archsim.study.sensitivity import only, sensitivity


def about(value, low, high, why="a test"):
    return {"value": value, "low": low, "high": high, "kind": "assumed", "why": why}


@pytest.fixture(scope="module")
def machine():
    sets = {"rate": about("1 GOP/s", "0.5 GOP/s", "2 GOP/s"), "energy": about("1 pJ/OP", "0.9 pJ/OP", "1.1 pJ/OP")}
    return with_all(archsim.hardware("null"), sets)


@pytest.fixture(scope="module")
def graph():
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (16, 16)), 16, bias=False)
    return b.build()


def test_time_goes_with_one_over_the_rate(graph, machine):
    found = sensitivity(graph, machine, samples=64)
    (effect,) = found.effects
    assert effect.leaf.path == "rate" and effect.elasticity == pytest.approx(-1.0)
    assert (effect.low, effect.high) == pytest.approx((2.0, 0.5))
    assert effect.swing == pytest.approx(math.log(4.0))
    (index,) = found.indices
    assert index.total == pytest.approx(1.0, abs=0.05) and [leaf.path for leaf in index.leaves] == ["rate"]
    assert found.numbers > 5


def test_shares_of_the_variance_add_up_where_nothing_interacts(graph, machine):
    # The logarithm of energy times delay is a sum; each share is the variance of one logarithm over both. That of half
    # a triangle on either side, as wide as log 2 or log 1.1, goes with the square of the width.
    found = sensitivity(graph, machine, metric="edp", samples=512, seed=2)
    totals = {index.leaves[0].path: index.total for index in found.indices}
    assert found.metric == "energy_delay" and set(totals) == {"rate", "energy"}
    wide, narrow = math.log(2.0) ** 2, 0.5 * (math.log(1.1) ** 2 + math.log(1.0 / 0.9) ** 2)
    assert totals["energy"] == pytest.approx(narrow / (wide + narrow), abs=0.02)
    assert sum(totals.values()) == pytest.approx(1.0, abs=0.1)
    assert [each.leaf.path for each in found.effects] == ["rate", "energy"]
    assert {each.leaf.path: round(each.elasticity, 6) for each in found.effects} == {"rate": -1.0, "energy": 1.0}


def test_tables_and_json(graph, machine):
    found = sensitivity(graph, machine, metric="energy", samples=0)
    assert found.indices == () and [row[0] for row in found.table().rows] == ["energy"]
    assert "share of the variance" not in str(found)
    data = only(found, 1).to_dict()
    assert data["effects"][0]["parameter"] == "energy" and data["effects"][0]["unit"] == "J/OP"
    assert data["effects"][0]["at_high"] == pytest.approx(1.1)


def test_bounds_that_make_no_machine_are_told(graph, machine):
    broken = with_all(machine, {"memory.memory.capacity": about("1 TB", "1 B", "2 TB")})
    found = sensitivity(graph, broken, samples=0)
    assert [each.leaf.path for each in found.effects] == ["rate"]  # a memory that is too small gives no time at all


@pytest.mark.parametrize(
    ("choices", "says"), [({"metric": "time"}, "metric 'time'"), ({"samples": 100}, "power of two"),
                          ({"samples": -1}, "samples=-1"), ({"metric": "latnecy"}, "did you mean 'latency'")],
)  # fmt: skip
def test_absurd_requests_are_refused(graph, machine, choices, says):
    with pytest.raises(UsageError) as refused:
        sensitivity(graph, machine, **choices)
    assert says in str(refused.value)
