"""NeuroBench's counts of a network: operations dense and effective, sparsities, footprint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archsim.engine.inputs import graph_of
from archsim.graph.tensor import Role

if TYPE_CHECKING:
    from archsim.graph.graph import Graph
    from archsim.graph.op import Op
    from archsim.graph.tensor import Tensor


@dataclass(frozen=True)
class BenchmarkCounts:
    """Counts of one run.

    Attributes
    ----------
    dense : int
        Synaptic operations with every weight and every input counted, all timesteps.
    effective_macs, effective_acs : float
        Those of weights and inputs that are not zero: multiply-accumulates, and accumulates of inputs that are spikes.
    activation_sparsity : float
        Share of zeros among what neurons put out; among all activations where there are none.
    connection_sparsity : float
        Share of zeros among the weights.
    footprint : float
        B of weights and states.
    """

    dense: int
    effective_macs: float
    effective_acs: float
    activation_sparsity: float
    connection_sparsity: float
    footprint: float


def neurobench(graph: Graph | str) -> BenchmarkCounts:
    """Count a network as NeuroBench does.

    Sparsity is that at the multipliers' inputs: zeros that a normalisation fills again save nothing.

    Parameters
    ----------
    graph : Graph or str
        The network, or its name.

    References
    ----------
    Yik et al.: The NeuroBench framework for benchmarking neuromorphic computing algorithms and systems, Nature
    Communications 16, 2025, section "Metrics".
    """
    graph = graph_of(graph)
    dense, macs, acs = 0, 0.0, 0.0
    for op in graph.ops:
        if not op.macs:
            continue
        dense += op.macs
        inputs, weights = _operands(op, graph)
        density = (inputs.density if inputs else 1.0) * (weights.density if weights else 1.0)
        if inputs is not None and inputs.dtype in ("binary", "ternary"):
            acs += op.macs * density
        else:
            macs += op.macs * density
    tensors = graph.tensors.values()
    outputs = [graph.tensors[op.outputs[0]] for op in graph.ops if op.kind == "neuron"]
    outputs = outputs or [tensor for tensor in tensors if tensor.role is Role.ACTIVATION]
    kept = [tensor for tensor in tensors if tensor.role is Role.WEIGHT]
    states = sum(tensor.bytes for tensor in tensors if tensor.role is Role.STATE)
    return BenchmarkCounts(
        dense, macs, acs, _zeros(outputs), _zeros(kept), sum(tensor.bytes for tensor in kept) + states
    )


def _operands(op: Op, graph: Graph) -> tuple[Tensor | None, Tensor | None]:
    read = [graph.tensors[name] for name in op.inputs]
    weights = [tensor for tensor in read if tensor.role is Role.WEIGHT]
    inputs = [tensor for tensor in read if tensor.role is not Role.WEIGHT]
    return (inputs[0] if inputs else None), (weights[0] if weights else inputs[1] if len(inputs) > 1 else None)


def _zeros(tensors: list[Tensor]) -> float:
    elements = sum(tensor.elements for tensor in tensors)
    return sum(tensor.elements * (1.0 - tensor.density) for tensor in tensors) / elements if elements else 0.0
