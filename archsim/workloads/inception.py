"""Inception V3: Szegedy et al., "Rethinking the Inception architecture", arXiv:1512.00567."""

from __future__ import annotations

from collections.abc import Sequence

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.layers import Pair
from archsim.workloads.registry import register
from archsim.workloads.vision_layers import classifier, conv_norm, image_network

Step = tuple[int, Pair]

ACROSS, DOWN = (1, 7), (7, 1)
AUXILIARY = ((128, 1), (768, 5))
"""Channels and kernels of the auxiliary classifier's two convolutions."""


def inception_v3(
    *, auxiliary: bool = True, batch: int = 1, image: int = 299, classes: int = 1000, dtype: str = "fp16"
) -> Graph:
    """Build Inception V3.

    Parameters
    ----------
    auxiliary : bool
        Store the weights of the auxiliary classifier, as the published file does; it never runs at inference.
    batch, image, classes : int
        Images per run, their side in pixels, classes.
    dtype : str
        Number format.
    """
    b, x = image_network("inception-v3", batch, image, dtype)
    x = conv_norm(b, x, 32, 3, stride=2, padding=0, name="conv1")
    x = conv_norm(b, x, 32, 3, padding=0, name="conv2")
    x = conv_norm(b, x, 64, 3, name="conv3")
    x = b.pool(x, 3, stride=2, name="pool1")
    x = conv_norm(b, x, 80, 1, name="conv4")
    x = conv_norm(b, x, 192, 3, padding=0, name="conv5")
    x = b.pool(x, 3, stride=2, name="pool2")
    for number, pooled in enumerate((32, 64, 64), 1):
        with b.scope(f"square{number}"):
            x = _square(b, x, pooled)
    with b.scope("shrink1"):
        x = _join(
            b, [_chain(b, x, [(384, 3)], stride=2), _chain(b, x, [(64, 1), (96, 3), (96, 3)], stride=2), _max(b, x)]
        )
    for number, inner in enumerate((128, 160, 160, 192), 1):
        with b.scope(f"factored{number}"):
            x = _factored(b, x, inner)
    if auxiliary:
        _store_auxiliary(b, x.shape[1], classes)
    with b.scope("shrink2"):
        tall: list[Step] = [(192, 1), (192, ACROSS), (192, DOWN), (192, 3)]
        x = _join(b, [_chain(b, x, [(192, 1), (320, 3)], stride=2), _chain(b, x, tall, stride=2), _max(b, x)])
    for number in (1, 2):
        with b.scope(f"forked{number}"):
            x = _forked(b, x)
    classifier(b, x, classes)
    return b.build()


def _chain(b: GraphBuilder, x: Tensor, steps: Sequence[Step], *, stride: int = 1, name: str = "") -> Tensor:
    """Convolve step after step; a stride stands in the last step, which then has no padding."""
    for number, (channels, kernel) in enumerate(steps, 1):
        shrinks = stride > 1 and number == len(steps)
        x = conv_norm(
            b,
            x,
            channels,
            kernel,
            stride=stride if shrinks else 1,
            padding=0 if shrinks else None,
            name=f"{name or f'branch{len(steps)}'}/conv{number}",
        )
    return x


def _join(b: GraphBuilder, branches: Sequence[Tensor]) -> Tensor:
    return b.concat(branches, 1)


def _max(b: GraphBuilder, x: Tensor) -> Tensor:
    return b.pool(x, 3, stride=2, name="pool")


def _mean(b: GraphBuilder, x: Tensor, channels: int) -> Tensor:
    x = b.pool(x, 3, stride=1, padding=1, function="mean_pool", name="pool")
    return conv_norm(b, x, channels, 1, name="pool/conv")


def _square(b: GraphBuilder, x: Tensor, pooled: int) -> Tensor:
    point = _chain(b, x, [(64, 1)])
    wide = _chain(b, x, [(48, 1), (64, 5)])
    twice = _chain(b, x, [(64, 1), (96, 3), (96, 3)])
    return _join(b, [point, wide, twice, _mean(b, x, pooled)])


def _factored(b: GraphBuilder, x: Tensor, inner: int) -> Tensor:
    point = _chain(b, x, [(192, 1)])
    once = _chain(b, x, [(inner, 1), (inner, ACROSS), (192, DOWN)])
    twice = _chain(b, x, [(inner, 1), (inner, DOWN), (inner, ACROSS), (inner, DOWN), (192, ACROSS)])
    return _join(b, [point, once, twice, _mean(b, x, 192)])


def _forked(b: GraphBuilder, x: Tensor) -> Tensor:
    branches = [conv_norm(b, x, 320, 1, name="point")]
    short = _chain(b, x, [(384, 1)], name="short")
    deep = _chain(b, x, [(448, 1), (384, 3)], name="deep")
    for stem, name in ((short, "short"), (deep, "deep")):
        branches += [conv_norm(b, stem, 384, (1, 3), name=f"{name}/across")]
        branches += [conv_norm(b, stem, 384, (3, 1), name=f"{name}/down")]
    return _join(b, [*branches, _mean(b, x, 192)])


def _store_auxiliary(b: GraphBuilder, channels: int, classes: int) -> None:
    """Register weights that no op reads: they take room, and no time."""
    with b.scope("auxiliary"):
        for number, (features, kernel) in enumerate(AUXILIARY, 1):
            b.weight(f"conv{number}/weight", (features, channels, kernel, kernel))
            b.weight(f"conv{number}/norm/scale_shift", (2, features))
            channels = features
        b.weight("classifier/weight", (channels, classes))
        b.weight("classifier/bias", (classes,))


register("inception-v3", inception_v3, "Inception V3, Szegedy et al. 2016", group="cnn")
