"""Tables of collectives: groups of chips on systems, and every row that cannot be used is counted."""

import pytest

from archsim.io.systems import load_system
from archsim.mapping.collectives import exchange
from archsim.validation import run_validation

NAME = "collectives_nccl_aiconfigurator.csv"


def rows(table, *lines, name=NAME):
    return run_validation(table(*lines, name=name), dataset=name)


def only(outcomes):
    (outcome,) = outcomes
    return outcome


def test_a_perfect_row_has_no_error(table):
    time = exchange(load_system("dgx-a100"), "all_reduce", 2**20, (4,)).latency * 1e3
    outcome = only(rows(table, f"A100-SXM4-80GB,all_reduce,gpus=4;bytes={2**20},half,{time}"))
    assert outcome.group == "dgx-a100 collectives in a node"
    assert outcome.value == pytest.approx(0.0, abs=1e-9)
    assert (outcome.limit, outcome.rows, outcome.ok) == (20.0, 1, True)


def test_nodes_are_told_apart(table):
    system = load_system("a100-nvlink-cluster")
    lines = {
        "gpus=8;size=1000000;devices_per_node=8": exchange(system, "all_reduce", 1e6, (8,)),
        "gpus=8;size=1000000;devices_per_node=4": exchange(system, "all_reduce", 1e6, (4, 2)),
    }
    outcomes = rows(table, *(f"A100-DGX,all_reduce,{dims},fp16,{cost.latency * 1e3}" for dims, cost in lines.items()))
    assert [outcome.group for outcome in outcomes] == [
        "a100-nvlink-cluster collectives between nodes",
        "a100-nvlink-cluster collectives in a node",
    ]
    assert [outcome.value for outcome in outcomes] == pytest.approx([0.0, 0.0], abs=1e-9)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("TPU,all_reduce,gpus=4;bytes=8,half,1", "unknown system 'TPU'"),
        ("x/dgx.yaml,all_reduce,gpus=4;bytes=8,half,1", "unknown system 'x/dgx.yaml'"),
        ("L40S,broadcast,gpus=4;bytes=8,half,1", "unknown op 'broadcast'"),
        ("L40S,all_reduce,gpus=16;bytes=8,half,1", "'l40s-pcie-8' has 8 chips, a group of 16 does not fit"),
        ("L40S,all_reduce,gpus=4,half,1", "dims has no size"),
        ("L40S,all_reduce,bytes=8,half,1", "dims has no gpus"),
        ("L40S,all_reduce,gpus=4;bytes=8;devices_per_node=3,half,1", "gpus do not divide into devices_per_node"),
        ("L40S,all_reduce,gpus=4;bytes=8,half,nan", "measured_ms is NaN"),
        ("L40S,all_reduce", "the row is cut short"),
    ],
)
def test_rows_that_cannot_be_used_are_counted(table, line, reason):
    outcome = only(rows(table, line))
    assert outcome.reasons == {reason: 1}
    assert outcome.lines == {reason: 2}
    assert outcome.rows == 0


def test_the_shipped_tables_are_split_by_whole_curves():
    outcomes = {outcome.group: outcome for outcome in run_validation(dataset=NAME)}
    assert {(outcome.rows, outcome.fit) for outcome in outcomes.values()} == {(105, 147)}
    assert all(outcome.skipped == 0 for outcome in outcomes.values())


@pytest.mark.parametrize("name", [NAME, "collectives_vidur.csv"])
def test_every_shipped_row_is_used(name):
    assert sum(outcome.skipped for outcome in run_validation(dataset=name)) == 0
