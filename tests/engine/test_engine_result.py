"""Results: totals, strict JSON, and the tables people see."""

from __future__ import annotations

import csv
import io
import json

import pytest
from engine_samples import null, partial, sandwich, stack

import archsim
from archsim.arch.family import GROUPS
from archsim.engine.table import Column, Table, fraction, share
from archsim.errors import UsageError
from archsim.units import TIME

KEYS = {
    "schema_version", "workload", "hardware", "boundary", "parameters", "latency_s", "energy_j", "power_w",
    "throughput_per_s", "item", "items", "macs",
    "macs_performed", "bound", "von_neumann_share", "energy_by_cause_j", "energy_by_detail_j", "bytes_by_level",
    "latency_by_resource_s", "interval_s", "memory_bytes", "ops", "warnings", "assumed",
}  # fmt: skip
OP_KEYS = {
    "name", "kind", "count", "placed_on", "macs", "macs_performed",
    "flops", "special_functions", "latency_s", "energy_j",
    "energy_by_cause_j", "bytes_by_level", "latency_by_resource_s", "bound", "utilisation", "details",
}  # fmt: skip


@pytest.fixture(scope="module")
def result():
    return archsim.evaluate(sandwich(), partial("matmul"), fusion="none")


def refuse(text):
    raise ValueError(f"{text} is not JSON")


def test_totals_by_hand():
    result = archsim.evaluate(stack(), null(power__idle=0.5))
    operations = 2 * 3 * 4 * 64 * 64
    assert result.latency == pytest.approx(operations / 1e9, rel=1e-12)
    assert result.energy_by_detail == pytest.approx({"static": 0.5 * result.latency, "operations": operations * 1e-12})
    assert result.energy == pytest.approx(sum(result.energy_by_detail.values()), rel=1e-12)
    assert result.power == pytest.approx(0.5 + 1e-3, rel=1e-9)
    assert result.throughput == pytest.approx(1 / result.latency)
    assert result.bytes_by_level == {"memory": 2 * 3 * (64 * 64 + 2 * 4 * 64)}
    assert (result.bound, result.macs, result.boundary) == ("operations", 3 * 4 * 64 * 64, "chip")


def test_values_of_an_op_are_those_of_one_execution():
    result = archsim.evaluate(stack(layers=5), null())
    first, rest = result.ops
    assert (first.count, rest.count, rest.name) == (1, 4, "layer-1")
    assert rest.latency == first.latency == pytest.approx(result.latency / 5, rel=1e-12)
    assert rest.macs == 4 * 64 * 64


def test_items_make_throughput():
    b = archsim.GraphBuilder("tokens", items=32, item="token")
    b.linear(b.input("x", (32, 64)), 64, bias=False)
    result = archsim.evaluate(b.build(), null())
    assert result.throughput == pytest.approx(32 / result.latency)
    assert "tokens/s" in str(result)


def test_json_is_strict_and_has_the_documented_keys(result):
    tree = json.loads(result.to_json(), parse_constant=refuse)
    assert set(tree) == KEYS
    assert tree["schema_version"] == 1
    assert tuple(tree["energy_by_cause_j"]) == GROUPS
    assert set(tree["memory_bytes"]) == {
        "weights", "gradients", "optimiser", "state", "saved", "peak", "total",
    }  # fmt: skip
    assert tree["ops"] and all(set(op) == OP_KEYS for op in tree["ops"])
    assert json.loads(result.to_json(indent=None)) == tree


def test_json_says_what_the_result_says(result):
    tree = result.to_dict()
    assert (tree["workload"], tree["hardware"]) == ("sandwich", "null")
    for key, value in {"latency_s": result.latency, "energy_j": result.energy, "power_w": result.power}.items():
        assert tree[key] == value
    assert sum(tree["energy_by_cause_j"].values()) == pytest.approx(result.energy, rel=1e-12)
    assert sum(tree["latency_by_resource_s"].values()) == pytest.approx(result.latency, rel=1e-12)
    assert [op["placed_on"] for op in tree["ops"]] == [op.placed_on for op in result.ops]
    assert tree["warnings"] == list(result.warnings) and tree["assumed"] == list(result.assumed)
    assert tree["memory_bytes"]["total"] == result.memory.total


@pytest.mark.parametrize("workload", ["resnet18", "gpt2"])
def test_units_stand_in_the_keys_of_json(workload):
    tree = archsim.evaluate(archsim.workload(workload, batch=2), archsim.hardware("a100")).to_dict()
    assert tree["parameters"]["batch"] == 2
    assert sum(op["latency_s"] * op["count"] for op in tree["ops"]) == pytest.approx(tree["latency_s"])
    assert sum(op["macs"] * op["count"] for op in tree["ops"]) == tree["macs"]


def test_assumed_leaves_are_listed_with_the_reason(result):
    assert any(text.startswith("null: rate = 1 GOP/s (a round number") for text in result.assumed)
    assert any(text.startswith("xeon-gold-6248: overhead.call = 2 us (") for text in result.assumed)


def test_notes_of_a_front_end_are_warnings():
    b = archsim.GraphBuilder("noted")
    b.elementwise("relu", b.input("x", (4,)))
    b.note("a dimension was taken as 1")
    assert archsim.evaluate(b.build(), null()).warnings == ("a dimension was taken as 1",)


HEADINGS = {
    "summary": {"workload", "hardware", "latency_s", "energy_j", "power_w", "throughput_per_s", "bound"},
    "op": {"name", "kind", "count", "macs", "latency_s", "share", "energy_j", "bytes", "utilisation", "bound",
           "placed_on"},
    "kind": {"kind", "executions", "flops", "flop_share", "latency_s", "time_share", "energy_j"},
    "cause": {"cause", "energy_j", "share"},
    "level": {"level", "bytes"},
    "resource": {"resource", "latency_s", "share"},
}  # fmt: skip


@pytest.mark.parametrize("view", HEADINGS)
def test_views(result, view):
    table = result.table(view)
    (heading, *rows) = csv.reader(io.StringIO(table.to_csv()))
    assert set(heading) == HEADINGS[view]
    assert len(rows) == len(table.rows) == len(table.to_dicts()) > 0
    assert all(set(row) == HEADINGS[view] for row in table.to_dicts())
    assert len(str(table).splitlines()) == len(rows) + 2 + bool(table.title)


def test_views_add_up(result):
    for view, column in (("op", "share"), ("kind", "time_share"), ("cause", "share"), ("resource", "share")):
        assert sum(row[column] for row in result.table(view).to_dicts()) == pytest.approx(1.0), view
    assert sum(row["energy_j"] for row in result.table("cause").to_dicts()) == pytest.approx(result.energy)
    assert sum(row["flop_share"] for row in result.table("kind").to_dicts()) == pytest.approx(1.0)
    shares = [row["share"] for row in result.table("resource").to_dicts()]
    assert shares == sorted(shares, reverse=True)


def test_csv_keeps_full_precision(result):
    (row,) = csv.DictReader(io.StringIO(result.table("summary").to_csv()))
    assert float(row["latency_s"]) == result.latency and float(row["energy_j"]) == result.energy


@pytest.mark.parametrize(("view", "said"), [("oop", "did you mean 'op'?"), ("zzz", "write one of summary, op, kind")])
def test_there_is_no_other_view(result, view, said):
    with pytest.raises(UsageError) as refusal:
        result.table(view)
    assert repr(view) in str(refusal.value) and said in str(refusal.value)


def test_html_escapes_what_people_wrote():
    b = archsim.GraphBuilder("<b>bold</b>")
    b.elementwise("relu", b.input("x", (4,)), name="a<b & c")
    html = archsim.evaluate(b.build(), null()).table("op")._repr_html_()
    assert "a&lt;b &amp; c" in html and "&lt;b&gt;bold&lt;/b&gt;" in html
    assert "<b>" not in html


def test_a_table_shows_units_and_sets_numbers_flush_right():
    table = Table("times", (Column("name", "name"), Column("time_s", "time", TIME), Column("part", "part", show=share)),
                  (("a", 1.5e-6, 0.25), ("longer", 2.0, 1.0)))  # fmt: skip
    title, heading, rule, first, second = str(table).splitlines()
    assert title == "times" and set(rule) == {"-", " "}
    assert first.split() == ["a", "1.5", "us", "25.0", "%"]
    assert len(first) == len(second) == len(rule)
    assert heading.split() == ["name", "time", "part"]
    assert table.to_csv() == "name,time_s,part\na,1.5e-06,0.25\nlonger,2.0,1.0\n"
    assert fraction(1.0, 0.0) == 0.0 and fraction(1.0, 4.0) == 0.25


def test_printing_a_result_prints_its_summary(result):
    assert str(result) == str(result.table("summary"))
