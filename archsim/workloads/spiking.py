"""Spiking networks and their dense twins: the same layers, with rate-coded spikes over a number of timesteps.

A synapse op runs once per timestep (`steps`) on a spike tensor whose density is the firing rate; a `neuron` op then
updates the membranes for all timesteps. The MACs of a synapse op are those of its dense twin in every step; machines
that skip silent inputs multiply by the density.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from archsim.errors import UsageError
from archsim.graph import Graph, GraphBuilder, Role, Tensor
from archsim.graph.work import Conv, MatMul, Neuron, Work
from archsim.workloads.mlp import sizes
from archsim.workloads.registry import register


def spiking_mlp(
    *,
    widths: str = "784-800-10",
    timesteps: int = 25,
    rate: float = 0.10,
    batch: int = 1,
    dtype: str = "int8",
    sums: str = "int16",
) -> Graph:
    """Build fully connected spiking layers; the dense twin is `archsim.workloads.mlp.mlp`.

    Parameters
    ----------
    widths : str
        Neurons from input to output, joined by ``-``.
    timesteps : int
        Steps one sample takes.
    rate : float
        Spikes per neuron and timestep, inputs included, 0 to 1.
    batch : int
        Samples.
    dtype, sums : str
        Number formats of weights and of membrane potentials.
    """
    first, *rest = sizes("widths", widths)
    spiking = _Spiking(timesteps, rate, sums)
    b = spiking.start("spiking-mlp", batch, dtype)
    x = spiking.spikes(b, (batch, first))
    for index, features in enumerate(rest):
        with b.scope(f"layer-{index}"):
            x = spiking.dense(b, x, features, fan_out=sum(rest[index + 1 : index + 2]))
    return b.build()


def spiking_cnn(
    *,
    size: int = 28,
    channels: str = "1-32-64",
    classes: int = 10,
    timesteps: int = 25,
    rate: float = 0.10,
    batch: int = 1,
    dtype: str = "int8",
    sums: str = "int16",
) -> Graph:
    """Build spiking 3 x 3 convolutions of stride 2 and a fully connected layer; the dense twin is `dense_cnn`.

    Parameters
    ----------
    size : int
        Height and width of the input.
    channels : str
        Channels from input to the last convolution, joined by ``-``.
    classes : int
        Output neurons.
    timesteps, rate, batch, dtype, sums
        As in `spiking_mlp`.
    """
    first, *rest = sizes("channels", channels)
    spiking = _Spiking(timesteps, rate, sums)
    b = spiking.start("spiking-cnn", batch, dtype)
    x = spiking.spikes(b, (batch, first, size, size))
    for index, features in enumerate(rest):
        # Of the 3 x 3 windows at stride 2 a pixel lies in nine quarters on average.
        fan_out = rest[index + 1] * 9 // 4 if index + 1 < len(rest) else classes
        with b.scope(f"layer-{index}"):
            x = spiking.conv(b, x, features, fan_out)
    with b.scope("classifier"):
        spiking.dense(b, b.reshape(x, (batch, math.prod(x.shape[1:]))), classes, fan_out=0)
    return b.build()


def dense_cnn(
    *, size: int = 28, channels: str = "1-32-64", classes: int = 10, batch: int = 1, dtype: str = "fp16"
) -> Graph:
    """Build the dense twin of `spiking_cnn`: ReLU in place of spiking neurons, one pass."""
    first, *rest = sizes("channels", channels)
    b = GraphBuilder("dense-cnn", dtype=dtype, items=batch, item="image")
    x = b.input("image", (batch, first, size, size))
    for features in rest:
        x = b.elementwise("relu", b.conv(x, features, 3, stride=2, padding=1, bias=True))
    b.linear(b.reshape(x, (batch, math.prod(x.shape[1:]))), classes)
    return b.build()


@dataclass(frozen=True)
class _Spiking:
    """What all layers of one spiking network share."""

    timesteps: int
    rate: float
    sums: str

    def start(self, name: str, batch: int, dtype: str) -> GraphBuilder:
        if not 0 <= self.rate <= 1:
            raise UsageError(f"rate={self.rate} spikes per neuron and timestep", hint="write a share from 0 to 1")
        return GraphBuilder(name, dtype=dtype, items=batch, item="sample")

    def spikes(self, b: GraphBuilder, shape: tuple[int, ...]) -> Tensor:
        return b.tensor("spikes", shape, Role.INPUT, dtype="binary", density=self.rate, structure="temporal")

    def dense(self, b: GraphBuilder, x: Tensor, features: int, fan_out: int) -> Tensor:
        batch, k = x.shape
        weight = b.weight("synapses/weight", (k, features))
        return self._layer(b, MatMul(1, batch, features, k, bias=True), x, weight, (batch, features), fan_out=fan_out)

    def conv(self, b: GraphBuilder, x: Tensor, features: int, fan_out: int) -> Tensor:
        batch, channels, size, _ = x.shape
        side = (size + 1) // 2
        weight = b.weight("synapses/weight", (features, channels, 3, 3))
        edge = (1, 1, 1, 1)
        work = Conv(batch, channels, features, size, size, side, side, 3, 3, (2, 2), padding=edge, bias=True)
        return self._layer(b, work, x, weight, (batch, features, side, side), fan_out=fan_out)

    def _layer(
        self, b: GraphBuilder, work: Work, x: Tensor, weight: Tensor, shape: tuple[int, ...], *, fan_out: int
    ) -> Tensor:
        """Add synapses, which run every timestep, and the neurons behind them."""
        bias = b.weight("synapses/bias", (shape[1],))
        current = b.op("synapses", work, [x, weight, bias], shape, dtype=self.sums, steps=self.timesteps)
        membrane = b.state("membrane", shape, dtype=self.sums)
        neurons = Neuron(current.elements, self.timesteps, self.rate, fan_out)
        return b.op(
            "neurons", neurons, [current, membrane], shape, dtype="binary", density=self.rate, structure="temporal"
        )


register("spiking-mlp", spiking_mlp, "Spiking MLP on MNIST", group="spiking", aliases=("mnist-snn",))
register(
    "keyword-spotting-snn",
    spiking_mlp,
    "Spiking keyword spotter of the sizes of Blouw 2019",
    group="spiking",
    widths="390-256-256-29",
    timesteps=10,
)
register("spiking-cnn", spiking_cnn, "Spiking CNN on MNIST-sized images", group="spiking")
register("dense-cnn", dense_cnn, "Dense twin of spiking-cnn", group="cnn")
