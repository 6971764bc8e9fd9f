"""Operators that move, gather or only rename bytes."""

from __future__ import annotations

from typing import Any, Final

from archsim.errors import ImportFormatError
from archsim.frontends.torch_export.call import Call, Rule
from archsim.frontends.torch_export.value import Value
from archsim.graph.work import Fft, Gather, Move, Scatter

_MOVES: Final = (
    "cat", "constant_pad_nd", "fill", "flip", "pad", "repeat", "repeat_interleave", "replication_pad2d",
    "reflection_pad2d", "roll", "select_scatter", "slice_scatter", "stack", "upsample_bilinear2d",
    "upsample_nearest2d", "pixel_shuffle", "im2col",
)  # fmt: skip
_FACTORIES: Final = (
    "arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "new_empty", "new_full", "new_ones",
    "new_zeros", "ones", "ones_like", "rand", "rand_like", "randn", "randn_like", "scalar_tensor", "tensor",
    "zeros", "zeros_like",
)  # fmt: skip


def _move(call: Call) -> Value:
    return call.emit(Move(call.operator, call.elements))


def _copy(call: Call) -> Value:
    """What is copied over another tensor costs a move."""
    return call.emit(Move("copy", call.elements), [call.tensor("src")])


def _contiguous(call: Call) -> Value:
    """A view where the elements lie in order already, else a move; an exact copy serves autograd alone."""
    x = call.tensor("self")
    return call.view(x) if call.input_example(0).is_contiguous() else call.emit(Move("transpose", call.elements))


def _reshape(call: Call) -> Value:
    """A view where the strides allow it, else a move."""
    x = call.tensor("self")
    try:
        call.input_example(0).view(call.shape)
    except (RuntimeError, ValueError):
        return call.emit(Move("transpose", call.elements))
    return call.view(x)


def _embedding(call: Call) -> Value:
    return _gather(call, call.tensor("weight"), call.tensor("indices"))


def _index(call: Call) -> Value:
    """Indices give rows; what stays of the table behind the indexed axes is a row's width."""
    table, places = call.tensor("self"), [value for value in call.tensors[1:] if value.elements]
    if not places:
        return call.view(table)
    return _gather(call, table, max(places, key=lambda value: value.elements))


def _gather(call: Call, table: Value, places: Value) -> Value:
    width = max(call.elements // max(places.elements, 1), 1)
    reads = [min(places.elements * width, table.elements), places.elements]
    return call.emit(Gather(places.elements, width), [table, places], reads=reads)


def _scatter(call: Call) -> Value:
    given = call.tensors
    x, places, source = given[0], given[1], given[-1]
    width = max(source.elements // max(places.elements, 1), 1)
    return call.emit(Scatter(places.elements, width, 1.0), [x, places, source])


def _factory(call: Call) -> Value:
    return call.constant()


def _pieces(call: Call) -> list[Value]:
    """Slices of one tensor; free."""
    x = call.tensor("self")
    return [call.view(x, tuple(int(size) for size in example.shape)) for example in call.examples]


def _fft(call: Call) -> Value:
    x = call.tensor("self")
    length = x.shape[-1]
    return call.emit(Fft(max(x.elements // max(length, 1), 1), length))


def _refuse(call: Call) -> Any:
    raise ImportFormatError(f"{call.label} makes tensors whose sizes depend on numbers, not on shapes")


RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(_MOVES, _move),
    **dict.fromkeys(_FACTORIES, _factory),
    **dict.fromkeys(("clone", "contiguous"), _contiguous),
    **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind", "tensor_split"), _pieces),
    **dict.fromkeys(("index", "index_select", "gather", "take_along_dim"), _index),
    **dict.fromkeys(("index_put", "index_add", "scatter", "scatter_add", "index_copy"), _scatter),
    **dict.fromkeys(("nonzero", "masked_select", "unique"), _refuse),
    **dict.fromkeys(("fft_fft", "fft_ifft", "fft_rfft", "fft_irfft"), _fft),
    "copy": _copy,
    "embedding": _embedding,
    "flatten": _reshape,
    "reshape": _reshape,
}
