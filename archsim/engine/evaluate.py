"""One workload on one machine, and one workload on many design points of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archsim.arch import registry
from archsim.arch.columns import Swept
from archsim.arch.system import System
from archsim.engine import parallel, transfer
from archsim.engine.check import check_outcomes, check_totals
from archsim.engine.collect import collect
from archsim.engine.fit import DOES_NOT_FIT, check_fit, points_that_fit
from archsim.engine.inputs import chip_of, graph_of, machine_of
from archsim.engine.lower import Lowered, chip_table, lower
from archsim.engine.parallel import ALONE, Share
from archsim.engine.place import CHIP, HOST, Placement, place
from archsim.engine.policy import Policy
from archsim.engine.policy import policy as make_policy
from archsim.engine.refine import refine
from archsim.engine.run import run, run_sweep
from archsim.engine.transfer import Transfer
from archsim.errors import UnsupportedError, UsageError
from archsim.graph.backward import training
from archsim.graph.eager import eager
from archsim.graph.fusion import fuse
from archsim.graph.graph import Graph
from archsim.graph.retype import with_precision
from archsim.graph.sharding import shard
from archsim.graph.spiking import spiking_twin
from archsim.io import catalogue

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Family
    from archsim.engine.result import Result
    from archsim.graph.memory import Memory


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

    @property
    def chips(self) -> int:
        """Chips that do the same side by side."""
        return self.system.chips if self.system else 1


def prepare(graph: Graph, chip: Chip, how: Policy, shared: Share = ALONE) -> Placement:
    """Apply the structural policies and place every op."""
    family = registry.get(chip.family)
    if how.host:
        catalogue.find("hardware", how.host)
    graph = shard(graph, how.tensor_parallel)
    if how.training:
        if how.fusion == "eager":
            graph = eager(graph)  # scores are kept for the way back, not computed again
        graph = training(graph, optimiser=how.optimiser, dtype=how.precision or None)
        graph = parallel.synchronise(graph, shared.copies)
    elif how.precision:
        graph = with_precision(graph, how.precision)
    if how.timesteps:
        graph = spiking_twin(graph, timesteps=how.timesteps, rate=how.rate)
    graph = fuse(graph, how.fusion, attention_kernel=family.attention_kernel)
    graph = parallel.named(graph, shared)
    fallback = how.fallback == "host"
    chips = shared.chips * shared.copies
    tensors = graph.tensors
    return place(
        graph,
        chip.name,
        lambda op: family.supports(op, chip) and family.takes(op, chip, tensors),
        fallback=fallback,
        chips=chips,
    )


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
    system = machine if isinstance(machine, System) else None
    chip = machine.chip if isinstance(machine, System) else machine
    shared = parallel.share_out(system, how, graph)
    placement = prepare(graph, chip, how, shared)
    kept, warnings = check_fit(placement.graph, chip, how)
    parts = [_part(CHIP, chip, placement.chip, placement, how)]
    if placement.host or placement.moves:
        parts.append(_part(HOST, host_of(chip, how), placement.host, placement, how))
    moves = transfer.transfers(placement, chip) if placement.moves else ()
    between = tuple(parallel.exchanges(placement, system, shared)) if system else ()
    done = Run(placement.graph, placement, how, tuple(parts), kept, warnings, system, between)
    return collect(done, (*moves, *between))


def _part(where: str, chip: Chip, ops: tuple[Any, ...], placement: Placement, how: Policy) -> Part:
    family = registry.get(chip.family)
    lowered = lower(ops, placement.graph.tensors, warm=how.cache == "warm")
    chips = chip_table(chip)
    outs, totals = run(family, lowered.table, chips, mode=how.jit, keep=True)
    if how.fidelity and where == CHIP:
        refine(how.fidelity, family, chip, ops, placement.graph.tensors, lowered, chips, outs, totals)
    names = tuple(same[0].name for same in lowered.rows)
    for name, status in zip(names, outs["status"].tolist(), strict=True):
        _refuse(family, chip, name, status)
    _refuse(family, chip, "the run", int(totals["status"][0]))
    check_outcomes(lowered.table, outs, names, chip.name)
    check_totals(totals, chip.name)
    return Part(where, chip, family, lowered, chips, outs, totals)


def _refuse(family: Family, chip: Chip, name: str, status: int) -> None:
    if status:
        formats = ", ".join(sorted(family.formats(chip.spec)))
        raise UnsupportedError(
            f"{name!r} on {chip.name!r}: {family.verdicts[status]}",
            hint=f"it computes {formats}; other formats: policy precision=, or the workload's dtype" if formats else "",
        )


def host_of(chip: Chip, how: Policy) -> Chip:
    """Load the machine that runs what `chip` cannot.

    Raises
    ------
    UnsupportedError
        Neither the description nor the policy names a host.
    """
    from archsim.io.hardware import load_hardware

    name = how.host or chip.spec.host
    if not name or chip.spec.host_link is None:
        raise UnsupportedError(
            f"{chip.name!r} cannot run every op and names no host and link",
            hint="give its description 'host' and 'host_link'",
        )
    return load_hardware(name)


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
        An op the machine cannot run: points with a host are evaluated one by one with `evaluate`.
    """
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
    placement = prepare(graph, chip, how)
    fits = points_that_fit(placement.graph, chip, swept, how)
    if placement.host:
        raise UnsupportedError(
            f"{placement.host[0].name!r} would run on the host of {chip.name!r}",
            hint="evaluate the points one by one",
        )
    family = registry.get(chip.family)
    lowered = lower(placement.chip, placement.graph.tensors, warm=how.cache == "warm")
    totals = run_sweep(family, lowered.table, chip_table(chip), swept, mode=how.jit)
    check_totals(totals, chip.name)
    if fits is not None:
        totals["status"][~fits] = DOES_NOT_FIT
    return totals
