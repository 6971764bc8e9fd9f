"""Comparisons: one workload, several machines, one policy, and what makes the rows hard to compare."""

from __future__ import annotations

import json

import pytest

import archsim
from archsim.arch.family import GROUPS
from archsim.errors import UnknownNameError, UsageError

NAMES = ["xeon-gold-6248", "a100-sxm4-80gb", "t4"]


@pytest.fixture(scope="module")
def graph():
    return archsim.workload("resnet18")


@pytest.fixture(scope="module")
def comparison(graph):
    return archsim.compare(graph, NAMES)


def test_results_keep_the_order_of_the_machines(graph, comparison):
    assert [result.hardware for result in comparison.results] == NAMES
    assert [row["hardware"] for row in comparison.table().to_dicts()] == NAMES
    backwards = archsim.compare(graph, NAMES[::-1])
    assert backwards.results == comparison.results[::-1]


def test_results_are_those_of_evaluate(graph, comparison):
    for result in comparison.results:
        assert result == archsim.evaluate(graph, archsim.hardware(result.hardware))


def test_machines_are_names_or_chips(graph):
    slow = archsim.with_(archsim.hardware("t4"), "clock", "500 MHz")
    first, second = archsim.compare(graph, iter(["nvidia-t4", slow])).results
    assert first.hardware == second.hardware == "t4"
    assert second.latency > first.latency


def test_one_policy_holds_for_all(graph):
    trained = archsim.compare(graph, NAMES, training=True)
    assert {result.macs for result in trained.results} == {trained.results[0].macs}
    assert trained.results[0].macs > 2 * archsim.count(graph).macs
    assert archsim.compare(graph, NAMES, {"training": "true"}).results == trained.results
    with pytest.raises(UsageError, match="did you mean 'fusion'"):
        archsim.compare(graph, NAMES, fusoin="none")


def test_different_boundaries_are_flagged(comparison):
    (text,) = [text for text in comparison.warnings if "include different things" in text]
    assert "xeon-gold-6248: chip, a100-sxm4-80gb: board, t4: board" in text


def test_equal_boundaries_are_not(graph):
    warnings = archsim.compare(graph, ["a100-sxm4-80gb", "t4"]).warnings
    assert not any("include different things" in text for text in warnings)


def test_warnings_of_the_results_are_said_once(graph, comparison):
    said = [text for result in comparison.results for text in result.warnings]
    assert any("xeon-gold-6248 has no fp16 arithmetic" in text for text in said)
    for text in said:
        assert comparison.warnings.count(text) == 1
    twice = archsim.compare(graph, [NAMES[0], NAMES[0]])
    assert len(twice.warnings) == len(set(twice.warnings))


def test_no_machine_is_nothing_to_compare(graph):
    with pytest.raises(UsageError, match="name at least one machine"):
        archsim.compare(graph, [])


def test_an_unknown_machine_is_told_the_nearest(graph):
    with pytest.raises(UnknownNameError, match="did you mean"):
        archsim.compare(graph, ["a100-sxm4-80gb", "h100-sxm5-80bg"])


def test_shares_of_energy_add_up(comparison):
    rows = comparison.causes().to_dicts()
    assert [row.pop("hardware") for row in rows] == NAMES
    for row in rows:
        assert set(row) <= set(GROUPS)
        assert sum(row.values()) == pytest.approx(1.0, rel=1e-12)
    assert all(any(row[group] > 0.0 for row in rows) for group in rows[0]), "groups nobody uses are left out"


def test_the_table_says_what_the_results_say(comparison):
    for row, result in zip(comparison.table().to_dicts(), comparison.results, strict=True):
        assert (row["latency_s"], row["energy_j"], row["power_w"]) == (result.latency, result.energy, result.power)
        assert row["energy_per_item_j"] == result.energy / result.items
        assert row["bound"] == result.bound and 0.0 < row["bound_share"] <= 1.0
        assert row["boundary"] == result.boundary
    assert "per image" in str(comparison) and "energy by cause" in str(comparison)


def test_a_comparison_is_ready_for_json(comparison):
    tree = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert set(tree) == {"schema_version", "workload", "results", "warnings"}
    assert tree["workload"] == "resnet18"
    assert [result["hardware"] for result in tree["results"]] == NAMES
    assert tree["warnings"] == list(comparison.warnings)


def test_machines_that_do_nothing_have_no_shares():
    b = archsim.GraphBuilder("still")
    b.move("transpose", b.input("x", (4, 4)))
    still = archsim.compare(b.build(), ["null"])
    assert still.table().to_dicts()[0]["bound_share"] == 0.0
    assert str(still)
