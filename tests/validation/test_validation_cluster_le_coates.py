"""The check of Le 2012 and Coates 2013: peaks by hand, the published ratio, rows that cannot be used."""

from __future__ import annotations

import csv

import pytest

from archsim.validation import read_dataset, run_validation
from archsim.validation.checks.cluster_le_coates import DAYS, DUPLEX, HIDDEN, SCALING, SHARES, Trained, trained

TABLE = "cluster_le_coates.csv"


@pytest.fixture(scope="module")
def outcomes():
    return {each.group: each for each in run_validation(dataset=TABLE)}


def test_peaks_by_hand():
    assert trained("Le 2012 (DistBelief)").peak == pytest.approx(16_000 * 8 * 2.3e9, rel=1e-6)
    assert trained("Coates 2013 small").peak == pytest.approx(12 * 8 * 384 * 1058e6, rel=1e-6)
    assert trained("Coates 2013 large").peak == pytest.approx(64 * 8 * 384 * 1058e6, rel=1e-6)


def test_the_ratio_is_that_of_the_days(outcomes):
    first, second = trained("Le 2012 (DistBelief)"), trained("Coates 2013 small")
    published = first.peak * 3 / (second.peak * 2)
    assert published == pytest.approx(11.3, abs=0.1)
    found = outcomes[SHARES]
    assert found.bias == pytest.approx(100 * (second.share / first.share / published - 1))
    assert found.rows == 1 and found.ok, "within a factor of two"


def test_more_machines_are_faster_and_days_are_shown_only(outcomes):
    assert outcomes[SCALING].value == 100.0
    shown = {anchor.name: anchor.predicted for anchor in outcomes[SHARES].anchors}
    assert set(shown) == {DUPLEX, HIDDEN, DAYS}
    ratio = trained("Coates 2013 small").share / trained("Le 2012 (DistBelief)").share
    assert shown[HIDDEN] < shown[DUPLEX] < ratio
    assert len(read_dataset(TABLE).rows) == 3


def test_pushes_and_pulls_that_overlap():
    le = Trained(reached=10.0, peak=100.0, images=1.0, step=10.0, served=8.0)
    assert le.duplex == pytest.approx(0.1 * 10 / 6) and le.hidden == pytest.approx(0.1 * 10 / 4)
    assert Trained(10.0, 100.0, 1.0, 10.0, 2.0).hidden == pytest.approx(0.1 * 10 / 8), "then work sets the pace"
    served = trained("Le 2012 (DistBelief)")
    # 1.2 billion parameters of five copies over 155 ways of one gigabit at 94 %, twice.
    assert served.served == pytest.approx(2 * 5 * 4.89e9 / (155 * 0.94 * 125e6), rel=0.01)


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"days": "many"}, "days is not a number"), ({"days": "-1"}, "days is not above 0"), ({"days": ""}, "empty"),
     ({"system": "Dean 2012"}, "unknown system 'Dean 2012'")],
)  # fmt: skip
def test_rows_that_cannot_be_used_are_counted(tmp_path, change, reason):
    dataset = read_dataset(TABLE)
    rows = [dict(row.cells) for row in dataset.rows]
    rows[0] |= change
    with (tmp_path / TABLE).open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    found = {each.group: each for each in run_validation(data=tmp_path, dataset=TABLE)}[SHARES]
    assert found.rows == 0 and found.ok is None
    assert any(reason in text for text in found.reasons)
