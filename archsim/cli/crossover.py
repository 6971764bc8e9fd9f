"""``archsim crossover``: from which size, or value of anything else, one machine beats another, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.cli.screen import Block
    from archsim.engine.policy import Policy
    from archsim.engine.table import Table
    from archsim.graph.graph import Graph
    from archsim.study.crossover import Crossover

Over = Annotated[
    str,
    typer.Option("--over", metavar="NAME=LOW:HIGH[:STEP]", help="What grows: a parameter of the workload, such as "
                 "width=1024:65536:128; or first.PATH, second.PATH or a PATH of both machines, such as "
                 "first.memory.hbm.bandwidth='1 TB/s:8 TB/s'; or policy.NAME.", rich_help_panel="Workload"),
]  # fmt: skip
Metric = Annotated[str, typer.Option("--metric", metavar="energy|latency|energy_delay", help="Compared per item.")]


def crossover(
    workload: options.Workload,
    first: options.Hardware,
    second: options.Hardware,
    over: Over,
    metric: Metric = "energy",
    batch: options.Batch = None,
    param: options.Parameter = None,
    policy: options.Policies = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Find the size, or the value of anything else, from which on the first machine beats the second.

    A parameter may follow the one that grows: --over width=1024:65536:128 -p heads=width/128.
    """
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target
    from archsim.study.crossover import crossover as crossed

    where = target(as_json, as_csv, output)
    chosen = inputs.make_policy(policy)
    one, other = (inputs.load_machine(machine, None) for machine in (first, second))
    name = over.partition("=")[0].strip()
    if "." in name:
        found = _along(workload, (one, other), chosen, over, metric, param, batch)
    else:
        name, low, high, step = _range(over)
        build = _builder(workload, name, param, batch)
        found = crossed(build, one, other, chosen, over=(low, high), step=step, metric=metric)
    deliver(
        where,
        data=found.to_dict,
        blocks=lambda: _blocks(found, name),
        table=lambda: _points(found, name),
        warnings=found.warnings,
    )


def _along(
    workload: str, machines: tuple[Chip | System, Chip | System], policy: Policy, over: str, metric: str,
    param: list[str] | None, batch: str | None,
) -> Crossover:  # fmt: skip
    """Find crossings over a parameter by its path."""
    from archsim.cli.inputs import WorkloadOptions, load_workload, pairs, whole_number
    from archsim.errors import UsageError
    from archsim.study.crossover import crossover as crossed

    ((name, span),) = pairs("--over", [over], example="first.clock='1 GHz:2 GHz'").items()
    ends = [end.strip() for end in span.split(":")]
    if len(ends) not in (2, 3) or not all(ends):
        raise UsageError(f"--over {over!r}", hint="write PATH=LOW:HIGH, or PATH=LOW:HIGH:STEP for whole numbers")
    step = whole_number("--over", ends[2]) if len(ends) == 3 else None

    def build(**sizes: float) -> Graph:
        given = [*(param or []), *(f"{key}={value}" for key, value in sizes.items())]
        return load_workload(workload, WorkloadOptions(batch, None, given))

    subject = build if name.startswith("workload.") else build()
    return crossed(subject, *machines, policy, over=(ends[0], ends[1]), step=step, parameter=name, metric=metric)


def _range(text: str) -> tuple[str, int, int, int]:
    from archsim.cli.inputs import pairs, whole_number
    from archsim.errors import UsageError

    ((name, span),) = pairs("--over", [text], example="width=1024:65536:128").items()
    numbers = span.split(":")
    if len(numbers) not in (2, 3):
        raise UsageError(f"--over {text!r}", hint="write NAME=LOW:HIGH or NAME=LOW:HIGH:STEP")
    low, high, step = (whole_number("--over", number) for number in (*numbers, "1")[:3])
    return name, low, high, step


def _builder(workload: str, swept: str, param: list[str] | None, batch: str | None) -> Callable[[int], Graph]:
    """Return what makes the graph of one size; parameters that follow the size are worked out."""
    from archsim.cli.inputs import WorkloadOptions, load_workload, pairs
    from archsim.errors import UsageError

    given = pairs("--param", param, example="sequence=2048")
    if swept in given:
        raise UsageError(f"--over and --param both set {swept!r}", hint="keep one of them")

    def build(size: int) -> Graph:
        values = [f"{name}={_follow(name, value, swept, size)}" for name, value in given.items()]
        return load_workload(workload, WorkloadOptions(batch, None, [f"{swept}={size}", *values]))

    return build


def _follow(name: str, value: str, swept: str, size: int) -> str:
    """Work out ``SWEPT/NUMBER`` or ``SWEPT*NUMBER``; any other value stays as it is."""
    from archsim.cli.inputs import whole_number
    from archsim.errors import UsageError

    if not value.startswith(swept):
        return value
    sign, number = value[len(swept) : len(swept) + 1], value[len(swept) + 1 :]
    if not sign:
        return str(size)
    if sign not in "*/":
        return value
    other = whole_number(f"--param {name}={swept}{sign}", number)
    if sign == "*":
        return str(size * other)
    if size % other:
        raise UsageError(
            f"--param {name}={value}: {swept} = {size} does not divide by {other}",
            hint=f"give --over a step that divides by {other}, such as {swept}=LOW:HIGH:{other}",
        )
    return str(size // other)


def _blocks(found: Crossover, name: str) -> list[Block]:
    from archsim.cli.screen import Line

    blocks: list[Block] = [_points(found, name), Line(found.verdict)]
    if found.metric == "energy":
        blocks += [_variants(found, name), _influences(found, name)]
    return blocks


def _points(found: Crossover, name: str) -> Table:
    from archsim.engine.table import Column, Table
    from archsim.study.crossover import amount
    from archsim.units import ENERGY, TIME

    item = found.points[0].first.item
    first, second = found.machines
    columns = (
        Column("size", name, show=found.show),
        Column("first_energy_j", f"{first}: per {item}", ENERGY), Column("first_latency_s", "time", TIME),
        Column("second_energy_j", f"{second}: per {item}", ENERGY), Column("second_latency_s", "time", TIME),
        Column("ratio", f"ratio of {found.metric}", show=lambda value: f"{value:.3g}"),
    )  # fmt: skip
    rows = tuple(
        (p.size, *(amount(r, metric) for r in (p.first, p.second) for metric in ("energy", "latency")), found.ratio(p))
        for p in found.points
    )
    return Table(f"{found.points[0].first.workload}: {first} against {second}", columns, rows)


def _variants(found: Crossover, name: str) -> Table:
    from archsim.engine.table import Column, Table

    columns = (Column("left_out", "energy of both"), Column("size", f"{found.machines[0]} is ahead"))
    everything = ("with everything", _where(found.crossings, found, name))
    rest = tuple((text, _where(crossings, found, name, text)) for text, crossings in found.variants.items())
    return Table("with and without", columns, (everything, *rest))


def _where(crossings: object, found: Crossover, name: str, variant: str = "") -> str:
    from archsim.study.crossover import VARIANTS, Crossing, amount

    listed = [each for each in crossings if isinstance(each, Crossing)]  # type: ignore[attr-defined]
    if listed:
        return "; ".join(f"{'from' if each.ahead == 0 else 'until'} {name} {found.show(each.size)}" for each in listed)
    causes = VARIANTS.get(variant, ())
    last = found.points[-1]
    return "everywhere" if amount(last.first, "energy", causes) < amount(last.second, "energy", causes) else "nowhere"


def _influences(found: Crossover, name: str) -> Table:
    from archsim.engine.table import Column, Table

    columns = (Column("hardware", "if this machine"), Column("cause", "paid nothing for"),
               Column("size", f"{found.machines[0]} would be ahead"))  # fmt: skip
    rows = tuple(
        (each.machine, each.cause.replace("_", " "), _size(each.size, name, found)) for each in found.influences
    )
    decides = "which cause decides: strongest first"
    if all(each.moved == 0.0 for each in found.influences):
        decides = "no single cause decides"
    return Table(decides, columns, rows)


def _size(size: float | None, name: str, found: Crossover) -> str:
    if size is None:
        return "not at the end"
    return f"from {name} {found.show(size)}" if size else "everywhere"
