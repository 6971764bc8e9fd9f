"""``archsim codesign``: models and hardware chosen for one another in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli import options
from archsim.cli.optimise import Budget, Follow, Limits, Method, Over, Population, Seed, space

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.study.turns import CoDesign

Models = Annotated[
    list[str],
    typer.Argument(metavar="WORKLOAD...", help="Models that may replace one another: names or files.",
                   autocompletion=options.complete_workloads, show_default=False),
]  # fmt: skip
One = Annotated[
    str, typer.Option("--objective", "-O", metavar="METRIC", help="What is to be small.", rich_help_panel="Search")
]
Rounds = Annotated[str, typer.Option("--rounds", metavar="N", help="Turns from each start.", rich_help_panel="Search")]


def codesign(
    hardware: options.Hardware,
    models: Models,
    over: Over,
    follow: Follow = None,
    objective: One = "edp",
    limit: Limits = None,
    rounds: Rounds = "10",
    method: Method = "auto",
    budget: Budget = "2000",
    population: Population = "50",
    seed: Seed = "0",
    batch: options.Batch = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    as_json: options.AsJson = False,
    output: options.Output = None,
) -> None:
    """Choose the best model for the hardware and the best hardware for the model in turns: regret and lock-in.

    The models are taken as equally good; give some of one size.
    """
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.cli.progress import progress
    from archsim.errors import UsageError
    from archsim.study.codesign import codesign as chosen_in_turns

    where = target(as_json, output=output)
    numbers: dict[str, Any] = {
        "rounds": inputs.whole_number("--rounds", rounds),
        "budget": inputs.whole_number("--budget", budget),
        "population": inputs.whole_number("--population", population, least=2),
        "seed": inputs.whole_number("--seed", seed, least=0),
    }
    if len(set(models)) < len(models):
        twice = next(name for name in models if models.count(name) > 1)
        raise UsageError(f"{twice!r} is given twice", hint="name every model once")
    machine = inputs.load_machine(hardware, sets)
    graphs = {name: inputs.load_workload(name, inputs.WorkloadOptions(batch)) for name in models}
    how, designs = inputs.make_policy(policy), space(over, follow, machine)
    with progress("codesign") as report:
        found = chosen_in_turns(
            graphs, machine, designs, how, objective=objective, constraints=limit, method=method, progress=report,
            **numbers,
        )  # fmt: skip
    deliver(where, data=found.to_dict, blocks=lambda: _blocks(found))


def _blocks(found: CoDesign) -> list[Block]:
    from archsim.cli.screen import Facts

    rows = (
        ("fixed points", ", ".join(f"{name} ({times:.3g}x the best)" for name, times in found.lock_in.items())),
        ("best of all", found.best),
        ("regret", f"{max(found.off_diagonal):.3g}x at most on the hardware of another model"),
        ("price of generality", f"{found.price_of_generality:.3g}x"),
        ("winner concentration", f"{found.model_lottery.concentration:.3g}"),
        ("Kendall's tau", f"{found.agreement:.3g} between rankings of the models"),
    )
    return [found.table(), found.turns(), Facts(rows)]
