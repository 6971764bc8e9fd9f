"""``archsim calibrate cpu``: measure this machine and write its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from archsim.cli import options

if TYPE_CHECKING:
    from archsim.cli.screen import Block
    from archsim.engine.table import Table
    from archsim.study.this_machine import Measurements
    from archsim.study.this_machine.samples import Sample

FILE: Final = "this-machine.yaml"
FAMILIES: Final = ("cpu",)
"""What there are measurements for."""


def calibrate(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="What to measure: cpu.", show_default=False)],
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Description to write.", rich_help_panel="Output")
    ] = FILE,
    force: Annotated[
        bool,
        typer.Option("--force", help="Measure on a busy machine too, and replace the file if it is there."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Measure this machine and write its description; Linux, about half a minute."""
    from archsim.cli import notices
    from archsim.cli.output import deliver, target, writable
    from archsim.cli.progress import progress
    from archsim.errors import UnknownNameError, UsageError
    from archsim.study import this_machine

    if family not in FAMILIES:
        raise UnknownNameError("family to measure", family, FAMILIES, hint="write: archsim calibrate cpu")
    where = target(as_json)
    file = writable(output)
    if file.suffix.lower() not in (".yaml", ".yml"):
        raise UsageError(f"--output {output!r} is no .yaml file", hint=f"write --output {FILE}")
    if file.exists() and not force:
        raise UsageError(f"{output!r} is there already", hint="name another file with --output, or add --force")
    with progress("measuring") as report:
        found = this_machine.measure(force=force, report=report)
    this_machine.write(found, file, replace=True)
    notes = warnings(found)
    deliver(
        where,
        data=lambda: {**data(found), "file": str(file), "warnings": notes},
        blocks=lambda: blocks(found),
        warnings=notes,
    )
    notices.notice("wrote", f"{file}; next: archsim validate --family cpu --this-machine {file}")


def warnings(found: Measurements) -> list[str]:
    """Return what a reader must know: what else ran, and how far repeats differed."""
    from archsim.study.this_machine.timing import STEADY, typical_variation

    said = []
    if found.load.crowded:
        said.append(f"other programs used the machine ({found.load}): measure again when it is quiet")
    variation = typical_variation(found.timings)
    if variation > STEADY:
        said.append(f"repeats of a typical measurement differ by {100 * variation:.0f} %: measure again")
    return said


def blocks(found: Measurements) -> list[Block]:
    """Return what people read: the machine, its levels, and the sweep."""
    from archsim.cli.screen import Facts, Line
    from archsim.study.this_machine.cores import nearest
    from archsim.study.this_machine.timing import typical_variation
    from archsim.units import TIME, format_quantity

    host = found.host
    cores = f"{host.cores} of {host.logical} logical CPUs, one per physical core"
    if host.quota < len(host.cpus):
        cores += f"; the container may keep {host.quota:g} busy"
    rows = [
        ("cores", cores),
        ("described as", f"{nearest(host).name}: {nearest(host).why}"),
        ("clock", ", ".join(f"{1e-9 / each.seconds:.3g} GHz on {count}" for count, each in found.clock.items())),
        ("library", f"{found.blas}, numpy {found.numpy}"),
        ("call", format_quantity(found.call.seconds, TIME)),
        ("fork and join", format_quantity(found.fork_join.seconds, TIME) if host.cores > 1 else "none"),
        ("load", str(found.load)),
        ("repeats differ", f"by {100 * typical_variation(found.timings):.1f} %, typically"),
        ("took", f"{found.seconds:.0f} s"),
    ]
    return [Line(host.model, "bold"), Facts(tuple(rows)), _levels(found), _sweep(found)]


def _levels(found: Measurements) -> Table:
    from archsim.engine.table import Column, Table
    from archsim.study.this_machine.levels import levels
    from archsim.units import BANDWIDTH, DATA, TIME

    columns = (Column("level", "level"), Column("instances", "instances", show=str),
               Column("capacity_B", "capacity", DATA), Column("latency_s", "latency", TIME),
               Column("one_B/s", "one core", BANDWIDTH), Column("all_B/s", "all cores", BANDWIDTH))  # fmt: skip
    rows = tuple((each.name, each.instances, float(each.capacity), each.latency, each.one, each.all)
                 for each in levels(found))  # fmt: skip
    return Table("", columns, rows)


def _sweep(found: Measurements) -> Table:
    from archsim.engine.table import Column, Table
    from archsim.units import TIME

    columns = (Column("op", "op"), Column("shape", "shape"), Column("time_s", "time", TIME),
               Column("gflops", "GFLOP/s", show=lambda value: f"{value:.4g}" if value else "-"),
               Column("variation", "varies", show=lambda value: f"{100 * value:.0f} %"))  # fmt: skip
    return Table("", columns, tuple(
        (sample.op, sample.shape, timing.seconds, _rate(sample, timing.seconds), timing.variation)
        for sample, timing in found.samples
    ))  # fmt: skip


def _rate(sample: Sample, seconds: float) -> float:
    """Return what a sample computes per second, zeros left out, GFLOP/s."""
    done = 0.0
    for op in sample.graph.ops:
        done += 2e-9 * op.work.macs * min(sample.graph.tensors[name].density for name in op.inputs)
    return done / seconds


def data(found: Measurements) -> dict[str, Any]:
    """Return what programs read."""
    from archsim.study.this_machine.levels import levels
    from archsim.study.this_machine.timing import typical_variation

    host = found.host
    return {
        "schema_version": 1,
        "model": host.model,
        "cores": host.cores,
        "logical_cpus": host.logical,
        "quota_cpus": host.quota,
        "date": found.date,
        "blas": found.blas,
        "numpy": found.numpy,
        "load_average_per_core": found.load.average,
        "busy": found.load.busy,
        "crowded": found.load.crowded,
        "clock_hz_by_cores": {str(count): 1.0 / each.seconds for count, each in found.clock.items()},
        "call_s": found.call.seconds,
        "fork_join_s": found.fork_join.seconds,
        "variation": typical_variation(found.timings),
        "seconds": found.seconds,
        "levels": [
            {"name": each.name, "instances": each.instances, "capacity_b": each.capacity, "latency_s": each.latency,
             "one_core_bytes_per_s": each.one, "all_cores_bytes_per_s": each.all}
            for each in levels(found)
        ],
        "streams": [
            {"loop": each.loop, "working_set_b": each.size, "cores": each.threads, "bytes_per_s": each.rate,
             "variation": each.timing.variation}
            for each in found.streams
        ],
        "sweep": [
            {"op": sample.op, "shape": sample.shape, "time_s": timing.seconds, "variation": timing.variation}
            for sample, timing in found.samples
        ],
    }  # fmt: skip
