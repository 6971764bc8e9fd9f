"""The loss of a training step: softmax with cross entropy, and the gradient it starts the way back with."""

from __future__ import annotations

from archsim.graph import functions
from archsim.graph.gradients import Tape
from archsim.graph.graph import Graph
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Elementwise, Normalise

_SOFTMAX = frozenset({"softmax", "log_softmax"})


def attach_loss(graph: Graph, tape: Tape, name: str, bypassed: set[str]) -> list[Op]:
    """Put the gradient of the loss on the output `name` onto `tape` and return the forward ops of the loss.

    The gradient at the logits is the softmax less the label (Bishop 2006, equation 4.109). A network that ends in a
    softmax of its own has its shares read instead; that op's name is added to `bypassed`, as the gradient goes to its
    input at once.
    """
    output = graph.tensors[name]
    length = output.shape[-1] if output.shape else 1
    rows = output.elements // length
    labels = Tensor(tape.unique(f"{name}/labels"), (rows,), "int32", Role.INPUT)
    tape.tensors[labels.name] = labels
    producer = graph.producer[name]
    ends_in_softmax = (
        isinstance(producer.work, Normalise) and producer.work.function in _SOFTMAX and not graph.consumers.get(name)
    )
    if ends_in_softmax:
        bypassed.add(producer.name)
        ops, shares, target = [], output, graph.tensors[producer.inputs[0]]
    else:
        shares = Tensor(tape.unique(f"{name}/loss"), output.shape, tape.gradient_format(output))
        tape.tensors[shares.name] = shares
        cost = functions.normalise("softmax")
        work = Normalise("softmax", rows, length, cost.passes, cost.flops, cost.special, cost.special_per_row)
        ops, target = [Op(shares.name, work, (name,), (shares.name,), Phase.FORWARD)], output
    made = Elementwise("subtract", output.elements)
    (gradient,) = tape.emit(f"{name}/loss-gradient", made, [shares, labels], [target], Phase.DGRAD)
    tape.give(target.name, gradient)
    return ops
