"""``archsim sweep``: what changes when parameters of the machine, the workload or the policy change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from archsim.cli import options
from archsim.cli.process import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from archsim.cli.screen import Block
    from archsim.study.axes import Values
    from archsim.study.swept import Sweep

EXAMPLE: Final = "memory.hbm.bandwidth=1TB/s:4TB/s:7:log"
ROWS: Final = 20
"""Rows shown unless told otherwise."""

Over = Annotated[
    list[str],
    typer.Option("--over", metavar="PATH=LOW:HIGH[:COUNT][:log] | PATH=A,B,...", show_default=False,
                 help="What varies: a leaf of the machine, workload.NAME, policy.NAME, hardware or workload."),
]  # fmt: skip
Mode = Annotated[
    str,
    typer.Option("--mode", metavar="grid|zip|latin-hypercube|sobol",
                 help="Every combination, side by side, or samples of the space."),
]  # fmt: skip
Samples = Annotated[
    str | None, typer.Option("--samples", "-n", metavar="N", help="Samples, for latin-hypercube and sobol.")
]
Seed = Annotated[str, typer.Option("--seed", metavar="N", help="Of the samples.")]
Metric = Annotated[
    str | None,
    typer.Option("--metric", metavar="NAME", help="Show the points with the smallest of it first: latency, energy, "
                 "power, edp, energy_per_item, energy.CAUSE ...", rich_help_panel="Output"),
]  # fmt: skip
Folder = Annotated[
    str | None,
    typer.Option("--store", metavar="DIR", help="Keep results here, and go on where an earlier sweep stopped.",
                 rich_help_panel="Where it runs"),
]  # fmt: skip
Jobs = Annotated[
    str | None,
    typer.Option("--jobs", "-j", metavar="N", help="Processes to share it between.", rich_help_panel="Where it runs"),
]
Cluster = Annotated[
    str | None,
    typer.Option("--cluster", metavar="tcp://HOST:PORT", help="Scheduler of dask.distributed that deals it out.",
                 rich_help_panel="Where it runs"),
]  # fmt: skip
Parquet = Annotated[
    str | None, typer.Option("--parquet", metavar="FILE", help="Also write Parquet.", rich_help_panel="Output")
]


def sweep(
    workload: options.Workload,
    hardware: options.Hardware,
    over: Over,
    mode: Mode = "grid",
    samples: Samples = None,
    seed: Seed = "0",
    batch: options.Batch = None,
    param: options.Parameter = None,
    sets: options.Set = None,
    policy: options.Policies = None,
    store: Folder = None,
    jobs: Jobs = None,
    cluster: Cluster = None,
    metric: Metric = None,
    top: options.Top = None,
    parquet: Parquet = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    output: options.Output = None,
) -> None:
    """Evaluate a workload on a machine at every point of a space of parameters.

    archsim sweep resnet50 a100-sxm4-80gb --over memory.hbm.bandwidth=1TB/s:4TB/s:7:log --over policy.fusion=none,full
    """
    from archsim.cli import inputs
    from archsim.cli.output import deliver, target, writable
    from archsim.cli.progress import progress
    from archsim.study.points import known_metric
    from archsim.study.sweep import SweepInterrupted
    from archsim.study.sweep import sweep as swept

    where = target(as_json, as_csv, output)
    columnar = writable(parquet) if parquet is not None else None
    rows = inputs.optional_number("--top", top) or ROWS
    ranked = known_metric(metric) if metric is not None else None
    count = inputs.optional_number("--samples", samples)
    start = inputs.whole_number("--seed", seed, least=0)
    chosen = inputs.make_policy(policy)
    space = {path: values(path, text) for path, text in inputs.pairs("--over", over, example=EXAMPLE).items()}
    network = _network(workload, space, inputs.WorkloadOptions(batch, None, param))
    machine = inputs.load_machine(hardware, sets)
    stopped = False
    with _executor(jobs, cluster) as executor, progress("sweeping") as report:
        try:
            found = swept(network, machine, space, chosen, mode=mode, samples=count, seed=start, store=store,
                          executor=executor, progress=report)  # fmt: skip
        except SweepInterrupted as stop:
            found, stopped = stop.sweep, True
    if not found.points.ok.any() and not stopped:
        _nothing(found)
    if columnar is not None:
        found.to_parquet(columnar)
    deliver(
        where,
        data=found.to_dict,
        blocks=lambda: _blocks(found, ranked, rows, store),
        table=lambda: Sorted(found, ranked),
        warnings=found.warnings,
    )
    if stopped:
        raise typer.Exit(EXIT_INTERRUPTED)


def values(path: str, text: str) -> Values:
    """Read what a path may be: ``LOW:HIGH``, with a count and ``log`` behind it, or a list with commas.

    Raises
    ------
    UsageError
        Neither.
    """
    from archsim.cli.inputs import whole_number
    from archsim.errors import UsageError
    from archsim.study.axes import Span

    problem = f"--over {path}={text}"
    if ":" not in text:
        listed = [part.strip() for part in text.split(",")]
        if not all(listed):
            raise UsageError(f"{problem}: a value is missing", hint="write e.g. policy.fusion=none,full")
        return [_typed(path, part) for part in listed]
    parts = [part.strip() for part in text.split(":")]
    log = parts[-1] == "log"
    parts = parts[:-1] if log else parts
    if len(parts) not in (2, 3) or not all(parts):
        raise UsageError(problem, hint=f"write PATH=LOW:HIGH:COUNT, such as {EXAMPLE}")
    count = whole_number(f"{problem}: count", parts[2], least=2) if len(parts) == 3 else 0
    return Span(_typed(path, parts[0]), _typed(path, parts[1]), count, log)


def _typed(path: str, text: str) -> Any:
    """Read the arguments of a workload as whole numbers where they are; all else is read by what it belongs to."""
    return int(text) if path.startswith("workload.") and text.isdecimal() else text


def _network(name: str, space: dict[str, Any], given: Any) -> Any:
    """Build the workload, unless its own arguments vary: then return what builds it."""
    from archsim.cli import inputs
    from archsim.errors import UsageError

    if "workload" in space:
        if given.batch or given.parameter:
            raise UsageError("--over workload names other workloads, which have no --batch and --param of this one",
                             hint="write --over workload.batch=1,8")  # fmt: skip
        return name
    varied = [path.removeprefix("workload.") for path in space if path.startswith("workload.")]
    if not varied:
        return inputs.load_workload(name, given)
    fixed = inputs.pairs("--param", given.parameter, example="sequence=2048")
    for argument in varied:
        if argument in fixed or (argument == "batch" and given.batch is not None):
            raise UsageError(f"--over workload.{argument} and another option both set {argument!r}",
                             hint="keep one of them")  # fmt: skip
    return Named(name, given.batch, tuple(given.parameter or ()))


class Named:
    """A workload of which some arguments are still to come."""

    def __init__(self, name: str, batch: str | None, parameters: tuple[str, ...]) -> None:
        self.name, self.batch, self.parameters = name, batch, parameters

    def __call__(self, **arguments: Any) -> Any:
        """Build the graph."""
        from archsim.cli.inputs import WorkloadOptions, load_workload

        more = [f"{name}={value}" for name, value in arguments.items()]
        return load_workload(self.name, WorkloadOptions(self.batch, None, [*self.parameters, *more]))


@contextmanager
def _executor(jobs: str | None, address: str | None) -> Iterator[Executor | None]:
    from archsim.cli.inputs import optional_number
    from archsim.errors import UsageError

    count = optional_number("--jobs", jobs)
    if count is not None and address is not None:
        raise UsageError("--jobs and --cluster name two places", hint="keep one of them")
    if address is not None:
        from archsim.study.executors import cluster

        with cluster(address) as executor:
            yield executor
    elif count is not None:
        from archsim.study.executors import Processes

        with Processes(count) as executor:
            yield executor
    else:
        yield None


@dataclass(frozen=True)
class Sorted:
    """A sweep in the order of a metric."""

    sweep: Sweep
    metric: str | None

    def to_csv(self) -> str:
        """Return it as CSV."""
        return self.sweep.to_csv(_order(self.sweep, self.metric), _metrics(self.metric))


def _nothing(found: Sweep) -> None:
    from archsim.errors import UnsupportedError

    first = " ".join(f"{path}={value}" for path, value in found.point(0).items())
    raise UnsupportedError(f"none of the {len(found)} points has a result: {found.points.reasons[0]}",
                           hint=f"archsim run says more of one of them, such as {first}")  # fmt: skip


def _metrics(ranked: str | None) -> tuple[str, ...]:
    """Return what is shown, with the metric asked for."""
    from archsim.study.swept import SHOWN

    return SHOWN if ranked is None or ranked in SHOWN else (ranked, *SHOWN)


def _order(found: Sweep, metric: str | None) -> list[int] | None:
    import numpy as np

    if metric is None:
        return None
    order: list[int] = np.argsort(found.points[metric], kind="stable").tolist()
    return order


def _blocks(found: Sweep, metric: str | None, rows: int, store: str | None) -> list[Block]:
    from archsim.cli.screen import Facts, Line

    shown = (_order(found, metric) or list(range(len(found))))[:rows]
    blocks: list[Block] = [found.table(shown, _metrics(metric))]
    if len(found) > len(shown):
        order = f" by {metric}" if metric else ""
        blocks.append(Line(f"the first {len(shown)} of {len(found)} points{order}; all of them: --csv -o FILE"))
    if found.points.ok.any():
        blocks.append(Facts(tuple((f"least {name}", _where(found, name)) for name in ("latency", "energy", "edp"))))
    if store is not None:
        blocks.append(Line(f"{found.found} of {len(found)} points were in the store {store}"))
    return blocks


def _where(found: Sweep, metric: str) -> str:
    index = found.best(metric)
    table = found.table([index])
    texts = dict(zip([column.key for column in table.columns], table.texts()[0], strict=True))
    return ", ".join(f"{path} = {texts[path]}" for path in found.columns)
