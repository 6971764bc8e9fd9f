"""Tables on optical machines: what is scored, what is only shown, and rows that make no sense."""

from __future__ import annotations

import pytest

from archsim.validation import run_validation

CLAIMS = "quantity,value,unit,status"
CHIPS = "system,doi,quantity,value,unit"


def by_group(outcomes):
    return {outcome.group: outcome for outcome in outcomes}


@pytest.mark.parametrize(
    "dataset", ["transformer_optical_counts", "netcast_table1", "quantum_limits", "published_chips"]
)
def test_every_target_is_met(dataset):
    found = [outcome for outcome in run_validation(dataset=dataset) if outcome.rows]
    assert found and all(outcome.ok for outcome in found)


def test_counts_are_exact():
    groups = by_group(run_validation(dataset="transformer_optical_counts"))
    assert groups["products"].value == groups["conversions"].value == 0.0
    assert groups["conversions"].rows == 2 * groups["products"].rows == 12


def test_advantages_are_shown_and_never_scored():
    groups = by_group(run_validation(dataset="optical_transformers_claims"))
    advantages = groups.pop("advantages")
    assert advantages.rows == 0 and len(advantages.anchors) == 5
    (scaling,) = groups.values()
    assert scaling.rows == 1 and scaling.ok


def test_what_a_description_was_set_from_is_shown_only():
    groups = by_group(run_validation(dataset="published_chips"))
    shown = {each.name: each for each in groups["shown"].anchors}
    assert shown["Luan 2026 single-shot MMM, optical energy per MAC"].predicted == pytest.approx(20.0, rel=0.05)
    assert shown["PACE, latency"].predicted == pytest.approx(5.0, rel=1e-3)
    assert groups["peak"].rows == 3 and groups["efficiency without lasers"].rows == 1


@pytest.mark.parametrize(
    ("name", "header", "row", "reason"),
    [
        ("published_chips.csv", CHIPS, "PACE,x,throughput,>8,TOPS", "value is not a number"),
        ("published_chips.csv", CHIPS, "Nothing,x,throughput,8,TOPS", "unknown device 'Nothing'"),
        ("published_chips.csv", CHIPS, "a100-sxm4-80gb,x,throughput,312,TOPS", "not an optical machine"),
        ("optical_transformers_claims.csv", CLAIMS,
         "optical energy per MAC scaling with width d,d^-one,,abstract", "value is not d^-p"),
        ("optical_transformers_claims.csv", CLAIMS,
         "\"advantage, some of the largest current models\",many,x,abstract", "value is not a number"),
        ("netcast_table1.csv", "device,amortised_over,energy_per_device_pJ", "ADC,Q,1", "neither N nor M"),
        ("netcast_table1.csv", "device,amortised_over,energy_per_device_pJ", "laser,N,1", "no such device"),
        ("quantum_limits.csv", "paper,quantity,value,unit",
         "x,optical energy per multiplication at ~90% MNIST,-1,J", "measured on a network"),
        ("transformer_optical_counts.csv", "model,d,heads,n,macs_per_token_layer,in_events,out_events",
         "x,wide,12,1024,1,1,1", "d is not a whole number"),
        ("transformer_optical_counts.csv", "model,d,heads,n,macs_per_token_layer,in_events,out_events",
         "x,100,7,1024,1,1,1", "sizes that do not fit together"),
    ],
)  # fmt: skip
def test_rows_that_make_no_sense_are_counted_with_the_reason(table, name, header, row, reason):
    outcomes = run_validation(data=table(row, header=header, name=name))
    assert sum(outcome.rows for outcome in outcomes) == 0
    assert any(reason in said for outcome in outcomes for said in outcome.reasons)
