"""``archsim uncertainty``: how sure time and energy are, and how sure it is that one machine beats another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.study.uncertainty.monte_carlo import Uncertainty

Against = Annotated[
    str | None, typer.Option("--against", metavar="HARDWARE", help="Another machine: how often does the first beat it?")
]
Samples = Annotated[str | None, typer.Option("--samples", metavar="N", help="Draws; 10000 if left out.")]
Seed = Annotated[str | None, typer.Option("--seed", metavar="N", help="The same seed gives the same draws.")]
NumbersOnly = Annotated[
    bool, typer.Option("--numbers-only", help="Leave out the error of the model: only the machine's numbers vary.")
]


def uncertainty(
    workload: options.Workload,
    hardware: options.Hardware,
    against: Against = None,
    samples: Samples = None,
    seed: Seed = None,
    numbers_only: NumbersOnly = False,
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
    """Say how sure a result is: bands from what every number may be and from the error of the model."""
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.study.uncertainty.monte_carlo import SAMPLES
    from archsim.study.uncertainty.monte_carlo import uncertainty as bands

    where = target(as_json, as_csv, output)
    chosen = inputs.make_policy(policy)
    draws = inputs.optional_number("--samples", samples) or SAMPLES
    begin = 0 if seed is None else inputs.whole_number("--seed", seed, least=0)
    machine = inputs.load_machine(hardware, sets)
    other = None if against is None else inputs.load_machine(against)
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    found = bands(graph, machine, chosen, samples=draws, against=other, seed=begin, model=not numbers_only)
    deliver(
        where,
        data=found.to_dict,
        blocks=lambda: _blocks(found),
        table=found.table,
        warnings=found.warnings,
    )


def _blocks(found: Uncertainty) -> list[Block]:
    from archsim.cli.screen import Line

    ahead = found.ahead()
    blocks: list[Block] = [found.table()]
    if ahead is not None:
        blocks.append(ahead)
    numbers = sum(len(band.leaves) for band in found.bands)
    return [*blocks, Line(f"{numbers} numbers drawn, {found.samples} times; seed {found.seed}", "dim")]
