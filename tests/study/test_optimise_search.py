"""Searches on spaces small enough to know the answer, and everything that can go wrong in one."""

import json
import math
import sys

import numpy as np
import pytest

import archsim as a
from archsim.errors import MissingExtraError, UnsupportedError, UsageError
from archsim.study.optimise.search import METHODS

CHIP = a.hardware("array-32x32")
SPACE = {
    "array.rows": [4, 8, 12, 16, 24, 32, 48, 64],
    "array.columns": [4, 8, 12, 16, 24, 32, 48, 64],
    "memory.dram.bandwidth": [2e9, 4e9, 8e9, 16e9],
}
AREA = "area: array.rows*array.columns <= 900"


def network(batch=64, depth=1):
    builder = a.GraphBuilder("product", dtype="int8", items=batch)
    x = builder.input("x", (batch, 512))
    for _ in range(depth):
        x = builder.linear(x, 512, bias=False)
    return builder.build()


NET = network()


def search(space=SPACE, net=NET, **settings):
    return a.optimise(net, CHIP, space, **{"constraints": [AREA], "jit": "never", **settings})


@pytest.fixture(scope="module")
def exhaustive():
    return search(method="exhaustive")


def test_all_designs_are_the_designs(exhaustive):
    assert len(exhaustive) == 8 * 8 * 4
    for index in (0, 100, 255):
        columns = exhaustive.design_of(index)
        if exhaustive.feasible[index]:
            alone = a.evaluate(NET, exhaustive.machine(index), jit="never")
            assert exhaustive.values["edp"][index] == pytest.approx(alone.energy * alone.latency, rel=1e-12)
        assert exhaustive.feasible[index] == (columns["array.rows"] * columns["array.columns"] <= 900)
    within = exhaustive.values["area"] <= 900
    assert exhaustive.value == exhaustive.values["edp"][within].min()
    assert np.isnan(exhaustive.values["edp"][~within]).all()  # what breaks a constraint of columns is not run


@pytest.mark.parametrize("method", ["differential-evolution", "nsga2", "tpe"])
def test_searches_find_what_all_designs_hold(exhaustive, method):
    pytest.importorskip({"nsga2": "pymoo", "tpe": "optuna"}.get(method, "scipy"))
    found = search(method=method, budget=600 if method != "tpe" else 150, population=15, seed=3)
    assert len(found) < 0.9 * len(exhaustive)
    assert found.value == exhaustive.value
    assert found.design == exhaustive.design
    assert found.result(None).latency == pytest.approx(found.values["latency"][found.best])


@pytest.mark.parametrize("method", [name for name in METHODS if name != "exhaustive"])
def test_the_same_seed_is_the_same_search(method):
    pytest.importorskip({"nsga2": "pymoo", "nsga3": "pymoo", "tpe": "optuna"}.get(method, "scipy"))
    one, two, other = (search(method=method, budget=36, population=12, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(one.coordinates, two.coordinates)
    assert not np.array_equal(one.coordinates, other.coordinates)
    assert one.asked <= 36


def test_a_generation_is_one_batch(monkeypatch):
    from archsim.study.optimise import problem

    sizes, evaluate = [], problem.evaluate_columns
    monkeypatch.setattr(
        problem, "evaluate_columns", lambda *given, **named: sizes.append(given) or evaluate(*given, **named)
    )
    found = search(method="differential-evolution", budget=100, population=20, constraints=None)
    assert len(sizes) <= found.generations == 5


def test_several_objectives_beat_chance():
    pytest.importorskip("pymoo")
    wanted = {"latency": "latency", "energy": "energy", "cells": "array.rows*array.columns"}
    space = {**SPACE, "array.rows": a.Span(4, 64), "array.columns": a.Span(4, 64)}
    ratios = []
    for seed in range(2):
        evolved, drawn = (
            search(space, objective=wanted, constraints=None, method=method, budget=150, population=15, seed=seed)
            for method in ("nsga2", "random")
        )
        corner = [float(np.nanmax(drawn.values[name])) for name in wanted]
        ratios.append(evolved.hypervolume(corner) / drawn.hypervolume(corner))
    assert min(ratios) > 1.0


def test_the_front_holds_what_none_beats(exhaustive):
    found = search(method="exhaustive", objective=["latency", "throughput_per_area: array.rows*array.columns"])
    costs = found.costs
    for index in found.front:
        assert not ((costs <= costs[index]).all(axis=1) & (costs < costs[index]).any(axis=1)).any()
    assert found.best == found.front[0]
    assert found.values["latency"][found.best] == np.nanmin(found.values["latency"][found.feasible])
    assert len(found.table(3).rows) == 3


def test_hypervolume_by_hand():
    pytest.importorskip("pymoo")
    found = search({"array.rows": [4, 8], "array.columns": [4]}, objective=["a: array.rows", "b: 64 - 8*array.rows"],
                   constraints=None)  # fmt: skip
    # (4, 32) and (8, 0): 6 x 8 of the first, and 2 x 40 of the second of which 2 x 8 are counted already
    assert found.hypervolume([10, 40]) == pytest.approx(6 * 8 + 2 * 40 - 2 * 8)
    with pytest.raises(UsageError, match="one finite value per objective"):
        found.hypervolume([10])


def test_more_throughput_is_better(exhaustive):
    found = search(method="exhaustive", objective="throughput")
    assert found.value == np.nanmax(found.values["throughput"][found.feasible])
    assert found.history()[-1] == found.value


def test_history_is_the_best_so_far():
    found = search(method="random", budget=80, constraints=None)
    best = found.history()
    assert len(best) == 80
    assert (np.diff(best) <= 0.0).all()
    assert best[-1] == found.value
    assert best[0] == found.values["edp"][found.sample == 1]


def test_workloads_and_policies_are_searched_too():
    def build(batch):
        return network(batch=batch)

    found = search({"workload.batch": [1, 8, 64], "policy.precision": ["", "int16"], "array.rows": [16, 32]},
                   net=build, objective="energy_per_item", method="exhaustive")  # fmt: skip
    assert len(found) == 12
    assert found.design["workload.batch"] == 64
    again = found.result()
    assert again.energy / again.items == pytest.approx(found.value)


def test_of_several_workloads_the_geometric_mean_counts():
    nets = {"one": network(), "two": network(depth=2)}
    both = search(net=nets, method="exhaustive")
    alone = [search(net=net, method="exhaustive") for net in nets.values()]
    mean = np.sqrt(alone[0].values["edp"] * alone[1].values["edp"])
    assert np.allclose(both.values["edp"], mean, equal_nan=True)
    assert both.result(workload="two").workload == "product"
    with pytest.raises(UsageError, match="'three'"):
        both.result(workload="three")


def test_constraints_on_runs_hold_for_every_workload():
    nets = {"one": network(), "two": network(depth=2)}
    slow = search(net=nets["two"], method="exhaustive", constraints=None)
    limit = float(np.median(slow.values["latency"]))
    both = search(net=nets, method="exhaustive", constraints=[a.Limit("latency", most=limit)])
    assert np.array_equal(both.feasible, slow.values["latency"] <= limit)


def test_functions_of_ones_own():
    def cost(columns, points):
        return points.latency * columns["array.rows"]

    found = search(method="exhaustive", objective=cost, constraints=[a.Limit(lambda c: c["array.columns"], most=16)])
    kept = found.feasible
    assert np.array_equal(kept, found.columns["array.columns"] <= 16)
    assert found.value == pytest.approx((found.values["latency"] * found.columns["array.rows"])[kept].min())


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_an_objective_that_is_no_number_is_refused(wrong):
    with pytest.raises(UsageError, match=r"'cost' is (nan|inf) at array.rows = "):
        search(objective={"cost": lambda c: np.where(c["array.rows"] > 8, wrong, 1.0)})
    with pytest.raises(UsageError, match="shape"):
        search(objective=lambda c: [1.0, 2.0])


def test_nothing_keeps_to_the_constraints():
    with pytest.raises(UnsupportedError, match=r"256 break area <= 1 \(they reach 16 to 4096\)"):
        search(constraints=["area: array.rows*array.columns <= 1"])
    with pytest.raises(UnsupportedError, match=r"break power <= 1 nW"):
        search(constraints=["power <= 1 nW"], method="differential-evolution", budget=40, population=10)


def test_what_runs_nowhere_says_why():
    net = a.workload("mlp", widths="64-64", dtype="fp64")
    with pytest.raises(a.ArchsimError, match="do not run: no unit has the number format"):
        search(net=net, fallback="forbid")


def test_control_c_keeps_the_best_so_far():
    calls = []

    def stop(done, total, text):
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    found = search(method="random", budget=100, population=10, progress=stop)
    assert found.interrupted
    assert (found.asked, len(found.history())) == (30, 30)
    assert found.value == found.values["edp"][found.feasible].min()
    assert any("30 of 100" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"method": "ga"}, "unknown method 'ga'"),
        ({"method": 3}, "method 3"),
        ({"method": "differential-evolution", "objective": ["latency", "energy"]}, "one objective"),
        ({"budget": 0}, "budget=0"),
        ({"budget": 3, "method": "differential-evolution"}, "3 designs in a generation"),
        ({"population": 1}, "population=1"),
        ({"seed": -1}, "seed -1"),
        ({"fusoin": "none"}, "fusion"),
        ({"space": {"policy.fusion": ["none", "fulll"]}}, "did you mean 'full'"),
        ({"net": {}}, "no workload"),
        ({"objective": "speed"}, "'speed'"),
    ],
)
def test_calls_that_make_no_sense(settings, says):
    with pytest.raises(UsageError, match=says):
        search(**settings)


def test_a_sampler_of_optunas_may_be_brought():
    optuna = pytest.importorskip("optuna")
    one, two = (search(method=optuna.samplers.RandomSampler(seed=1), budget=20, population=10) for _ in range(2))
    assert one.method == "RandomSampler"
    assert np.array_equal(one.coordinates, two.coordinates)


def test_machines_and_their_parts_are_choices_too():
    found = search({"hardware": ["array-16x16", "array-32x32"], "array.rows": [8, 16]}, constraints=None)
    assert len(found) == 4
    assert found.machine().name == found.design["hardware"]
    assert found.result().energy == pytest.approx(found.values["energy"][found.best])


def test_designs_that_do_not_run_are_told_of():
    net = a.workload("mlp", widths="64-64", dtype="bf16")
    found = search({"policy.precision": ["bf16", "fp64"], "array.rows": [8, 16]}, net=net, constraints=None)
    assert list(found.feasible) == [True, True, False, False]
    assert "2 of 4 designs do not run" in found.warnings[0]


def test_where_it_runs_makes_no_difference(exhaustive):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as executor:
        found = search(method="exhaustive", executor=executor)
    assert np.array_equal(found.costs, exhaustive.costs)


@pytest.mark.parametrize(("method", "library"), [("nsga2", "pymoo"), ("nsga3", "pymoo"), ("tpe", "optuna")])
def test_what_is_not_installed_is_named(monkeypatch, method, library):
    for name in [name for name in sys.modules if name == library or name.startswith(f"{library}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=rf"{library}.*archsim\[optimise\]"):
        search(method=method, budget=10, population=5)


def test_everything_is_kept_with_its_place(exhaustive):
    said = search(method="random", budget=30, population=10).to_dict()
    json.dumps(said, allow_nan=False)
    assert said["evaluated"] == len(said["designs"]) <= 30
    assert said["best"] in said["designs"]
    assert {row["generation"] for row in said["designs"]} == {1, 2, 3}
    assert len(exhaustive.log().to_csv().splitlines()) == 257
    assert any("memory.dram.bandwidth is best at the upper end" in text for text in exhaustive.warnings)
