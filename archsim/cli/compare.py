"""``archsim compare``: one workload on several machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.engine.table import Table
    from archsim.study.compare import Comparison

Iso = Annotated[
    list[str] | None,
    typer.Option("--iso", metavar="node=7nm|area|power|cost=NAME:PRICE,...", help="Compare on equal terms: moved to "
                 "one process node, and as many of each machine as one area, power or cost buys; several times for "
                 "several. area=400mm2 or power=300W names the budget, law=stillmaker another law between nodes.",
                 rich_help_panel="Hardware"),
]  # fmt: skip


def compare(
    workload: options.Workload,
    hardware: options.Machines,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    iso: Iso = None,
    by: options.By = None,
    top: options.Top = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Run one workload on several machines, side by side, as they are or on equal terms (--iso)."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.study.compare import compare as compared
    from archsim.study.terms import terms

    where = target(as_json, as_csv, output)
    chosen = inputs.make_policy(policy)
    view, rows = inputs.view(by), inputs.optional_number("--top", top)
    equal = terms(iso) if iso else None
    chips = [inputs.load_machine(name, sets) for name in hardware]
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    comparison = compared(graph, chips, chosen, iso=equal)
    deliver(
        where,
        data=comparison.to_dict,
        blocks=lambda: _blocks(comparison, hardware, view, rows),
        table=lambda: _joined(comparison, view, rows) if view else comparison.table(),
        warnings=comparison.warnings,
    )


def _blocks(comparison: Comparison, asked: list[str], view: str | None, top: int | None) -> list[Block]:
    from archsim.cli.run import assumptions, first
    from archsim.cli.screen import Line

    blocks: list[Block] = [comparison.table(), comparison.causes()]
    if comparison.terms is not None:
        blocks.append(comparison.terms_table())
        if any(side.factors for side in comparison.sides):
            blocks.append(comparison.factors())
    if view is not None:
        blocks += [first(result.table(view), top) for result in comparison.results]
    lines = [line for result, name in zip(comparison.results, asked, strict=True) for line in assumptions(result, name)]
    return [*blocks, Line("\n".join(dict.fromkeys(lines)), "dim")]


def _joined(comparison: Comparison, view: str, top: int | None) -> Table:
    """Put one view of all results into one table, the machine in front."""
    from archsim.cli.run import first
    from archsim.engine.table import Column, Table

    tables = [first(result.table(view), top) for result in comparison.results]
    rows = tuple((label, *row) for label, table in zip(comparison.labels, tables, strict=True) for row in table.rows)
    return Table("", (Column("hardware", "machine"), *tables[0].columns), rows)
