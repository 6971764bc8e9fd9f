"""Many points at once: the same numbers as one evaluation each, whatever differs between the points."""

import numpy as np
import pytest

import archsim as a
from archsim.arch.family import GROUPS
from archsim.errors import DoesNotFitError, UnitError, UnsupportedError, UsageError
from archsim.study import jobs
from archsim.study.groups import grouped
from archsim.study.jobs import Interrupted
from archsim.study.points import METRICS, evaluate_columns


def agree(points, index, result):
    """Check one point against an evaluation of its own."""
    assert points.status[index] == 0
    for name in ("latency", "interval", "energy", "power", "throughput", "items"):
        assert points[name][index] == pytest.approx(getattr(result, name), rel=1e-11, abs=0.0), name
    assert points["edp"][index] == pytest.approx(result.energy * result.latency, rel=1e-11)
    assert points["energy_per_item"][index] == pytest.approx(result.energy / result.items, rel=1e-11)
    for group in GROUPS:
        expected = result.energy_by_cause.get(group, 0.0)
        assert points[f"energy.{group}"][index] == pytest.approx(expected, rel=1e-10, abs=1e-30), group
    assert points.bound[index] == result.bound


def test_leaves_arguments_and_policies_differ_side_by_side():
    bandwidths, fusions, batches = ["1 TB/s", 2e12, 3e12], ["none", "full", "none"], [1, 8, 8]
    points = evaluate_columns(
        "alexnet", "a100-sxm4-80gb",
        {"memory.hbm.bandwidth": bandwidths, "policy.fusion": fusions, "workload.batch": batches},
    )  # fmt: skip
    chip = a.hardware("a100-sxm4-80gb")
    for index, (bandwidth, fusion, batch) in enumerate(zip(bandwidths, fusions, batches, strict=True)):
        changed = a.with_(chip, "memory.hbm.bandwidth", bandwidth)
        agree(points, index, a.evaluate(a.workload("alexnet", batch=batch), changed, fusion=fusion))


@pytest.mark.parametrize(("machine", "schedule"), [("isaac", "serial"), ("tpu-v4", "serial"), ("dota-b", "overlap")])
def test_a_host_and_its_link_are_part_of_every_point(machine, schedule):
    chip, network = a.hardware(machine), a.workload("spiking-mlp")
    idle = chip.spec.power.idle
    columns = {"host_link.latency": [1e-6, 2e-5], "host_link.bandwidth": [1e9, 4e10], "power.idle": [idle, 0.5 * idle]}
    points = evaluate_columns(network, chip, columns, {"schedule": schedule})
    for index in range(2):
        changed = chip
        for path, values in columns.items():
            changed = a.with_(changed, path, values[index])
        agree(points, index, a.evaluate(network, changed, schedule=schedule))
    assert points["energy.host"].min() > 0.0


def test_names_of_machines_and_workloads_are_columns():
    machines, networks = ["a100-sxm4-80gb", "null", "a100-sxm4-80gb"], ["alexnet", "alexnet", "mlp"]
    points = evaluate_columns("gpt2", "null", {"hardware": machines, "workload": networks})
    for index, (machine, network) in enumerate(zip(machines, networks, strict=True)):
        agree(points, index, a.evaluate(network, machine))


def test_numbers_of_different_machines_are_lowered_once_for_each():
    columns = {"hardware": ["a100-sxm4-80gb", "tpu-v4"] * 50, "memory[0].bandwidth": np.linspace(1e12, 2e12, 100)}
    found = grouped("alexnet", "null", columns, None)
    assert [job.count for _, job in found.jobs] == [50, 50]
    assert sorted(np.concatenate([which for which, _ in found.jobs])) == list(range(100))


def test_what_changes_structure_is_lowered_anew():
    columns = {"array.dataflow": ["ws", "os", "ws", "ws"], "clock": [1e9, 1e9, 2e9, 3e9]}
    found = grouped("alexnet", "array-128x128", columns, None)
    assert [which.tolist() for which, _ in found.jobs] == [[0, 2, 3], [1]]
    chip = a.with_(a.hardware("array-128x128"), "array.dataflow", "os")
    agree(evaluate_columns("alexnet", "array-128x128", columns), 1, a.evaluate("alexnet", chip))


def test_a_number_format_that_comes_is_a_change_of_structure():
    columns = {"array.pace.int4": [1.0, 2.0]}
    assert len(grouped("alexnet", "array-128x128", columns, None).jobs) == 2
    points = evaluate_columns("alexnet", "array-128x128", columns, {"precision": "int4"})
    for index, pace in enumerate(columns["array.pace.int4"]):
        chip = a.with_(a.hardware("array-128x128"), "array.pace.int4", pace)
        agree(points, index, a.evaluate("alexnet", chip, precision="int4"))


def test_many_small_groups_are_compiled_together(monkeypatch):
    modes = []
    run = jobs.run
    monkeypatch.setattr(jobs, "run", lambda job: modes.append(job.how.jit) or run(job))
    evaluate_columns("mlp", "null", {"policy.fusion": ["none", "full"], "rate": [1e12, 1e12]})
    evaluate_columns("mlp", "null", {"policy.fusion": ["none", "full"] * 5000, "rate": np.linspace(1e11, 1e12, 10_000)})
    evaluate_columns("mlp", "null", {"rate": [1e12] * 2}, {"jit": "always"})
    assert modes == ["never", "never", "always", "always", "always"]


def test_a_system_and_a_callable_are_evaluated_one_by_one():
    points = evaluate_columns(
        lambda width: a.workload("mlp", batch=4 * width), "dgx-a100", {"workload.width": [1, 2]},
        {"tensor_parallel": 2},
    )  # fmt: skip
    for index, width in enumerate((1, 2)):
        agree(points, index, a.evaluate(a.workload("mlp", batch=4 * width), "dgx-a100", tensor_parallel=2))


def test_a_point_without_a_result_says_why():
    points = evaluate_columns("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": ["1 MB", "80 GB"]})
    assert points.ok.tolist() == [False, True]
    assert "does not fit" in points.reasons[0]
    assert points.reasons[1] == ""
    assert points.bound[0] == ""
    assert all(np.isnan(points[name][0]) and points[name][1] > 0.0 for name in METRICS)


def test_points_that_fail_for_reasons_of_their_own_do_not_stop_the_others():
    points = evaluate_columns("transformer", "null", {"workload.heads": [8, 7]})
    assert points.ok.tolist() == [True, False]
    assert "7" in points.reasons[1]


def test_some_of_the_points():
    points = evaluate_columns("mlp", "null", {"rate": [1e12, 2e12, 4e12]})
    some = points.take([2, 0])
    assert some.latency.tolist() == [points.latency[2], points.latency[0]]
    assert len(some) == 2


@pytest.mark.parametrize(
    ("columns", "error", "says"),
    [
        ({}, UsageError, "nothing differs"),
        ({"clok": [1e9]}, UsageError, "did you mean 'clock'"),
        ({"clock": []}, UsageError, "no values"),
        ({"clock": 1e9}, UsageError, "one value per point"),
        ({"clock": "1 GHz"}, UsageError, "one value per point"),
        ({"clock": [1e9], "multiprocessors": [1, 2]}, UsageError, "different lengths"),
        ({"clock": [[1e9]]}, UsageError, "shape"),
        ({"clock": [float("nan")]}, UnitError, "finite"),
        ({"clock": ["3 GB/s"]}, UnitError, "is a bandwidth"),
        ({"clock": [-1.0]}, UnitError, "negative"),
        ({"multiprocessors": [1.5]}, UnitError, "whole"),
        ({"workload.bach": [1]}, UsageError, "did you mean 'batch'"),
        ({"policy.fuson": ["none"]}, UsageError, "did you mean 'fusion'"),
        ({"policy.fusion": ["nine"]}, UsageError, "policy fusion='nine'"),
        ({"hardware": ["a101"]}, UsageError, "unknown hardware 'a101'"),
        ({3: [1]}, UsageError, "no path"),
        ([1, 2], UsageError, "no columns"),
    ],
)
def test_absurd_columns_are_refused(columns, error, says):
    with pytest.raises(error, match=says):
        evaluate_columns("alexnet", "a100-sxm4-80gb", columns)


def test_arguments_of_a_finished_graph_are_refused():
    with pytest.raises(UsageError, match="finished graph"):
        evaluate_columns(a.workload("mlp"), "null", {"workload.batch": [1]})
    with pytest.raises(UsageError, match="did you mean 'width'"):
        evaluate_columns(lambda width: None, "null", {"workload.wdth": [1]})
    with pytest.raises(UsageError, match="no graph"):
        evaluate_columns(lambda width: None, "null", {"workload.width": [1]})


def test_what_fits_nowhere_and_what_nobody_runs_is_a_status_of_all_points():
    points = evaluate_columns("gpt2", "a100-sxm4-80gb", {"memory.hbm.capacity": [1e6, 2e6]})
    assert not points.ok.any()
    refused = evaluate_columns("pointer-chase", "tpu-v4", {"clock": [1e9]}, {"fallback": "forbid"})
    assert "cannot run" in refused.reasons[0]


def test_an_interrupt_carries_what_is_done():
    def stop(done, count, following):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        evaluate_columns("mlp", "null", {"policy.fusion": ["none", "full"], "rate": [1e12, 1e12]}, progress=stop)
    points = caught.value.points
    assert points.ok.tolist() == [True, False]
    assert "interrupted" in points.reasons[1]


def test_unknown_metrics_are_refused():
    points = evaluate_columns("mlp", "null", {"rate": [1e12]})
    with pytest.raises(UsageError, match="did you mean 'energy'"):
        points["enrgy"]


def test_the_errors_of_one_evaluation_are_those_of_a_batch():
    with pytest.raises(DoesNotFitError):
        a.evaluate("gpt2", a.with_(a.hardware("a100-sxm4-80gb"), "memory.hbm.capacity", 1e6))
    with pytest.raises(UnsupportedError):
        a.evaluate("pointer-chase", "tpu-v4", fallback="forbid")
