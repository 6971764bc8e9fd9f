"""What came out for one group of one dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Anchor:
    """A row a constant was set from, or an expectation without a number: shown, never counted as accuracy."""

    name: str
    predicted: float
    measured: float | None


@dataclass(frozen=True)
class Outcome:
    """How well the models do on one group of rows.

    Attributes
    ----------
    dataset, group : str
        File name, and what the rows have in common.
    metric : str
        What they are judged by, see `archsim.validation.metrics`.
    value : float or None
        What was reached; None when no row could be compared.
    limit : float
        The target: what should be reached, not what was.
    rows : int
        Rows compared.
    skipped : int
        Rows that could not be evaluated; `reasons` says why.
    ok : bool or None
        Whether the value keeps to the limit; None when no row could be compared.
    unit : str
        Unit of value and limit.
    bias, median : float or None
        Mean signed and median absolute error, percent.
    spearman : float or None
        Rank correlation.
    split : str
        ``score``: one side of the groups only, the other is kept for fitting; ``all``: every row.
    fit : int
        Rows kept for fitting.
    reasons : mapping of str to int
        Rows skipped by reason.
    lines : mapping of str to int
        Line of the first row skipped for each reason.
    anchors : tuple of Anchor
        Rows that constants were set from.
    """

    dataset: str
    group: str
    metric: str
    value: float | None
    limit: float
    rows: int
    skipped: int
    ok: bool | None
    unit: str = "%"
    bias: float | None = None
    median: float | None = None
    spearman: float | None = None
    split: str = "all"
    fit: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    anchors: tuple[Anchor, ...] = ()


def to_json(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """Return outcomes as plain data: a list with one object per dataset and group, no NaN among its numbers."""
    return [asdict(outcome) for outcome in outcomes]


def misses(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes whose value lies beyond its limit."""
    return [outcome for outcome in outcomes if outcome.ok is False]
