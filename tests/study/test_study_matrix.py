"""Many workloads on many machines: cells are those of compare, and say what limits them."""

from __future__ import annotations

import json

import pytest

import archsim
from archsim.errors import UsageError

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


def test_it_is_ready_for_json(found):
    tree = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(tree["cells"]) == 9
    assert {cell["limit"] for cell in tree["cells"]} <= {
        "compute",
        "memory",
        "latency",
        "weights",
        "conversion",
        "host",
    }


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda m: archsim.matrix({}, MACHINES), "without cells"),
        (lambda m: archsim.matrix({"x": "resnet18"}, {}), "without cells"),
        (lambda m: m.result("decod", "CPU"), "did you mean 'decode'"),
        (lambda m: m.lottery("enrgy"), "did you mean 'energy'"),
    ],
)
def test_nonsense_is_refused(found, call, says):
    with pytest.raises(UsageError, match=says):
        call(found)
