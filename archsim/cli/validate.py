"""``archsim validate``: hold the models against measured tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from archsim.cli import options

MISS: Final = 1
"""Exit code of ``--strict`` on a miss, and of ``--baseline`` when a check got worse."""


def validate(
    family: Annotated[str | None, typer.Option(metavar="NAME", help="Only checks of this family.")] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="Only the check of this table.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read tables of your own, found by name below this folder.")
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option("--transfer", help="Judge GPUs with kernels fitted on other generations instead, all pairs."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 on a miss, or when nothing was compared.")] = False,
    baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Exit 1 if a check is worse than in this file.", rich_help_panel="Baseline"),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write what was reached to this file.", rich_help_panel="Baseline"),
    ] = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a Markdown table.", rich_help_panel="Output")
    ] = False,
    output: options.Output = None,
) -> None:
    """Hold the models against measured tables, the shipped ones or your own."""
    from archsim.cli import notices
    from archsim.cli.output import deliver, target
    from archsim.cli.screen import Line
    from archsim.errors import UsageError
    from archsim.validation import find_checks, run_validation, to_json
    from archsim.validation import transfer as between
    from archsim.validation.baseline import read_baseline, worsened
    from archsim.validation.baseline import write_baseline as write
    from archsim.validation.outcome import misses
    from archsim.validation.present import markdown, remarks, table

    where = target(as_json, as_csv, output)
    if as_markdown and where.form != "text":
        raise UsageError(f"--markdown and --{where.form} ask for two forms at once", hint="keep one of them")
    if transfer:
        found = between.transfers()
        deliver(
            where,
            data=lambda: between.to_json(found),
            blocks=lambda: [between.table(found)],
            table=lambda: between.table(found),
        )
        return
    before = read_baseline(baseline) if baseline else {}
    names = [each.dataset for each in find_checks(family, dataset)]
    outcomes = run_validation(data, family, dataset)
    deliver(
        where,
        data=lambda: to_json(outcomes),
        blocks=lambda: (
            [Line(markdown(outcomes))] if as_markdown else [table(outcomes), Line("\n".join(remarks(outcomes)))]
        ),
        table=lambda: table(outcomes),
    )
    if not outcomes:
        notices.notice("nothing compared", f"tables with a check are {', '.join(names) or 'none'}")
    news = worsened(outcomes, before, names)
    for line in news:
        notices.notice("worse", line)
    if write_baseline:
        write(write_baseline, outcomes)
    compared = any(outcome.rows for outcome in outcomes)
    if news or (strict and (misses(outcomes) or not compared)):
        raise typer.Exit(MISS)
