"""A graph's run again, spike by spike on its cores: counted per core, or with every message followed.

Rates say how often neurons fire; which of them fire in which timestep is drawn at random, always the same. A record of
events replaces that where there is one, see `archsim.families.spiking.network.run_network`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archsim.errors import UsageError, did_you_mean
from archsim.families.spiking import numbers as at
from archsim.families.spiking.build import Build, build_network
from archsim.families.spiking.layer import synapse_code
from archsim.families.spiking.network import FORMATS, Counts, run_network
from archsim.families.spiking.parts import (
    BARRIER,
    HOP_ENERGY,
    LEARNING_ENERGY,
    LINKS,
    MESSAGE_ENERGY,
    MESSAGES,
    NEURON_ENERGY,
    OUTSIDE_ENERGY,
    RECEIVING,
    SENDING,
    SYNAPSE_ENERGY,
    SYNAPTIC_OPERATIONS,
    TICK,
    UPDATES,
)
from archsim.laws import voltage

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from archsim.arch.family import Again
    from archsim.families.spiking.spec import SpikingSpec

SEED = 1
"""Of the spikes drawn: the same network fires the same way every time."""


def count_cores(again: Again) -> None:
    """Count the messages, synaptic operations and updates of every core; timesteps last as long as the slowest core."""
    _rerun(again, follow=False)


def follow_messages(again: Again) -> None:
    """Do the same, and let every message wait for those before it."""
    _rerun(again, follow=True)


def count_network(
    again: Again, *, follow: bool, spikes: Mapping[str, np.ndarray] | None = None
) -> tuple[Build, Counts]:  # fmt: skip
    """Lay a graph out as populations, draw its spikes, and run it.

    Parameters
    ----------
    again : Again
        The graph and its closed form.
    follow : bool
        Whether messages wait for one another.
    spikes : mapping of str to ndarray, (timesteps, neurons)
        Records in place of what would be drawn, by the name of a population; neurons in the order of the graph's
        tensors.

    Raises
    ------
    UsageError
        A record for no population, or of a wrong shape.
    """
    import numpy as np

    built = build_network(again)
    random = np.random.default_rng(SEED)
    given = dict(spikes or {})
    for name, record in given.items():
        _check_record(name, record, built)
    fired = []
    for index, (each, rate) in enumerate(zip(built.populations, built.rates, strict=True)):
        drawn = (random.random((built.steps, each.neurons), dtype=np.float32) < rate).astype(np.uint8)
        if built.names[index] in given:
            drawn = np.asarray(given[built.names[index]], dtype=np.uint8)
            if index in built.maps:
                drawn = drawn[:, built.maps[index].order()]
        fired.append(drawn)
    together = np.concatenate(fired, axis=1) if fired else np.zeros((built.steps, 0), dtype=np.uint8)
    spec: Any = again.chip.spec
    return built, run_network(spec, built.populations, built.connections, together, follow=follow)


def _check_record(name: str, record: np.ndarray, built: Build) -> None:
    import numpy as np

    if name not in built.names:
        hint = did_you_mean(name, built.names) or f"spikes are of {', '.join(built.names)}"
        raise UsageError(f"spikes of {name!r}, which is no population", hint=hint)
    expected = (built.steps, built.populations[built.names.index(name)].neurons)
    shape = np.shape(record)
    if shape != expected:
        raise UsageError(f"spikes of {name!r} have the shape {shape}", hint=f"give {expected}: timesteps, neurons")


def _rerun(again: Again, *, follow: bool) -> None:
    spec: Any = again.chip.spec
    built, counts = count_network(again, follow=follow)
    if not built.populations:
        return
    runs = max(again.rows[again.row_of[op.name]].m_runs for op in built.synapses) if built.synapses else 1.0
    _energies(again, spec, built, counts)
    _times(again, counts, runs)


def _energies(again: Again, spec: SpikingSpec, built: Build, counts: Counts) -> None:
    """Put what was counted in place of what rates say; an op that stands for several is their mean."""
    outs = again.outs
    scale = voltage.energy_scale(spec.supply.voltage / spec.supply.nominal) if spec.supply else 1.0
    shared: dict[int, list[np.ndarray]] = {}
    for op, found in zip(built.synapses, counts.connections, strict=True):
        shared.setdefault(again.row_of[op.name], []).append(found)
    for row, found in shared.items():
        runs = again.rows[row].m_runs
        added, sent, across, along = (sum(column) / len(found) * runs for column in zip(*found, strict=True))
        form = FORMATS[synapse_code(again.rows[row], again.chip_row)]
        before = outs[row]["mapping"][MESSAGES]
        energy = outs[row]["energy"]
        energy[OUTSIDE_ENERGY] *= sent / before if before else 0.0
        energy[SYNAPSE_ENERGY] = scale * added * getattr(spec.synapse, form).energy
        energy[MESSAGE_ENERGY] = scale * sent * (spec.message.sent.energy + spec.message.received.energy)
        energy[HOP_ENERGY] = scale * (across * spec.mesh.across.energy + along * spec.mesh.along.energy)
        if spec.learning is not None:
            energy[LEARNING_ENERGY] = scale * added * spec.learning.share * spec.learning.energy
        outs[row]["mapping"][SYNAPTIC_OPERATIONS], outs[row]["mapping"][MESSAGES] = added, sent
    neurons: dict[int, list[tuple[float, float]]] = {}
    for name, population in built.layers.items():
        first, last = counts.populations[population]
        worked = counts.cores[first:last].sum(axis=0)
        neurons.setdefault(again.row_of[name], []).append((worked[0], worked[1]))
    for row, pairs in neurons.items():
        op = again.rows[row]
        runs = outs[row]["mapping"][UPDATES] and op.rows / max(1.0, built_neurons(built, again, row))
        updated, fires = (sum(column) / len(pairs) * max(1.0, runs) for column in zip(*pairs, strict=True))
        outs[row]["energy"][NEURON_ENERGY] = scale * (
            op.rows * op.length * spec.neuron.access.energy
            + updated * spec.neuron.update.energy
            + fires * spec.neuron.fire.energy
        )
        outs[row]["mapping"][UPDATES] = updated


def built_neurons(built: Build, again: Again, row: int) -> float:
    """Return the neurons of the population behind a row, one sample, -."""
    name = next(name for name in built.layers if again.row_of[name] == row)
    return float(built.populations[built.layers[name]].neurons)


def _times(again: Again, counts: Counts, runs: float) -> None:
    """Stretch the times of all ops to the run that was counted, and say what answers for them."""
    outs = again.outs
    counted = [again.rows[row].count for row in range(len(outs))]
    before = sum(count * float(out["latency"]) for count, out in zip(counted, outs, strict=True))
    whole = counts.latency * runs
    if before <= 0.0 or whole <= 0.0:
        return
    shares = _shares(again, counts)
    for out in outs:
        out["latency"] *= whole / before
        out["exposed"] = 0.0
        for resource, share in shares.items():
            out["exposed"][resource] = out["latency"] * share
        out["bound"] = int(out["exposed"].argmax())
        out["utilisation"] = min(1.0, out["utilisation"] * before / whole)


def _shares(again: Again, counts: Counts) -> dict[int, float]:
    """Return what timesteps are spent on: the busiest core, what messages wait beyond it, the barrier, the tick."""
    from archsim.families.spiking.network import times_of

    spec: Any = again.chip.spec
    tiles = -(-len(counts.cores) // spec.mesh.cores)
    barrier = float(times_of(spec, tiles)[at.BARRIER])
    whole = counts.latency
    sending = receiving = waiting = tick = 0.0
    for sent, received, step in counts.steps.tolist():
        core = max(sent, received)
        over = step - barrier - core
        sending += core if sent >= received else 0.0
        receiving += core if received > sent else 0.0
        if spec.timestep.tick and step <= spec.timestep.tick:
            tick += over
        else:
            waiting += over
    shares = {SENDING: sending, RECEIVING: receiving, LINKS: max(0.0, waiting), TICK: max(0.0, tick)}
    shares[BARRIER] = whole - sum(shares.values())
    return {resource: max(0.0, time) / whole for resource, time in shares.items()}
