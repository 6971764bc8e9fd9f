"""A graph's run again, spike by spike on its cores: counted per core, or with every message followed.

Rates say how often neurons fire; which of them fire in which timestep is drawn at random, always the same. A record of
events replaces that where there is one, see `archsim.families.spiking.network.run_network`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from archsim.errors import UsageError, did_you_mean
from archsim.families.spiking import numbers as at
from archsim.families.spiking.layer import describe_layer, place_layer, synapse_code
from archsim.families.spiking.network import FORMATS, Connection, Counts, Population, run_network
from archsim.families.spiking.parts import (
    BARRIER,
    CORES,
    HOP_ENERGY,
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
from archsim.graph.work import Conv, Neuron, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from archsim.arch.family import Again
    from archsim.families.spiking.spec import SpikingSpec
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor

SEED = 1
"""Of the spikes drawn: the same network fires the same way every time."""


def count_cores(again: Again) -> None:
    """Count the messages, synaptic operations and updates of every core; timesteps last as long as the slowest core."""
    _rerun(again, follow=False)


def follow_messages(again: Again) -> None:
    """Do the same, and let every message wait for those before it."""
    _rerun(again, follow=True)


@dataclass(frozen=True)
class Map:
    """How the neurons of a map lie: parts of its channels one after the other, each pixel by pixel."""

    channels: int
    pixels: int
    part: int

    def order(self) -> np.ndarray:
        """Return, neuron by neuron, its place in (channels, pixels)."""
        import numpy as np

        places = np.arange(self.channels * self.pixels).reshape(self.channels, self.pixels)
        parts = [places[first : first + self.part].T.ravel() for first in range(0, self.channels, self.part)]
        return np.concatenate(parts)


@dataclass
class Build:
    """Populations and connections of a graph, and the ops they stand for."""

    populations: list[Population] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    synapses: list[Op] = field(default_factory=list)
    layers: dict[str, int] = field(default_factory=dict)
    """Population by the name of a neuron op."""
    names: list[str] = field(default_factory=list)
    """Of the populations: neuron ops, synapses that no neurons stand behind, and tensors from outside."""
    maps: dict[int, Map] = field(default_factory=dict)
    """Maps by population."""
    steps: int = 1


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

    built = _network(again)
    random = np.random.default_rng(SEED)
    given = dict(spikes or {})
    for name, record in given.items():
        _check_record(name, record, built)
    fired = []
    for index, (each, rate) in enumerate(zip(built.populations, built.rates, strict=True)):
        drawn = (random.random((built.steps, each.neurons), dtype=np.float32) < rate).astype(np.uint8)
        record = given.get(built.names[index])
        if record is not None:
            drawn = np.asarray(record, dtype=np.uint8)
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


def _network(again: Again) -> Build:
    built = Build()
    spec: Any = again.chip.spec
    names = again.names
    feeds = {name: op for op in again.ops if isinstance(op.work, Neuron) for name in op.inputs}
    layers: list[tuple[Op, Any, Op | None]] = []
    behind: dict[str, tuple[str, int, int]] = {}
    for op in again.ops:
        if isinstance(op.work, Reduce):
            behind[op.outputs[0]] = _behind(op, again.tensors, behind)
        if isinstance(op.work, Neuron | Reduce):
            continue
        row = again.rows[again.row_of[op.name]]
        work = SimpleNamespace(**dict.fromkeys(names, 0.0))
        describe_layer(row, again.chip_row, work)
        place_layer(row, again.chip_row, work)
        row.m_runs = work.runs
        layers.append((op, work, feeds.get(op.outputs[0])))
        built.steps = max(built.steps, op.steps)
    outside: dict[str, int] = {}
    inside = {op.outputs[0] for op in again.ops if isinstance(op.work, Neuron)}
    for op, work, _ in layers:  # inputs come first
        source, _, _ = behind.get(op.inputs[0], (op.inputs[0], 1, 1))
        if source not in inside and source not in outside:
            outside[source] = len(built.populations)
            built.populations.append(Population(int(work.sources), 0))
            built.rates.append(again.tensors[source].density)
            built.names.append(source)
    of_tensor = dict(outside)
    targets: list[int] = []
    for op, work, neurons in layers:
        known = neurons is not None and neurons.name in built.layers
        target = built.layers[neurons.name] if known and neurons else len(built.populations)
        if not known:
            cores = work.placed
            if neurons is not None:  # the plan may have spread them over more, for the messages they send
                cores = max(cores, float(again.outs[again.row_of[neurons.name]]["mapping"][CORES]))
            built.populations.append(Population(int(work.neurons), max(1, math.ceil(work.neurons / cores))))
            built.rates.append(neurons.work.rate if neurons and isinstance(neurons.work, Neuron) else 0.0)
            built.names.append(neurons.name if neurons else op.name)
            if isinstance(op.work, Conv):
                pixels = op.work.out_height * op.work.out_width
                built.maps[target] = Map(op.work.out_channels, pixels, -(-op.work.out_channels // int(work.parts)))
            if neurons is not None:
                built.layers[neurons.name] = target
                of_tensor[neurons.outputs[0]] = target
        targets.append(target)
    for op in again.ops:
        if isinstance(op.work, Neuron) and op.name not in built.layers:
            built.layers[op.name] = len(built.populations)
            built.populations.append(Population(op.work.neurons, spec.limits.neurons))
            built.names.append(op.name)
            built.rates.append(op.work.rate)
            of_tensor[op.outputs[0]] = built.layers[op.name]
            built.steps = max(built.steps, op.work.steps)
    for (op, work, _), target in zip(layers, targets, strict=True):
        form = FORMATS[synapse_code(again.rows[again.row_of[op.name]], again.chip_row)]
        kind = at.CONV if isinstance(op.work, Conv) else at.DENSE
        source, tall, wide = behind.get(op.inputs[0], (op.inputs[0], 1, 1))
        shape = {}
        if isinstance(op.work, Conv):
            shape = _windows(op.work, int(work.parts), tall, wide)
            channels = op.work.in_channels
            own = Map(channels, shape[at.IN_HEIGHT] * shape[at.IN_WIDTH], channels)
            shape[at.IN_PART] = built.maps.setdefault(of_tensor[source], own).part
        built.connections.append(Connection(of_tensor[source], target, kind, form, shape))
        built.synapses.append(op)
    return built


def _behind(
    op: Op, tensors: Mapping[str, Tensor], behind: dict[str, tuple[str, int, int]]
) -> tuple[str, int, int]:  # fmt: skip
    """Return the spikes that a pool passes on, and the height and width of its windows, pools before it included."""
    first, tall, wide = behind.get(op.inputs[0], (op.inputs[0], 1, 1))
    before, after = tensors[op.inputs[0]].shape, tensors[op.outputs[0]].shape
    return first, tall * before[-2] // after[-2], wide * before[-1] // after[-1]


def _windows(work: Conv, parts: int, tall: int, wide: int) -> dict[int, int]:
    """Return the numbers of a convolution's rule, whose inputs stand in windows of a pool."""
    return {
        at.POOL_Y: tall, at.POOL_X: wide,
        at.IN_HEIGHT: work.in_height * tall, at.IN_WIDTH: work.in_width * wide, at.IN_CHANNELS: work.in_channels,
        at.OUT_HEIGHT: work.out_height, at.OUT_WIDTH: work.out_width, at.OUT_CHANNELS: work.out_channels,
        at.KERNEL_HEIGHT: work.kernel_height, at.KERNEL_WIDTH: work.kernel_width, at.STRIDE_Y: work.stride[0],
        at.STRIDE_X: work.stride[1], at.PAD_Y: work.padding[0], at.PAD_X: work.padding[1],
        at.DILATION_Y: work.dilation[0], at.DILATION_X: work.dilation[1], at.GROUPS: work.groups,
        at.PART: -(-work.out_channels // parts),
    }  # fmt: skip


def _energies(again: Again, spec: SpikingSpec, built: Build, counts: Counts) -> None:
    """Put what was counted in place of what rates say; an op that stands for several is their mean."""
    outs = again.outs
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
        energy[SYNAPSE_ENERGY] = added * getattr(spec.synapse, form).energy
        energy[MESSAGE_ENERGY] = sent * (spec.message.sent.energy + spec.message.received.energy)
        energy[HOP_ENERGY] = across * spec.mesh.across.energy + along * spec.mesh.along.energy
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
        outs[row]["energy"][NEURON_ENERGY] = (
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
