"""Gradients of elementwise, normalising and reducing ops, and of what looks at the past of an element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archsim.graph.gradients import costs
from archsim.graph.gradients.contraction import give_reduced
from archsim.graph.gradients.tape import Tape
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Elementwise, Move, Neuron, Normalise, Reduce, Scan

_ONE_SIDED = frozenset({"dropout", "rotary"})
"""Functions whose first input alone has a gradient; the others are tables and random numbers."""


def elementwise(tape: Tape, op: Op, work: Elementwise, gradients: Sequence[Tensor]) -> None:
    """Give each input its derivative times the incoming gradient, summed where the input was broadcast."""
    function, gradient = work.function, gradients[0]
    if function in costs.FLAT:
        return
    indices = [
        index
        for index, name in enumerate(op.inputs)
        if name in tape.needed and not _flat_input(function, index, len(op.inputs))
    ]
    if function in costs.PASSED_ON:
        for index in indices:
            made = gradient
            if function == "subtract" and index:
                sign = Elementwise("negate", work.elements)
                (made,) = tape.emit(f"{op.name}/dgrad", sign, [gradient], [gradient], Phase.DGRAD, op.steps)
            give_reduced(tape, op, index, made)
    elif function in costs.ELEMENTWISE:
        for index in indices:
            _derivatives(tape, op, work, gradient, [index])
    else:
        # Nothing is known of the function: one op recomputes it and writes all gradients of a phase.
        for phase in (Phase.DGRAD, Phase.WGRAD):
            mine = [index for index in indices if tape.phase(op.inputs[index]) is phase]
            if mine:
                _derivatives(tape, op, work, gradient, mine)


def _derivatives(tape: Tape, op: Op, work: Elementwise, gradient: Tensor, indices: Sequence[int]) -> None:
    cost = costs.elementwise(work.function, work.flops_per_element, work.special_per_element)
    times = max(len(op.inputs) - 1, 1) if work.function == "multiply" else 1
    made = Elementwise(f"{work.function}_gradient", work.elements, cost.flops * times, cost.special * times)
    output = tape.tensors[op.outputs[0]]
    handles = [tape.seen(op, index) for index in indices]
    targets = [
        handle if handle.elements == work.elements else replace(handle, shape=output.shape) for handle in handles
    ]
    phase = tape.phase(handles[0].name)
    suffix = "wgrad" if phase is Phase.WGRAD else "dgrad"
    inputs = [gradient, *_kept(tape, op, work, cost.keeps, indices[0])]
    products = tape.emit(f"{op.name}/{suffix}", made, inputs, targets, phase, op.steps)
    for index, product in zip(indices, products, strict=True):
        give_reduced(tape, op, index, product)


def _flat_input(function: str, index: int, inputs: int) -> bool:
    """Whether the input has no gradient: the condition of a select, tables, the bounds of a clip."""
    if function == "select":
        return index == 0 and inputs > 2
    return index > 0 and function in (*_ONE_SIDED, "clip", "quantise", "dequantise")


def _kept(tape: Tape, op: Op, work: Elementwise, keeps: str, index: int) -> list[Tensor]:
    if keeps == costs.MASK:
        return [tape.keep(op, "mask", tape.tensors[op.outputs[0]].shape, "int8")]
    handles = []
    if keeps in (costs.INPUTS, costs.BOTH, costs.OTHERS):
        places = [place for place in range(len(op.inputs)) if keeps != costs.OTHERS or place != index]
        handles = [tape.saved(op, place, work.elements) for place in places]
    if keeps in (costs.OUTPUT, costs.BOTH):
        handles.append(tape.output(op))
    return handles


def normalise(tape: Tape, op: Op, work: Normalise, gradients: Sequence[Tensor]) -> None:
    """Give the rows' gradient, and sums over the rows to the learned scale and shift."""
    gradient, cost = gradients[0], costs.normalise(work.function)
    each = work.rows * work.length
    kept = [tape.saved(op, 0, each)] if cost.keeps in (costs.INPUTS, costs.BOTH) else []
    if cost.keeps in (costs.OUTPUT, costs.BOTH):
        kept.append(tape.output(op))
    if cost.statistics:
        kept.append(tape.keep(op, "row-statistics", (work.rows, cost.statistics), "fp32"))
    weights = [tape.tensors[name] for name in op.inputs[1:] if tape.tensors[name].role is Role.WEIGHT]
    made = Normalise(f"{work.function}_gradient", work.rows, work.length, cost.passes, cost.flops, cost.special)
    if any(name in tape.needed and tape.tensors[name].role is not Role.WEIGHT for name in op.inputs):
        target = tape.seen(op, 0)
        (rows,) = tape.emit(
            f"{op.name}/dgrad", made, [gradient, *kept, *weights], [target], tape.phase(op.inputs[0]), op.steps
        )
        for index, name in enumerate(op.inputs):
            if tape.tensors[name].role is not Role.WEIGHT:
                give_reduced(tape, op, index, rows)
    for weight in weights:
        vectors = weight.shape[0] if len(weight.shape) > 1 else 1
        sums = Reduce("sum", weight.elements, max(each * vectors // weight.elements, 1))
        (total,) = tape.emit(f"{op.name}/wgrad", sums, [gradient, *kept], [weight], Phase.WGRAD, op.steps)
        tape.give(weight.name, total)


def reduce(tape: Tape, op: Op, work: Reduce, gradients: Sequence[Tensor]) -> None:
    """Spread the gradient back over each window: evenly after a sum, to the winner after a maximum."""
    name, gradient = op.inputs[0], gradients[0]
    if name not in tape.needed or work.function in costs.FLAT:
        return
    target = tape.seen(op, 0)
    function = f"{work.function}_gradient"
    even = any(word in work.function for word in ("sum", "add", "mean", "average", "avg"))
    inputs = [gradient] if even else [gradient, tape.saved(op, 0, work.outputs * work.window), tape.output(op)]
    made: Reduce | Move | Elementwise = Elementwise(function, target.elements)
    if "pool" in work.function:
        made = Reduce(function, work.outputs, work.window)
    elif work.function == "sum":
        made = Move("broadcast", target.elements)
    (spread,) = tape.emit(f"{op.name}/dgrad", made, inputs, [target], tape.phase(name), op.steps)
    tape.give(name, spread, op.steps)


def scan(tape: Tape, op: Op, work: Scan, gradients: Sequence[Tensor]) -> None:
    """Run the recurrence backwards: each step's product has two gradients; weights sum theirs over the steps."""
    each = work.length * work.width
    kept = [tape.saved(op, index, each) for index in range(len(op.inputs))]
    inputs = [gradients[0], *kept, tape.output(op)]
    made = Scan(
        f"{work.function}_gradient", work.length, work.width, 2 * work.flops_per_element, work.special_per_element
    )
    targets = [tape.seen(op, index) for index, name in enumerate(op.inputs) if name in tape.needed]
    weights = [target for target in targets if target.role is Role.WEIGHT]
    others = [target for target in targets if target.role is not Role.WEIGHT]
    if not others:
        others, weights = weights, []
    if not others:
        return
    phase = tape.phase(others[0].name)
    handles = list(tape.emit(f"{op.name}/{phase.value}", made, inputs, others, phase, op.steps))
    for weight in weights:
        sums = Reduce("sum", weight.elements, max(each // weight.elements, 1))
        handles += tape.emit(f"{op.name}/wgrad", sums, inputs, [weight], Phase.WGRAD, op.steps)
    for target, handle in zip([*others, *weights], handles, strict=True):
        tape.give(target.name, handle, op.steps)


def neuron(tape: Tape, op: Op, work: Neuron, gradients: Sequence[Tensor]) -> None:
    """Run the membranes backwards with a surrogate derivative of the spike (Neftci 2019, arXiv:1901.09948).

    Per neuron and step, with the fast sigmoid: ``1 / (1 + |u|)^2`` (3 FLOP and a division), times the gradient, plus
    the leaked gradient of the next step (3 FLOP).
    """
    name = op.inputs[0]
    if name not in tape.needed:
        return
    target = tape.seen(op, 0)
    membrane = tape.keep(op, "membrane", (work.steps, work.neurons), tape.tensors[name].dtype)
    made = Scan("neuron_gradient", work.steps, work.neurons, 6.0, 1.0)
    (handle,) = tape.emit(f"{op.name}/dgrad", made, [gradients[0], membrane], [target], tape.phase(name), op.steps)
    tape.give(name, handle, op.steps)
