"""Models and hardware chosen for one another: small families with known answers."""

import numpy as np
import pytest

import archsim as a
from archsim.errors import UnsupportedError, UsageError
from archsim.study.turns import SUITE

CHIP = a.hardware("array-32x32")
SPACE = {"array.rows": [8, 16, 32, 64], "array.columns": [8, 16, 32, 64]}
AREA = "area: array.rows*array.columns <= 1024"


def layers(width, depth, rows=16, items=1, dtype="int8"):
    builder = a.GraphBuilder("layers", dtype=dtype, items=items)
    x = builder.input("x", (rows, width))
    for _ in range(depth):
        x = builder.linear(x, width, bias=False)
    return builder.build()


def chosen(models, **settings):
    return a.codesign(models, CHIP, settings.pop("space", SPACE), **{"jit": "never", **settings})


@pytest.fixture(scope="module")
def family():
    models = a.alike(layers, {"width": [16, 40, 64]}, free="depth", to=2 * 64 * 64, tolerance=0.1).graphs
    assert list(models) == ["width=16", "width=40", "width=64"]
    return chosen(models, constraints=[AREA], starts={"large": {"array.rows": 32, "array.columns": 32}})


def brute(found, name):
    """Score one model on every design of the space."""
    optimum = found.optima[name]
    assert len(optimum) == 16
    return {
        (optimum.columns["array.rows"][i], optimum.columns["array.columns"][i]): optimum.values["edp"][i]
        for i in np.flatnonzero(optimum.feasible)
    }


def test_every_model_has_the_hardware_that_is_best_for_it(family):
    tables = {name: brute(family, name) for name in family.models}
    for place, name in enumerate(family.models):
        assert family.own[place] == min(tables[name].values())
        for row, design in enumerate(family.hardware.values()):
            assert family.scores[row, place] == tables[name][design["array.rows"], design["array.columns"]]
    assert np.array_equal(np.diagonal(family.regret), np.ones(3))
    assert (family.regret >= 1.0).all()


def test_hardware_of_all_has_the_least_geometric_mean(family):
    tables = [brute(family, name) for name in family.models]
    means = {design: np.exp(np.mean([np.log(table[design]) for table in tables])) for design in tables[0]}
    of_all = family.hardware[SUITE]
    assert means[of_all["array.rows"], of_all["array.columns"]] == pytest.approx(min(means.values()))
    own = np.exp(np.mean(np.log(family.own)))
    assert family.price_of_generality == pytest.approx(min(means.values()) / own)


def test_no_turn_makes_anything_worse(family):
    for trajectory in family.trajectories:
        values = [value for turn in trajectory.turns for value in (turn.value, turn.tuned)]
        assert values == sorted(values, reverse=True)
        assert trajectory.fixed
        assert trajectory.end in family.fixed_points
    assert [trajectory.start for trajectory in family.trajectories] == [*family.models, "large"]
    assert family.trajectories[-1].turns[0].value == family.scores[-1].min()
    assert family.best in family.fixed_points


def wish(columns, points):
    """Prefer eight rows with one item and 64 with two; both are as good where they are at home."""
    return 1.0 + 0.5 * np.abs(np.log2(columns["array.rows"]) - np.where(points.items == 1, 3.0, 6.0))


def test_two_homes_lock_in():
    models = {"one": layers(16, 1), "two": layers(16, 1, items=2)}
    found = chosen(models, objective={"cost": wish}, space={"array.rows": [8, 16, 32, 64]})
    assert found.fixed_points == ("one", "two")
    assert np.array_equal(found.regret[:2], [[1.0, 2.5], [2.5, 1.0]])
    assert list(found.off_diagonal) == [2.5, 2.5]
    assert found.lock_in == {"one": 1.0, "two": 1.0}
    assert [trajectory.end for trajectory in found.trajectories] == ["one", "two"]
    assert found.agreement == -1.0  # each ranks the models the other way round
    assert found.price_of_generality == pytest.approx(np.sqrt(2.5))  # at one of the homes; in between 1.5 and 2
    assert found.model_lottery.concentration == pytest.approx(5 / 9)


def test_a_start_may_be_left_in_several_turns():
    models = {"one": layers(16, 1), "two": layers(16, 1, items=2)}

    def better_later(columns, points):
        return np.where(points.items == 1, 1.0, 0.9) * wish(columns, points)

    found = chosen(models, objective={"cost": better_later}, space={"array.rows": [8, 16, 32, 64]},
                   starts={"small": {"array.rows": 16}, "large": {"array.rows": 32}})  # fmt: skip
    small, large = found.trajectories[2:]
    assert (small.end, large.end) == ("one", "two")
    assert found.lock_in["one"] == pytest.approx(1.0 / 0.9)
    assert found.best == "two"
    assert [turn.tuned for turn in small.turns] == [1.0, 1.0]


def test_it_says_everything(family):
    said = family.to_dict()
    assert set(said["regret"]) == {*family.models, SUITE, "large"}
    assert said["fixed_points"] == list(family.fixed_points)
    assert "1x" in str(family.table())
    assert "width=64" in str(family.turns())


@pytest.mark.parametrize(
    ("models", "settings", "error", "says"),
    [
        ({"one": layers(16, 1)}, {}, UsageError, "at least two"),
        ({"one": layers(16, 1), SUITE: layers(16, 1)}, {}, UsageError, "another name"),
        ({"one": layers(16, 1), "two": layers(16, 2)}, {"objective": ["edp", "power"]}, UsageError, "one objective"),
        ({"one": layers(16, 1), "two": layers(16, 2)}, {"objective": "throughput"}, UsageError, "one objective"),
        ({"one": layers(16, 1), "two": layers(16, 2)}, {"starts": {"x": {"array.rows": 8}}}, UsageError, "open"),
        ({"one": layers(16, 1), "two": layers(16, 2)},
         {"starts": {"x": {"array.rows": 9, "array.columns": 8}}}, UsageError, "not in the space"),
        ({"one": layers(16, 1), "two": layers(16, 2)}, {"constraints": ["power <= 1 nW"]}, UnsupportedError, "power"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(models, settings, error, says):
    with pytest.raises(error, match=says):
        chosen(models, **settings)


def test_models_of_one_size_by_hand():
    found = a.alike(layers, {"width": [32, 64, 128, 100]}, free="depth", to=4 * 128 * 128)
    assert found.sizes == {"width=32": 65536.0, "width=64": 65536.0, "width=128": 65536.0}
    assert [len(graph.ops) for graph in found.graphs.values()] == [64, 16, 4]
    assert found.left_out == {"width=100": "the nearest has 7e+04 parameters, +6.8 %"}
    by_work = a.alike(layers, {"width": [32], "rows": [8, 16]}, free="depth", to=16 * 32 * 32 * 6, equal="macs")
    assert [len(graph.ops) for graph in by_work.graphs.values()] == [12, 6]


def test_models_of_one_size_by_name():
    found = a.alike("transformer", {"width": [192, 384], "heads": [4, 5]}, free="layers", to=4e7, tolerance=0.2)
    assert list(found.graphs) == ["width=192, heads=4", "width=384, heads=4"]
    assert "does not divide into heads=5" in found.left_out["width=192, heads=5"]
    assert all(size == a.count(found.graphs[name]).parameters for name, size in found.sizes.items())


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"equal": "parametres"}, "did you mean 'parameters'"),
        ({"free": "width"}, "both an axis and free"),
        ({"to": 1.0}, "no model has about 1 "),
        ({"to": -1.0}, "above 0"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"free": "rows"}, "does not grow"),
    ],
)
def test_families_that_cannot_be(settings, says):
    axes = {"width": [32]} if settings.get("free") != "rows" else {"width": [32], "depth": [1]}
    with pytest.raises(UsageError, match=says):
        a.alike(layers, axes, **{"free": "depth", "to": 65536.0, **settings})
