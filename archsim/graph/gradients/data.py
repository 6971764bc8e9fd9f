"""Gradients of ops that place data: gather, scatter, move, Fourier transform, collectives, and unknown ops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archsim.graph.dtypes import FLOATS
from archsim.graph.gradients.tape import Tape
from archsim.graph.op import Op
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Chase, Collective, Fft, Gather, Move, Opaque, Reduce, Scatter

_OPPOSITE = {
    "all_gather": "reduce_scatter",
    "broadcast": "reduce",
    "gather": "scatter",
    "reduce": "broadcast",
    "reduce_scatter": "all_gather",
    "scatter": "gather",
}
"""What moves gradients the other way; collectives not named, such as all_reduce and all_to_all, undo themselves."""


def gather(tape: Tape, op: Op, work: Gather, gradients: Sequence[Tensor]) -> None:
    """Add every row's gradient into a table of zeros: a scatter; indices have no gradient.

    Floats behind the table weigh the rows of a sum, as in graph attention; the gradient of a weight is the dot product
    of its row with the gradient.
    """
    name, others = op.inputs[0], [tape.seen(op, index) for index in range(1, len(op.inputs))]
    if name in tape.needed:
        suffix = "wgrad" if tape.tensors[name].role is Role.WEIGHT else "dgrad"
        made = Scatter(work.entries, work.width, max(work.flops_per_element, 1.0))
        (handle,) = tape.emit(
            f"{op.name}/{suffix}", made, [gradients[0], *others], [tape.tensors[name]], tape.phase(name), op.steps
        )
        tape.give(name, handle, op.steps)
    if work.flops_per_element > 1:
        _dots(tape, op, work, gradients[0], [tape.seen(op, 0)], others)


def _dots(
    tape: Tape, op: Op, work: Gather, gradient: Tensor, rows: Sequence[Tensor], weights: Sequence[Tensor]
) -> None:
    """Give each row's weight the dot product of the row with its gradient."""
    for target in weights:
        if target.name in tape.needed and target.dtype in FLOATS:
            dots = Reduce("dot", target.elements, max(work.entries * work.width // target.elements, 1))
            (handle,) = tape.emit(
                f"{op.name}/dgrad", dots, [gradient, *rows], [target], tape.phase(target.name), op.steps
            )
            tape.give(target.name, handle, op.steps)


def scatter(tape: Tape, op: Op, work: Scatter, gradients: Sequence[Tensor]) -> None:
    """Read every row's gradient from where the row went: a gather.

    The last of several inputs says where; floats that are multiplied in are also a weight per row, as in a mixture of
    experts, whose gradient is the dot product of the row with its gradient.
    """
    count = len(op.inputs)
    rows = range(count - 1) if count > 1 else range(count)
    places = [tape.seen(op, count - 1)] if count > 1 else []
    for index in rows:
        target = tape.seen(op, index)
        if target.name in tape.needed:
            flops = max(work.flops_per_element - 1, 0.0)
            made = Gather(target.elements // max(work.width, 1), work.width, flops)
            (handle,) = tape.emit(
                f"{op.name}/dgrad", made, [gradients[0], *places], [target], tape.phase(target.name), op.steps
            )
            tape.give(target.name, handle, op.steps)
    if work.flops_per_element > 1:
        _dots(tape, op, work, gradients[0], [tape.seen(op, index) for index in rows], places)


def move(tape: Tape, op: Op, work: Move, gradients: Sequence[Tensor]) -> None:
    """Copy the gradient back; the parts of a concatenation are slices of it and need no copy."""
    targets = [tape.seen(op, index) for index in range(len(op.inputs))]
    slices = len(targets) > 1 and sum(target.elements for target in targets) == gradients[0].elements
    for target in targets:
        if target.name not in tape.needed:
            continue
        handle = replace(gradients[0], shape=target.shape)
        if not slices:
            made = Move(f"{work.function}_gradient", max(target.elements, work.elements))
            (handle,) = tape.emit(f"{op.name}/dgrad", made, [gradients[0]], [target], tape.phase(target.name), op.steps)
        tape.give(target.name, handle, op.steps)


def fft(tape: Tape, op: Op, work: Fft, gradients: Sequence[Tensor]) -> None:
    """Transform the gradient with the conjugate matrix: as much work as forward."""
    _mirror(tape, op, work, gradients)


def collective(tape: Tape, op: Op, work: Collective, gradients: Sequence[Tensor]) -> None:
    """Run the opposite collective over the same machines, of all tensors that travelled together."""
    opposite = replace(work, function=_OPPOSITE.get(work.function, work.function))
    if len(op.inputs) == 1:
        _mirror(tape, op, opposite, gradients)
        return
    targets = [tape.seen(op, index) for index, name in enumerate(op.inputs) if name in tape.needed]
    if targets:
        name = f"{op.name}/dgrad"
        handles = tape.emit(name, opposite, gradients, targets, tape.phase(targets[0].name), op.steps)
        for target, handle in zip(targets, handles, strict=True):
            tape.give(target.name, handle, op.steps)


def _mirror(tape: Tape, op: Op, work: Fft | Collective, gradients: Sequence[Tensor]) -> None:
    name = op.inputs[0]
    if name in tape.needed:
        target = tape.seen(op, 0)
        (handle,) = tape.emit(f"{op.name}/dgrad", work, gradients[:1], [target], tape.phase(name), op.steps)
        tape.give(name, handle, op.steps)


def chase(tape: Tape, op: Op, work: Chase, gradients: Sequence[Tensor]) -> None:
    """Give nothing: an address has no gradient."""


def opaque(tape: Tape, op: Op, work: Opaque, gradients: Sequence[Tensor]) -> None:
    """Charge the bytes: read the gradient and all inputs, write a gradient of each input; and say so."""
    targets = [tape.seen(op, index) for index in range(len(op.inputs))]
    kept = [tape.saved(op, index, work.elements) for index in range(len(op.inputs))]
    tape.notes.append(f"the gradient of {op.name!r} ({work.function}) is unknown: its bytes are charged, no arithmetic")
    for phase in dict.fromkeys(tape.phase(target.name) for target in targets if target.name in tape.needed):
        mine = [target for target in targets if target.name in tape.needed and tape.phase(target.name) is phase]
        made = Opaque(f"{work.function}_gradient", work.elements)
        handles = tape.emit(f"{op.name}/{phase.value}", made, [gradients[0], *kept], mine, phase, op.steps)
        for target, handle in zip(mine, handles, strict=True):
            tape.give(target.name, handle, op.steps)
