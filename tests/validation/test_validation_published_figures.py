"""Checks of claims, wires and graphs: rows brought to one convention, and what is left out with a reason."""

from __future__ import annotations

from itertools import pairwise

import pytest

from archsim.errors import UnknownNameError
from archsim.validation import read_dataset, run_validation
from archsim.validation.cells import SkipRow
from archsim.validation.checks import gnn, memory_wall, sparsity_headlines, wires
from archsim.validation.table import Row


def outcomes(name):
    return {outcome.group: outcome for outcome in run_validation(dataset=name)}


def wire(convention, energy="240", node="40nm", supply="0.9"):
    return Row(1, {"source": "x", "node": node, "vdd_V": supply, "fJ_per_bit_mm": energy, "convention": convention})


@pytest.mark.parametrize(
    ("convention", "share"), [("per transition", 0.5), ("per random bit", 1.0), ("CV^2 per bit, 300 fF/mm", 0.25)]
)
def test_wires_as_random_bits(convention, share):
    (found,) = wires.published(wire(convention))
    assert found.energy == pytest.approx(share * 240e-12)
    assert found.node == pytest.approx(40e-9)


def test_both_ends_of_a_range_and_what_their_capacitance_says():
    low, high = wires.published(wire("per random bit, 200 fF/mm", "20-40", "16nm", "0.63-0.89"))
    assert low.from_capacitance == pytest.approx(0.25 * 200e-12 * 0.63**2)
    assert high.from_capacitance == pytest.approx(0.25 * 200e-12 * 0.89**2)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (wire("link incl. TX/RX/clock"), "how many toggle"),
        (wire("per transition", node="new"), "no length"),
        (wire("per transition", energy="some"), "no number"),
        (wire("per transition", energy="0"), "not above 0"),
        (wire("per transition", energy="nan"), "not above 0"),
    ],
)
def test_wires_that_cannot_be_compared(row, reason):
    with pytest.raises(SkipRow) as caught:
        wires.published(row)
    assert reason in caught.value.reason


def test_rows_that_set_the_wires_are_not_scored():
    found = outcomes("wire_energy")["technology"]
    assert [anchor.measured for anchor in found.anchors] == pytest.approx([121e-12, 68e-12])
    assert (
        found.rows + len(found.anchors) + found.skipped == len(read_dataset("wire_energy").rows) + 1
    )  # one is a range
    scaling = outcomes("wire_node_scaling")["technology"]
    assert (scaling.rows, len(scaling.anchors)) == (2, 3)


def test_records_rise_and_growth_is_the_slope_through_them():
    found = memory_wall.records("bandwidth")
    assert all(first[1] < second[1] and first[0] < second[0] for first, second in pairwise(found))
    ends = (found[-1][1] / found[0][1]) ** (2.0 / (found[-1][0] - found[0][0]))
    assert memory_wall.growth("bandwidth") == pytest.approx(ends, rel=0.05)


def test_headlines_on_eie_are_means_over_nine_layers():
    found = outcomes("sparsity_headlines")
    assert found["speed"].rows == found["energy"].rows == 3
    speed = sparsity_headlines.METRICS["EIE vs CPU/GPU/mGPU speed"]
    assert sparsity_headlines.gain("geforce-gtx-titan-x", speed) == pytest.approx(13.0, rel=0.4)


def test_sizes_of_graphs_are_those_of_the_workloads():
    assert outcomes("gnn_datasets")["sizes"].value == 0.0


def test_hygcn_is_judged_on_the_graphs_of_which_sizes_are_known():
    found = outcomes("hygcn_speedups")
    assert {name: outcome.rows for name, outcome in found.items()} == {
        "not run": 0, f"over {gnn.GPU}": 4, f"over {gnn.CPU}": 4
    }  # fmt: skip
    gains = [gnn.speed_up(gnn.GPU, name) for name in gnn.GRAPHS]
    assert gnn.mean(gnn.speed_up, gnn.GPU) == pytest.approx(sum(gains) / 4)


def test_a_dataset_nobody_knows():
    with pytest.raises(UnknownNameError, match=r"unknown dataset 'wire_energies'; did you mean 'wire_energy\.csv'"):
        read_dataset("wire_energies")
