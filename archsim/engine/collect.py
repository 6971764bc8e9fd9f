"""From outcomes in tables to a result people read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from archsim.arch.mixed import MixedSystem
from archsim.cited import Kind, dotted
from archsim.engine.place import HOST, LINK
from archsim.engine.result import OpResult, Result
from archsim.engine.schedule.tasks import STEPS_FOLLOW, effective
from archsim.errors import InvariantError
from archsim.graph.dtypes import NAMES
from archsim.graph.tensor import Role
from archsim.laws import power

if TYPE_CHECKING:
    from archsim.engine.evaluate import Part, Run
    from archsim.engine.transfer import Transfer

TOLERANCE = 1e-9


def collect(run: Run) -> Result:
    """Add up the parts of a run on its time line, and name everything."""
    moves = (*run.moves, *run.exchanges)
    chip = run.parts[0].chip
    latency, interval, exposed = _times(run, moves)
    detail: dict[str, float] = {}
    groups: dict[str, float] = {}
    levels: dict[str, float] = {}
    for part in run.parts:
        mark = part.mark
        _add(levels, part.family.levels(part.chip.spec), part.totals["bytes"][0] * run.chips, mark)
        # A machine draws its static power over the whole run, also while another part of it works.
        joules = part.totals["energy"][0].copy()
        joules[0] = power.static_energy(_static_power(part), interval)
        joules *= run.chips
        joules[0] *= 1.0 + run.shared.idle / run.chips  # machines that serve others draw it, too
        _add(detail, [cause.name for cause in part.family.causes], joules, mark)
        for cause, amount in zip(part.family.causes, joules.tolist(), strict=True):
            group = "host" if part.place == HOST else cause.group
            groups[group] = groups.get(group, 0.0) + amount
    for move in moves:
        # Each chip has a host of its own; what chips exchange was counted for all of them.
        times = move.count * (run.chips if move.cost is None else 1)
        for into, name, amount in (
            (levels, move.resource, move.payload * times),
            (detail, move.resource, move.energy * times),
            (groups, "network", move.energy * times),
        ):
            into[name] = into.get(name, 0.0) + amount
    result = Result(
        workload=run.graph.name,
        hardware=run.system.name if run.system else chip.name,
        boundary=run.system.boundary if run.system else chip.boundary,
        latency=latency,
        interval=interval,
        energy=sum(groups.values()),
        items=run.graph.items,
        item=run.graph.item,
        ops=tuple(_in_order(run, moves)),
        energy_by_cause=groups,
        energy_by_detail=detail,
        bytes_by_level=levels,
        exposed=exposed,
        warnings=tuple(_warnings(run)),
        assumed=tuple(_assumed(run)),
        parameters=run.graph.parameters,
        memory=run.memory,
        run=run,
    )
    _check(result)
    return result


def _times(run: Run, moves: tuple[Transfer, ...]) -> tuple[float, float, dict[str, float]]:
    """Return the time of a run, that from one run to the next, and what answers for it, s."""
    if run.policy.schedule != "serial" and (len(run.parts) > 1 or moves):
        line = run.timeline
        return line.latency, line.interval, dict(line.exposed)
    exposed: dict[str, float] = {}
    for part in run.parts:
        _add(exposed, part.family.resource_names(part.chip.spec), part.totals["exposed"][0], part.mark)
    for move in moves:
        exposed[move.resource] = exposed.get(move.resource, 0.0) + move.latency * move.count
    moved = sum(move.latency * move.count for move in moves)
    latency, interval = (sum(float(part.totals[name][0]) for part in run.parts) for name in ("latency", "interval"))
    return latency + moved, interval + moved, exposed


def _static_power(part: Part) -> float:
    time = float(part.totals["interval"][0])
    return float(part.totals["energy"][0][0]) / time if time else part.chip.spec.power.idle


def _add(into: dict[str, float], names: Iterable[str], values: Any, mark: str) -> None:
    for name, value in zip(names, values.tolist(), strict=False):
        into[mark + name] = into.get(mark + name, 0.0) + value


def _in_order(run: Run, moves: tuple[Transfer, ...]) -> Iterable[OpResult]:
    position = {op.name: index for index, op in enumerate(run.graph.ops)}
    rows = [row for part in run.parts for row in _op_results(part, run.chips)]
    rows += [
        OpResult(move.op.name, move.op.kind, move.count, LINK, 0, 0.0, 0.0, 0.0, move.latency, move.energy,
                 {move.resource: move.energy}, {move.resource: move.payload}, {move.resource: move.latency},
                 move.resource, 0.0)
        for move in moves
    ]  # fmt: skip
    return sorted(rows, key=lambda row: position[row.name])


def _op_results(part: Part, chips: int) -> Iterable[OpResult]:
    """Yield the ops of one machine; work, energy and bytes are those of all chips that run them side by side."""
    causes = [cause.name for cause in part.family.causes]
    resources = part.family.resource_names(part.chip.spec)
    levels = part.family.levels(part.chip.spec)
    for row, same, out in zip(part.lowered.table, part.lowered.rows, part.outs, strict=True):
        op = same[0]
        yield OpResult(
            name=op.name,
            kind=op.kind,
            count=len(same),
            placed_on=part.label,
            macs=op.macs * chips,
            macs_performed=float(row["macs"] * row["mask"] * row["steps"] * (1.0 - out["left_out"])) * chips,
            flops=op.flops * chips,
            special=op.special * chips,
            latency=float(out["latency"]),
            energy=float(out["energy"].sum()) * chips,
            energy_by_cause=_named(causes, out["energy"] * chips),
            bytes_by_level=_named(levels, out["bytes"] * chips),
            exposed={name: value for name, value in _named(resources, out["exposed"]).items() if value},
            bound=resources[int(out["bound"])],
            utilisation=float(out["utilisation"]),
            details={
                name: value
                for name, value in _named(part.family.details, out["mapping"]).items()
                if not math.isnan(value)
            },
        )


def _named(names: Iterable[str], values: Any) -> Mapping[str, float]:
    return dict(zip(names, values.tolist(), strict=False))


def _warnings(run: Run) -> Iterable[str]:
    yield from run.warnings
    yield from run.graph.notes
    yield from _placed(run)
    kept = any(run.graph.tensors[name].role is Role.STATE for name in run.graph.rewritten)
    pipelined = run.policy.schedule == "pipelined"
    if pipelined and effective(run.policy.schedule, run.graph.ops) != "pipelined":
        yield STEPS_FOLLOW
    elif pipelined and kept:
        yield "runs of a pipeline start before the one before has ended: each must have a state of its own"
    for part in run.parts:
        yield from _promoted(part)
        yield from part.family.remarks(part.chip, part.lowered.table, part.outs)


def _placed(run: Run) -> Iterable[str]:
    """Say what runs elsewhere than on the machine asked for, and why."""
    placement = run.placement
    ops, moves = len(run.graph.ops) - len(placement.moves), len(placement.moves)
    if isinstance(run.system, MixedSystem):
        listed = ", ".join(f"{part.ops} on {part.label}" for part in run.parts if part.ops)
        yield f"{ops} ops are placed by {_objective(run.policy.placement)}: {listed}, with {moves} transfers"
        return
    chosen = set(placement.chosen)
    forced = [op for op in placement.host if op.name not in chosen]
    name = run.parts[0].chip.name
    host = run.parts[-1].chip.name
    if forced:
        kinds = ", ".join(sorted({op.kind for op in forced}))
        yield f"{name} cannot run {len(forced)} of {ops} ops ({kinds}): they run on {host}, with {moves} transfers"
    if chosen:
        objective = _objective(run.policy.placement)
        yield f"{len(chosen)} of {ops} ops that {name} can run are placed on {host}, by {objective}"


def _objective(placement: str) -> str:
    return "least energy" if placement == "energy" else "least time" if placement != "first" else "what runs them first"


def _promoted(part: Part) -> Iterable[str]:
    """Say which formats the machine does not have and runs in wider ones."""
    have = part.family.formats(part.chip.spec)
    asked = sorted({NAMES[code] for code in part.lowered.table["precision"].tolist()})
    for name in asked:
        if have and name not in have:
            yield f"{part.chip.name} has no {name} arithmetic: it computes and stores {name} tensors in a wider format"


def _assumed(run: Run) -> Iterable[str]:
    for part in run.parts:
        for path, cited in part.chip.cited.items():
            if cited.kind is Kind.ASSUMED:
                yield f"{part.chip.name}: {dotted(path)} = {cited.text} ({cited.why})"
    for path, cited in run.system.cited.items() if run.system else ():
        if cited.kind is Kind.ASSUMED:
            yield f"{run.system.name}: {dotted(path)} = {cited.text} ({cited.why})"  # type: ignore[union-attr]


def _check(result: Result) -> None:
    for what, whole, parts in (
        ("latency", result.latency, result.exposed.values()),
        ("energy", result.energy, result.energy_by_detail.values()),
    ):
        if abs(sum(parts) - whole) > TOLERANCE * whole:
            raise InvariantError(f"the {what} of {result.workload} on {result.hardware} is not the sum of its parts")
