"""Outcomes for people: one table, and below it why rows were skipped and what was only anchored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from archsim.engine.table import Column, Table
from archsim.validation.outcome import Outcome

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
            f"{about}anchor {_line(anchor.name)}, predicted {anchor.predicted:.4g}, measured {anchor.measured:.4g}"
            for anchor in outcome.anchors
        ]
    return lines


def markdown(outcomes: Iterable[Outcome]) -> str:
    """Write outcomes as a GitHub-flavoured table, remarks below it."""
    shown = list(outcomes)
    heads = [column.heading for column in _COLUMNS]
    rules = ["---:" if column.right else "---" for column in _COLUMNS]
    lines = [_row(heads), _row(rules), *(_row(texts) for texts in table(shown).texts())]
    notes = [f"- {line}" for line in remarks(shown)]
    return "\n".join([*lines, "", *notes] if notes else lines)


def _row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _line(text: str) -> str:
    return " ".join(text.split())
