"""The layers a builder offers: each works out its output's shape and the exact size of its work.

Handles are `Tensor` objects; a reshape is free and returns another handle on the same stored tensor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from archsim.errors import GraphError
from archsim.graph import functions
from archsim.graph.contractions import Contractions
from archsim.graph.exact import written
from archsim.graph.shapes import (
    Padding,
    Pair,
    axis_of,
    broadcast,
    expect_rank,
    pads,
    pair,
    window_size,
)
from archsim.graph.tensor import Tensor
from archsim.graph.work import (
    Chase,
    Collective,
    Elementwise,
    Fft,
    Gather,
    Move,
    Neuron,
    Normalise,
    Reduce,
    Scan,
    Scatter,
)

__all__ = ["Layers", "Padding", "Pair", "pads", "pair", "window_size"]

_CHAINED = frozenset({"add", "divide", "maximum", "minimum", "multiply", "subtract"})
"""Functions of two operands: more inputs are taken in one after the other, and each costs another evaluation."""


class Layers(Contractions):
    """Mixin of `GraphBuilder`: one method per kind of layer."""

    def elementwise(self, function: str, *inputs: Tensor, name: str | None = None, dtype: str | None = None) -> Tensor:
        """Apply a pointwise function of one or more tensors, broadcast against one another."""
        cost = functions.elementwise(function)
        if not inputs:
            raise GraphError(f"elementwise {name or function!r} has no inputs", hint="give it one tensor or more")
        shape = broadcast(*(tensor.shape for tensor in inputs))
        if shape is None:
            raise GraphError(
                f"elementwise {name or function!r}: the shapes "
                f"{', '.join(written(tensor.shape) for tensor in inputs)} do not fit together"
            )
        times = max(len(inputs) - 1, 1) if function in _CHAINED else 1
        work = Elementwise(function, math.prod(shape), cost.flops * times, cost.special * times)
        return self.op(name or function, work, inputs, shape, dtype=dtype)

    def normalise(
        self,
        function: str,
        x: Tensor,
        *,
        axis: int = -1,
        groups: int = 32,
        affine: bool = True,
        name: str | None = None,
    ) -> Tensor:
        """Normalise rows; learned scale and shift are weights, running statistics state.

        Rows lie along `axis`, except that batch, group and instance norm keep channels on axis 1: they normalise
        over the batch, over each of `groups` groups of channels, and over each channel of each item.
        """
        cost = functions.normalise(function)
        name = name or function
        inputs = [x]
        if function in ("batch_norm", "group_norm", "instance_norm"):
            channels = x.shape[axis_of(f"{function} {name!r}", x, 1)]
            parts = {"batch_norm": channels, "group_norm": x.shape[0] * groups, "instance_norm": x.shape[0] * channels}
            rows = parts[function]
            if rows < 1 or x.elements % rows or (function == "group_norm" and channels % groups):
                raise GraphError(
                    f"{function} {name!r}: {written(channels)} channels do not divide into {groups} groups"
                )
            length = x.elements // rows
            if affine or function == "batch_norm":
                inputs.append(self.weight(f"{name}/scale_shift", (2, channels)))
            if function == "batch_norm":
                inputs.append(self.state(f"{name}/statistics", (2, channels)))
        else:
            length = max(x.shape[axis_of(f"{function} {name!r}", x, axis)], 1)
            rows = x.elements // length
            if affine and function == "layer_norm":
                inputs.append(self.weight(f"{name}/scale_shift", (2, length)))
            elif affine and function == "rms_norm":
                inputs.append(self.weight(f"{name}/scale", (length,)))
        work = Normalise(function, rows, length, cost.passes, cost.flops, cost.special, cost.special_per_row)
        return self.op(name, work, inputs, x.shape)

    def pool(
        self,
        x: Tensor,
        kernel: Pair,
        *,
        stride: Pair | None = None,
        padding: Padding = 0,
        function: str = "max_pool",
        ceil: bool = False,
        name: str | None = None,
    ) -> Tensor:
        """Sliding-window maximum or mean of `x` (batch, channels, height, width)."""
        expect_rank(f"pool {name or function!r}", x, 4, "batch, channels, height, width")
        batch, channels, height, width = x.shape
        taps = pair(kernel)
        step = taps if stride is None else pair(stride)
        edge = pads(padding, taps, step, (1, 1), (height, width))
        out_height = window_size(height, taps[0], step[0], 1, edge[0] + edge[1], ceil=ceil, before=edge[0])
        out_width = window_size(width, taps[1], step[1], 1, edge[2] + edge[3], ceil=ceil, before=edge[2])
        work = Reduce(function, batch * channels * out_height * out_width, taps[0] * taps[1])
        return self.op(name or function, work, [x], (batch, channels, out_height, out_width))

    def reduce(self, function: str, x: Tensor, axes: Sequence[int], *, name: str | None = None) -> Tensor:
        """Sum, mean or maximum over `axes`, which are dropped."""
        gone = {axis_of(f"reduce {name or function!r}", x, axis) for axis in axes}
        shape = tuple(size for axis, size in enumerate(x.shape) if axis not in gone)
        outputs = math.prod(shape)
        return self.op(name or function, Reduce(function, outputs, x.elements // max(outputs, 1)), [x], shape)

    def gather(self, table: Tensor, indices: Tensor, *, name: str = "gather") -> Tensor:
        """Read rows of `table` (rows, width) at `indices`."""
        axis_of(f"gather {name!r}", table, 0)
        work = Gather(indices.elements, table.elements // max(table.shape[0], 1))
        reads = [min(work.entries * work.width, table.elements), indices.elements]
        return self.op(name, work, [table, indices], (*indices.shape, *table.shape[1:]), dtype=table.dtype, reads=reads)

    def scatter(self, x: Tensor, indices: Tensor, rows: int, *, name: str = "scatter") -> Tensor:
        """Add the rows of `x` into `rows` rows at `indices`."""
        width, rest = divmod(x.elements, max(indices.elements, 1))
        if rest:
            raise GraphError(
                f"scatter {name!r}: {x.name!r} {written(x.shape)} does not divide into the {written(indices.elements)} "
                f"rows that {indices.name!r} places"
            )
        work = Scatter(indices.elements, width, 1.0)
        return self.op(name, work, [x, indices], (rows, width))

    def move(
        self, function: str, *inputs: Tensor, shape: Sequence[int] | None = None, name: str | None = None
    ) -> Tensor:
        """Copy bytes into another order or place: transpose, concat, pad."""
        if not inputs:
            raise GraphError(f"move {name or function!r} has no inputs", hint="give it one tensor or more")
        shape = inputs[0].shape if shape is None else tuple(shape)
        return self.op(name or function, Move(function, math.prod(shape)), inputs, shape)

    def concat(self, inputs: Sequence[Tensor], axis: int, *, name: str = "concat") -> Tensor:
        """Join tensors along `axis`."""
        if not inputs:
            raise GraphError(f"concat {name!r} has no inputs", hint="give it one tensor or more")
        shape = list(inputs[0].shape)
        place = axis_of(f"concat {name!r}", inputs[0], axis)
        rests = {(*tensor.shape[:place], *tensor.shape[place + 1 :]) for tensor in inputs}
        if len(rests) > 1 or len({len(tensor.shape) for tensor in inputs}) > 1:
            raise GraphError(
                f"concat {name!r}: the shapes {', '.join(written(tensor.shape) for tensor in inputs)} differ beside "
                f"axis {axis}"
            )
        shape[axis] = sum(tensor.shape[axis] for tensor in inputs)
        return self.move("concat", *inputs, shape=shape, name=name)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """See the same stored tensor under another shape; free."""
        if math.prod(shape) != x.elements:
            raise GraphError(
                f"{x.name!r} has {written(x.elements)} elements and cannot be seen as {written(tuple(shape))}"
            )
        return replace(x, shape=tuple(shape))

    def part(self, x: Tensor, axis: int, size: int) -> Tensor:
        """See a slice of `size` along `axis`; free, and readers are charged for the slice only."""
        shape = list(x.shape)
        place = axis_of("part", x, axis)
        if not 1 <= size <= shape[place]:
            raise GraphError(f"{x.name!r} {written(x.shape)} has no slice of {written(size)} along axis {axis}")
        shape[place] = size
        return replace(x, shape=tuple(shape))

    def fft(self, x: Tensor, *, name: str = "fft") -> Tensor:
        """Complex Fourier transform of the last axis."""
        length = max(x.shape[axis_of(f"fft {name!r}", x, -1)], 1)
        return self.op(name, Fft(x.elements // length, length), [x], x.shape)

    def scan(
        self,
        function: str,
        inputs: Sequence[Tensor],
        *,
        length: int,
        width: int,
        shape: Sequence[int],
        flops_per_element: float = 2.0,
        special_per_element: float = 0.0,
        name: str | None = None,
    ) -> Tensor:
        """Recurrence of `length` dependent steps over `width` lanes."""
        work = Scan(function, length, width, flops_per_element, special_per_element)
        return self.op(name or function, work, inputs, shape)

    def chase(
        self,
        memory: Tensor,
        *,
        loads: int,
        chains: int = 1,
        flops_per_load: float = 0.0,
        name: str = "chase",
    ) -> Tensor:
        """Follow `chains` pointer chains of `loads` dependent loads through `memory`."""
        work = Chase(loads, chains, memory.stored, flops_per_load)
        reads = [max(work.wanted * memory.elements // work.footprint, 1)]
        return self.op(name, work, [memory], (chains,), reads=reads)

    def neuron(self, x: Tensor, *, steps: int, rate: float, fan_out: int, name: str = "neuron") -> Tensor:
        """Spiking neurons, one per element of `x`, updated for `steps` timesteps."""
        work = Neuron(x.elements, steps, rate, fan_out)
        return self.op(name, work, [x], x.shape, dtype="binary", density=rate, structure="temporal")

    def collective(self, function: str, x: Tensor, participants: int, *, name: str | None = None) -> Tensor:
        """Run a collective over `participants` machines on the tensor `x`."""
        return self.op(name or function, Collective(function, participants, x.stored), [x], x.shape)
