"""Many workloads on many machines: cells are those of compare, and say what limits them."""

from __future__ import annotations

import json
import math

import pytest

import archsim
from archsim.errors import UnsupportedError, UsageError

MACHINES = {"CPU": "xeon-gold-6248", "GPU": "a100-sxm4-80gb", "TPU": "tpu-v4"}


@pytest.fixture(scope="module")
def found():
    rows = {"decode": "lottery-t2", "chase": "lottery-i2", "spikes": "lottery-n2"}
    return archsim.matrix(rows, MACHINES, iso="area")


def test_cells_are_those_of_compare(found):
    alone = archsim.compare("lottery-t2", MACHINES.values())
    assert [found.result("decode", name) for name in MACHINES] == list(alone.results)
    costs = found.lottery("latency").costs[0]
    assert costs == pytest.approx([result.latency / result.items for result in alone.results])
    energies = found.lottery("energy").costs[0]
    assert energies == pytest.approx([result.energy / result.items for result in alone.results])


def test_a_budget_turns_rates_into_costs(found):
    rates = archsim.compare("lottery-t2", MACHINES.values(), iso="area").throughputs
    assert found.lottery("area").costs[0] == pytest.approx([1.0 / rate for rate in rates])
    with pytest.raises(UsageError, match="no budget of 'power' was set"):
        found.lottery("power")


def test_limits_that_physics_leaves_no_choice_about(found):
    assert [found.limit("decode", name) for name in MACHINES] == ["memory"] * 3
    assert [found.limit("chase", name) for name in MACHINES] == ["latency", "latency", "host"]


def test_hosts_are_seen(found):
    assert found.host_share("decode", "TPU") == found.host_share("chase", "CPU") == 0.0
    assert found.host_share("chase", "TPU") == pytest.approx(1.0)
    assert 0.0 < found.host_share("spikes", "TPU") < 1.0
    assert (found.flag("chase", "TPU"), found.flag("decode", "TPU")) == ("H", "")
    assert found.lottery("latency").winners["chase"] == ("CPU",), "a host's work is no win of the machine beside it"


def test_utilisation_is_that_of_the_machine_itself(found):
    result = found.result("decode", "GPU")
    by_hand = sum(op.utilisation * op.latency * op.count for op in result.ops) / result.latency
    assert found.utilisation("decode", "GPU") == pytest.approx(by_hand)
    assert 0.0 < by_hand < 0.02
    assert found.utilisation("chase", "TPU") == 0.0


def test_the_table_flags_and_sums_up(found):
    rows = found.table("latency").to_dicts()
    assert [row["workload"] for row in rows] == ["decode", "chase", "spikes", "rows won", "price of it for all",
                                                 "worst row"]  # fmt: skip
    assert rows[1]["TPU"].endswith("H")
    assert rows[1]["CPU"] == "1"


LIMITS = {"compute", "memory", "latency", "weights", "conversion", "network", "host"}


def test_it_is_ready_for_json(found):
    tree = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(tree["cells"]) == 9
    assert {cell["limit"] for cell in tree["cells"]} <= LIMITS


def test_budgets_and_terms_are_in_its_json():
    """As many as one area or power buys: rates and copies are those of compare."""
    made = archsim.matrix({"decode": "lottery-t2"}, MACHINES, iso="node=10nm,area,power=300W")
    alone = archsim.compare("lottery-t2", MACHINES.values(), iso="node=10nm,area,power=300W")
    tree = json.loads(json.dumps(made.to_dict(), allow_nan=False))
    for budget in ("area", "power"):
        assert tree[budget]["costs"][0] == pytest.approx([1.0 / rate for rate in alone.within(budget)])
        assert tree[budget]["kendall"]["CPU"]["GPU"] is None, "one row ranks nothing"
    assert "cost" not in tree
    terms = tree["iso"]
    assert (terms["node_m"], terms["law"]) == (pytest.approx(10e-9), "published")
    assert terms["budgets"] == {"area_m2": None, "power_w": 300.0}
    assert [machine["hardware"] for machine in terms["machines"]] == list(MACHINES)
    assert all(machine["factors"] for machine in terms["machines"])
    assert [cell["copies"] for cell in tree["cells"]] == list(alone.copies)
    assert [cell["area_m2"] for cell in tree["cells"]] == [side.takes["area"] for side in alone.sides]
    assert "iso" not in archsim.matrix("mlp", "null").to_dict()


def test_what_a_machine_cannot_run_costs_infinitely_much():
    """The first machine sets the area also where it has no result."""
    rows = {"chase": "pointer-chase", "net": "resnet18"}
    made = archsim.matrix(rows, {"TPU": "tpu-v4", "GPU": "a100-sxm4-80gb"}, iso="area", fallback="forbid")
    assert made.lottery("latency").costs[0][0] == math.inf
    assert made.lottery("area").winners["chase"] == ("GPU",)
    assert "'tpu-v4' cannot run 1 of 1 ops" in made.reasons["chase", "TPU"]
    assert list(made.reasons) == [("chase", "TPU")]
    gpu = archsim.evaluate("pointer-chase", "a100-sxm4-80gb")
    assert made.result("chase", "GPU") == gpu
    assert made.comparisons[0].copies == pytest.approx([600.0 / 826.0])
    assert made.lottery("area").costs[0][1] == pytest.approx(826.0 / 600.0 / gpu.throughput)
    assert made.table("area").to_dicts()[0]["TPU"] == "inf"
    with pytest.raises(UnsupportedError, match="'chase' has no result on 'TPU': 'tpu-v4' cannot run"):
        made.result("chase", "TPU")
    cells = json.loads(json.dumps(made.to_dict(), allow_nan=False))["cells"]
    assert cells[0]["latency_s"] is None
    assert cells[0]["reason"] == made.reasons["chase", "TPU"]
    assert [cell["reason"] for cell in cells[1:]] == [None] * 3


def test_what_does_not_fit_costs_infinitely_much():
    """13 billion parameters of two bytes against 16 and 80 GB."""
    made = archsim.matrix("gpt3-13b", ["t4", "a100-sxm4-80gb"])
    assert made.able("gpt3-13b") == ("a100-sxm4-80gb",)
    assert "GB" in made.reasons["gpt3-13b", "t4"]
    assert made.lottery("energy").prices == {"t4": math.inf, "a100-sxm4-80gb": 1.0}
    with pytest.raises(UnsupportedError, match=r"no machine can run 'gpt3-13b'; t4: .*; leave 'gpt3-13b' out"):
        archsim.matrix(["mlp", "gpt3-13b"], "t4")


def test_mixed_systems_are_seen_member_by_member():
    """Its machines' work is its own, its host's is a host's; links between them are neither."""
    rows, mixed, isaac = ["resnet18", "pointer-chase", "lottery-t2"], "xeon-a100-dota", "xeon-isaac-loihi"
    made = archsim.matrix(rows, ["xeon-gold-6248", mixed, isaac], iso="area")
    assert [made.host_share(row, mixed) for row in rows] == [0.0, 1.0, 0.0]
    assert [made.flag(row, mixed) for row in rows] == ["", "H", ""]
    assert made.utilisation("pointer-chase", mixed) == 0.0
    decode = made.result("lottery-t2", mixed)
    assert {op.placed_on for op in decode.ops} <= {"gpu: a100-pcie-80gb", "optical: dota-b-8-bit-native", "link"}
    by_hand = sum(op.utilisation * op.latency * op.count for op in decode.ops) / decode.latency
    assert made.utilisation("lottery-t2", mixed) == pytest.approx(by_hand)
    assert by_hand > 0.0
    bounds = {(row, name): made.result(row, name).bound for row in rows for name in (mixed, isaac)}
    expected = {"link of optical": "network", "host latency": "host", "gpu hbm": "memory", "host dram": "host",
                "crossbar pipeline fill": "weights"}  # fmt: skip
    assert len(set(bounds.values())) > 3
    for (row, name), bound in bounds.items():
        assert made.limit(row, name) == expected[bound]
    assert made.lottery("latency").winners["pointer-chase"] == ("xeon-gold-6248",)


def test_names_make_rows_and_columns():
    t4 = archsim.hardware("t4")
    made = archsim.matrix(["mlp", archsim.workload("resnet18")], [t4, "null"])
    assert (made.rows, made.columns) == (("mlp", "resnet18"), ("t4", "null"))
    assert archsim.matrix("mlp", t4).columns == ("t4",)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: archsim.matrix({}, MACHINES), "without cells"),
        (lambda m: archsim.matrix({"x": "resnet18"}, {}), "without cells"),
        (lambda m: m.result("decod", "CPU"), "did you mean 'decode'"),
        (lambda m: m.lottery("enrgy"), "did you mean 'energy'"),
        (lambda _: archsim.matrix(["mlp", "mlp"], MACHINES), "two workloads are called 'mlp'; name them"),
        (lambda _: archsim.matrix(7, MACHINES), "7 is no workload"),
        (lambda _: archsim.matrix("mlp", None), "None is no machine"),
        (lambda _: archsim.matrix({1: "mlp"}, MACHINES), "1 is no name of a workload"),
        (lambda _: archsim.matrix("mlp", MACHINES, iso=7), "iso 7; write e.g."),
        (lambda _: archsim.matrix("mlp", MACHINES, fusion="ful"), "did you mean 'full'"),
    ],
)
def test_nonsense_is_refused(found, call, says):
    with pytest.raises(UsageError, match=says):
        call(found)
