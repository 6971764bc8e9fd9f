"""Training: the forward graph, the loss, the way back, and the update of every weight, as one graph.

Nothing is hidden in a factor of three. Activations that the way back needs are the same tensors, read again, so that
their lifetimes follow from the graph; gradients are tensors; optimiser state and master weights are state. Weights are
updated in place: the update op reads and writes the same tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

from archsim.errors import GraphError, did_you_mean
from archsim.graph import functions
from archsim.graph.check import check_graph
from archsim.graph.dtypes import FLOATS
from archsim.graph.dtypes import dtype as number_format
from archsim.graph.gradients import Tape, differentiate
from archsim.graph.graph import Graph
from archsim.graph.loss import attach_loss
from archsim.graph.op import Op, Phase
from archsim.graph.optimiser import optimiser as optimiser_named
from archsim.graph.optimiser import update
from archsim.graph.retype import with_precision
from archsim.graph.tensor import Role
from archsim.graph.work import Normalise


def training(
    graph: Graph,
    *,
    optimiser: str = "sgd",
    dtype: str | None = None,
    master_dtype: str = "fp32",
    loss: Sequence[str] = (),
) -> Graph:
    """Return one training step of `graph`: forward, loss, data and weight gradients, update.

    The loss is a softmax with cross entropy on each trained output; its gradient is the softmax less the label. A
    tensor has a gradient if it was computed from a weight, so that the first layer has no data gradient. Batch norm
    uses the batch's own statistics and updates the running ones in place. Attention kernels keep no scores and compute
    them again; expand attention first (`archsim.graph.attention.expand_attention`) to keep them.

    Parameters
    ----------
    graph : Graph
        A forward graph that is not fused yet.
    optimiser : str
        ``sgd``, ``momentum`` or ``adam``.
    dtype : str, optional
        Number format of weights, activations and gradients; None keeps each tensor's own.
    master_dtype : str
        Number format of master weights and optimiser state, where weights are narrower.
    loss : sequence of str
        Outputs that are trained on; empty: every output that depends on a weight.

    Returns
    -------
    Graph
        Ops of all four phases; the network's own outputs are read by the loss only, so it has none.

    Raises
    ------
    GraphError
        The graph is fused or holds backward ops already, or no output depends on a weight.
    UnknownNameError
        No such optimiser or number format.
    """
    optimiser_named(optimiser)
    _check_forward(graph)
    if dtype is not None:
        graph = with_precision(graph, _float(dtype))
    graph = _with_batch_statistics(graph)
    tape = Tape(graph, _float(master_dtype))
    losses: list[Op] = []
    bypassed: set[str] = set()
    for name in _trained_outputs(graph, tape, loss):
        losses += attach_loss(graph, tape, name, bypassed)
    differentiate(tape, [op for op in graph.ops if op.name not in bypassed])
    notes = list(graph.notes)
    updates = []
    for weight in graph.weights:
        gradient = tape.take(weight.name)
        if gradient is None:
            notes.append(f"no gradient reaches the weight {weight.name!r}; it stays as it is")
            continue
        op, state = update(weight, gradient, tape.tensors[gradient.name], optimiser, master_dtype)
        updates.append(op)
        tape.tensors.update({tensor.name: tensor for tensor in state})
    if not updates:
        raise GraphError(
            f"no gradient of {graph.name!r} reaches a weight",
            hint="train on an output that layers with weights compute",
        )
    forward: list[Op] = []
    for op in graph.ops:
        forward.append(replace(op, outputs=(*op.outputs, *tape.kept.get(op.name, ()))))
        forward += tape.copies.get(op.name, ())
    made = graph.replace(
        name=f"{graph.name}-training",
        ops=(*forward, *losses, *tape.ops, *updates),
        tensors=MappingProxyType(tape.tensors),
        outputs=(),
        parameters=MappingProxyType(dict(graph.parameters) | {"optimiser": optimiser, "master_dtype": master_dtype}),
        notes=(*notes, *tape.notes),
    )
    check_graph(made)
    return made


def _check_forward(graph: Graph) -> None:
    for op in graph.ops:
        if op.phase is not Phase.FORWARD:
            raise GraphError(
                f"op {op.name!r} of {graph.name!r} belongs to {op.phase.value}", hint="give the forward graph"
            )
        if op.epilogue:
            raise GraphError(
                f"op {op.name!r} of {graph.name!r} is fused already", hint="make the training graph first, then fuse it"
            )


def _float(name: str) -> str:
    if number_format(name).name not in FLOATS:
        raise GraphError(f"weights cannot be trained in {name!r}", hint=f"write one of {', '.join(sorted(FLOATS))}")
    return name


def _trained_outputs(graph: Graph, tape: Tape, loss: Sequence[str]) -> tuple[str, ...]:
    for name in loss:
        if name not in graph.tensors:
            raise GraphError(
                f"the loss is on {name!r}, which {graph.name!r} does not have", hint=did_you_mean(name, graph.tensors)
            )
    names = tuple(loss or graph.outputs)
    found = tuple(name for name in names if name in tape.needed and graph.tensors[name].role is Role.ACTIVATION)
    if not found or (loss and len(found) < len(names)):
        missing = next((name for name in names if name not in found), "")
        raise GraphError(
            f"the output {missing!r} of {graph.name!r} depends on no weight: there is nothing to train",
            hint="train on an output that layers with weights compute",
        )
    return found


def _with_batch_statistics(graph: Graph) -> Graph:
    """Let batch norm compute its statistics, which inference reads, and write the running ones."""
    return graph.replace(ops=tuple(_batch_norm(graph, op) for op in graph.ops))


def _batch_norm(graph: Graph, op: Op) -> Op:
    work = op.work
    if not isinstance(work, Normalise) or work.function != "batch_norm":
        return op
    cost = functions.normalise("layer_norm")
    trained = replace(
        work,
        function="batch_norm_training",
        passes=cost.passes,
        flops_per_element=cost.flops,
        special_per_row=cost.special_per_row,
    )
    running = tuple(name for name in dict.fromkeys(op.inputs) if graph.tensors[name].role is Role.STATE)
    return replace(op, work=trained, outputs=(*op.outputs, *running))
