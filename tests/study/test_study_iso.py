"""Equal terms: what is asked for, how many copies a budget buys, and what is said about the rest."""

from __future__ import annotations

import json
import math

import pytest

import archsim
from archsim.errors import UnsupportedError, UsageError
from archsim.study.iso import Terms, terms

NAMES = ["a100-sxm4-80gb", "xeon-gold-6248", "t4"]
AREAS = [826.0, 694.0, 545.0]
LIMITS = [400.0, 150.0, 70.0]


@pytest.fixture(scope="module")
def graph():
    return archsim.workload("resnet18")


@pytest.fixture(scope="module")
def alone(graph):
    return archsim.compare(graph, NAMES)


@pytest.mark.parametrize(("name", "takes"), [("area", AREAS), ("power", LIMITS)])
def test_as_many_as_one_budget_buys(graph, alone, name, takes):
    """The first machine sets the budget; rates go with the copies, energies do not."""
    equal = archsim.compare(graph, NAMES, iso=name)
    assert equal.results == alone.results
    assert equal.copies == pytest.approx([takes[0] / each for each in takes])
    expected = [result.throughput * takes[0] / each for result, each in zip(alone.results, takes, strict=True)]
    assert equal.throughputs == pytest.approx(expected)
    rows = equal.table().to_dicts()
    assert [row["throughput_per_s"] for row in rows] == pytest.approx(expected)
    assert [row["energy_j"] for row in rows] == [result.energy for result in alone.results]
    assert [row["items_per_j"] for row in rows] == pytest.approx([1.0 / result.energy for result in alone.results])


def test_the_tighter_of_two_budgets_counts(graph, alone):
    both = archsim.compare(graph, NAMES, iso="area,power=300W")
    by_area, by_power = [826.0 / each for each in AREAS], [300.0 / each for each in LIMITS]
    assert both.copies == pytest.approx([min(pair) for pair in zip(by_area, by_power, strict=True)])
    assert [side.limited_by for side in both.sides] == ["power", "area", "area"]
    assert both.within("area") == pytest.approx(
        [result.throughput * share for result, share in zip(alone.results, by_area, strict=True)]
    )
    with pytest.raises(UsageError, match="no budget of 'cost' was set"):
        both.within("cost")


def test_costs_are_the_callers(graph):
    prices = {"A100": 10_000, "xeon_gold_6248": 2_500, "t4": 2_000}
    equal = archsim.compare(graph, NAMES, iso={"cost": prices})
    assert equal.copies == pytest.approx([1.0, 4.0, 5.0]), "aliases and spellings are names, too"
    text = archsim.compare(graph, NAMES, iso="cost=a100:10000,xeon-gold-6248:2500,t4:2000")
    assert text.copies == equal.copies


def test_a_fraction_of_a_machine_takes_longer(graph, alone):
    equal = archsim.compare(graph, ["t4", "a100-sxm4-80gb"], iso="area=100 mm2")
    assert equal.copies == pytest.approx([100 / 545, 100 / 826])
    times = [alone.results[2].latency * 5.45, alone.results[0].latency * 8.26]
    assert equal.latencies == pytest.approx(times)
    assert any("t4: 0.183 of a machine" in text for text in equal.warnings)


def test_a_system_takes_all_its_chips(graph):
    equal = archsim.compare(graph, ["a100-sxm4-80gb", "dgx-a100"], iso="power")
    assert equal.copies == pytest.approx([1.0, 1.0 / 8.0])
    moved = archsim.compare(graph, ["dgx-a100"], iso="node=14nm,area")
    assert moved.sides[0].takes["area"] > 8 * 826e-6, "an older node is larger"
    assert moved.results[0].hardware == "dgx-a100"


def test_a_host_that_works_is_counted():
    """Chains of dependent loads go from a TPU to its host; products do not."""
    chase = archsim.compare("pointer-chase", ["xeon-gold-6248", "tpu-v4"], iso="area,power")
    assert chase.sides[1].host == "xeon-gold-6248"
    assert chase.sides[1].takes == pytest.approx({"area": 1294e-6, "power": 342.0})
    assert any("works beside every copy" in text for text in chase.warnings)
    products = archsim.compare("bert-large-layer", ["xeon-gold-6248", "tpu-v4"], iso="area")
    assert products.sides[1].host == ""
    assert products.sides[1].takes == pytest.approx({"area": 600e-6})


def test_hosts_are_counted_at_the_node_of_all():
    chase = archsim.compare("pointer-chase", ["a100-sxm4-80gb", "tpu-v4"], iso="node=7nm,area")
    assert chase.sides[1].takes["area"] == pytest.approx(600e-6 + 694e-6 / 2.9, rel=1e-9), (
        "14 nm to 7 nm is 2.9 in area"
    )


def test_machines_meet_at_one_node(graph):
    equal = archsim.compare(graph, ["v100-sxm2-16gb", "a100-sxm4-80gb"], iso={"node": "7 nm", "law": "stillmaker"})
    first, second = equal.sides
    assert (first.before, first.after, second.before, second.after) == pytest.approx((12e-9, 7e-9, 7e-9, 7e-9))
    assert second.factors == ()
    assert {factor.source for factor in first.factors} >= {"stillmaker-baas-2017"}
    built = archsim.compare(graph, ["v100-sxm2-16gb", "a100-sxm4-80gb"])
    assert equal.results[0].latency < built.results[0].latency
    assert equal.results[1] == built.results[1]
    assert any("not scaled to 7 nm" in text for text in equal.warnings)
    rows = equal.factors().to_dicts()
    assert {row["hardware"] for row in rows} == {"v100-sxm2-16gb"}
    assert all(row["factor"] > 0.0 and row["law"] for row in rows)


def test_assumed_budgets_are_named(graph):
    said = archsim.compare(graph, ["tpu-v4", "isaac", "dota-b"], iso="area,power").warnings
    assert any(text.startswith("tpu-v4: process.area is assumed: ") for text in said)
    assert any(text == "dota-b: its area is the sum of the parts that have one, process.area is left out"
               for text in said)  # fmt: skip
    assert any(text.startswith("dota-b: power.limit is assumed: ") for text in said)
    mixed = archsim.compare(graph, NAMES, iso="area").warnings
    assert "budgets are spent on different things (a100-sxm4-80gb: board, xeon-gold-6248: chip, t4: board)" in mixed
    assert not any("spent on different" in text for text in said)


def test_machines_without_an_area_say_which_leaf_is_missing(graph):
    with pytest.raises(UsageError, match=r"'hermes-64-core' has no area: process\.area is left out"):
        archsim.compare(graph, ["t4", "hermes-64-core"], iso="area", capacity="ignore")
    chip = archsim.with_(archsim.hardware("hermes-64-core"), "process.area", "144 mm2")
    equal = archsim.compare(graph, ["t4", chip], iso="area", capacity="ignore")
    assert equal.copies[1] == pytest.approx(545 / 144)


def test_terms_are_ready_for_json(graph):
    equal = archsim.compare(graph, NAMES, iso="node=10nm,area,cost=a100:3,t4:2,xeon-gold-6248:1")
    tree = json.loads(json.dumps(equal.to_dict(), allow_nan=False))["iso"]
    assert tree["node_m"] == pytest.approx(10e-9)
    assert tree["law"] == "published"
    assert tree["budgets"] == {"area_m2": None, "cost_price": None}
    for entry, copies, rate in zip(tree["machines"], equal.copies, equal.throughputs, strict=True):
        assert (entry["copies"], entry["throughput_per_s"]) == (copies, rate)
        assert entry["area_m2"] > 0.0
        assert entry["factors"]
    assert "equal terms" in str(equal)
    assert "from node to node" in str(equal)
    assert "iso" not in archsim.compare(graph, NAMES[:1]).to_dict()
    with pytest.raises(UsageError, match="compared as they are"):
        archsim.compare(graph, NAMES[:1]).factors()


def test_terms_are_read_from_texts_and_mappings():
    assert terms("node=7nm, area") == Terms(7e-9, "published", {"area": None}, {})
    assert terms(["node=7nm", "area"]) == terms({"node": 7e-9, "area": True})
    assert terms({"area": "400 mm2", "power": 300.0, "cost": False}) == Terms(
        budgets={"area": pytest.approx(400e-6), "power": 300.0}
    )
    assert terms("cost=a:1,b:2,power").prices == {"a": 1.0, "b": 2.0}
    asked = Terms(node=7e-9)
    assert terms(asked) is asked


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "iso ''"), ([], "names nothing"), ({}, "names nothing"), ({"area": False}, "names nothing"),
        ("aera", "did you mean 'area'"), ("node", "iso 'node'"), ("cost", "iso 'cost'"), ("node=", "iso 'node='"),
        ("node=7", "write node=7 nm"), ("node=-7nm", "iso node"), ("node=nan", "iso node"), ({"node": math.nan}, "iso"),
        ({"node": True}, "iso node"), ("area=0mm2", "iso area"), ("area=300W", "iso area"), ("power=inf", "iso power"),
        ("area,area", "'area' twice"), ("law=stillmaker", "names nothing"), ("area,law=stillmaker", "no"),
        ("node=7nm,law=dennard", "published or stillmaker"), ("cost=t4", "iso cost=:t4"), ("cost=t4:0", "above 0"),
        ("cost=t4:nan", "above 0"), ("cost=t4:cheap", "above 0"), ({"cost": {}}, "iso cost"), ({"cost": 3}, "iso cost"),
        ([7], "iso 7"),
    ],
)  # fmt: skip
def test_terms_that_make_no_sense_are_refused(given, says):
    with pytest.raises(UsageError, match=says):
        terms(given)


def test_prices_and_machines_must_meet(graph):
    with pytest.raises(UsageError, match=r"no price for 't4'; write cost=t4:PRICE"):
        archsim.compare(graph, ["t4", "l4"], iso="cost=l4:2000")
    with pytest.raises(UsageError, match="prices 'l40', which is not compared; did you mean 'l4'"):
        archsim.compare(graph, ["t4", "l4"], iso="cost=l4:2000,t4:1000,l40:3")
    with pytest.raises(UnsupportedError, match="is made at 4 nm"):
        archsim.compare(graph, ["t4", "h100-pcie-80gb"], iso="node=7nm")


def test_rows_of_one_name_are_told_apart(graph):
    t4 = archsim.hardware("t4")
    slow = archsim.with_(t4, "clock", "500 MHz")
    odd = archsim.with_(archsim.with_(archsim.with_(slow, "power.idle", "20 W"), "threads", 512), "special", "8 OP/clk")
    found = archsim.compare(graph, [t4, t4, slow, slow, odd, archsim.hardware("l4")])
    assert found.labels == ("t4", "t4 (2)", "t4 (clock=500 MHz)", "t4 (clock=500 MHz, 3)", "t4 (3)", "l4")
    assert [row["hardware"] for row in found.table().to_dicts()] == list(found.labels)
    assert [result["label"] for result in found.to_dict()["results"]] == list(found.labels)
    assert [result["hardware"] for result in found.to_dict()["results"]] == ["t4"] * 5 + ["l4"]
