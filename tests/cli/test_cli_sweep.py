"""``archsim sweep``."""

import csv
import io
import json

import pytest

import archsim as a

GRID = ("--over", "rate=1TOP/s:4TOP/s:3:log", "--over", "workload.batch=1,8")


def test_it_shows_every_point_and_the_best_ones(cli):
    answer = cli("sweep", "mlp", "null", *GRID)
    assert answer.code == 0
    for word in ("mlp on null", "workload.batch", "least latency", "least edp", "rate = 4 TOP/s"):
        assert word in answer.out
    assert answer.err == ""


def test_json_has_the_numbers_of_the_library(cli):
    said = json.loads(cli("sweep", "mlp", "null", *GRID, "--json").out)
    swept = a.sweep("mlp", "null", {"rate": [1e12, 2e12, 4e12], "workload.batch": [1, 8]})
    assert said["shape"] == [3, 2]
    assert said["units"] == {"rate": "OP/s", "workload.batch": ""}
    assert said["points"]["latency_s"] == pytest.approx(swept["latency"].tolist(), rel=1e-12)
    assert said["points"]["energy_by_cause_j"]["compute"] == pytest.approx(swept["energy.compute"].tolist(), rel=1e-12)


def test_csv_is_sorted_by_the_metric_asked_for(cli, tmp_path):
    file = tmp_path / "points.csv"
    assert cli("sweep", "mlp", "null", *GRID, "--metric", "latency", "-o", file).code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    latencies = [float(row["latency_s"]) for row in rows]
    assert len(rows) == 6
    assert latencies == sorted(latencies)


def test_few_rows_of_many_points(cli):
    answer = cli("sweep", "mlp", "null", "--over", "rate=1TOP/s:9TOP/s", "--mode", "sobol", "-n", 64, "--top", 3)
    assert "the first 3 of 64 points" in answer.out


def test_values_that_are_set_and_arguments_that_are_given_hold_at_all_points(cli):
    words = ("--over", "workload.batch=1,2", "-p", "dtype=fp16", "--set", "power.idle=0.5 W", "--json")
    said = json.loads(cli("sweep", "mlp", "null", *words).out)
    chip = a.with_(a.hardware("null"), "power.idle", "0.5 W")
    for index, batch in enumerate((1, 2)):
        alone = a.evaluate(a.workload("mlp", batch=batch, dtype="fp16"), chip)
        assert said["points"]["energy_j"][index] == pytest.approx(alone.energy, rel=1e-12)


def test_a_store_says_what_it_had(cli, tmp_path):
    words = ("sweep", "mlp", "null", *GRID, "--store", tmp_path)
    assert "0 of 6 points were in the store" in cli(*words).out
    assert "6 of 6 points were in the store" in cli(*words).out


def test_points_without_results_are_told_apart(cli):
    answer = cli("sweep", "gpt2", "a100-sxm4-80gb", "--over", "memory.hbm.capacity=1MB,80GB")
    assert answer.code == 0
    assert "1 of 2 points have no result: the workload does not fit" in answer.err
    cli("sweep", "gpt2", "a100-sxm4-80gb", "--over", "memory.hbm.capacity=1MB,2MB").refuses(4, "none of the 2 points")


def test_an_interrupt_shows_what_is_done(cli, monkeypatch):
    def stop(job):
        if job.how.fusion == "full":
            raise KeyboardInterrupt
        return run(job)

    from archsim.study import jobs

    run = jobs.run
    monkeypatch.setattr(jobs, "run", stop)
    answer = cli("sweep", "mlp", "null", "--over", "policy.fusion=none,full", "--json")
    assert answer.code == 130
    said = json.loads(answer.out)
    assert said["failed"] == 1
    assert said["points"]["latency_s"][0] > 0.0
    assert said["points"]["latency_s"][1] is None


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "--over"),
        (("--over", "clock"), 2, "--over 'clock'"),
        (("--over", "clok=1:2:3"), 2, "did you mean 'clock'"),
        (("--over", "clock=1GHz:2GHz"), 2, "1GHz:2GHz:5"),
        (("--over", "clock=2GHz:1GHz:3"), 2, "smaller end first"),
        (("--over", "clock=1GHz:2GHz:x"), 2, "count"),
        (("--over", "clock=1GHz:2GHz:3:4:5"), 2, "LOW:HIGH:COUNT"),
        (("--over", "clock=1GHz,,2GHz"), 2, "a value is missing"),
        (("--over", "clock=fast,slow"), 3, "is not a frequency"),
        (("--over", "clock=1GHz", "--over", "clock=2GHz"), 2, "twice"),
        (("--over", "clock=1GHz:2GHz", "--mode", "sobl"), 2, "did you mean 'sobol'"),
        (("--over", "clock=1GHz:2GHz", "--mode", "sobol"), 2, "samples"),
        (("--over", "clock=1GHz", "--samples", "4"), 2, "mode 'grid'"),
        (("--over", "clock=1GHz", "--seed", "x"), 2, "--seed 'x'"),
        (("--over", "clock=1GHz", "--metric", "edq"), 2, "did you mean 'edp'"),
        (("--over", "clock=1GHz", "--jobs", "0"), 2, "--jobs '0'"),
        (("--over", "clock=1GHz", "--jobs", "2", "--cluster", "tcp://x:1"), 2, "two places"),
        (("--over", "clock=1GHz", "--store", "pyproject.toml"), 2, "is a file"),
        (("--over", "clock=1GHz", "--parquet", "nowhere/x"), 2, "no folder"),
        (("--over", "workload=mlp,alexnet", "--batch", "2"), 2, "--over workload.batch"),
        (("--over", "workload.batch=1,2", "--batch", "2"), 2, "both set 'batch'"),
        (("--over", "workload.bach=1,2"), 2, "did you mean 'batch'"),
        (("--over", "hardware=a101,a102"), 2, "unknown hardware 'a101'"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, words, code, says):
    cli("sweep", "mlp", "a100-sxm4-80gb", *words).refuses(code, says)
