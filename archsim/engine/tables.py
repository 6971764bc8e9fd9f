"""The tables a result can be seen as."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from archsim.engine.table import Column, Table, share
from archsim.errors import UsageError, did_you_mean
from archsim.units import DATA, ENERGY, POWER, TIME

if TYPE_CHECKING:
    from archsim.engine.result import OpResult, Result


def count(value: float) -> str:
    """Write a large count with an SI prefix."""
    for size, prefix in ((1e18, "E"), (1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g} {prefix}"
    return f"{value:.4g}"


def result_table(result: Result, by: str) -> Table:
    """Return one view of a result.

    Raises
    ------
    UsageError
        No such view.
    """
    if by not in _VIEWS:
        hint = did_you_mean(by, _VIEWS) or f"write one of {', '.join(_VIEWS)}"
        raise UsageError(f"a result has no table by {by!r}", hint=hint)
    return _VIEWS[by](result)


def _summary(result: Result) -> Table:
    columns = (
        Column("workload", "workload"), Column("hardware", "hardware"), Column("latency_s", "latency", TIME),
        Column("energy_j", "energy", ENERGY), Column("power_w", "power", POWER),
        Column("throughput_per_s", f"{result.item}s/s", show=count), Column("bound", "bound by"),
    )  # fmt: skip
    row = (result.workload, result.hardware, result.latency, result.energy, result.power, result.throughput,
           result.bound)  # fmt: skip
    return Table("", columns, (row,))


def _ops(result: Result) -> Table:
    columns = (
        Column("name", "op"), Column("kind", "kind"), Column("count", "count", show=str),
        Column("macs", "MAC", show=count),
        Column("latency_s", "latency", TIME), Column("share", "of time", show=share),
        Column("energy_j", "energy", ENERGY), Column("bytes", "outermost bytes", DATA),
        Column("utilisation", "of peak", show=share), Column("bound", "bound by"), Column("placed_on", "on"),
    )  # fmt: skip
    rows = tuple(
        (op.name, op.kind, op.count, op.macs, op.latency, _part(op.latency * op.count, result.latency), op.energy,
         next(iter(op.bytes_by_level.values()), 0.0), op.utilisation, op.bound, op.placed_on)
        for op in result.ops
    )  # fmt: skip
    return Table(f"{result.workload} on {result.hardware}, one execution of each op", columns, rows)


def _kinds(result: Result) -> Table:
    columns = (
        Column("kind", "kind"), Column("executions", "executions", show=str), Column("flops", "FLOP", show=count),
        Column("flop_share", "of FLOP", show=share), Column("latency_s", "latency", TIME),
        Column("time_share", "of time", show=share), Column("energy_j", "energy", ENERGY),
    )  # fmt: skip
    groups: dict[str, list[OpResult]] = {}
    for op in result.ops:
        groups.setdefault(op.kind, []).append(op)
    everything = sum(op.flops * op.count for op in result.ops)
    rows = []
    for kind, ops in groups.items():
        flops = sum(op.flops * op.count for op in ops)
        latency = sum(op.latency * op.count for op in ops)
        rows.append((kind, sum(op.count for op in ops), flops, _part(flops, everything), latency,
                     _part(latency, result.latency), sum(op.energy * op.count for op in ops)))  # fmt: skip
    rows.sort(key=lambda row: -row[4])
    return Table(f"{result.workload} on {result.hardware} by kind of op", columns, tuple(rows))


def _causes(result: Result) -> Table:
    columns = (Column("cause", "cause"), Column("energy_j", "energy", ENERGY), Column("share", "share", show=share))
    rows = tuple((name, joules, _part(joules, result.energy)) for name, joules in result.energy_by_detail.items())
    return Table(f"{result.workload} on {result.hardware}: energy by cause", columns, rows)


def _levels(result: Result) -> Table:
    columns = (Column("level", "memory"), Column("bytes", "bytes moved", DATA))
    return Table(f"{result.workload} on {result.hardware}: traffic", columns, tuple(result.bytes_by_level.items()))


def _resources(result: Result) -> Table:
    columns = (Column("resource", "bound by"), Column("latency_s", "time", TIME), Column("share", "share", show=share))
    rows = sorted(((n, t, _part(t, result.latency)) for n, t in result.exposed.items() if t), key=lambda row: -row[1])
    return Table(f"{result.workload} on {result.hardware}: time by what limits it", columns, tuple(rows))


def _part(amount: float, whole: float) -> float:
    return amount / whole if whole else 0.0


_VIEWS: Final[dict[str, Callable[[Result], Table]]] = {
    "summary": _summary,
    "op": _ops,
    "kind": _kinds,
    "cause": _causes,
    "level": _levels,
    "resource": _resources,
}
