"""Bands, tornado, fronts and differences on the command line: one JSON object, tables for people, plain refusals."""

import json

import pytest

from archsim.cited import Kind

RUN = ("mlp", "tpu-v4", "--policy", "jit=never")


def test_bands_of_two_machines(cli):
    answer = cli("uncertainty", *RUN, "--against", "isaac", "--samples", "100", "--seed", "3", "--json")
    assert answer.code == 0, answer.err
    data = json.loads(answer.out)
    assert data["samples"] == 100 and data["seed"] == 3 and len(data["machines"]) == 2
    band = data["machines"][0]["latency_s"]
    assert band["p5"] <= band["p10"] <= band["p50"] <= band["p90"] <= band["p95"]
    assert 0.0 <= data["first_below_second"]["energy"] <= 1.0
    assert any("crossbar" in text for text in data["warnings"])
    text = cli("uncertainty", *RUN, "--samples", "100", "--numbers-only")
    assert text.code == 0 and "100 draws" in text.out and "energy delay" in text.out


def test_a_tornado(cli):
    answer = cli("sensitivity", *RUN, "--of", "energy", "--samples", "0", "--top", "3", "--json")
    data = json.loads(answer.out)
    assert answer.code == 0 and data["metric"] == "energy" and len(data["effects"]) == 3 and data["indices"] == []
    assert data["effects"][0]["unit"] and data["effects"][0]["kind"] in list(Kind)
    text = cli("sensitivity", *RUN, "--samples", "0", "--top", "2")
    assert "one number at a time" in text.out and "more numbers do less" in text.out


def test_why_one_is_faster(cli):
    answer = cli("explain", *RUN, "--against", "isaac", "--json")
    data = json.loads(answer.out)
    assert answer.code == 0 and (data["first"], data["second"]) == ("tpu-v4", "isaac")
    for view in ("causes", "kinds", "ops"):
        assert sum(step["change_s"] for step in data[view]) == pytest.approx(data["change_s"], rel=1e-9)
    text = cli("explain", *RUN, "--against", "isaac", "--of", "energy", "--top", "2")
    assert "energy by cause: from isaac to tpu-v4" in text.out and "so far" in text.out
    rows = cli("explain", *RUN, "--against", "isaac", "--csv").out.splitlines()
    assert rows[0] == "name,second,first,change,running" and rows[-1].startswith("all,")


def test_the_front_of_a_table(cli, tmp_path):
    table = tmp_path / "designs.csv"
    table.write_text("name,latency_s,energy_j,rate\na,1,3,5\nb,2,1,9\nc,3,2,1\nd,,1,2\n")
    answer = cli("pareto", table, "latency_s", "energy_j", "--json")
    data = json.loads(answer.out)
    assert [row["name"] for row in data["front"]] == ["a", "b"] and data["refused"] == 1
    text = cli("pareto", table, "energy_j", "--maximise", "rate")
    assert "1 of 4 rows are beaten by none" in text.out and "b" in text.out
    assert cli("pareto", table, "latency_s", "energy_j", "--csv").out.splitlines()[1] == "a,1,3,5"


def test_a_crossing_over_a_number(cli):
    words = ("--policy", "jit=never", "--metric", "latency", "--json")
    answer = cli("crossover", "mlp", "tpu-v4", "isaac", "--over", "first.clock=100 MHz:900 MHz", *words)
    data = json.loads(answer.out)
    assert answer.code == 0 and data["parameter"] == "first.clock" and data["points"][0]["size"] == 1e8
    assert (data["winner"] is None) == bool(data["crossings"])
    whole = cli("crossover", "mlp", "tpu-v4", "isaac", "--over", "workload.batch=1:3", "--policy", "jit=never")
    assert whole.code == 0 and "workload.batch" in whole.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("uncertainty", "mlp", "tpu-v4", "--samples", "3"), 2, "samples=3"),
        (("uncertainty", "mlp", "tpu-v4", "--samples", "many"), 2, "whole number"),
        (("uncertainty", "mlp", "tpu-v4", "--against", "isaacc"), 2, "unknown hardware 'isaacc'"),
        (("uncertainty", "mlp", "tpu-v4", "--seed", "-1"), 2, "--seed '-1'"),
        (("sensitivity", "mlp", "tpu-v4", "--of", "latncy"), 2, "did you mean 'latency'"),
        (("sensitivity", "mlp", "tpu-v4", "--samples", "100"), 2, "power of two"),
        (("explain", "mlp", "tpu-v4", "--against", "isaac", "--op", "fc1"), 2, "--against tells every op"),
        (("explain", "mlp", "tpu-v4", "--top", "3"), 2, "goes with --against"),
        (("pareto", "no-such.csv", "a"), 2, "no file 'no-such.csv'"),
        (("crossover", "mlp", "tpu-v4", "isaac", "--over", "first.clok=1:2"), 2, "did you mean 'clock'"),
        (("crossover", "mlp", "tpu-v4", "isaac", "--over", "first.clock=1 GHz"), 2, "PATH=LOW:HIGH"),
        (("crossover", "mlp", "tpu-v4", "isaac", "--over", "first.clock=1 GB:2 GB"), 3, "not a frequency"),
        (("crossover", "mlp", "tpu-v4", "isaac", "--over", "workload.bach=1:2"), 2, "did you mean 'batch'"),
    ],
)
def test_mistakes_are_told_plainly(cli, words, code, says):
    cli(*words).refuses(code, says)


def test_a_table_without_the_column(cli, tmp_path):
    table = tmp_path / "designs.csv"
    table.write_text("latency_s,energy_j\n1,2\n")
    cli("pareto", table, "latency").refuses(3, "did you mean 'latency_s'")
    table.write_text("latency_s,energy_j\n")
    cli("pareto", table, "latency_s").refuses(2, "no points")
