"""``archsim sensitivity``: which numbers of a machine a result hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.study.sensitivity import Sensitivity

Of = Annotated[str, typer.Option("--of", metavar="latency|energy|energy_delay", help="What hangs on them.")]
Samples = Annotated[
    str | None,
    typer.Option("--samples", metavar="N", help="Draws of the total indices, a power of two; 0: none."),
]  # fmt: skip
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="The same seed gives the same draws.")]
SHOWN = 20
"""Rows of the tornado shown to people, unless they ask for another number."""


def sensitivity(
    workload: options.Workload,
    hardware: options.Hardware,
    of: Of = "latency",
    samples: Samples = None,
    seed: Seed = None,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    top: options.Top = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Find the numbers of a machine that a result hangs on: elasticities, a tornado, shares of the variance."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.study.sensitivity import SAMPLES, only
    from archsim.study.sensitivity import sensitivity as hangs_on

    where = target(as_json, as_csv, output)
    chosen = inputs.make_policy(policy)
    rows = inputs.optional_number("--top", top)
    draws = SAMPLES if samples is None else inputs.whole_number("--samples", samples, least=0)
    begin = 0 if seed is None else inputs.whole_number("--seed", seed, least=0)
    machine = inputs.load_machine(hardware, sets)
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    found = hangs_on(graph, machine, chosen, metric=of, samples=draws, seed=begin)
    deliver(
        where,
        data=only(found, rows).to_dict,
        blocks=lambda: _blocks(found, rows or SHOWN),
        table=only(found, rows).table,
        warnings=found.result.warnings,
    )


def _blocks(found: Sensitivity, rows: int) -> list[Block]:
    from archsim.cli.screen import Line
    from archsim.study.sensitivity import only

    blocks: list[Block] = [only(found, rows).table()]
    if found.indices:
        blocks.append(found.shares())
    rest = max(0, len(found.effects) - rows)
    silent = found.numbers - len(found.effects)
    said = f"{rest} more numbers do less (--top {len(found.effects)}); " if rest else ""
    return [*blocks, Line(f"{said}{silent} of {found.numbers} numbers do nothing to it", "dim")]
