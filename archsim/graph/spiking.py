"""The spiking twin of a dense network: the same layers, with spikes over timesteps in place of numbers.

A value of b bits becomes a rate of spikes over T timesteps, T + 1 values apart. A product whose input is spikes runs
once per timestep; the pointwise function behind it becomes neurons that fire. Neurons add up what reaches them, so sums
of branches vanish; a batch norm is part of the weights before it; a pool is a window of synapses to neurons of its own.
Everything that is no function of spikes stays as it is: attention, layer norms and softmax keep their numbers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from archsim.errors import UsageError
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Conv, Elementwise, MatMul, Neuron, Normalise, Reduce

FIRING: Final = frozenset(
    {
        "relu",
        "relu6",
        "leaky_relu",
        "gelu",
        "gelu_tanh",
        "silu",
        "swish",
        "sigmoid",
        "tanh",
        "hardswish",
        "hardsigmoid",
        "clip",
    }
)
"""Pointwise functions that neurons stand for."""
ADDING: Final = frozenset({"add"})
COUNTS: Final = frozenset({"int64", "int32"})
"""Formats of indices, which are no values."""
PIXELS: Final = 4
"""Axes of a batch of maps: samples, channels, height, width."""
SUMS: Final = "int16"
"""Format of membrane potentials."""


def spiking_twin(graph: Graph, *, timesteps: int, rate: float, dtype: str = "int8") -> Graph:
    """Return the spiking twin of a network.

    Parameters
    ----------
    graph : Graph
        A dense network, forward only, not fused.
    timesteps : int
        T; it tells as many values apart as ceil(log2(T + 1)) bits.
    rate : float
        Spikes per neuron and timestep, inputs included, 0 to 1.
    dtype : str
        Format of the weights.

    Raises
    ------
    UsageError
        A rate beyond 0 to 1, no timestep, or a graph with nothing that could spike.
    """
    if not 0.0 <= rate <= 1.0:
        raise UsageError(f"rate={rate} spikes per neuron and timestep", hint="write a share from 0 to 1")
    if timesteps < 1:
        raise UsageError(f"timesteps={timesteps}", hint="write a whole number of at least 1")
    twin = _Twin(dict(graph.tensors), timesteps, rate, dtype)
    for op in graph.ops:
        twin.add(op)
    if not twin.found:
        raise UsageError(f"nothing in {graph.name!r} could spike", hint="it has no product of inputs with weights")
    outputs = tuple(twin.read_out(name) for name in graph.outputs)
    parameters = {**graph.parameters, "timesteps": timesteps, "rate": rate}
    return graph.replace(
        ops=tuple(twin.ops), tensors=MappingProxyType(twin.read()), parameters=MappingProxyType(parameters),
        outputs=outputs,
    )  # fmt: skip


class _Twin:
    """The twin as far as it is built.

    Attributes
    ----------
    spikes : set of str
        Tensors that are spikes.
    same : dict of str to tuple of str
        Currents by the tensor that was their sum, or their normalised value: neurons add up what reaches them.
    """

    def __init__(self, tensors: dict[str, Tensor], timesteps: int, rate: float, dtype: str) -> None:
        self.tensors, self.timesteps, self.rate, self.dtype = tensors, timesteps, rate, dtype
        self.ops: list[Op] = []
        self.found = 0
        self.same: dict[str, tuple[str, ...]] = {}
        inputs = [t for t in tensors.values() if t.role is Role.INPUT and t.dtype not in COUNTS]
        self.spikes: set[str] = set()
        for tensor in inputs:
            self._fires(tensor.name)

    def read(self) -> dict[str, Tensor]:
        """Return the tensors that ops still name."""
        named = {name for op in self.ops for name in (*op.inputs, *op.outputs)}
        return {name: tensor for name, tensor in self.tensors.items() if name in named}

    def add(self, op: Op) -> None:
        """Add what stands for an op."""
        op = self._fed_by_spikes(op)
        values = [name for name in op.inputs if self.tensors[name].role is not Role.WEIGHT]
        if self._is_synapses(op):
            self._synapses(op)
        elif _is(op, FIRING) and values[0] in self.same:
            self._neurons(op.name, op.outputs[0], self.same[values[0]])
        elif isinstance(op.work, Normalise) and op.work.function == "batch_norm" and values[0] in self.same:
            self.same[op.outputs[0]] = self.same[values[0]]  # a scale and a shift per channel: part of the weights
        elif not (self._adds_up(op, values) or self._pools(op, values)):
            if op.kind == "move" and values and values[0] in self.spikes:
                self._fires(op.outputs[0])
            self.ops.append(op)

    def read_out(self, name: str) -> str:
        """Let neurons add up a result that is a sum, as those of any layer do; return what they make."""
        return self._fired(name) if name in self.same else name

    def _fed_by_spikes(self, op: Op) -> Op:
        """Put neurons before a product or a pool that would read sums: linear layers follow one another nowhere."""
        if not isinstance(op.work, MatMul | Conv | Reduce) or op.inputs[0] not in self.same:
            return op
        return replace(op, inputs=(self._fired(op.inputs[0]), *op.inputs[1:]))

    def _fired(self, name: str) -> str:
        fired = f"{name}/spikes"
        if fired not in self.tensors:
            self.tensors[fired] = replace(self.tensors[name], name=fired)
            self._neurons(f"{name}/neurons", fired, self.same[name])
        return fired

    def _is_synapses(self, op: Op) -> bool:
        if not isinstance(op.work, MatMul | Conv) or op.phase is not Phase.FORWARD or op.inputs[0] not in self.spikes:
            return False
        return not op.work.dynamic and len(op.inputs) > 1 and self.tensors[op.inputs[1]].role is Role.WEIGHT

    def _synapses(self, op: Op) -> None:
        self.found += 1
        for name in op.inputs[1:]:
            if self.tensors[name].role is Role.WEIGHT:
                self.tensors[name] = replace(self.tensors[name], dtype=self.dtype)
        self._current(op.outputs[0])
        self.ops.append(replace(op, steps=op.steps * self.timesteps))

    def _current(self, name: str) -> None:
        self.tensors[name] = replace(self.tensors[name], dtype=SUMS)
        self.same[name] = (name,)

    def _fires(self, name: str) -> None:
        self.tensors[name] = replace(self.tensors[name], dtype="binary", density=self.rate, structure="temporal")
        self.spikes.add(name)

    def _neurons(self, name: str, output: str, currents: tuple[str, ...]) -> None:
        made = self.tensors[output]
        membrane = Tensor(f"{name}/membrane", made.shape, SUMS, Role.STATE)
        self.tensors[membrane.name] = membrane
        work = Neuron(made.elements, self.timesteps, self.rate, 0)
        self.ops.append(Op(name, work, (*currents, membrane.name), (output,)))
        self._fires(output)

    def _adds_up(self, op: Op, values: list[str]) -> bool:
        """Let neurons add up what an op adds; spikes among it come over synapses of their own, one for each."""
        if not _is(op, ADDING) or not any(name in self.same for name in values):
            return False
        reached: list[str] = []
        for name in values:
            fired = f"{name}/spikes"  # of neurons that took the sum already: no current reaches two populations
            spikes = name if name in self.spikes else fired if fired in self.spikes else ""
            if spikes and len(self.tensors[spikes].shape) == PIXELS:
                reached.append(self._one_to_one(f"{op.name}/{name}", spikes, self.tensors[spikes].shape))
            elif name in self.same:
                reached += self.same[name]
            else:
                return False
        self.same[op.outputs[0]] = tuple(dict.fromkeys(reached))
        return True

    def _pools(self, op: Op, values: list[str]) -> bool:
        """Let a window of spikes reach one neuron, which fires as they do."""
        if not isinstance(op.work, Reduce) or values[0] not in self.spikes:
            return False
        before, after = self.tensors[op.inputs[0]].shape, self.tensors[op.outputs[0]].shape
        if len(before) != PIXELS or before[:2] != after[:2]:
            return False
        tall, wide = (max(1, size // (*after, 1, 1)[axis]) for axis, size in ((2, before[2]), (3, before[3])))
        side = math.isqrt(op.work.window)
        taps = (tall, wide) if tall * wide == op.work.window or side * side != op.work.window else (side, side)
        current = self._one_to_one(op.name, op.inputs[0], after, taps, (tall, wide))
        self._neurons(f"{op.name}/neurons", op.outputs[0], (current,))
        return True

    def _one_to_one(
        self, name: str, source: str, shape: tuple[int, ...], taps: tuple[int, int] = (1, 1),
        stride: tuple[int, int] = (1, 1),
    ) -> str:  # fmt: skip
        """Add synapses from windows of spikes of a channel to one neuron each; return the current."""
        batch, channels, height, width = self.tensors[source].shape
        out = (*shape, 1, 1)[:PIXELS]
        weight = Tensor(f"{name}/weight", (channels, 1, *taps), self.dtype, Role.WEIGHT)
        current = Tensor(f"{name}/current", shape, SUMS)
        self.tensors |= {weight.name: weight, current.name: current}
        edges: list[int] = []
        for size, made, tap, step in zip((height, width), out[2:], taps, stride, strict=True):
            beyond = max(0, (made - 1) * step + tap - size)
            edges += [beyond // 2, beyond - beyond // 2]
        work = Conv(
            batch, channels, channels, height, width, out[2], out[3], *taps, stride, (1, 1),
            (edges[0], edges[1], edges[2], edges[3]), groups=channels,
        )  # fmt: skip
        self.ops.append(Op(f"{name}/synapses", work, (source, weight.name), (current.name,), steps=self.timesteps))
        return current.name


def _is(op: Op, functions: frozenset[str]) -> bool:
    return isinstance(op.work, Elementwise) and op.work.function in functions
