"""Locally connected sparse autoencoders: Le 2012 on 16,000 processor cores, Coates 2013 on a few graphics processors.

Three times over: a filtering sublayer whose weights are not shared between positions, an L2 pooling sublayer, and
local contrast normalisation, which makes nine layers.
"""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import MatMul
from archsim.workloads.registry import register


def locally_connected_autoencoder(
    *,
    size: int = 200,
    channels: int = 3,
    maps: int = 8,
    field: int = 18,
    pool: int = 5,
    stages: int = 3,
    reconstruct: bool = False,
    tied: bool = False,
    batch: int = 1,
    dtype: str = "fp32",
) -> Graph:
    """Build the network.

    Parameters
    ----------
    size, channels : int
        Height and width of the image, and its colours.
    maps : int
        Features per position of a filtering sublayer.
    field : int
        Height and width of a receptive field, moved by one pixel.
    pool : int
        Height and width of the pooled, and of the normalised, neighbourhood, moved by one pixel.
    stages : int
        Filtering, pooling and normalising sublayers, stacked.
    reconstruct : bool
        Whether each stage's input is rebuilt, as its training asks; doubles the MACs.
    tied : bool
        Whether it is rebuilt with the filters themselves, or with as many again.
    batch : int
        Images.
    dtype : str
        Number format.
    """
    b = GraphBuilder("locally-connected-autoencoder", dtype=dtype, items=batch, item="image")
    x = b.input("image", (batch, channels, size, size))
    for stage in range(stages):
        with b.scope(f"stage-{stage}"):
            x = _stage(b, x, maps, field, pool, reconstruct=reconstruct, tied=tied)
    return b.build()


def _stage(
    b: GraphBuilder, x: Tensor, maps: int, field: int, pool: int, *, reconstruct: bool, tied: bool
) -> Tensor:  # fmt: skip
    batch, channels, size, _ = x.shape
    side = size - field + 1
    taps = channels * field * field
    weight = b.weight("filter/weight", (side * side, taps, maps))
    filtered = b.op("filter", MatMul(side * side, batch, maps, taps), [x, weight], (batch, maps, side, side))
    if reconstruct:
        back = weight if tied else b.weight("rebuild/weight", (side * side, maps, taps))
        b.op("rebuild", MatMul(side * side, batch, taps, maps), [filtered, back], x.shape)
    squares = b.elementwise("multiply", filtered, filtered, name="square")
    energy = b.pool(squares, pool, stride=1, function="sum_pool", name="pool")
    return _contrast(b, b.elementwise("sqrt", energy, name="pool-sqrt"), pool)


def _contrast(b: GraphBuilder, x: Tensor, neighbourhood: int) -> Tensor:
    """Subtract a weighted local mean, divide by the local deviation."""
    around = neighbourhood // 2
    mean = b.pool(x, neighbourhood, stride=1, padding=around, function="mean_pool", name="local-mean")
    centred = b.elementwise("subtract", x, mean, name="centre")
    squares = b.elementwise("multiply", centred, centred, name="local-square")
    power = b.pool(squares, neighbourhood, stride=1, padding=around, function="mean_pool", name="local-power")
    return b.elementwise("divide", centred, b.elementwise("sqrt", power, name="deviation"), name="contrast")


register(
    "le2012-autoencoder",
    locally_connected_autoencoder,
    "Nine-layer autoencoder of Le 2012 on 200 x 200 images: 1.2 billion filter weights",
    group="autoencoder",
)
register(
    "coates2013-autoencoder",
    locally_connected_autoencoder,
    "The same at the 11 billion parameters of Coates 2013 (its number of maps is chosen to reach them)",
    group="autoencoder",
    maps=26,
)
