"""Sweeps: many points at once are the points one by one, and a wrong column is refused before anything runs."""

from __future__ import annotations

import numpy as np
import pytest
from engine_samples import null, partial, sandwich, stack

import archsim
from archsim.errors import ArchsimError, DoesNotFitError, UnsupportedError, UsageError
from archsim.io.hardware import with_all

EXACT = 1e-12
SWEEPS = {
    "gpu-bandwidth": ("a100-sxm4-80gb", {"memory.hbm.bandwidth": [5e11, 2.039e12, 8e12]}),
    "gpu-clock": ("a100-sxm4-80gb", {"clock": [5e8, 1.41e9, 2e9]}),
    "gpu-format": ("a100-sxm4-80gb", {"matrix.fp16": [512.0, 2048.0, 8192.0]}),
    "gpu-power": ("a100-sxm4-80gb", {"power.limit": [90.0, 150.0, 1e6], "power.idle": [10.0, 50.0, 79.0]}),
    "gpu-technology": ("a100-sxm4-80gb", {"technology.newer.add.fp32": [1e-13, 3.8e-13], "process.node": [5e-9, 1e-8]}),
    "gpu-many": (
        "h100-sxm5-80gb",
        {
            "clock": [1e9, 2e9],
            "memory.l2.width": [1e3, 8e3],
            "generation.launch.latency": [0.0, 1e-5],
            "multiprocessors": [1, 132],
        },
    ),
    "cpu": ("xeon-gold-6248", {"cores": [1, 20], "clock": [1e9, 4e9], "memory[2].capacity": [1e4, 1e7]}),
    "null": ("null", {"rate": [1e6, 1e12], "energy": [0.0, 1e-9]}),
}


@pytest.mark.parametrize(("sweep", "jit"), [*((sweep, "never") for sweep in SWEEPS), ("null", "always")])
def test_a_sweep_is_its_points_one_by_one(sweep, jit):
    name, columns = SWEEPS[sweep]
    chip, graph = archsim.hardware(name), archsim.workload("resnet18", batch=4)
    totals = archsim.evaluate_points(graph, chip, columns, jit=jit)
    assert len(totals) == len(next(iter(columns.values())))
    for index, point in enumerate(totals):
        one = archsim.evaluate(graph, with_all(chip, {path: values[index] for path, values in columns.items()}))
        assert point["latency"] == pytest.approx(one.latency, rel=EXACT, abs=0.0)
        assert point["energy"].sum() == pytest.approx(one.energy, rel=EXACT, abs=0.0)
        assert point["bytes"][0] == pytest.approx(next(iter(one.bytes_by_level.values())), rel=EXACT, abs=0.0)
        assert point["status"] == 0
    assert len({float(latency) for latency in totals["latency"]}) > 1 or sweep == "gpu-technology"


def test_the_policy_holds_for_every_point():
    graph = stack()
    plain, trained = (
        archsim.evaluate_points(graph, null(), {"rate": [1e9, 2e9]}, training=training) for training in (False, True)
    )
    assert np.all(trained["latency"] > plain["latency"])
    np.testing.assert_allclose(plain["latency"], plain["latency"][0] / np.array([1.0, 2.0]), rtol=EXACT)


@pytest.mark.parametrize("path", ["memory.hbm.bandwidth", "memory[0].bandwidth", "memory.0.bandwidth"])
def test_a_leaf_may_be_named_in_three_ways(path):
    chip = archsim.hardware("a100-sxm4-80gb")
    values = [1e12, 2e12]
    expected = archsim.evaluate_points(stack(), chip, {"memory.hbm.bandwidth": values})
    assert np.array_equal(archsim.evaluate_points(stack(), chip, {path: values}), expected)


def test_more_points_than_threads_keep_their_order():
    rates = np.geomspace(1e6, 1e12, 1001)
    totals = archsim.evaluate_points(stack(), null(), {"rate": rates}, jit="always")
    np.testing.assert_allclose(totals["latency"] * rates, 2 * 3 * 4 * 64 * 64, rtol=EXACT)


def test_a_single_number_is_one_point():
    assert len(archsim.evaluate_points(stack(), null(), {"rate": 2e9})) == 1


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({}, ["nothing to sweep", "such as clock"]),
        ({"rate": [1e9], "energy": [1e-12, 2e-12]}, ["different lengths", "'rate': 1", "'energy': 2"]),
        ({"memory.memory.bandwith": [1e9]}, ["there is no 'bandwith'", "did you mean 'bandwidth'"]),
        ({"ratte": [1e9]}, ["there is no 'ratte'", "did you mean 'rate'"]),
        ({"memory.mem.bandwidth": [1e9]}, ["there is no 'mem'", "'memory'"]),
        ({"memory[3].bandwidth": [1e9]}, ["there is no '3'", "memory"]),
        ({"name": [1.0]}, ["'name' is not a number that can be varied", "memory.<name>.bandwidth"]),
        ({"memory": [1.0]}, ["'memory' is not a number that can be varied"]),
        ({"rate": [1e9, float("nan")]}, ["rate = nan is not a finite number"]),
        ({"rate": [float("inf")]}, ["rate = inf is not a finite number"]),
        ({"rate": [1e9, -1.0]}, ["rate = -1 is negative"]),
        ({"power.idle": [-5.0]}, ["power.idle = -5 is negative"]),
        ({"rate": [[1e9, 2e9]]}, ["shape (1, 2)", "one value per design point"]),
        ({"rate": ["fast"]}, ["rate has the values ['fast']", "in SI units"]),
        ({"rate": [[1e9], [1e9, 2e9]]}, ["rate has the values", "in SI units"]),
        ({"memory.memory.place": [0, 2]}, ["memory.memory.place = 2", "0 for off_chip, 1 for on_chip"]),
    ],
    ids=lambda value: ",".join(f"{k}={v}" for k, v in value.items()) or "empty" if isinstance(value, dict) else "",
)
def test_wrong_columns_are_refused(sweep, said):
    with pytest.raises(ArchsimError) as refusal:
        archsim.evaluate_points(stack(), null(), sweep)
    for words in said:
        assert words in str(refusal.value)


def test_no_points_are_no_totals():
    assert len(archsim.evaluate_points(stack(), null(), {"rate": []})) == 0


def test_points_with_a_host_are_refused():
    with pytest.raises(UnsupportedError, match="'middle' would run on the host of 'null'") as refusal:
        archsim.evaluate_points(sandwich(), partial("matmul"), {"rate": [1e9, 2e9]}, fusion="none")
    assert "evaluate_columns" in str(refusal.value)


def test_policies_are_checked_as_for_one_point():
    with pytest.raises(UsageError, match="did you mean 'fusion'"):
        archsim.evaluate_points(stack(), null(), {"rate": [1e9]}, fussion="none")
    with pytest.raises(DoesNotFitError):
        archsim.evaluate_points(stack(), null(memory__memory__capacity="1 kB"), {"rate": [1e9]})


def test_a_verdict_of_one_point_does_not_reach_the_next():
    chip = archsim.hardware("a100-sxm4-80gb")
    idle = chip.spec.power.idle
    limits = [idle / 4, 400.0, idle / 4, 400.0]
    graph = archsim.workload("mobilenet-v2")
    for jit in ("always", "never"):
        totals = archsim.evaluate_points(graph, chip, {"power.limit": limits}, jit=jit)
        assert (totals["status"] != 0).tolist() == [True, False, True, False]


def test_points_whose_memory_is_too_small_are_marked():
    chip = archsim.hardware("a100-sxm4-80gb")
    graph = archsim.workload("llama-2-7b-decode")
    sizes = {"memory.hbm.capacity": [8e9, 16e9, 80e9]}
    assert archsim.evaluate_points(graph, chip, sizes)["status"].tolist() == [-1, 0, 0]
    assert archsim.evaluate_points(graph, chip, sizes, capacity="ignore")["status"].tolist() == [0, 0, 0]
    both = sizes | {"memory.hbm.instances": [2.0, 0.5 * 2, 1.0]}
    assert archsim.evaluate_points(graph, chip, both)["status"].tolist() == [0, 0, 0]
