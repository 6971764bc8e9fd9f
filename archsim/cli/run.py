"""``archsim run``: one workload on one machine."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.cli.screen import Block
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.engine.table import Table
    from archsim.graph.graph import Graph

SHOWN: Final = 10
"""Ops listed when nothing else is said."""
CORE: Final = "core"
"""Table of the cores of a spiking machine, which is no part of a result."""


def run(
    workload: options.Workload,
    hardware: options.Hardware,
    batch: options.Batch = None,
    bind: options.Bind = None,
    param: options.Parameter = None,
    unknown: options.Unknown = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    by: options.ByOrCore = None,
    top: options.Top = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
    trace: options.Trace = None,
) -> None:
    """Run one workload on one machine: time, energy, what binds."""
    from archsim.cli import inputs, scalesim
    from archsim.cli.output import deliver, target, writable
    from archsim.cli.screen import Line
    from archsim.engine.evaluate import evaluate

    reports = as_csv and not as_json and by is None and _reports(hardware, sets)
    where = target(as_json, as_csv, None if reports else output)
    into = scalesim.folder(output) if reports else None
    traced = None if trace is None else writable(trace)
    chosen = inputs.make_policy(policy)
    view, rows = inputs.view(by, CORE), inputs.optional_number("--top", top)
    chip = inputs.load_machine(hardware, sets)
    graph = inputs.load_workload(workload, inputs.WorkloadOptions(batch, bind, param, unknown))
    result = evaluate(graph, chip, chosen)
    chosen_table = _table(view, graph, chip, chosen, result)
    if traced is not None:
        from archsim.report.trace import write_trace

        write_trace(result, traced)
    if reports:
        scalesim.deliver(graph, chip, into)
        return
    deliver(
        where,
        data=lambda: result.to_dict() | ({"cores": chosen_table.to_dicts()} if view == CORE and chosen_table else {}),
        blocks=lambda: [
            *summary(result),
            *_detail(result, chosen_table, rows),
            Line("\n".join(assumptions(result, hardware)), "dim"),
        ],
        table=lambda: first(chosen_table or result.table("op"), rows),
        warnings=result.warnings,
    )


def _table(view: str | None, graph: Graph, chip: Chip | System, chosen: Policy, result: Result) -> Table | None:
    """Return the table that was asked for."""
    if view is None:
        return None
    if view == CORE:
        from archsim.engine.inputs import chip_of
        from archsim.study.cores import core_table

        return core_table(graph, chip_of(chip), chosen)
    return result.table(view)


def _reports(hardware: str, sets: list[str] | None) -> bool:
    """Say whether a machine counts as SCALE-Sim does: its table is then SCALE-Sim's three reports."""
    from archsim.cli import inputs
    from archsim.report.scalesim import is_compatible

    return is_compatible(inputs.load_machine(hardware, sets))


def summary(result: Result) -> Iterable[Block]:
    """Yield the head of a result: what it is, its totals, and energy by cause."""
    from archsim.cli.screen import Bars, Facts, Line
    from archsim.cli.show_workload import origin
    from archsim.engine.table import fraction, share
    from archsim.engine.tables import count
    from archsim.units import DATA, ENERGY, POWER, TIME, format_quantity

    yield Line(f"{result.workload} on {result.hardware}", "bold")
    bound = fraction(result.exposed[result.bound], result.latency)
    per_item = format_quantity(fraction(result.energy, result.items), ENERGY)
    kept = format_quantity(result.memory.total, DATA) if result.memory else "unknown"
    yield Facts(
        (
            ("latency", format_quantity(result.latency, TIME)),
            *(
                (("interval", f"{format_quantity(result.interval, TIME)} from one run to the next"),)
                if result.interval != result.latency
                else ()
            ),
            ("throughput", f"{count(result.throughput)} {result.item}s/s"),
            ("energy", f"{format_quantity(result.energy, ENERGY)}, {per_item} per {result.item}"),
            ("power", f"{format_quantity(result.power, POWER)} of the {result.boundary}"),
            ("overhead", f"{share(result.von_neumann_share)} of the energy starts instructions and moves data"),
            ("work", f"{count(result.macs)} MAC"),
            ("memory", kept),
            *(fact for fact in origin(result.parameters) if fact[0] == "coverage"),
            ("bound by", f"{result.bound}, {100 * bound:.1f} % of the time"),
        )
    )
    causes = sorted(((name, joules) for name, joules in result.energy_by_cause.items() if joules), key=lambda c: -c[1])
    if causes:
        yield Bars(
            "energy by cause",
            tuple((name.replace("_", " "), format_quantity(j, ENERGY), j / result.energy) for name, j in causes),
        )


def first(table: Table, top: int | None) -> Table:
    """Keep the first rows of a table; those of ops are put in order of their time first."""
    if top is None or len(table.rows) <= top:
        return table
    keys = [column.key for column in table.columns]
    rows = table.rows
    if "share" in keys and "name" in keys:
        rows = tuple(sorted(rows, key=lambda row: -row[keys.index("share")]))
    return replace(table, rows=rows[:top])


def _detail(result: Result, asked: Table | None, top: int | None) -> Iterable[Block]:
    alone = {"placed_on"} if len({row.placed_on for row in result.ops}) == 1 else set()
    if asked is not None:
        yield without(first(asked, top), alone)
        return
    table = result.table("op")
    shown = first(table, top or SHOWN)
    rest = len(table.rows) - len(shown.rows)
    if rest:
        title = f"{len(shown.rows)} of {len(table.rows)} distinct ops, by time; one execution of each"
        shown = replace(shown, title=title)
    yield without(shown, {"bytes", *alone})


def without(table: Table, keys: Collection[str]) -> Table:
    """Leave out some columns of a table, so that it fits a window."""
    kept = [index for index, column in enumerate(table.columns) if column.key not in keys]
    rows = tuple(tuple(row[index] for index in kept) for row in table.rows)
    return replace(table, columns=tuple(table.columns[index] for index in kept), rows=rows)


def assumptions(result: Result, asked: str) -> list[str]:
    """Say how many values rest on assumptions, and the command that lists them; one line per machine."""
    counted: dict[str, int] = {}
    for text in result.assumed:
        machine = text.partition(": ")[0]
        counted[machine] = counted.get(machine, 0) + 1
    lines = []
    for machine, many in counted.items():
        name = asked if machine == result.hardware else machine
        amount = f"1 value of {machine} is" if many == 1 else f"{many} values of {machine} are"
        lines.append(f"{amount} assumed: archsim cite {name}")
    return lines
