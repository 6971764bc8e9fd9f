"""Equal terms: what is asked for, how many copies a budget buys, and what is said about the rest."""

from __future__ import annotations

import dataclasses
import json
import math

import pytest

import archsim
from archsim.errors import UnsupportedError, UsageError
from archsim.io.systems import with_values
from archsim.study.nodes import area_of, at_node
from archsim.study.terms import Terms, terms

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


def test_every_chip_of_a_system_has_a_host_of_its_own():
    """As in its joules: eight hosts draw what they draw at rest."""
    pod = dataclasses.replace(archsim.system("dgx-a100"), chip=archsim.hardware("tpu-v4"))
    equal = archsim.compare("pointer-chase", ["tpu-v4", pod], iso="area,power")
    assert equal.sides[1].takes == pytest.approx({"area": 8 * 1294e-6, "power": 8 * 342.0})
    one, eight = (result.energy_by_cause["host"] for result in equal.results)
    assert eight == pytest.approx(8 * one)


def test_a_host_beside_a_machine_stays_as_it_is_built_in_area_power_and_joules():
    """Its joules come from its description, which no node moves: nor are its area and power moved."""
    names = ["a100-sxm4-80gb", "tpu-v4"]
    built = archsim.compare("pointer-chase", names, iso="area,power")
    moved = archsim.compare("pointer-chase", names, iso="node=10nm,area,power")
    alone = at_node(archsim.hardware("tpu-v4"), 10e-9).chip
    assert moved.sides[1].takes == pytest.approx({
        "area": area_of(alone) + 694e-6, "power": alone.spec.power.limit + 150.0
    })  # fmt: skip
    one, two = (each.results[1].energy_by_cause["host"] for each in (built, moved))
    assert one == two > 0.0
    assert any("no node changes its area, power, time or energy" in text for text in moved.warnings)


MIXED = "xeon-a100-dota"
PARTS = {"gpu": "a100-pcie-80gb", "host": "xeon-gold-6248"}


def parts():
    system = archsim.system(MIXED)
    return {**system.machines, "host": system.host}


@pytest.mark.parametrize("workload", ["resnet18", "pointer-chase", "lottery-t2"])
def test_mixed_systems_take_all_members_and_the_host(workload):
    """Whoever works: the GPU, the optical machine, or the host alone."""
    equal = archsim.compare(workload, ["a100-sxm4-80gb", MIXED], iso="area,power")
    chips = parts()
    assert {name: chips[name].name for name in PARTS} == PARTS
    area, power = (sum(each) for each in zip(*[(area_of(c), c.spec.power.limit) for c in chips.values()], strict=True))
    assert equal.sides[1].takes == pytest.approx({"area": area, "power": power})
    assert area > (826 + 694) * 1e-6
    assert equal.copies[1] == pytest.approx(min(826e-6 / area, 400.0 / power))
    assert equal.sides[1].host == "", "the host is its own"
    assert equal.sides[1].one_before is None
    tree = json.loads(json.dumps(equal.to_dict(), allow_nan=False))["iso"]["machines"]
    assert tree[1]["parts_before_m"] == {name: chip.spec.process.node for name, chip in chips.items()}
    assert "parts_before_m" not in tree[0]
    assert "several" in str(equal.terms_table())
    assert any(text.startswith(f"{MIXED}: optical: its area is the sum") for text in equal.warnings)


def test_mixed_systems_move_member_by_member_with_their_host():
    equal = archsim.compare("pointer-chase", [MIXED], iso="node=7nm,area")
    after = {name: at_node(chip, 7e-9) for name, chip in parts().items()}
    side = equal.sides[0]
    assert side.takes["area"] == pytest.approx(sum(area_of(each.chip) for each in after.values()))
    told = {(factor.what, factor.value) for factor in side.factors}
    assert told == {(f"{name}: {factor.what}", factor.value) for name, each in after.items() for factor in each.factors}
    assert not [what for what, _ in told if what.startswith("gpu: ")], "it is made at 7 nm"
    assert side.node == side.one_after == 7e-9
    built, host = archsim.evaluate("pointer-chase", MIXED), after["host"]
    before = built.energy_by_detail["host static"] / built.interval
    static = equal.results[0].energy_by_detail["host static"] / equal.results[0].interval
    assert static / before == pytest.approx(host.chip.spec.power.idle / parts()["host"].spec.power.idle)


def test_another_host_takes_the_place_of_a_mixed_systems_own():
    equal = archsim.compare("pointer-chase", [MIXED], host="x86-server-2-cores", iso="node=7nm,power")
    chips, other = parts(), archsim.hardware("x86-server-2-cores")
    moved = [at_node(chip, 7e-9).chip.spec.power.limit for name, chip in chips.items() if name != "host"]
    assert equal.sides[0].takes["power"] == pytest.approx(sum(moved) + other.spec.power.limit)
    assert equal.sides[0].host == other.name
    assert not any(factor.what.startswith("host") for factor in equal.sides[0].factors)


def test_members_that_cannot_move_or_have_no_area_are_named():
    system = archsim.system("xeon-isaac-loihi")
    odd = dataclasses.replace(system, machines={**system.machines, "spiking": archsim.hardware("h100-pcie-80gb")})
    with pytest.raises(UnsupportedError, match=r"'xeon-isaac-loihi', spiking: .*--set spiking\.process\.node='7 nm'"):
        archsim.compare("resnet18", [odd], iso="node=7nm")
    odd = dataclasses.replace(system, machines={**system.machines, "spiking": archsim.hardware("hermes-64-core")})
    with pytest.raises(UsageError, match="spiking of 'xeon-isaac-loihi', 'hermes-64-core', has no area"):
        archsim.compare("pointer-chase", [odd], iso="area", capacity="ignore")


def test_machines_meet_at_one_node(graph):
    equal = archsim.compare(graph, ["v100-sxm2-16gb", "a100-sxm4-80gb"], iso={"node": "7 nm", "law": "stillmaker"})
    first, second = equal.sides
    nodes = (first.one_before, first.one_after, second.one_before, second.one_after)
    assert nodes == pytest.approx((12e-9, 7e-9, 7e-9, 7e-9))
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
    asked = Terms(node=7e-9, budgets={"area": "400 mm2"})
    assert terms(asked) == Terms(7e-9, budgets={"area": pytest.approx(400e-6)})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "iso ''"), ([], "names nothing"), ({}, "names nothing"), ({"area": False}, "names nothing"),
        ("aera", "did you mean 'area'"), ("node", "iso 'node'"), ("cost", "iso 'cost'"), ("node=", "iso 'node='"),
        ("node=7", "write node=7 nm"), ("node=-7nm", "iso node"), ("node=nan", "iso node"), ({"node": math.nan}, "iso"),
        ({"node": True}, "iso node"), ("area=0mm2", "iso area"), ("area=300W", "iso area"), ("power=inf", "iso power"),
        ("area,area", "'area' twice"), ("law=stillmaker", "names nothing"), ("area,law=stillmaker", "no"),
        ("node=7nm,law=dennard", "published or stillmaker"), ("cost=t4", "cost=t4 names no price; write cost=t4:PR"),
        ("cost=l4:1,t4", "iso cost=t4 names no price"),
        ("cost=l4:1,aera", "did you mean 'area'"), ("cost=t4:1,t4:5", "prices 't4' twice; keep"),
        ("cost=t4:1,T4:5", "prices 't4' twice, also as 'T4'"),
        ({"cost": {"t4": 1, "T 4": 2}}, "'t4' twice, also as 'T 4'"),
        ("cost=t4:0", "above 0"),
        ("cost=t4:nan", "above 0"), ("cost=t4:cheap", "above 0"), ({"cost": {}}, "iso cost"), ({"cost": 3}, "iso cost"),
        ([7], "iso 7"), (7, "iso 7; write e.g."), (True, "iso True"), (2.5, "iso 2.5"), ([["area"]], "iso"),
        (Terms(budgets={"aera": None}), "did you mean 'area'"), (Terms(budgets={"cost": None}), "iso cost"),
        (Terms(node=math.nan), "iso node"), (Terms(law="moore"), "published or stillmaker"),
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
    with pytest.raises(UsageError, match="'t4' and 't4-pcie', which are one machine, 't4'; keep one"):
        archsim.compare(graph, ["t4", "l4"], iso="cost=t4:1,l4:2,t4-pcie:5")
    twice = archsim.compare(graph, ["t4", "t4"], iso={"cost": {"t4": 1.0, "t4 (2)": 2.0}})
    assert twice.copies == (1.0, 0.5), "a label is a name of its own"
    with pytest.raises(UnsupportedError, match="is made at 4 nm"):
        archsim.compare(graph, ["t4", "h100-pcie-80gb"], iso="node=7nm")


def test_what_no_node_was_published_for_is_warned_of(graph):
    """Energies above 45 nm are off the end of the power law; one set of warnings names them by machine."""
    old = archsim.compare(graph, ["t4"], iso="node=130nm")
    (text,) = [text for text in old.warnings if "extrapolated" in text]
    assert text.startswith("t4: extrapolated beyond 45 nm, where nothing is published: energy of logic")
    assert text.endswith("law=stillmaker has a table to 180 nm")
    assert any("extrapolated" in row["law"] for row in old.factors().to_dicts())
    table = archsim.compare(graph, ["t4"], iso="node=130nm,law=stillmaker")
    (text,) = [text for text in table.warnings if "extrapolated" in text]
    assert text.endswith(": wires"), "all else is in the table"
    assert not any("extrapolated" in text for text in archsim.compare(graph, ["t4"], iso="node=45nm").warnings)


def test_mixed_systems_are_told_apart_by_any_of_their_machines(graph):
    system = archsim.system(MIXED)
    slow = with_values(system, {"host.clock": "1 GHz"})
    near = with_values(system, {"optical.memory.dram.bandwidth": "100 GB/s"})
    labels = archsim.compare(graph, [system, slow, near]).labels
    assert labels == (MIXED, f"{MIXED} (host.clock=1 GHz)", f"{MIXED} (optical.memory.dram.bandwidth=100 GB/s)")


def test_rows_of_one_name_are_told_apart(graph):
    t4 = archsim.hardware("t4")
    slow = archsim.with_(t4, "clock", "500 MHz")
    odd = archsim.with_(archsim.with_(archsim.with_(slow, "power.idle", "20 W"), "threads", 512), "special", "8 OP/clk")
    found = archsim.compare(graph, [t4, t4, slow, slow, odd, archsim.hardware("l4")])
    assert found.labels == ("t4", "t4 (2)", "t4 (clock=500 MHz)", "t4 (clock=500 MHz, 3)", "t4 (3)", "l4")
    assert [row["hardware"] for row in found.table().to_dicts()] == list(found.labels)
    assert [result["label"] for result in found.to_dict()["results"]] == list(found.labels)
    assert [result["hardware"] for result in found.to_dict()["results"]] == ["t4"] * 5 + ["l4"]
