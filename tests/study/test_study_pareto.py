"""The Pareto front: whatever brute force finds, on any number of metrics, with ties, infinities and missing numbers."""

import numpy as np
import pytest

import archsim
from archsim.errors import UsageError
from archsim.graph import GraphBuilder
from archsim.study import pareto as module
from archsim.study.pareto import front, pareto


def brute(values):
    return [
        row for row, one in enumerate(values)
        if not ((values <= one).all(axis=1) & (values < one).any(axis=1)).any()
    ]  # fmt: skip


@pytest.mark.parametrize("metrics", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("levels", [2, 6, None])
def test_the_front_is_what_brute_force_finds(metrics, levels):
    draw = np.random.default_rng(metrics)
    for count in (1, 2, 3, 40, 250):
        shape = (count, metrics)
        values = draw.random(shape) if levels is None else draw.integers(0, levels, shape).astype(float)
        assert front(values).tolist() == brute(values)
        values[draw.random(shape) < 0.1] = np.inf
        values[draw.random(shape) < 0.1] = -np.inf
        assert front(values).tolist() == brute(values)


@pytest.mark.parametrize("metrics", [2, 3, 4])
def test_compiled_code_finds_the_same(metrics, monkeypatch):
    values = np.random.default_rng(7).integers(0, 30, (600, metrics)).astype(float)
    monkeypatch.setattr(module, "COMPILED_FROM", 1)
    assert front(values).tolist() == brute(values)


def test_a_sphere_is_all_front():
    angles = np.linspace(0.01, 1.56, 500)
    assert len(front(np.column_stack([np.cos(angles), np.sin(angles)]))) == 500


def test_names_sides_and_missing_numbers():
    points = {"latency": [3.0, 1.0, 2.0, np.nan, 2.5], "rate": [9.0, 1.0, 5.0, 99.0, 4.0]}
    found = pareto(points, maximise=["rate"])
    assert found.metrics == ("latency", "rate") and found.refused == 1 and found.points == 5
    assert found.indices.tolist() == [1, 2, 0]
    assert found.values.tolist() == [[1.0, 1.0], [2.0, 5.0], [3.0, 9.0]]
    assert pareto(points, "latency").indices.tolist() == [1]
    assert [row["point"] for row in found.to_dict()["front"]] == [1, 2, 0]
    assert "3 of 5 points" in str(found)


def test_the_front_of_a_sweep():
    b = GraphBuilder("square", dtype="fp16")
    b.linear(b.input("x", (16, 16)), 16, bias=False)
    space = {"rate": [1e9, 2e9, 3e9], "energy": [1e-12, 2e-12]}
    found = archsim.pareto(archsim.sweep(b.build(), "null", space), "latency", "energy")
    assert found.points == 6 and found.indices.tolist() == [4]  # the fastest at the least energy
    assert archsim.pareto(archsim.sweep(b.build(), "null", space), "latency").indices.tolist() == [4, 5]


def test_equal_points_stay_together():
    assert pareto([[1.0, 2.0], [1.0, 2.0], [2.0, 2.0]]).indices.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("points", "metrics", "more", "says"),
    [
        ([], (), (), "shape"), ([[]], (), (), "shape"), ({}, (), (), "no metrics"),
        (np.zeros((0, 2)), (), (), "no points"),
        ([["a", "b"]], (), (), "not numbers"), ({"a": [1.0], "b": [1.0, 2.0]}, (), (), "different lengths"),
        ({"energy": [1.0]}, ("enrgy",), (), "did you mean 'energy'"), ([[1.0, 2.0]], ("a",), (), "1 names for 2"),
        ({"energy": [1.0]}, (), ("rate",), "cannot maximise 'rate'"), ({"a": [1.0]}, ("a", "a"), (), "once"),
    ],
)  # fmt: skip
def test_absurd_points_are_refused(points, metrics, more, says):
    with pytest.raises(UsageError) as refused:
        pareto(points, *metrics, maximise=more)
    assert says in str(refused.value)


def test_nothing_but_missing_numbers_has_no_front():
    found = pareto({"a": [np.nan, np.nan]})
    assert len(found) == 0 and found.refused == 2
