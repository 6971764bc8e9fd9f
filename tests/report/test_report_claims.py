"""Published beside predicted: errors, limits, and what cannot be scored."""

from __future__ import annotations

import pytest

from archsim.errors import UsageError
from archsim.report.claims import Claim, claims, missed


@pytest.mark.parametrize(
    ("claim", "error", "ok"),
    [
        (Claim("x", 1.1, 1.0, tolerance=0.1), 0.1, True),
        (Claim("x", 1.11, 1.0, tolerance=0.1), 0.11, False),
        (Claim("x", 3.0, (1.0, 2.0), tolerance=0.4), 0.5, False),
        (Claim("x", 0.75, (1.0, 2.0), tolerance=0.3), -0.25, True),
        (Claim("x", 1.5, (1.0, 2.0), tolerance=0.0), 0.0, True),
        (Claim("x", 0.5, 1.0, factor=2.0), -0.5, True),
        (Claim("x", 2.0, 1.0, factor=2.0), 1.0, True),
        (Claim("x", 0.49, 1.0, factor=2.0), -0.51, False),
        (Claim("x", 0.0, 1.0, factor=2.0), -1.0, False),
        (Claim("x", 5.0, 1.0), 4.0, None),
        (Claim("x", 5.0), None, None),
    ],
)
def test_errors_and_limits(claim, error, ok):
    assert claim.error == (None if error is None else pytest.approx(error))
    assert claim.ok is ok


def test_a_table_marks_what_is_outside():
    rows = [Claim("near", 1.0, 1.0, "s", 0.1), Claim("far", 2.0, 1.0, "s", 0.1, note="why"), Claim("seen", 2e6, 1.0)]
    shown = str(claims(rows, "title")).splitlines()
    assert shown[0] == "title"
    assert "OUTSIDE; why" in shown[4]
    assert "OUTSIDE" not in shown[3] + shown[5]
    assert "2,000,000" in shown[5]
    assert missed(rows) == "far: 2 against 1 s"
    assert missed(rows[:1]) == ""


def test_points_are_limits_that_may_start_at_zero():
    row = Claim("share", 3.0, 0.0, "%", points=5.0)
    assert (row.ok, row.difference, row.error) == (True, 3.0, None)
    assert Claim("share", 3.0, (4.5, 9.0), points=1.4).ok is False
    assert "+3 points  5 points" in str(claims([row])).splitlines()[-1]


@pytest.mark.parametrize("limit", [{"tolerance": 0.1, "floor": 0.3}, {"factor": 1.1, "floor": 1.3},
                                   {"points": 1.0, "floor": 3.0}])  # fmt: skip
def test_a_known_miss_fails_only_where_it_grows(limit):
    passed, known, grown = (Claim("far", value, 10.0, note="why", **limit) for value in (10.5, 12.9, 13.1))
    assert [row.known for row in (passed, known, grown)] == [False, True, False]
    assert "MISSED; why" in str(claims([known]))
    assert "OUTSIDE; why" in str(claims([grown]))
    assert missed([passed, known]) == ""
    assert missed([known, grown]).startswith("far: 13.1 against 10")


def test_nan_is_never_within_a_limit():
    assert Claim("x", float("nan"), 1.0, tolerance=0.1).ok is False
    assert Claim("x", float("nan"), 1.0, factor=2.0).ok is False
    row = Claim("x", float("nan"), 1.0, points=2.0, floor=3.0)
    assert row.ok is False
    assert not row.known


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"published": 1.0, "tolerance": 0.1, "factor": 2.0}, "has several limits"),
        ({"published": 1.0, "tolerance": 0.3, "floor": 0.3}, "a floor that is not beyond"),
        ({"published": 1.0, "floor": 0.3}, "a floor that is not beyond"),
        ({"published": 0.0, "tolerance": 0.1}, "is scored against 0.0"),
        ({"published": None, "factor": 2.0}, "is scored against None"),
        ({"published": (2.0, 1.0), "tolerance": 0.1}, "is scored against"),
    ],
)
def test_what_cannot_be_scored(given, message):
    with pytest.raises(UsageError, match=message):
        Claim("x", 1.0, **given)


def test_a_table_without_limits_checks_nothing():
    with pytest.raises(UsageError, match="none of the rows has a limit"):
        missed([Claim("x", 1.0, 1.0)])
