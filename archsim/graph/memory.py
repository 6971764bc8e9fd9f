"""What a graph keeps in memory: weights, gradients, optimiser state, activations."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.graph.graph import Graph
from archsim.graph.op import Phase
from archsim.graph.tensor import Role


@dataclass(frozen=True)
class Memory:
    """Dense storage by purpose, byte.

    Attributes
    ----------
    weights : float
        Trained tensors, each once.
    gradients : float
        What update ops read beside weights and state.
    optimiser : float
        State that update ops read: momentum, mean, variance, master weights.
    state : float
        Other state: caches, running statistics.
    saved : float
        Activations and network inputs of the forward pass that a backward op reads again: all alive when the forward
        pass ends.
    peak : float
        Most bytes of activations and gradients alive at once, in the order of the ops.
    """

    weights: float
    gradients: float
    optimiser: float
    state: float
    saved: float
    peak: float

    @property
    def total(self) -> float:
        """Weights, state of both kinds, and the peak of all that comes and goes, byte."""
        return self.weights + self.optimiser + self.state + self.peak


def memory(graph: Graph) -> Memory:
    """Add up what `graph` keeps; gradients, optimiser state and saved activations are zero for inference."""
    updated = {name for op in graph.ops if op.phase is Phase.UPDATE for name in op.inputs}
    roles = {name: graph.tensors[name].role for name in updated}
    of_optimiser = {name for name, role in roles.items() if role is Role.STATE}
    gradients = {name for name, role in roles.items() if role is Role.ACTIVATION}
    return Memory(
        weights=_bytes(graph, {tensor.name for tensor in graph.weights}),
        gradients=_bytes(graph, gradients),
        optimiser=_bytes(graph, of_optimiser),
        state=_bytes(graph, {name for name, t in graph.tensors.items() if t.role is Role.STATE} - of_optimiser),
        saved=_bytes(graph, saved(graph)),
        peak=peak(graph),
    )


def saved(graph: Graph) -> set[str]:
    """Names of forward tensors, network inputs among them, that a backward op reads again."""
    standing = (Role.WEIGHT, Role.STATE)
    made = {name for op in graph.ops if op.phase is Phase.FORWARD for name in (*op.inputs, *op.outputs)}
    back = {name for op in graph.ops if op.phase in (Phase.DGRAD, Phase.WGRAD) for name in op.inputs}
    return {name for name in made & back if graph.tensors[name].role not in standing}


def peak(graph: Graph) -> float:
    """Most bytes of activations alive at once.

    A tensor lives from the op that writes it, or from the start if it is an input of the network, to the last op that
    reads it, or to the end if it is an output.
    """
    last: dict[str, int] = {}
    for index, op in enumerate(graph.ops):
        for name in (*op.inputs, *op.outputs):
            last[name] = index
    last.update({name: len(graph.ops) for name in graph.outputs})
    ends: dict[int, list[str]] = {}
    for name, index in last.items():
        ends.setdefault(index, []).append(name)
    alive = {name for name in last if graph.tensors[name].role is Role.INPUT}
    size = highest = _bytes(graph, alive)
    for index, op in enumerate(graph.ops):
        for name in op.outputs:
            if graph.tensors[name].role is Role.ACTIVATION and name not in alive:
                alive.add(name)
                size += graph.tensors[name].bytes
        highest = max(highest, size)
        for name in ends.get(index, ()):
            if name in alive:
                alive.discard(name)
                size -= graph.tensors[name].bytes
    return highest


def _bytes(graph: Graph, names: set[str]) -> float:
    return sum(graph.tensors[name].bytes for name in sorted(names))
