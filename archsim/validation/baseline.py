"""A committed record of what was reached, so that no check gets worse unnoticed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from archsim.errors import InvalidDescriptionError, UsageError
from archsim.validation import metrics
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import Check

SCHEMA: Final = 1
FINE: Final = 1e-6
"""Metrics that tell smaller differences apart keep all digits."""
DIGITS: Final = 4
"""Decimals kept of a value: far below a point."""

Baseline = Mapping[str, Mapping[str, Mapping[str, Any]]]


def write_baseline(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write what was reached, group by group; groups without a value are left out.

    Raises
    ------
    UsageError
        It cannot be written.
    """
    checks: dict[str, dict[str, dict[str, Any]]] = {}
    for outcome in outcomes:
        if outcome.value is not None:
            reached = {"metric": outcome.metric, "value": _kept(outcome), "rows": outcome.rows}
            checks.setdefault(outcome.dataset, {})[outcome.group] = reached
    text = json.dumps({"schema_version": SCHEMA, "checks": checks}, indent=2, sort_keys=True)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {str(path)!r}: {error.strerror}") from error


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises
    ------
    UsageError
        There is no such file.
    InvalidDescriptionError
        It is no baseline.
    """
    try:
        tree: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"cannot read {str(path)!r}: {error.strerror}", hint="write one with --write-baseline"
        ) from error
    except ValueError as error:
        raise InvalidDescriptionError(f"this is not JSON: {error}", where=str(path)) from None
    if not isinstance(tree, dict) or tree.get("schema_version") != SCHEMA or not _is_baseline(tree.get("checks")):
        raise InvalidDescriptionError("this is not a baseline", hint="write one with --write-baseline", where=str(path))
    checks: Baseline = tree["checks"]
    return checks


def _is_baseline(checks: Any) -> bool:
    if not isinstance(checks, dict) or not all(isinstance(groups, dict) for groups in checks.values()):
        return False
    reached = [each for groups in checks.values() for each in groups.values()]
    return all(
        isinstance(each, dict)
        and each.get("metric") in metrics.METRICS
        and all(isinstance(each.get(name), int | float) for name in ("value", "rows"))
        for each in reached
    )


def _kept(outcome: Outcome) -> float:
    """Return a value with as many digits as its metric tells apart."""
    value = float(outcome.value or 0.0)
    return round(value, DIGITS) if metrics.metric(outcome.metric).point > FINE else float(f"{value:.10g}")


def worsened(outcomes: Iterable[Outcome], baseline: Baseline, datasets: Collection[str]) -> list[str]:
    """Say what got worse since a baseline; an empty list when nothing did.

    Worse is: a value more than a point beyond the baseline's, another metric, fewer rows compared, or a group that is
    no longer compared at all. New groups and better values are no news.

    Parameters
    ----------
    outcomes : iterable of Outcome
        What was reached now.
    baseline : mapping
        As read.
    datasets : collection of str
        Datasets whose checks were asked for; the baseline's others are left alone.
    """
    now = {(outcome.dataset, outcome.group): outcome for outcome in outcomes}
    news: list[str] = []
    for dataset in sorted(set(datasets).intersection(baseline)):
        for group, before in sorted(baseline[dataset].items()):
            problem = _compare(now.get((dataset, group)), before)
            if problem:
                news.append(f"{dataset}, {group}: {problem}")
    return news


def of_family(baseline: Baseline, family: str | None, checks: Iterable[Check]) -> Baseline:
    """Return a baseline without the groups of other families' machines, where checks judge several families.

    Parameters
    ----------
    baseline : mapping
        As read.
    family : str or None
        The only family asked for.
    checks : iterable of Check
        Those that were asked for.
    """
    if family is None:
        return baseline
    machines = Machines()
    kept = dict(baseline)
    for check in checks:
        if check.device and check.dataset in kept:
            first = check.families[0]
            kept[check.dataset] = {
                group: each
                for group, each in kept[check.dataset].items()
                if machines.family(group.split(" ")[0], first) == family
            }
    return kept


def _compare(now: Outcome | None, before: Mapping[str, Any]) -> str:
    if now is None or now.value is None:
        return f"no longer compared, was {before['metric']} {before['value']:g} on {before['rows']} rows"
    if now.metric != before["metric"]:
        return f"judged by {now.metric}, was {before['metric']}"
    if now.rows < before["rows"]:
        return f"{now.rows} rows compared, were {before['rows']}"
    if metrics.metric(now.metric).worse(now.value, before["value"]):
        return f"{now.metric} {now.value:.{DIGITS}g}, was {before['value']:.{DIGITS}g}"
    return ""
