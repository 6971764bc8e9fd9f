"""A network on the cores of a machine, spike by spike: populations, connections, and what a run of it counts.

Populations are laid out one after the other, each over whole cores. What fires is given: a record of events, rates, or
a rule; this is a model of the machine, not of the neurons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archsim.errors import UsageError
from archsim.families.spiking import numbers as at
from archsim.families.spiking.spec import SpikingSpec

if TYPE_CHECKING:
    import numpy as np

FORMATS = ("dense", "sparse", "conv")


@dataclass(frozen=True)
class Population:
    """Neurons that lie on cores of their own, or inputs from outside.

    Attributes
    ----------
    neurons : int
        How many.
    per_core : int
        Most of them on one core; 0: they are outside.
    biased : bool
        Whether they are updated in every timestep, input or not.
    """

    neurons: int
    per_core: int
    biased: bool = False

    @property
    def cores(self) -> int:
        """Cores they take."""
        return -(-self.neurons // self.per_core) if self.per_core else 0


@dataclass(frozen=True)
class Connection:
    """Synapses from one population to another.

    Attributes
    ----------
    source, target : int
        Positions of the populations.
    kind : int
        `numbers.DENSE`, `numbers.CONV` or `numbers.STRIDED`.
    form : str
        How its weights are stored: ``dense``, ``sparse`` or ``conv``.
    density : float
        Share of its synapses that are not zero, spread evenly.
    shape : mapping of int to int
        What its kind needs, by position, see `archsim.families.spiking.numbers`.
    """

    source: int
    target: int
    kind: int
    form: str
    shape: dict[int, int] = field(default_factory=dict)
    density: float = 1.0


@dataclass(frozen=True)
class Counts:
    """What a run counts.

    Attributes
    ----------
    connections : ndarray, (connections, 4)
        Synaptic operations, messages, hops across and along, each of all timesteps.
    cores : ndarray, (cores, 6)
        Neurons updated, neurons fired, messages received, synaptic operations, messages sent, and the time it is busy,
        s, each of all timesteps.
    steps : ndarray, (timesteps, 3)
        Longest time to send, longest time to receive, and the timestep, s.
    populations : tuple of tuple of int
        First core of each population, and the one behind its last.
    """

    connections: np.ndarray
    cores: np.ndarray
    steps: np.ndarray
    populations: tuple[tuple[int, int], ...]

    @property
    def latency(self) -> float:
        """Time of all timesteps, s."""
        return float(self.steps[:, 2].sum())


def run_network(
    spec: SpikingSpec,
    populations: Sequence[Population],
    connections: Sequence[Connection],
    fired: np.ndarray,
    *,
    follow: bool = False,
) -> Counts:
    """Run a network: every message is counted, and followed link by link if asked for.

    Parameters
    ----------
    spec : SpikingSpec
        The machine.
    populations, connections : sequence
        The network; populations outside come first.
    fired : ndarray of uint8, (timesteps, neurons)
        1 where a neuron fires, all populations one after the other.
    follow : bool
        Whether messages wait for one another, see `archsim.families.spiking.follow`.

    Raises
    ------
    UsageError
        Populations outside behind others, or a record of spikes of another size.
    """
    import numpy as np

    from archsim.families.spiking.walk import walk
    from archsim.jit import compiled, enabled

    neurons = sum(each.neurons for each in populations)
    if fired.ndim != 2 or fired.shape[1] != neurons:
        raise UsageError(f"spikes of shape {fired.shape}", hint=f"give (timesteps, {neurons} neurons)")
    inside = [each.per_core > 0 for each in populations]
    if inside != sorted(inside):
        raise UsageError("inputs from outside stand behind other populations", hint="list them first")
    layout, core_of, biased, bounds = _layout(populations)
    cores = max(1, len(bounds))
    rules = np.array([_rule(each, populations, layout) for each in connections], dtype=np.int64)
    rules = rules.reshape(len(connections), at.NUMBERS)
    densities = np.array([each.density for each in connections], dtype=np.float64)
    tiles = -(-cores // spec.mesh.cores)
    settings = np.zeros(at.SETTINGS, dtype=np.int64)
    settings[at.HEIGHT], settings[at.TILE] = spec.mesh.height, spec.mesh.cores
    settings[at.BUFFER], settings[at.FOLLOW] = spec.mesh.buffer, follow
    settings[at.DRIVEN] = spec.neuron.driven == "clock"
    settings[at.INPUTS] = sum(each.neurons for each in populations if not each.per_core)
    times = times_of(spec, tiles)
    links = 4 * spec.mesh.height * -(-tiles // spec.mesh.height)
    counts = np.zeros((len(connections), at.COUNTS))
    worked = np.zeros((cores, at.WORKED))
    steps = np.zeros((len(fired), 3))
    function = compiled(walk) if enabled() else walk
    spikes, room = np.ascontiguousarray(fired, dtype=np.uint8), 1024
    while True:
        counts[:], worked[:], steps[:] = 0.0, 0.0, 0.0
        needed = function(
            rules, densities, spikes, biased, core_of, times, settings, bounds, counts, worked,
            steps, np.zeros(cores, np.int64), np.zeros(cores, np.int64), np.zeros(neurons, np.uint8),
            np.zeros(neurons, np.uint8), np.zeros((cores, 2)), np.zeros((room, 2), np.int64), np.zeros(room),
            np.zeros(room, np.int64), np.zeros(neurons + 1, np.int64), np.zeros((links + cores, spec.mesh.buffer)),
            np.zeros(links + cores, np.int64), np.zeros(links + cores), np.zeros(cores), np.zeros((cores, 3), np.int64),
        )  # fmt: skip
        if not needed:
            return Counts(counts, worked, steps, tuple(layout))
        room = 2 * needed


def times_of(spec: SpikingSpec, tiles: int) -> np.ndarray:
    """Return the times of one event each with so many tiles in use, s; see `archsim.families.spiking.numbers`."""
    import numpy as np

    times = np.zeros(at.TIMES)
    times[at.ACCESS], times[at.UPDATE] = spec.neuron.access.time, spec.neuron.update.time
    times[at.FIRE], times[at.SENT] = spec.neuron.fire.time, spec.message.sent.time
    times[at.RECEIVED] = spec.message.received.time
    for index, form in enumerate(FORMATS):
        times[at.DENSE_TIME + index] = getattr(spec.synapse, form).time
    times[at.ACROSS], times[at.ALONG] = spec.mesh.across.time, spec.mesh.along.time
    times[at.LINK] = 1.0 / spec.mesh.rate if spec.mesh.rate else 0.0
    times[at.TICK] = spec.timestep.tick
    for index, step in enumerate(spec.timestep.barrier):
        if index == 0 or step.tiles <= tiles:
            times[at.BARRIER] = step.time
    return times


def _layout(populations: Sequence[Population]) -> tuple[list[tuple[int, int]], np.ndarray, np.ndarray, np.ndarray]:
    import numpy as np

    layout, core, first = [], 0, 0
    core_of = np.full(sum(each.neurons for each in populations), -1, dtype=np.int64)
    biased = np.zeros(len(core_of), dtype=np.uint8)
    bounds = []
    for each in populations:
        layout.append((core, core + each.cores))
        biased[first : first + each.neurons] = each.biased
        if each.per_core:
            core_of[first : first + each.neurons] = core + np.arange(each.neurons) // each.per_core
            starts = range(first, first + each.neurons, each.per_core)
            bounds += [(start, min(start + each.per_core, first + each.neurons)) for start in starts]
        core += each.cores
        first += each.neurons
    return layout, core_of, biased, np.array(bounds or [(0, 0)], dtype=np.int64)


def _rule(connection: Connection, populations: Sequence[Population], layout: list[tuple[int, int]]) -> list[int]:
    offsets = [0]
    for each in populations:
        offsets.append(offsets[-1] + each.neurons)
    rule = [0] * at.NUMBERS
    rule[at.KIND], rule[at.FORMAT] = connection.kind, FORMATS.index(connection.form)
    rule[at.SOURCE], rule[at.SOURCES] = offsets[connection.source], populations[connection.source].neurons
    rule[at.TARGET], rule[at.TARGETS] = offsets[connection.target], populations[connection.target].neurons
    rule[at.FIRST_CORE], rule[at.PER_CORE] = layout[connection.target][0], populations[connection.target].per_core
    rule[at.POOL_Y], rule[at.POOL_X] = 1, 1
    rule[at.IN_PART] = connection.shape.get(at.IN_CHANNELS, 1)
    for position, value in connection.shape.items():
        rule[position] = value
    return rule
