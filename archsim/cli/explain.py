"""``archsim explain``: the arithmetic behind a number, and the sources of its constants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.engine.explain import Explanation

Of = Annotated[str, typer.Option("--of", metavar="latency|energy", help="What to explain.", rich_help_panel="Output")]
OneOp = Annotated[
    str | None,
    typer.Option("--op", metavar="NAME", help="Explain this op; left out: those that matter most.",
                 rich_help_panel="Output"),
]  # fmt: skip


def explain(
    workload: options.Workload,
    hardware: options.Hardware,
    of: Of = "latency",
    op: OneOp = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    as_json: options.AsJson = False,
    output: options.Output = None,
) -> None:
    """Show the arithmetic behind a result, law by law, with sources."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.engine.evaluate import evaluate

    where = target(as_json, output=output)
    chosen = inputs.make_policy(policy)
    chip = inputs.load_machine(hardware, sets)
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    result = evaluate(graph, chip, chosen)
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
