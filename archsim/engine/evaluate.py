"""One workload on one machine, and one workload on many design points of a machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.arch.mixed import MixedSystem
from archsim.arch.system import System
from archsim.arch.tables import record
from archsim.engine import parallel, transfer
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.collect import collect
from archsim.engine.fit import check_fit, check_places
from archsim.engine.inputs import chip_of, graph_of, machine_of
from archsim.engine.lower import Lowered, chip_table, lower
from archsim.engine.machines import Machines, chooser, host_of, machines_of
from archsim.engine.parallel import ALONE, Flowing, Share
from archsim.engine.place import CHIP, HOST, Placement, place
from archsim.engine.policy import Policy
from archsim.engine.policy import policy as make_policy
from archsim.engine.refine import refine
from archsim.engine.rows import to_rows
from archsim.engine.run import run
from archsim.engine.schedule.lanes import Arranged, arranged
from archsim.engine.schedule.timeline import Timeline, timeline
from archsim.engine.transfer import Transfer
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.backward import training
from archsim.graph.eager import eager
from archsim.graph.fusion import fuse
from archsim.graph.graph import Graph
from archsim.graph.retype import with_precision
from archsim.graph.spiking import spiking_twin
from archsim.io import catalogue

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Family
    from archsim.engine.place import Choose
    from archsim.engine.result import Result
    from archsim.graph.memory import Memory
    from archsim.graph.op import Op


@dataclass(frozen=True)
class Part:
    """What one machine of a run did: its ops as rows, their outcomes, its totals."""

    place: str
    chip: Chip
    family: Family
    lowered: Lowered
    chips: np.ndarray
    outs: np.ndarray
    totals: np.ndarray
    arranged: Arranged

    @property
    def mark(self) -> str:
        """What stands before the names of its resources: nothing for a machine that stands alone."""
        return "" if self.place == CHIP else f"{self.place} "

    @property
    def room(self) -> float:
        """Memory on the chip for weights that come before their op starts, B."""
        import numpy as np

        work = to_rows(np.zeros(1, dtype=record(self.family.work_table)))[0]
        self.family.derive(to_rows(self.chips)[0], work)
        return float(work.fetch_room)

    @property
    def ops(self) -> int:
        """How many ops it ran."""
        return sum(len(same) for same in self.lowered.rows)

    @property
    def label(self) -> str:
        """Its name in results."""
        return self.chip.name if self.place in (CHIP, HOST) else f"{self.place}: {self.chip.name}"


@dataclass(frozen=True)
class Run:
    """Everything behind a result, kept for `explain`."""

    graph: Graph
    placement: Placement
    policy: Policy
    parts: tuple[Part, ...]
    memory: Memory
    warnings: tuple[str, ...]
    system: System | None = None
    exchanges: tuple[Transfer, ...] = ()
    moves: tuple[Transfer, ...] = ()
    shared: Share = ALONE
    flowing: Flowing | None = None

    @cached_property
    def timeline(self) -> Timeline:
        """When every op starts and ends."""
        return timeline(self.graph.ops, self.parts, (*self.moves, *self.exchanges), self.policy.schedule)

    @property
    def chips(self) -> int:
        """Chips that do the same side by side."""
        return self.shared.working


def prepare(graph: Graph, machine: Chip | MixedSystem, how: Policy, shared: Share = ALONE) -> Placement:
    """Apply the structural policies and place every op."""
    machines = machines_of(machine)
    return _placed(_changed(graph, machines, how, shared, None), machines, how, shared)


def _changed(graph: Graph, machines: Machines, how: Policy, shared: Share, system: System | None) -> Graph:
    """Apply the policies that change the graph; what flows through stages exchanges its gradients stage by stage."""
    kernel = all(registry.get(chip.family).attention_kernel for chip in machines.chips.values())
    if how.host:
        catalogue.find("hardware", how.host)
    graph = parallel.split(graph, how)
    if how.training:
        if how.fusion == "eager":
            graph = eager(graph)  # scores are kept for the way back, not computed again
        graph = training(graph, optimiser=how.optimiser, dtype=how.precision or None)
        if not _flows(how):
            graph = parallel.synchronise(graph, shared)
    elif how.precision:
        graph = with_precision(graph, how.precision)
    if how.timesteps:
        graph = spiking_twin(graph, timesteps=how.timesteps, rate=how.rate)
    graph = fuse(graph, how.fusion, attention_kernel=kernel)
    graph = parallel.named(graph, shared)
    return graph if _flows(how) else parallel.waiting(graph, how, shared, system)


def _flows(how: Policy) -> bool:
    return how.pipeline_parallel > 1 or how.micro_batches > 1


def _placed(graph: Graph, machines: Machines, how: Policy, shared: Share) -> Placement:
    return place(
        graph,
        machines.name,
        {
            **{name: _supports(chip, graph) for name, chip in machines.chips.items()},
            HOST: _host_supports(machines, how, graph),
        },
        fallback=how.fallback == "host",
        chips=shared.ends,
        choose=_chooser(machines, how),
    )


def _host_supports(machines: Machines, how: Policy, graph: Graph) -> Callable[[Op], bool]:
    """Return whether the host runs an op; it is loaded when first asked. Without a host the error comes later."""

    @cache
    def loaded() -> Callable[[Op], bool]:
        return _supports(machines.host(how), graph) if machines.has_host(how) else lambda op: True

    def runs(op: Op) -> bool:
        return loaded()(op)

    return runs


def _supports(chip: Chip, graph: Graph) -> Callable[[Op], bool]:
    family, tensors = registry.get(chip.family), graph.tensors
    return lambda op: family.supports(op, chip) and family.takes(op, chip, tensors)


def _chooser(machines: Machines, how: Policy) -> Choose | None:
    """Return what chooses places by cost; alone, a machine runs whatever it can unless the policy says otherwise."""
    objective = how.placement
    if objective == "auto":
        objective = "latency" if machines.mixed is not None else "first"
    return None if objective == "first" else chooser(machines, how, objective)


def evaluate(
    graph: Graph | str, machine: Chip | System | str, policy: Policy | Mapping[str, Any] | None = None, /,
    **choices: Any,
) -> Result:  # fmt: skip
    """Evaluate one workload on one machine, or on a system of several chips.

    On a system every group of ``tensor_parallel`` chips runs a copy of the workload; time is that of one, items,
    energy and bytes are those of all.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    machine : Chip, System or str
        The machine or system, or its name.
    policy : Policy or mapping, optional
        How the run is done; single choices may be given as keywords.

    Returns
    -------
    Result
        Time, energy, bytes, bounds, causes; checked.

    Raises
    ------
    UnsupportedError
        An op that neither the machine nor its host may run.
    DoesNotFitError
        More to keep than the machine's memory holds.
    InvariantError
        A defect: a result that breaks a law all results obey.
    """
    graph, machine, how = graph_of(graph), machine_of(machine), make_policy(policy, **choices)
    if isinstance(machine, MixedSystem):
        return _evaluate_mixed(graph, machine, how)
    system = machine if isinstance(machine, System) else None
    chip = machine.chip if isinstance(machine, System) else machine
    shared = parallel.share_out(system, how, graph)
    graph = _changed(graph, machines_of(chip), how, shared, system)
    if _flows(how):
        keeps = partial(_keeps, chip)
        return parallel.flow(graph, system, how, shared, partial(_alone, chip, system), keeps)
    return _alone(chip, system, graph, how, shared)


def _keeps(chip: Chip, graph: Graph, how: Policy, pieces: int) -> tuple[Memory, tuple[str, ...]]:
    return check_fit(graph, chip, how, pieces)


def _alone(chip: Chip, system: System | None, graph: Graph, how: Policy, shared: Share) -> Result:
    """Evaluate a graph that needs no more changes on one machine, or on all of a system that do the same."""
    placement = _placed(graph, machines_of(chip), how, shared)
    kept, warnings = check_fit(placement.graph, chip, how)
    parts = [run_part(CHIP, chip, placement.chip, placement, how)]
    if placement.host or placement.moves:
        parts.append(run_part(HOST, host_of(chip, how), placement.host, placement, how))
    moves = transfer.transfers(placement, machines_of(chip).ways, chip.name)
    between = tuple(parallel.exchanges(placement, system, shared, parts, how)) if system else ()
    return collect(Run(placement.graph, placement, how, tuple(parts), kept, warnings, system, between, moves, shared))


def _evaluate_mixed(graph: Graph, system: MixedSystem, how: Policy) -> Result:
    """Evaluate one workload on a host and machines of different kinds."""
    parallel.share_out(None, how, graph)
    if _flows(how):
        raise UsageError(f"policy micro_batches={how.micro_batches} is of equal chips, and {system.name!r} has "
                         "different ones", hint="leave it out")  # fmt: skip
    machines = machines_of(system)
    placement = prepare(graph, system, how)
    there = {**machines.chips, HOST: machines.host(how)}
    if how.fidelity and not any(how.fidelity in registry.get(chip.family).fidelities for chip in there.values()):
        raise UsageError(f"policy fidelity={how.fidelity!r}: no machine of {system.name!r} has such a model",
                         hint="leave it out")  # fmt: skip
    kept, warnings = check_places(placement, there, how)
    parts = [run_part(name, chip, placement.places.get(name, ()), placement, how) for name, chip in there.items()]
    moves = transfer.transfers(placement, machines.ways, system.name)
    return collect(Run(placement.graph, placement, how, tuple(parts), kept, warnings, system, (), moves))


def run_part(where: str, chip: Chip, ops: tuple[Any, ...], placement: Placement, how: Policy) -> Part:
    """Run what one machine does of a placed graph; errors are those of `evaluate`."""
    family = registry.get(chip.family)
    lowered = lower(ops, placement.graph.tensors, warm=how.cache == "warm", residency=how.residency)
    chips = chip_table(chip)
    beside = arranged(family, chip, ops, lowered, how.schedule)
    outs, totals = run(family, lowered.table, chips, mode=how.jit, keep=True, arranged=beside)
    if how.fidelity and (where == CHIP or how.fidelity in family.fidelities):
        refine(how.fidelity, family, chip, ops, placement.graph.tensors, lowered, chips, outs, totals)
    names = tuple(same[0].name for same in lowered.rows)
    for name, status in zip(names, outs["status"].tolist(), strict=True):
        _refuse(family, chip, name, status)
    _refuse(family, chip, "the run", int(totals["status"][0]))
    check_outcomes(lowered.table, outs, names, chip.name)
    check_totals(totals, chip.name)
    return Part(where, chip, family, lowered, chips, outs, totals, beside)


def _refuse(family: Family, chip: Chip, name: str, status: int) -> None:
    if status:
        formats = ", ".join(sorted(family.formats(chip.spec)))
        raise UnsupportedError(
            f"{name!r} on {chip.name!r}: {family.verdicts[status]}",
            hint=f"it computes {formats}; other formats: policy precision=, or the workload's dtype" if formats else "",
        )


def evaluate_points(
    graph: Graph | str, chip: Chip | str, sweep: Mapping[str, Any], policy: Policy | Mapping[str, Any] | None = None, /,
    **choices: Any,
) -> np.ndarray:  # fmt: skip
    """Evaluate one workload on many design points of one machine: one lowering, one parallel call.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    chip : Chip or str
        The description all points start from.
    sweep : mapping of str to array_like, (points,)
        Leaves that differ from point to point, by path, SI units; all of one length.
    policy : Policy or mapping, optional
        How the run is done.

    Returns
    -------
    ndarray of records, (points,)
        Totals of every point: ``latency`` (s), ``energy`` (J, by the family's causes), ``bytes`` and more, see
        `archsim.arch.tables.totals`; ``status`` is 0, an index into the family's verdicts, or -1 where the workload
        does not fit into the point's memory.

    Raises
    ------
    UsageError
        Columns of different lengths, or a path that leads to no number.
    UnsupportedError
        An op the machine cannot run: `archsim.study.points.evaluate_columns` takes its host into account.
    """
    from archsim.engine.batch import batch  # which builds on this module

    graph, chip, how = graph_of(graph), chip_of(chip), make_policy(policy, **choices)
    parallel.share_out(None, how, graph)
    if not isinstance(sweep, Mapping):
        raise UsageError(f"{sweep!r} is no sweep", hint="pass a mapping such as {'clock': [1e9, 2e9]}")
    if not sweep:
        raise UsageError("nothing to sweep", hint="name at least one leaf, such as clock")
    swept = [Swept.of(chip.spec, path, values) for path, values in sweep.items()]
    lengths = {path: len(each.values) for path, each in zip(sweep, swept, strict=True)}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"the columns have different lengths: {lengths}", hint="give one value per point in each")
    lowered = batch(graph, chip, swept, how)
    if lowered.placement.host:
        raise UnsupportedError(
            f"{lowered.placement.host[0].name!r} would run on the host of {chip.name!r}",
            hint="evaluate_columns adds up machine, link and host",
        )
    return lowered.totals()
