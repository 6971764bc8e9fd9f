"""Shape arithmetic of the layers: windows, padding, broadcast."""

from __future__ import annotations

from collections.abc import Sequence

from archsim.errors import GraphError
from archsim.graph.exact import written
from archsim.graph.tensor import Tensor

Pair = int | tuple[int, int]
Padding = int | tuple[int, int] | tuple[int, int, int, int] | str


def pair(value: Pair) -> tuple[int, int]:
    """Return (height, width) from one number or two."""
    return (value, value) if isinstance(value, int) else value


def pads(
    value: Padding,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    size: tuple[int, int],
    *,
    transposed: bool = False,
) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right).

    ``"same"`` pads so that the output is the input over the stride, or times the stride when `transposed`.

    Raises
    ------
    GraphError
        Another word than ``"same"``.
    """
    if value == "same":
        out = []
        for length, taps, step, spread in zip(size, kernel, stride, dilation, strict=True):
            covered = step if transposed else length - (-(-length // step) - 1) * step
            total = max((taps - 1) * spread + 1 - covered, 0)
            out += [total // 2, total - total // 2]
        return out[0], out[1], out[2], out[3]
    if isinstance(value, str):
        raise GraphError(f"padding {value!r} is not known", hint="write a number, a pair, four numbers or 'same'")
    if isinstance(value, int):
        return value, value, value, value
    return (value[0], value[0], value[1], value[1]) if len(value) == 2 else value


def window_size(
    length: int, kernel: int, stride: int, dilation: int, padding: int, *, ceil: bool = False, before: int | None = None
) -> int:
    """Length of a sliding window's output: ``floor((length + padding - dilation (kernel - 1) - 1) / stride) + 1``.

    With `ceil` a last, partly covered window counts too, unless it would start in the padding behind the input
    (PyTorch's rule); `before` is the padding in front, half of `padding` if None.

    Raises
    ------
    GraphError
        The window does not fit, or a size is not positive.
    """
    if min(kernel, stride, dilation) < 1:
        raise GraphError(
            f"a window of {written(kernel)} with stride {written(stride)} and dilation {written(dilation)} cannot move",
            hint="all three must be 1 or more",
        )
    span = length + padding - dilation * (kernel - 1) - 1
    if span < 0:
        raise GraphError(
            f"a window of {written(kernel)} (dilation {written(dilation)}) does not fit into {written(length)} + "
            f"{written(padding)} padding"
        )
    if not ceil:
        return span // stride + 1
    steps = -(-span // stride)
    front = padding // 2 if before is None else before
    return steps if steps and steps * stride >= length + front else steps + 1


def transposed_size(length: int, kernel: int, stride: int, dilation: int, padding: int) -> int:
    """Length of a transposed window's output: ``(length - 1) stride + dilation (kernel - 1) + 1 - padding``.

    Raises
    ------
    GraphError
        Nothing would be left.
    """
    size = (length - 1) * stride + dilation * (kernel - 1) + 1 - padding
    if size < 1 or min(kernel, stride, dilation) < 1:
        raise GraphError(
            f"a transposed window of {written(kernel)} with stride {written(stride)} and {written(padding)} padding "
            f"leaves nothing of {written(length)}"
        )
    return size


def broadcast(*shapes: Sequence[int]) -> tuple[int, ...] | None:
    """Shape all `shapes` are broadcast to, aligned at the last axis; None when they do not fit together."""
    rank = max(len(shape) for shape in shapes)
    out = [1] * rank
    for shape in shapes:
        for axis, size in enumerate(shape, start=rank - len(shape)):
            if size != 1 and out[axis] not in (1, size):
                return None
            out[axis] = max(out[axis], size)
    return tuple(out)


def expect_rank(layer: str, x: Tensor, rank: int, axes: str) -> None:
    """Raise unless `x` has `rank` axes.

    Raises
    ------
    GraphError
        Names the layer, the tensor and the axes it needs.
    """
    if len(x.shape) != rank:
        raise GraphError(f"{layer} reads {x.name!r} of shape {written(x.shape)}", hint=f"give it {rank} axes: {axes}")


def axis_of(layer: str, x: Tensor, axis: int) -> int:
    """Return `axis` counted from the front.

    Raises
    ------
    GraphError
        `x` has no such axis.
    """
    rank = len(x.shape)
    if not -rank <= axis < rank:
        raise GraphError(
            f"{layer} works along axis {axis}, but {x.name!r} has the shape {written(x.shape)}",
            hint=f"write an axis from {-rank} to {rank - 1}",
        )
    return axis % rank
