"""``archsim optimise``: the best design of a space, within constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.cli.screen import Block
    from archsim.study.optimise.result import Optimum

SEARCH = "Search"
EXAMPLE: Final = "array.rows=64,128,256"
Over = Annotated[
    list[str],
    typer.Option("--over", metavar="PATH=LOW:HIGH[:COUNT][:log] | PATH=A,B,...", show_default=False,
                 help="What is searched: a leaf of the machine, workload.NAME or policy.NAME.", rich_help_panel=SEARCH),
]  # fmt: skip
Follow = Annotated[
    list[str] | None,
    typer.Option("--follow", metavar="PATH=SUM", help="What follows from it: a sum of products of numbers and paths, "
                 "such as memory.vmem.capacity=3*buffers.input.", rich_help_panel=SEARCH),
]  # fmt: skip
Objective = Annotated[
    list[str] | None,
    typer.Option("--objective", "-O", metavar="METRIC", help="What is to be small (throughput: large): latency, "
                 "energy, edp, power, throughput, or NAME: SUM; once for each objective.", rich_help_panel=SEARCH),
]  # fmt: skip
Limits = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="'METRIC <= BOUND'", help="Constraint, such as 'power <= 75 W' or 'area: "
                 "1.3e-9*array.rows*array.columns <= 1e-4'.", rich_help_panel=SEARCH),
]  # fmt: skip
Method = Annotated[
    str,
    typer.Option("--method", metavar="NAME", help="auto, differential-evolution, nsga2, nsga3, tpe, exhaustive or "
                 "random.", rich_help_panel=SEARCH),
]  # fmt: skip
Budget = Annotated[
    str, typer.Option("--budget", metavar="N", help="Designs that may be asked for.", rich_help_panel=SEARCH)
]
Population = Annotated[
    str, typer.Option("--population", metavar="N", help="Designs of one batch.", rich_help_panel=SEARCH)
]
Seed = Annotated[str, typer.Option("--seed", metavar="N", help="Seed of chance.", rich_help_panel=SEARCH)]


def optimise(
    workload: options.Workload,
    hardware: options.Hardware,
    over: Over,
    follow: Follow = None,
    objective: Objective = None,
    limit: Limits = None,
    method: Method = "auto",
    budget: Budget = "2000",
    population: Population = "50",
    seed: Seed = "0",
    batch: options.Batch = None,
    param: options.Parameter = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    top: options.Top = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Search a space of designs for the best, each generation as one batch.

    The log of all designs is in --json and --csv.
    """
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.cli.progress import progress
    from archsim.cli.sweep import Named
    from archsim.study.optimise.search import optimise as searched

    where = target(as_json, as_csv, output)
    shown = 10 if top is None else inputs.whole_number("--top", top)
    numbers: dict[str, Any] = {
        "budget": inputs.whole_number("--budget", budget),
        "population": inputs.whole_number("--population", population, least=2),
        "seed": inputs.whole_number("--seed", seed, least=0),
    }
    chosen = inputs.make_policy(policy)
    machine = inputs.load_machine(hardware, sets)
    designs = space(over, follow, machine)
    graph: Any = Named(workload, batch, tuple(param or ()))
    if not any(path.startswith("workload.") for path in designs):
        graph = graph()
    with progress("optimise") as report:
        found = searched(
            graph, machine, designs, chosen, objective=objective or ["edp"], constraints=limit, method=method,
            progress=report, **numbers,
        )  # fmt: skip
    deliver(
        where,
        data=found.to_dict,
        blocks=lambda: _blocks(found, shown),
        table=found.log,
        warnings=found.warnings,
    )
    if found.interrupted:
        from archsim.cli.process import EXIT_INTERRUPTED

        raise typer.Exit(EXIT_INTERRUPTED)


def space(over: list[str], follow: list[str] | None, machine: Chip | System) -> dict[str, Any]:
    """Read ``--over`` and ``--follow``.

    Raises
    ------
    UsageError
        A text that is neither values nor an interval, or a path that is set twice.
    """
    from archsim.cli.inputs import pairs
    from archsim.cli.sweep import values
    from archsim.errors import UsageError
    from archsim.study.optimise.form import Form

    found: dict[str, Any] = {path: values(path, text) for path, text in pairs("--over", over, example=EXAMPLE).items()}
    for path, text in pairs("--follow", follow, example="memory.vmem.capacity=3*buffers.input").items():
        if path in found:
            raise UsageError(f"--over and --follow both set {path!r}", hint="keep one of them")
        form = Form.read(text)

        def following(columns: Any, form: Form = form) -> Any:
            return form.over(columns, len(next(iter(columns.values()))), machine)

        found[path] = following
    return found


def _blocks(found: Optimum, top: int) -> list[Block]:
    from archsim.cli.screen import Facts

    problem = found.problem
    size = "infinitely many" if problem.space.size == float("inf") else f"{problem.space.size:.10g}"
    rows = (
        ("hardware", problem.machine.name),
        ("objective", ", ".join(each.name for each in found.objectives)),
        ("constraints", "; ".join(bound.text for bound in problem.bounds) or "none"),
        ("search", f"{found.method}, seed {found.seed}, {found.generations} batches"),
        ("designs", f"{size} in the space, {len(found)} judged, {int(found.feasible.sum())} within all constraints"),
    )
    return [Facts(rows), found.table(top)]
