"""A graph as populations and connections: what a run spike by spike takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from archsim.errors import UsageError
from archsim.families.spiking import numbers as at
from archsim.families.spiking.layer import describe_layer, place_layer, synapse_code
from archsim.families.spiking.network import FORMATS, Connection, Population
from archsim.families.spiking.parts import CORES
from archsim.graph.work import Conv, Neuron, Reduce

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from archsim.arch.family import Again
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor


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

    def add(self, name: str, population: Population, rate: float) -> int:
        """Add a population; return its position."""
        self.names.append(name)
        self.populations.append(population)
        self.rates.append(rate)
        return len(self.populations) - 1


def build_network(again: Again) -> Build:
    """Lay out a graph that has run: inputs first, then what synapses lead to, then neurons that nothing reaches."""
    _refuse(again)
    built = Build()
    behind: dict[str, tuple[str, int, int]] = {}
    for op in again.ops:
        if isinstance(op.work, Reduce):
            behind[op.outputs[0]] = _behind(op, again.tensors, behind)
    layers = [(op, _described(again, op)) for op in again.ops if not isinstance(op.work, Neuron | Reduce)]
    of_tensor: dict[str, int] = {}
    inside = {op.outputs[0] for op in again.ops if isinstance(op.work, Neuron)}
    for op, work in layers:
        built.steps = max(built.steps, op.steps)
        source, _, _ = behind.get(op.inputs[0], (op.inputs[0], 1, 1))
        if source not in inside and source not in of_tensor:
            of_tensor[source] = built.add(source, Population(int(work.sources), 0), again.tensors[source].density)
    feeds = {name: op for op in again.ops if isinstance(op.work, Neuron) for name in op.inputs}
    targets = [_target(again, built, of_tensor, op, work, feeds.get(op.outputs[0])) for op, work in layers]
    for op in again.ops:
        if isinstance(op.work, Neuron) and op.name not in built.layers:
            population = Population(op.work.neurons, again.chip.spec.limits.neurons)  # type: ignore[attr-defined]
            built.layers[op.name] = of_tensor[op.outputs[0]] = built.add(op.name, population, op.work.rate)
            built.steps = max(built.steps, op.work.steps)
    for (op, work), target in zip(layers, targets, strict=True):
        source, tall, wide = behind.get(op.inputs[0], (op.inputs[0], 1, 1))
        _connect(again, built, op, work, of_tensor[source], target, (tall, wide))
    return built


def _refuse(again: Again) -> None:
    """Refuse what cannot be walked spike by spike.

    Raises
    ------
    UsageError
        A machine whose inputs are numbers, or a transposed convolution.
    """
    spec: Any = again.chip.spec
    if spec.values == "numbers":
        raise UsageError(
            f"{again.chip.name!r} computes on numbers, and the finer models follow spikes",
            hint="leave policy fidelity out",
        )
    for op in again.ops:
        if isinstance(op.work, Conv) and op.work.transposed:
            raise UsageError(
                f"{op.name!r} is a transposed convolution, which the finer models do not walk",
                hint="leave policy fidelity out",
            )


def _described(again: Again, op: Op) -> Any:
    """Return the layer that an op's synapses lead to."""
    row = again.rows[again.row_of[op.name]]
    work = SimpleNamespace(**dict.fromkeys(again.names, 0.0))
    describe_layer(row, again.chip_row, work)
    place_layer(row, again.chip_row, work)
    row.m_runs = work.runs
    return work


def _target(
    again: Again, built: Build, of_tensor: dict[str, int], op: Op, work: Any, neurons: Op | None
) -> int:  # fmt: skip
    """Return the population that an op's synapses lead to, added if it is new."""
    if neurons is not None and neurons.name in built.layers:
        return built.layers[neurons.name]
    cores, rate = work.placed, 0.0
    if neurons is not None:  # the plan may have spread them over more, for the messages they send
        cores = max(cores, float(again.outs[again.row_of[neurons.name]]["mapping"][CORES]))
        rate = neurons.work.rate if isinstance(neurons.work, Neuron) else 0.0
    population = Population(int(work.neurons), max(1, math.ceil(work.neurons / cores)))
    target = built.add(neurons.name if neurons else op.name, population, rate)
    if isinstance(op.work, Conv):
        pixels = op.work.out_height * op.work.out_width
        built.maps[target] = Map(op.work.out_channels, pixels, -(-op.work.out_channels // int(work.parts)))
    if neurons is not None:
        built.layers[neurons.name] = of_tensor[neurons.outputs[0]] = target
    return target


def _connect(
    again: Again, built: Build, op: Op, work: Any, source: int, target: int, window: tuple[int, int]
) -> None:  # fmt: skip
    """Add the synapses of an op, whose inputs stand in windows of a pool."""
    row = again.rows[again.row_of[op.name]]
    form, density = FORMATS[synapse_code(row, again.chip_row)], float(row.weight_density)
    kind, shape = at.DENSE, {}
    if isinstance(op.work, Conv):
        kind, shape = at.CONV, _windows(op.work, int(work.parts), *window)
        channels = op.work.in_channels
        own = Map(channels, shape[at.IN_HEIGHT] * shape[at.IN_WIDTH], channels)
        shape[at.IN_PART] = built.maps.setdefault(source, own).part
    built.connections.append(Connection(source, target, kind, form, shape, density))
    built.synapses.append(op)


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
