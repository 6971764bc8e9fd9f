"""``archsim explain``: the arithmetic behind a number and its sources; or why another machine takes more or less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.output import Target
    from archsim.cli.screen import Block
    from archsim.engine.explain import Explanation
    from archsim.engine.result import Result
    from archsim.study.difference import Difference

Of = Annotated[str, typer.Option("--of", metavar="latency|energy", help="What to explain.", rich_help_panel="Output")]
OneOp = Annotated[
    str | None,
    typer.Option("--op", metavar="NAME", help="Explain this op; left out: those that matter most.",
                 rich_help_panel="Output"),
]  # fmt: skip
Against = Annotated[
    str | None,
    typer.Option("--against", metavar="HARDWARE", help="Say why the machine takes more or less than this one, by cause "
                 "and by op.", rich_help_panel="Output"),
]  # fmt: skip
SHOWN = 12
"""Ops of a difference shown one by one, unless another number is asked for."""


def explain(
    workload: options.Workload,
    hardware: options.Hardware,
    of: Of = "latency",
    op: OneOp = None,
    against: Against = None,
    top: options.Top = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Show the arithmetic behind a result, law by law, with sources; or why it differs from another machine's."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.engine.evaluate import evaluate
    from archsim.errors import UsageError

    where = target(as_json, as_csv, output)
    if against is not None and op is not None:
        raise UsageError("--against tells every op, and --op one of them", hint="keep one of them")
    rows = inputs.optional_number("--top", top)
    if rows is not None and against is None:
        raise UsageError(f"--top {top!r} goes with --against", hint="an explanation has no rows")
    chosen = inputs.make_policy(policy)
    chip = inputs.load_machine(hardware, sets)
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    result = evaluate(graph, chip, chosen)
    if against is not None:
        _differ(where, result, evaluate(graph, inputs.load_machine(against), chosen), of, rows or SHOWN)
        return
    explanation = result.explain(of, op)
    key = "latency_s" if of == "latency" else "energy_j"
    head = {
        "schema_version": 1,
        "workload": result.workload,
        "hardware": result.hardware,
        "of": of,
        key: getattr(result, of),
        "warnings": list(result.warnings),
    }
    deliver(
        where,
        data=lambda: head | _data(explanation),
        blocks=lambda: _blocks(explanation),
        warnings=result.warnings,
    )


def _differ(where: Target, first: Result, second: Result, of: str, rows: int) -> None:
    """Deliver why one result differs from another."""
    from archsim.cli.output import deliver
    from archsim.study.difference import difference

    found = difference(first, second, of)
    deliver(
        where,
        data=found.to_dict,
        blocks=lambda: _waterfall(found, rows),
        table=lambda: found.table("op"),
        warnings=found.warnings,
    )


def _waterfall(found: Difference, rows: int) -> list[Block]:
    from archsim.cli.screen import Line

    return [Line(found.verdict, "bold"), found.table(), found.table("kind"), found.table("op", rows)]


def _data(explanation: Explanation) -> dict[str, Any]:
    from archsim.cli.cite import source_entries

    return {
        "explanation": explanation.to_dict(),
        "sources": source_entries(cited.source for cited in explanation.leaves.values()),
    }


def _blocks(explanation: Explanation) -> list[Block]:
    from archsim.cli.cite import source_entries
    from archsim.cli.screen import Facts, Line, Tree

    blocks: list[Block] = [Tree(explanation), *(Tree(note) for note in explanation.notes() if note.children)]
    entries = source_entries(cited.source for cited in explanation.leaves.values())
    if entries:
        blocks += [
            Line("sources", "bold"),
            Facts(tuple((key, f"{entry['title']} {entry['url']}".strip()) for key, entry in entries.items())),
        ]
    return blocks
