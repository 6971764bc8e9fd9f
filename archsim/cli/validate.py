"""``archsim validate``: hold the models against measured tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.output import Target
    from archsim.validation import Outcome
    from archsim.validation.tally import Pairs

MISS: Final = 1
"""Exit code of ``--strict`` on a miss, and of ``--baseline`` when a check got worse."""


def validate(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="With --this-machine: its description; this-machine.yaml if left out.",
            show_default=False,
        ),
    ] = None,
    family: Annotated[str | None, typer.Option(metavar="NAME", help="Only checks of this family.")] = None,
    dataset: Annotated[str | None, typer.Option(metavar="NAME", help="Only the check of this table.")] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Read tables of your own, found by name below this folder.")
    ] = None,
    transfer: Annotated[
        bool,
        typer.Option("--transfer", help="Judge GPUs with kernels fitted on other generations instead, all pairs."),
    ] = False,
    this_machine: Annotated[
        bool,
        typer.Option(
            "--this-machine",
            help="Time work on this machine now, and hold what archsim calibrate cpu wrote against it.",
            rich_help_panel="This machine",
        ),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Time it on a busy machine too.", rich_help_panel="This machine"),
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
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Draw predicted against measured, a picture per table (needs archsim[plot]).",
            rich_help_panel="Output",
        ),
    ] = None,
    output: options.Output = None,
) -> None:
    """Hold the models against measured tables, the shipped ones or your own."""
    from archsim.cli import notices
    from archsim.cli.output import deliver, target
    from archsim.cli.screen import Line
    from archsim.errors import UsageError
    from archsim.validation import find_checks, run_validation, to_json
    from archsim.validation import transfer as between
    from archsim.validation.baseline import of_family, read_baseline, worsened
    from archsim.validation.baseline import write_baseline as write
    from archsim.validation.outcome import misses
    from archsim.validation.present import markdown, remarks, table
    from archsim.validation.tally import overhear

    where = target(as_json, as_csv, output)
    if as_markdown and where.form != "text":
        raise UsageError(f"--markdown and --{where.form} ask for two forms at once", hint="keep one of them")
    if this_machine:
        others = {"--dataset": dataset, "--data": data, "--transfer": transfer, "--baseline": baseline,
                  "--write-baseline": write_baseline, "--markdown": as_markdown, "--plots": plots}  # fmt: skip
        _this_machine(file, family, [name for name, given in others.items() if given], where, force, strict)
        return
    if file is not None or force:
        said = f"{str(file)!r}" if file is not None else "--force"
        raise UsageError(f"{said} goes with --this-machine", hint="a table is named by --dataset NAME")
    if plots is not None:
        _check_folder(plots)
    if transfer:
        found = between.transfers()
        deliver(
            where,
            data=lambda: between.to_json(found),
            blocks=lambda: [between.table(found)],
            table=lambda: between.table(found),
        )
        return
    checks = find_checks(family, dataset)
    before = of_family(read_baseline(baseline), family, checks) if baseline else {}
    names = [each.dataset for each in checks]
    outcomes: list[Outcome] = []
    heard: dict[str, Pairs] = {}
    for name in names:
        with overhear() as heard[name]:
            outcomes += run_validation(data, family, name)
    deliver(
        where,
        data=lambda: to_json(outcomes),
        blocks=lambda: (
            [Line(markdown(outcomes))] if as_markdown else [table(outcomes), Line("\n".join(remarks(outcomes)))]
        ),
        table=lambda: table(outcomes),
    )
    if plots is not None:
        drawn = _draw(plots, heard)
        notices.notice("drawn", f"{len(drawn)} pictures in {plots}")
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


def _check_folder(folder: Path) -> None:
    """Make the folder of the pictures before anything long runs."""
    from archsim.errors import UsageError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--plots {str(folder)!r}: {error.strerror}", hint="name a folder") from error


def _draw(folder: Path, heard: Mapping[str, Pairs]) -> list[Path]:
    """Draw one picture per table that was compared."""
    from archsim.report.figures.canvas import save
    from archsim.report.figures.scatter import file_name, scatter

    return [save(scatter(name, rows), folder / file_name(name)) for name, rows in heard.items() if rows]


def _this_machine(
    file: Path | None, family: str | None, others: list[str], where: Target, force: bool, strict: bool
) -> None:
    from archsim.cli import this_machine
    from archsim.cli.output import deliver
    from archsim.errors import UsageError

    if others:
        raise UsageError(f"{others[0]} does not go with --this-machine", hint="leave one of them out")
    if family not in (None, "cpu"):
        raise UsageError(f"--family {family!r} does not go with --this-machine", hint="this machine is a cpu")
    described = this_machine.described(file)
    found = this_machine.hold_against(described, force=force)
    deliver(
        where,
        data=lambda: this_machine.data(found),
        blocks=lambda: this_machine.blocks(found),
        table=lambda: this_machine.table(found),
        warnings=this_machine.warnings(found),
    )
    if strict and not found.ok:
        raise typer.Exit(MISS)
