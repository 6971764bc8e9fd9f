"""What every core of a spiking machine does in a run: its neurons, messages, synaptic operations, how busy it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from archsim.arch import registry
from archsim.engine.evaluate import prepare
from archsim.engine.fit import check_fit
from archsim.engine.inputs import chip_of, graph_of
from archsim.engine.lower import chip_table, lower
from archsim.engine.policy import policy as make_policy
from archsim.engine.refine import finished
from archsim.engine.rows import to_rows
from archsim.engine.run import run
from archsim.engine.table import Column, Table, share
from archsim.engine.tables import count
from archsim.errors import UnsupportedError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.family import Again
    from archsim.engine.policy import Policy
    from archsim.families.spiking.build import Build
    from archsim.families.spiking.network import Counts
    from archsim.graph.graph import Graph

COLUMNS = (
    Column("core", "core", show=str),
    Column("layer", "layer"),
    Column("neurons", "neurons", show=count),
    Column("updates", "updates", show=count),
    Column("fired", "spikes", show=count),
    Column("messages", "messages in", show=count),
    Column("sent", "messages out", show=count),
    Column("synaptic_operations", "synaptic operations", show=count),
    Column("busy", "busy", show=share),
    Column("limit", "limited by"),
)


def core_table(
    graph: Graph | str, chip: Chip | str, policy: Policy | Mapping[str, Any] | None = None, /, *,
    spikes: Mapping[str, np.ndarray] | None = None, **choices: Any,
) -> Table:  # fmt: skip
    """Count what every core does in one sample, all timesteps together.

    Parameters
    ----------
    graph : Graph or str
        The network, or its name.
    chip : Chip or str
        A spiking machine, or its name.
    policy : Policy or mapping, optional
        How the run is done; single choices may be given as keywords. `fidelity` is ``cores`` unless it says ``events``.
    spikes : mapping of str to ndarray, (timesteps, neurons)
        Records of who fires, by the name of an input or of neurons; those of others are drawn from their rates.

    Returns
    -------
    Table
        A row per core: its layer, neurons, updates of them and spikes, messages and synaptic operations, the share of
        all timesteps in which it is busy, and what limits the neurons that it holds.

    Raises
    ------
    UsageError
        A machine without cores of neurons, or records that do not fit the network.
    UnsupportedError
        A network of which nothing runs on the machine.
    """
    graph, chip, how = graph_of(graph), chip_of(chip), make_policy(policy, **choices)
    spec: Any = chip.spec
    if chip.family != "spiking" or spec.values != "spikes":
        raise UsageError(f"{chip.name!r} has no cores of neurons", hint="name a spiking machine, such as loihi1-sanafe")
    if how.fidelity not in ("", "cores", "events"):
        raise UsageError(f"policy fidelity={how.fidelity!r}: {chip.name!r} has no such model",
                         hint="write cores or events")  # fmt: skip
    from archsim.families.spiking.fidelity import count_network

    again = _finished(graph, chip, how)
    built, counts = count_network(again, follow=how.fidelity == "events", spikes=spikes)
    if not built.populations:
        raise UnsupportedError(f"no neuron of {graph.name!r} runs on {chip.name!r}",
                               hint="give it spikes: policy timesteps= and rate= make a spiking twin")  # fmt: skip
    return Table(f"cores of {chip.name}, {graph.name}", COLUMNS, tuple(_rows(again, built, counts)))


def _finished(graph: Graph, chip: Chip, how: Policy) -> Again:
    """Run the closed form, which places the layers."""
    placement = prepare(graph, chip, how)
    check_fit(placement.graph, chip, how)
    family = registry.get(chip.family)
    lowered = lower(placement.chip, placement.graph.tensors, warm=how.cache == "warm", residency=how.residency)
    chips = chip_table(chip)
    outs, _ = run(family, lowered.table, chips, mode=how.jit, keep=True)
    return finished(
        family, chip, placement.chip, placement.graph.tensors, lowered, chips, outs, to_rows(lowered.table)
    )  # fmt: skip


def _rows(again: Again, built: Build, counts: Counts) -> list[tuple[Any, ...]]:
    from archsim.families.spiking.parts import LIMIT, LIMITS

    rows: list[tuple[Any, ...]] = []
    whole = counts.latency
    for name, population, (first, last) in zip(built.names, built.populations, counts.populations, strict=True):
        left = population.neurons
        for core in range(first, last):
            updates, fired, received, added, sent, busy = counts.cores[core].tolist()
            limit = LIMITS[int(again.outs[again.row_of[name]]["mapping"][LIMIT])]
            here = min(left, population.per_core)
            left -= here
            part = busy / whole if whole else 0.0
            rows.append((core, name, here, updates, fired, received, sent, added, part, limit))
    return rows
