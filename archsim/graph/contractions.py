"""The layers that multiply and accumulate: linear, matmul, convolution, attention."""

from __future__ import annotations

import math

from archsim.errors import GraphError
from archsim.graph.exact import written
from archsim.graph.recorder import Recorder
from archsim.graph.shapes import (
    Padding,
    Pair,
    axis_of,
    broadcast,
    expect_rank,
    pads,
    pair,
    transposed_size,
    window_size,
)
from archsim.graph.tensor import Tensor
from archsim.graph.work import Attention, Conv, MatMul


class Contractions(Recorder):
    """Mixin of `GraphBuilder`: layers that are a contraction."""

    def linear(
        self,
        x: Tensor,
        features: int,
        *,
        bias: bool = True,
        name: str = "linear",
        weight: Tensor | None = None,
        weight_dtype: str | None = None,
        density: float = 1.0,
        structure: str = "dense",
        steps: int = 1,
    ) -> Tensor:
        """Multiply the last axis of `x` by a weight of shape (k, `features`); `weight` ties it to another layer's."""
        k = x.shape[axis_of(f"linear {name!r}", x, -1)]
        if weight is not None and weight.elements != k * features:
            raise GraphError(
                f"linear {name!r} maps {written(k)} features to {written(features)}, but its weight {weight.name!r} "
                f"has the shape {written(weight.shape)}"
            )
        if weight is None:
            weight = self.weight(
                f"{name}/weight", (k, features), dtype=weight_dtype, density=density, structure=structure
            )
        inputs = [x, weight]
        if bias:
            inputs.append(self.weight(f"{name}/bias", (features,), dtype=weight_dtype))
        work = MatMul(1, x.elements // max(k, 1), features, k, bias=bias)
        return self.op(name, work, inputs, (*x.shape[:-1], features), steps=steps)

    def matmul(self, a: Tensor, b: Tensor, *, transpose_b: bool = False, name: str = "matmul") -> Tensor:
        """Multiply two computed tensors over their last two axes, with broadcast of the leading ones."""
        for operand in (a, b):
            axis_of(f"matmul {name!r}", operand, -2)
        k, n = (b.shape[-1], b.shape[-2]) if transpose_b else (b.shape[-2], b.shape[-1])
        lead = broadcast(a.shape[:-2], b.shape[:-2])
        if a.shape[-1] != k or lead is None:
            raise GraphError(
                f"matmul {name!r}: {a.name} {written(a.shape)} and {b.name} {written(b.shape)} do not fit together"
            )
        work = MatMul(math.prod(lead), a.shape[-2], n, k, dynamic=True)
        return self.op(name, work, [a, b], (*lead, a.shape[-2], n))

    def conv(
        self,
        x: Tensor,
        channels: int,
        kernel: Pair,
        *,
        stride: Pair = 1,
        padding: Padding = 0,
        dilation: Pair = 1,
        groups: int = 1,
        bias: bool = False,
        transposed: bool = False,
        name: str = "conv",
        weight: Tensor | None = None,
        weight_dtype: str | None = None,
        density: float = 1.0,
        structure: str = "dense",
    ) -> Tensor:
        """2-D convolution of `x` (batch, channels, height, width); `weight` ties it to another layer's."""
        expect_rank(f"conv {name!r}", x, 4, "batch, channels, height, width")
        batch, in_channels, height, width = x.shape
        if groups < 1 or in_channels % groups or channels % groups:
            raise GraphError(
                f"conv {name!r}: {written(in_channels)} and {written(channels)} channels do not divide into "
                f"{written(groups)} groups"
            )
        taps, step, spread = pair(kernel), pair(stride), pair(dilation)
        edge = pads(padding, taps, step, spread, (height, width), transposed=transposed)
        size = transposed_size if transposed else window_size
        out_height = size(height, taps[0], step[0], spread[0], edge[0] + edge[1])
        out_width = size(width, taps[1], step[1], spread[1], edge[2] + edge[3])
        shape = (channels, in_channels // groups, *taps)
        if weight is None:
            weight = self.weight(f"{name}/weight", shape, dtype=weight_dtype, density=density, structure=structure)
        elif weight.elements != math.prod(shape):
            raise GraphError(
                f"conv {name!r} needs a weight of shape {written(shape)}, but the shape of {weight.name!r} is "
                f"{written(weight.shape)}"
            )
        inputs = [x, weight]
        if bias:
            inputs.append(self.weight(f"{name}/bias", (channels,), dtype=weight_dtype))
        work = Conv(
            batch,
            in_channels,
            channels,
            height,
            width,
            out_height,
            out_width,
            *taps,
            step,
            spread,
            edge,
            groups,
            bias,
            transposed,
        )
        return self.op(name, work, inputs, (batch, channels, out_height, out_width))

    def attention(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        *,
        heads: int,
        kv_heads: int | None = None,
        causal: bool = False,
        window: int = 0,
        name: str = "attention",
    ) -> Tensor:
        """Scaled dot-product attention of (batch, length, features) tensors, kept whole."""
        kv_heads = kv_heads or heads
        for tensor in (q, k, v):
            expect_rank(f"attention {name!r}", tensor, 3, "batch, length, features")
        batch, query_length, width = q.shape
        if heads < 1 or kv_heads < 1 or width % heads or heads % kv_heads or v.shape[-1] % kv_heads:
            raise GraphError(
                f"attention {name!r}: {written(width)} query and {written(v.shape[-1])} value features do not divide "
                f"into {written(heads)} heads and {written(kv_heads)} key heads"
            )
        if k.shape[-1] * heads != width * kv_heads or k.shape[1] != v.shape[1]:
            raise GraphError(
                f"attention {name!r}: queries {written(q.shape)}, keys {written(k.shape)} and values "
                f"{written(v.shape)} do not fit together",
                hint="keys and queries need one head size, keys and values one length",
            )
        work = Attention(
            batch, heads, kv_heads, query_length, k.shape[1], width // heads, v.shape[-1] // kv_heads, causal, window
        )
        return self.op(name, work, [q, k, v], (batch, query_length, heads * work.value_size))
