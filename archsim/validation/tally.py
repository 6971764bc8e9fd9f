"""Counting a check's rows, group by group: compared, kept for fitting, anchors, and skipped with the reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from archsim.validation import metrics
from archsim.validation.outcome import Anchor, Outcome

MOST_REASONS: Final = 20
"""Distinct reasons kept per group; the rows of further ones are counted together."""
OTHER: Final = "other reasons"


Pairs = list[tuple[str, float, float]]
"""Group, predicted and measured value of every row compared, in order."""

_overheard: ContextVar[Pairs | None] = ContextVar("overheard", default=None)


@contextmanager
def overhear() -> Iterator[Pairs]:
    """Collect what checks compare meanwhile, row by row."""
    pairs: Pairs = []
    token = _overheard.set(pairs)
    try:
        yield pairs
    finally:
        _overheard.reset(token)


@dataclass
class Group:
    """Rows that are judged together, such as those of one machine and number format."""

    predicted: list[float] = field(default_factory=list)
    measured: list[float] = field(default_factory=list)
    fit: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    anchors: list[Anchor] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """What a group is held to: a metric, and the limit it should keep to."""

    metric: str
    limit: float


class Tally:
    """Collects a check's rows; groups appear when first named."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}

    def _group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group())

    def compare(self, group: str, predicted: float, measured: float) -> None:
        """Count a row whose prediction scores; both values in one unit, measured above 0."""
        found = self._group(group)
        found.predicted.append(predicted)
        found.measured.append(measured)
        overheard = _overheard.get()
        if overheard is not None:
            overheard.append((group, predicted, measured))

    def keep_for_fit(self, group: str) -> None:
        """Count a row that constants may be fitted on."""
        self._group(group).fit += 1

    def anchor(self, group: str, anchor: Anchor) -> None:
        """Show a row a constant was set from."""
        self._group(group).anchors.append(anchor)

    def skip(self, group: str, reason: str, line: int) -> None:
        """Count a row that cannot be evaluated; `line` is where it stands in its file."""
        found = self._group(group)
        if reason not in found.reasons and len(found.reasons) >= MOST_REASONS:
            reason = OTHER
        found.reasons[reason] = found.reasons.get(reason, 0) + 1
        found.lines.setdefault(reason, line)

    def outcomes(self, dataset: str, split: str, target: Callable[[str], Target]) -> list[Outcome]:
        """Judge every group, by name.

        Parameters
        ----------
        dataset : str
            File name.
        split : str
            ``score`` or ``all``.
        target : callable
            Group name to what it is held to.
        """
        return [_judge(dataset, name, group, split, target(name)) for name, group in sorted(self.groups.items())]


def _judge(dataset: str, name: str, group: Group, split: str, target: Target) -> Outcome:
    metric = metrics.metric(target.metric)
    pairs = (group.predicted, group.measured)
    rows = len(group.measured)
    value = _finite(metric.function(*pairs)) if rows else None
    return Outcome(
        dataset=dataset,
        group=name,
        metric=metric.name,
        value=value,
        limit=target.limit,
        rows=rows,
        skipped=sum(group.reasons.values()),
        ok=None if value is None else metric.holds(value, target.limit),
        unit=metric.unit,
        bias=_finite(metrics.bias(*pairs)) if rows else None,
        median=_finite(metrics.median_ape(*pairs)) if rows else None,
        spearman=_finite(metrics.spearman(*pairs)) if rows else None,
        split=split,
        fit=group.fit,
        reasons=dict(sorted(group.reasons.items())),
        lines=dict(sorted(group.lines.items())),
        anchors=tuple(group.anchors),
    )


def _finite(value: float) -> float | None:
    """Return nothing for a number that is none: of one row there is no rank correlation."""
    return value if math.isfinite(value) else None
