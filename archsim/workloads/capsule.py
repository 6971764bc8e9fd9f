"""Capsule network on MNIST (Sabour 2017): convolutions, votes, three rounds of routing, an optional decoder."""

from __future__ import annotations

from archsim.graph import Graph, GraphBuilder, Tensor
from archsim.graph.work import MatMul
from archsim.workloads.registry import register


def capsnet(
    *,
    classes: int = 10,
    capsules: int = 32,
    capsule_size: int = 8,
    class_size: int = 16,
    routing: int = 3,
    decoder: bool = True,
    batch: int = 1,
    dtype: str = "fp16",
) -> Graph:
    """Build a capsule network for 28 x 28 images.

    Parameters
    ----------
    classes : int
        Class capsules.
    capsules, capsule_size : int
        Primary capsules per position of the 6 x 6 grid, and their size.
    class_size : int
        Size of a class capsule.
    routing : int
        Rounds of routing by agreement, each waiting for the one before.
    decoder : bool
        Whether the reconstruction network runs.
    batch : int
        Images.
    dtype : str
        Number format.
    """
    b = GraphBuilder("capsnet", dtype=dtype, items=batch, item="image")
    x = b.elementwise("relu", b.conv(b.input("image", (batch, 1, 28, 28)), 256, 9, bias=True))
    x = b.conv(x, capsules * capsule_size, 9, stride=2, bias=True, name="primary")
    count = capsules * x.shape[2] * x.shape[3]
    primary = b.elementwise("squash", b.reshape(x, (batch, count, capsule_size)), name="primary-squash")
    weight = b.weight("votes/weight", (count, capsule_size, classes * class_size))
    work = MatMul(count, batch, classes * class_size, capsule_size)
    votes = b.op("votes", work, [primary, weight], (batch, count, classes, class_size))
    result = _route(b, votes, routing)
    if decoder:
        _decode(b, result, classes * class_size)
    return b.build()


def _route(b: GraphBuilder, votes: Tensor, rounds: int) -> Tensor:
    """Routing by agreement: coupling coefficients from logits that grow where votes and result agree."""
    batch, count, classes, size = votes.shape
    logits = b.state("routing-logits", (batch, count, classes))
    result = votes
    for index in range(rounds):
        with b.scope(f"routing-{index}"):
            coupling = b.normalise("softmax", logits)
            work = MatMul(batch * classes, 1, size, count, dynamic=True)
            total = b.op("sum", work, [coupling, votes], (batch, classes, size))
            result = b.elementwise("squash", total)
            if index < rounds - 1:
                work = MatMul(batch * classes, count, 1, size, dynamic=True)
                agreement = b.op("agreement", work, [votes, result], (batch, count, classes))
                logits = b.elementwise("add", logits, agreement)
    return result


def _decode(b: GraphBuilder, result: Tensor, features: int) -> Tensor:
    with b.scope("decoder"):
        mask = b.input("label-mask", (*result.shape[:2], 1))
        x = b.reshape(b.elementwise("multiply", result, mask, name="mask"), (result.shape[0], features))
        x = b.elementwise("relu", b.linear(x, 512))
        x = b.elementwise("relu", b.linear(x, 1024))
        return b.elementwise("sigmoid", b.linear(x, 784))


register("capsnet", capsnet, "Capsule network on MNIST with decoder", group="capsule", aliases=("capsnet-mnist",))
register("capsnet-no-decoder", capsnet, "Capsule network on MNIST without decoder", group="capsule", decoder=False)
