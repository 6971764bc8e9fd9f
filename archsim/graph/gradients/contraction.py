"""Gradients of matmul, convolution and attention: where the MACs of training are.

A contraction ``y = x w`` has two gradients with as many MACs each: ``dx = dy w^T`` and ``dw = x^T dy``. So a training
step of a plain network costs three times its forward MACs, less the first layer's dx, which nobody reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from archsim.graph.gradients.tape import Tape
from archsim.graph.op import Op, Phase
from archsim.graph.tensor import Role, Tensor
from archsim.graph.work import Attention, AttentionGradient, Conv, MatMul, Reduce


def matmul(tape: Tape, op: Op, work: MatMul, gradients: Sequence[Tensor]) -> None:
    """Give ``dx = dy w^T`` (m, k, n) and ``dw = x^T dy`` (k, n, m); both operands of a dynamic matmul are alike.

    Inputs in front of the second operand are slices of the first, side by side along k; those behind it are biases.
    """
    right = _second_operand(tape, op, work)
    for index in range(min(right, len(op.inputs))):
        if op.inputs[index] in tape.needed:
            _first_gradient(tape, op, work, index, right, gradients[0])
    if right < len(op.inputs) and op.inputs[right] in tape.needed:
        _second_gradient(tape, op, work, right, gradients[0])
    for index in range(right + 1, len(op.inputs)):
        give_reduced(tape, op, index, gradients[0])


def _second_gradient(tape: Tape, op: Op, work: MatMul, right: int, gradient: Tensor) -> None:
    target, each = tape.seen(op, right), work.batch * work.m * work.k
    once = target.role is Role.WEIGHT
    made, steps = _folded(work.batch, (work.k, work.n, work.m), target, op.steps)
    operands = [tape.saved(op, index, each, all_steps=once) for index in range(right)]
    operands.append(tape.all_steps(op, gradient) if once else gradient)
    _emit(tape, op, made, operands, target, steps)


def _second_operand(tape: Tape, op: Op, work: MatMul) -> int:
    """Position of the second operand: the first weight of its size, or else input 1."""
    sizes = (work.k * work.n, work.batch * work.k * work.n)
    handles = [tape.seen(op, index) for index in range(len(op.inputs))]
    fitting = (
        index
        for index, handle in enumerate(handles)
        if index and handle.role is Role.WEIGHT and handle.elements in sizes
    )
    return next(fitting, 1)


def _first_gradient(tape: Tape, op: Op, work: MatMul, index: int, right: int, gradient: Tensor) -> None:
    """Give the gradient of the first operand, or of one slice of it, whose share of k is its share of the elements."""
    target, static = tape.seen(op, index), True
    once = target.role is Role.WEIGHT
    operands = [tape.all_steps(op, gradient) if once else gradient]
    if right < len(op.inputs):
        operands.append(tape.saved(op, right, work.batch * work.k * work.n, all_steps=once))
        static = operands[1].role is Role.WEIGHT
    k = work.k if right == 1 else target.elements // max(work.batch * work.m, 1)
    made, steps = _folded(work.batch, (work.m, k, work.n), target, op.steps)
    made = replace(made, dynamic=not static or target.role is Role.WEIGHT)
    _emit(tape, op, made, operands, target, steps)


def _folded(batch: int, sizes: tuple[int, int, int], target: Tensor, steps: int) -> tuple[MatMul, int]:
    """Sum a weight gradient over batch and steps inside one long matmul, as its k, where one weight serves them all."""
    m, n, k = sizes
    if target.role is not Role.WEIGHT:
        return MatMul(batch, m, n, k, dynamic=True), steps
    if target.elements == m * n:
        return MatMul(1, m, n, batch * k * steps, dynamic=True), 1
    return MatMul(batch, m, n, k * steps, dynamic=True), 1


def conv(tape: Tape, op: Op, work: Conv, gradients: Sequence[Tensor]) -> None:
    """Give the data gradient as the opposite convolution, and the weight gradient; each has the forward op's MACs."""
    gradient = gradients[0]
    if op.inputs[0] in tape.needed:
        kernel = [tape.seen(op, 1)] if len(op.inputs) > 1 else []
        dynamic = any(tensor.role is not Role.WEIGHT for tensor in kernel)
        made = replace(conv_data(work), dynamic=dynamic)
        _emit(tape, op, made, [gradient, *kernel], tape.seen(op, 0), op.steps)
    if len(op.inputs) > 1 and op.inputs[1] in tape.needed:
        pixels = work.batch * work.in_channels * work.in_height * work.in_width
        # The wider map is the first operand: the input, or the output's gradient of a transposed convolution.
        operands = [tape.saved(op, 0, pixels, all_steps=True), tape.all_steps(op, gradient)]
        made = conv_weight(replace(work, batch=work.batch * op.steps))
        _emit(tape, op, made, operands[::-1] if work.transposed else operands, tape.seen(op, 1), 1)
    for index in range(2, len(op.inputs)):
        give_reduced(tape, op, index, gradient)


def conv_data(work: Conv) -> Conv:
    """Return the opposite convolution: from the output's gradient to the input's."""
    return replace(
        work,
        in_channels=work.out_channels,
        out_channels=work.in_channels,
        in_height=work.out_height,
        in_width=work.out_width,
        out_height=work.in_height,
        out_width=work.in_width,
        bias=False,
        transposed=not work.transposed,
    )


def conv_weight(work: Conv) -> Conv:
    """Slide one map over the other: ``dw[o, i, r, s] = sum over batch and pixels of dy[o, p, q] x[i, p + r, q + s]``.

    Channels become the batch and the batch becomes channels; stride and dilation change places. The smaller map is the
    kernel: the output's gradient, or the input of a transposed convolution.
    """
    wide, narrow = work.in_channels, work.out_channels
    height, width, taps_height, taps_width = work.in_height, work.in_width, work.out_height, work.out_width
    if work.transposed:
        wide, narrow = narrow, wide
        height, width, taps_height, taps_width = taps_height, taps_width, height, width
    return Conv(
        batch=wide // work.groups,
        in_channels=work.batch * work.groups,
        out_channels=narrow,
        in_height=height,
        in_width=width,
        out_height=work.kernel_height,
        out_width=work.kernel_width,
        kernel_height=taps_height,
        kernel_width=taps_width,
        stride=work.dilation,
        dilation=work.stride,
        padding=work.padding,
        groups=work.groups,
        dynamic=True,
    )


def attention(tape: Tape, op: Op, work: Attention, gradients: Sequence[Tensor]) -> None:
    """Give query, key and value gradients in one op that computes the scores again (Dao 2022, arXiv:2205.14135).

    Kept are the output and one number per row, the logarithm of the softmax's sum. The new op reads query, keys,
    values, incoming gradient, output, row sums, and whatever else the forward op read (a bias, a mask).
    """
    more = [index for index in range(3, len(op.inputs)) if op.inputs[index] in tape.needed]
    phases = {tape.phase(name) for name in op.inputs if name in tape.needed}
    if not phases:
        return
    sums = tape.keep(op, "row-sums", (work.batch, work.heads, work.query_length), "fp32")
    handles = [tape.seen(op, index) for index in range(len(op.inputs))]
    inputs = [*handles[:3], gradients[0], tape.tensors[op.outputs[0]], sums, *handles[3:]]
    targets = [*handles[:3], *(handles[index] for index in more)]
    phase = Phase.DGRAD if Phase.DGRAD in phases else Phase.WGRAD
    sizes = {name: getattr(work, name) for name in Attention.__dataclass_fields__}
    made = tape.emit(f"{op.name}/dgrad", AttentionGradient(**sizes), inputs, targets, phase, op.steps)
    for target, gradient in zip(targets, made, strict=True):
        tape.give(target.name, gradient, op.steps)


def give_reduced(tape: Tape, op: Op, index: int, gradient: Tensor) -> None:
    """Give `gradient` to input `index` of `op`, summed to its size where it was broadcast or served several steps."""
    name = op.inputs[index]
    if name not in tape.needed:
        return
    target, steps = tape.seen(op, index), op.steps
    if target.role is Role.WEIGHT:
        gradient, steps = tape.all_steps(op, gradient), 1
    window = gradient.elements // max(target.elements, 1)
    if window > 1:
        suffix = "wgrad" if target.role is Role.WEIGHT else "dgrad"
        work = Reduce("sum", target.elements, window)
        (gradient,) = tape.emit(f"{op.name}/{suffix}-{index}", work, [gradient], [target], tape.phase(name), steps)
    tape.give(name, gradient, op.steps)


def _emit(tape: Tape, op: Op, work: MatMul | Conv, inputs: Sequence[Tensor], target: Tensor, steps: int) -> None:
    suffix = "wgrad" if target.role is Role.WEIGHT else "dgrad"
    (made,) = tape.emit(f"{op.name}/{suffix}", work, inputs, [target], tape.phase(target.name), steps)
    tape.give(target.name, made, op.steps)
