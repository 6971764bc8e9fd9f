"""Outcomes for people: one table, and below it why rows were skipped and what was only anchored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from archsim.arch import registry
from archsim.engine.table import Column, Table
from archsim.validation import metrics
from archsim.validation.outcome import Outcome
from archsim.validation.registry import find_checks

NOTHING = "–"


def _number(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.4g}"


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.1f} %"


def _signed(value: float | None) -> str:
    return NOTHING if value is None else f"{value:+.1f} %"


def _verdict(value: bool | None) -> str:
    return NOTHING if value is None else "yes" if value else "NO"


_COLUMNS = (
    Column("dataset", "dataset"),
    Column("group", "group"),
    Column("metric", "metric"),
    Column("value", "value", show=_number),
    Column("limit", "limit", show=_number),
    Column("unit", "unit"),
    Column("rows", "rows", show=str),
    Column("skipped", "skipped", show=str),
    Column("fit", "for fitting", show=str),
    Column("bias", "bias", show=_signed),
    Column("median", "median", show=_percent),
    Column("spearman", "rank corr.", show=_number),
    Column("ok", "ok", show=_verdict),
)


def table(outcomes: Iterable[Outcome]) -> Table:
    """Return one row per outcome."""
    return Table("", _COLUMNS, tuple(_cells(outcome) for outcome in outcomes))


def _cells(outcome: Outcome) -> tuple[Any, ...]:
    """Return the cells of one outcome; labels come from files and are kept on one line."""
    words = (_line(outcome.dataset), _line(outcome.group), outcome.metric)
    reached = (outcome.value, outcome.limit, outcome.unit)
    counts = (outcome.rows, outcome.skipped, outcome.fit)
    return (*words, *reached, *counts, outcome.bias, outcome.median, outcome.spearman, outcome.ok)


def remarks(outcomes: Iterable[Outcome]) -> list[str]:
    """Say, line by line, why rows were skipped, and what constants were set from."""
    lines: list[str] = []
    for outcome in outcomes:
        about = f"{_line(outcome.dataset)}, {_line(outcome.group)}: "
        lines += [
            f"{about}{count} skipped, {_line(reason)} (first on line {outcome.lines[reason]})"
            for reason, count in outcome.reasons.items()
        ]
        lines += [
            f"{about}anchor {_line(anchor.name)}, predicted {anchor.predicted:.4g}, measured {_number(anchor.measured)}"
            for anchor in outcome.anchors
        ]
    return lines


def summary(outcomes: Iterable[Outcome]) -> str:
    """Write one line per dataset and metric as a GitHub-flavoured table: how many groups, and how far off.

    The value is the mean over the rows compared, each group counting with as many as it has; best and worst are groups.
    """
    kinds: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.value is not None:
            kinds.setdefault((outcome.dataset, outcome.metric), []).append(outcome)
    lines = [_row(_SUMMARY), _row(["---", "---", *["---:"] * (len(_SUMMARY) - 4), "---", "---"])]
    lines += [_row(_summarised(dataset, name, groups)) for (dataset, name), groups in kinds.items()]
    return "\n".join(lines)


_SUMMARY = ("dataset", "metric", "rows", "value", "groups", "within the limit", "best", "worst")


def _summarised(dataset: str, name: str, groups: Sequence[Outcome]) -> list[str]:
    rows = sum(each.rows for each in groups)
    mean = sum(each.rows * (each.value or 0.0) for each in groups) / rows
    ranked = sorted(groups, key=lambda each: each.value or 0.0, reverse=metrics.metric(name).rises)
    best, worst = (f"{_line(each.group)}: {_number(each.value)}" for each in (ranked[0], ranked[-1]))
    unit = f" {groups[0].unit}" if groups[0].unit else ""
    within = sum(1 for each in groups if each.ok)
    return [dataset, name, str(rows), f"{_number(mean)}{unit}", str(len(groups)), str(within), best, worst]


def by_kind(outcomes: Iterable[Outcome]) -> str:
    """Write one line per kind of machine as a GitHub-flavoured table.

    The typical error is the median over all groups that are judged by relative errors; the largest miss is that
    furthest beyond its limit, as a multiple of it.
    """
    families = {each.dataset: each.families for each in find_checks()}
    kinds: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.value is not None:
            names = families[outcome.dataset]
            kinds.setdefault(names[0] if len(names) == 1 else _SEVERAL, []).append(outcome)
    lines = [_row(_KINDS), _row(["---", *["---:"] * (len(_KINDS) - 2), "---"])]
    for name in sorted(kinds, key=lambda kind: (kind == _SEVERAL, kind)):
        lines.append(_row(_kind(name, kinds[name])))
    return "\n".join(lines)


_SEVERAL = "tables of several kinds"
_KINDS = ("kind of machine", "tables", "rows", "groups", "within their limit", "typical error", "largest miss")


def _kind(name: str, found: Sequence[Outcome]) -> list[str]:
    errors = [each.value for each in found if each.metric in _ERRORS and each.value is not None]
    missed = [each for each in found if each.ok is False and each.value is not None and each.limit]
    worst = max(missed, key=lambda each: (each.value or 0.0) / each.limit, default=None)
    title = name if name == _SEVERAL else registry.get(name).title
    said = NOTHING
    if worst is not None:
        unit = f" {worst.unit}" if worst.unit else ""
        said = f"{_line(worst.dataset)}, {_line(worst.group)}: {_number(worst.value)} of {_number(worst.limit)}{unit}"
    counts = (len({each.dataset for each in found}), sum(each.rows for each in found), len(found))
    within = sum(1 for each in found if each.ok)
    typical = _percent(median(errors)) if errors else NOTHING
    return [title, *(f"{count:,}" for count in counts), str(within), typical, said]


_ERRORS = ("mape", "median_ape")


def markdown(outcomes: Iterable[Outcome]) -> str:
    """Write outcomes as a GitHub-flavoured table, remarks below it."""
    shown = list(outcomes)
    notes = [f"- {line}" for line in remarks(shown)]
    return "\n".join([as_markdown(table(shown)), "", *notes] if notes else [as_markdown(table(shown))])


def as_markdown(shown: Table) -> str:
    """Write any table as a GitHub-flavoured one."""
    heads = [column.heading for column in shown.columns]
    rules = ["---:" if column.right else "---" for column in shown.columns]
    return "\n".join([_row(heads), _row(rules), *(_row(texts) for texts in shown.texts())])


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _line(text: str) -> str:
    return " ".join(text.split())
