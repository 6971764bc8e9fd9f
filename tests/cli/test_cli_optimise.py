"""``archsim optimise`` and ``archsim codesign``."""

import json

import pytest

OVER = ("--over", "array.rows=8,16,32", "--over", "array.columns=8:32:3", "--policy", "jit=never")
SEARCH = ("optimise", "mlp", "array-32x32", "-p", "widths=64-64", *OVER)


def test_it_says_which_design_is_best(cli):
    answer = cli(*SEARCH, "--limit", "cells: array.rows*array.columns <= 600", "--top", "2")
    assert answer.code == 0
    for word in ("exhaustive", "9 in the space, 9 judged, 7 within", "cells <= 600", "2 of 7 designs, the best first"):
        assert word in answer.out
    assert "end of its range" in answer.err


def test_json_and_csv_hold_every_design(cli):
    said = json.loads(cli(*SEARCH, "--objective", "latency", "--objective", "cells: array.rows*array.columns",
                          "--json").out)  # fmt: skip
    assert said["objectives"] == ["latency", "cells"]
    assert len(said["designs"]) == said["evaluated"] == 9
    assert said["best"] in said["front"]
    lines = cli(*SEARCH, "--csv").out.splitlines()
    assert lines[0].startswith("array.rows,array.columns,edp,latency,energy,feasible,")
    assert len(lines) == 10


def test_workloads_and_what_follows_are_searched(cli):
    answer = cli("optimise", "mlp", "array-32x32", "-p", "widths=64-64", "--over", "workload.batch=1,4", "--over",
                 "array.rows=8,16", "--follow", "array.columns=2*array.rows", "--objective", "energy_per_item",
                 "--policy", "jit=never", "--json")  # fmt: skip
    best = json.loads(answer.out)["best"]["design"]
    assert best["workload.batch"] == 4
    assert best["array.columns"] == 2 * best["array.rows"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((*SEARCH, "--over", "clok=1GHz,2GHz"), 2, "did you mean 'clock'"),
        ((*SEARCH, "--follow", "array.rows=2*array.columns"), 2, "both set 'array.rows'"),
        ((*SEARCH, "--follow", "array.count=2*("), 2, "cannot read"),
        ((*SEARCH, "--limit", "power < 3 W"), 2, "power < 3 W"),
        ((*SEARCH, "--limit", "power <= 1 nW"), 4, "break power <= 1 nW"),
        ((*SEARCH, "--method", "genetic"), 2, "genetic"),
        ((*SEARCH, "--budget", "many"), 2, "--budget 'many'"),
        ((*SEARCH, "--objective", "speed"), 2, "'speed'"),
        ((*SEARCH, "--top", "0"), 2, "--top '0'"),
        (("optimise", "nlp", *SEARCH[2:]), 2, "did you mean 'mlp'"),
        (("codesign", "array-32x32", "mlp", *OVER), 2, "at least two"),
        (("codesign", "array-32x32", "mlp", "mlp", *OVER), 2, "twice"),
    ],
)
def test_what_makes_no_sense_is_refused(cli, words, code, says):
    cli(*words).refuses(code, says)


def test_models_and_hardware_take_turns(cli):
    words = ("codesign", "array-32x32", "keyword-spotting-mlp", "mlp", *OVER, "--policy", "precision=int8")
    answer = cli(*words)
    assert answer.code == 0
    for word in ("hardware tuned for", "fixed points", "price of generality", "Kendall"):
        assert word in answer.out
    said = json.loads(cli(*words, "--json").out)
    assert [said["regret"][name][place] for place, name in enumerate(said["models"])] == [1.0, 1.0]
