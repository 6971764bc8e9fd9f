"""Spaces, measures and sums of products: what they hold, and what they refuse."""

import math

import numpy as np
import pytest

import archsim as a
from archsim.errors import UsageError
from archsim.study.optimise.form import Form
from archsim.study.optimise.measures import bounds, measure, measures
from archsim.study.optimise.space import Space

CHIP = a.hardware("array-32x32")


def space(**paths):
    return Space.of({name.replace("__", "."): value for name, value in paths.items()}, CHIP)


def test_coordinates_go_there_and_back():
    found = Space.of(
        {
            "array.rows": [8, 32, 16],
            "array.columns": a.Span(4, 6),
            "clock": a.Span("100 MHz", "1 GHz", log=True),
            "array.count": a.Span(1, 1000, log=True),
            "array.dataflow": ["ws", "os"],
        },
        CHIP,
    )
    assert found.size == math.inf
    places = found.sample(500, np.random.default_rng(1))
    assert np.array_equal(found.settle(places), places)
    columns = found.decode(places)
    assert set(columns["array.rows"]) == {8.0, 32.0, 16.0}
    assert set(columns["array.columns"]) == {4.0, 5.0, 6.0}
    assert set(columns["array.dataflow"]) == {"ws", "os"}
    assert columns["clock"].min() >= 1e8
    assert columns["clock"].max() <= 1e9
    assert np.median(columns["clock"]) == pytest.approx(10**8.5, rel=0.2)  # even in the logarithm
    assert np.array_equal(columns["array.count"], np.round(columns["array.count"]))
    back = [[each.encode(columns[each.path][row]) for each in found.variables] for row in range(20)]
    assert np.allclose(back, places[:20])


def test_every_value_of_a_list_is_as_likely():
    drawn = space(array__rows=[1, 2, 3, 4]).sample(40_000, np.random.default_rng(0))
    assert np.bincount(drawn[:, 0].astype(int)) == pytest.approx([10_000] * 4, rel=0.05)


def test_all_designs_once():
    found = space(array__rows=[8, 16, 32], array__columns=a.Span(1, 4), clock=a.Span(1e8, 3e8, 2), power__idle=[0.5])
    every = found.every()
    assert len(every) == found.size == 24
    columns = found.decode(every)
    assert len({tuple(column[row] for column in columns.values()) for row in range(24)}) == 24
    assert set(columns["power.idle"]) == {0.5}
    assert set(columns["clock"]) == {1e8, 3e8}


def test_what_follows_is_worked_out_from_the_rest():
    found = space(array__rows=[8, 16], array__columns=lambda c: 2 * c["array.rows"])
    columns = found.decode(found.every())
    assert list(columns["array.columns"]) == [16.0, 32.0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "empty"),
        ([1], "no space"),
        ({"clock": 1e9}, "list of values"),
        ({"clock": "1 GHz"}, "list of values"),
        ({"clock": []}, "no value"),
        ({"clock": [1e9]}, "single design"),
        ({"clock": a.Span(1e9, 1e9)}, "single design"),
        ({"clock": [1e9, 1e9]}, "twice"),
        ({"clok": [1e9, 2e9]}, "did you mean 'clock'"),
        ({"clock": a.Span(2e9, 1e9)}, "ends before it begins"),
        ({"clock": a.Span(1e9, math.nan)}, "nan"),
        ({"clock": ["1 GHz", "1 GB/s"]}, "is a bandwidth"),
        ({"array.rows": [1.5, 2]}, "whole number"),
        ({"overhead.exposed": a.Span(0, 1, log=True)}, "above 0"),
        ({"technology": ["logic-45-7", "logic-45-8"]}, "logic-45-8"),
    ],
)
def test_spaces_that_say_nothing_are_refused(given, says):
    with pytest.raises(a.ArchsimError, match=says):
        Space.of(given, CHIP)


def test_too_many_designs_to_list():
    with pytest.raises(UsageError, match="any number"):
        space(clock=a.Span(1e8, 1e9)).every()
    with pytest.raises(UsageError, match="1e"):
        space(array__rows=a.Span(1, 10_000), array__columns=a.Span(1, 10_000)).every()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.5", 2.5),
        ("1.5e-9*array.rows*array.columns + 2e-3", 1.5e-9 * 8 * 32 + 2e-3),
        ("array.rows - 1e+1*array.rows", -72.0),
        ("-array.rows", -8.0),
        ("4e-12 * buffers.input", 4e-12 * CHIP.spec.buffers.input),
        ("memory[0].bandwidth*1E-9", CHIP.spec.memory[0].bandwidth * 1e-9),
    ],
)
def test_sums_of_products(text, value):
    assert Form.read(text).over({"array.rows": np.array([8.0])}, 1, CHIP) == pytest.approx([value])


@pytest.mark.parametrize("text", ["array.rows*", "array.rows array.columns", "(array.rows)", "1..2*array.rows", "*"])
def test_what_is_no_sum_of_products(text):
    with pytest.raises(UsageError, match="cannot read"):
        Form.read(text).over({}, 1, CHIP)


def test_objectives_and_constraints_are_read():
    assert [each.name for each in measures(["edp", "area: 2*array.rows"])] == ["edp", "area"]
    assert measure("throughput").sign == -1.0
    power, area = bounds(["power <= 2 W", "power >= 500 mW", "area: 2*array.rows <= 100"])
    assert (power.least, power.most, area.most) == (0.5, 2.0, 100.0)
    assert list(power.violation(np.array([0.25, 1.0, 3.0]))) == [0.5, -0.5, 0.5]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["power <= 2 W", "power >= 3 W"], "contradict"),
        (["power < 2 W"], "power < 2 W"),
        (["powr <= 2 W"], "did you mean 'power'"),
        (["power <= 2 J"], "energy"),
        (["power <= nan W"], "nan"),
        (["area: 2*array.rows <= large"], "bound"),
        ([a.Limit("power")], "no bound"),
        ([3], "constraint 3"),
    ],
)
def test_constraints_that_cannot_be(given, says):
    with pytest.raises(a.ArchsimError, match=says):
        bounds(given)


@pytest.mark.parametrize(("given", "says"), [([], "no objective"), (["edp", "edp"], "two"), (7, "7"), ("", "''")])
def test_objectives_that_cannot_be(given, says):
    with pytest.raises(UsageError, match=says):
        measures(given)
