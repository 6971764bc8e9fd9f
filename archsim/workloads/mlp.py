"""Multilayer perceptrons: dense, sparse, one-bit, and the pruned layers of the EIE paper."""

from __future__ import annotations

from typing import Any, Final

from archsim.errors import UsageError, did_you_mean
from archsim.graph import Graph, GraphBuilder, Role
from archsim.graph.work import MatMul
from archsim.workloads.registry import register

# Han 2016 (EIE), table 3: inputs, outputs, share of weights kept, share of activations that are not zero.
EIE_LAYERS: Final[dict[str, tuple[int, int, float, float]]] = {
    "alex-6": (9216, 4096, 0.09, 0.351),
    "alex-7": (4096, 4096, 0.09, 0.353),
    "alex-8": (4096, 1000, 0.25, 0.375),
    "vgg-6": (25088, 4096, 0.04, 0.183),
    "vgg-7": (4096, 4096, 0.04, 0.375),
    "vgg-8": (4096, 1000, 0.23, 0.411),
    "nt-we": (4096, 600, 0.10, 1.0),
    "nt-wd": (600, 8791, 0.11, 1.0),
    "nt-lstm": (1201, 2400, 0.10, 1.0),
}


def sizes(name: str, text: str) -> tuple[int, ...]:
    """Read sizes joined by ``-``, such as ``784-800-10``.

    Raises
    ------
    UsageError
        `text` is something else.
    """
    parts = [part.strip() for part in str(text).split("-")]
    if not all(part.isdigit() and int(part) > 0 for part in parts):
        raise UsageError(
            f"parameter {name}={text!r}", hint="write positive whole numbers joined by -, as in 784-800-10"
        )
    return tuple(int(part) for part in parts)


def mlp(
    *,
    widths: str = "784-800-10",
    activation: str = "relu",
    bias: bool = True,
    density: float = 1.0,
    structure: str = "dense",
    batch: int = 1,
    dtype: str = "fp16",
    weight_dtype: str = "",
) -> Graph:
    """Build fully connected layers with an activation between them.

    Parameters
    ----------
    widths : str
        Features from input to output, joined by ``-``.
    activation : str
        Pointwise function between layers.
    bias : bool
        Whether layers have one.
    density : float
        Share of non-zero weights.
    structure : str
        How the zeros lie: ``uniform``, ``n:m``, ``block``; see `archsim.graph.Tensor`.
    batch : int
        Samples.
    dtype, weight_dtype : str
        Number formats of activations and of weights ("": the same).
    """
    first, *rest = sizes("widths", widths)
    b = GraphBuilder("mlp", dtype=dtype, items=batch, item="sample")
    x = b.input("input", (batch, first))
    for index, features in enumerate(rest):
        if index:
            x = b.elementwise(activation, x)
        x = b.linear(x, features, bias=bias, weight_dtype=weight_dtype or None, density=density, structure=structure)
    return b.build()


def binary_mlp(*, widths: str = "784-4096-4096-4096-10", batch: int = 1, sums: str = "int16") -> Graph:
    """Build a one-bit MLP (Courbariaux 2016): XNOR and popcount, then a sign; `sums` is the format of the counts."""
    first, *rest = sizes("widths", widths)
    b = GraphBuilder("binary-mlp", dtype="binary", items=batch, item="image")
    x = b.input("input", (batch, first))
    for index, features in enumerate(rest):
        if index:
            x = b.elementwise("binarise", x, dtype="binary")
        k = x.shape[-1]
        weight = b.weight("linear/weight", (k, features))
        x = b.op("linear", MatMul(1, batch, features, k), [x, weight], (batch, features), dtype=sums)
    return b.build()


def eie_layers(*, layer: str = "all", batch: int = 1, dtype: str = "fp16") -> Graph:
    """Build one pruned fully connected layer of the EIE paper, or ``all`` nine side by side.

    Raises
    ------
    UsageError
        No layer of that name.
    """
    if layer != "all" and layer.lower() not in EIE_LAYERS:
        hint = did_you_mean(layer, EIE_LAYERS) or f"write all, or one of {', '.join(EIE_LAYERS)}"
        raise UsageError(f"EIE has no layer {layer!r}", hint=hint)
    b = GraphBuilder("eie-layers", dtype=dtype, items=batch, item="sample")
    for name in EIE_LAYERS if layer == "all" else [layer.lower()]:
        k, n, kept, active = EIE_LAYERS[name]
        x = b.tensor(f"{name}/input", (batch, k), Role.INPUT, density=active, structure="uniform")
        b.linear(x, n, bias=False, name=name, density=kept, structure="uniform")
    return b.build()


_SPARSE: Final[dict[str, Any]] = {"widths": "4096-4096-4096-4096-4096", "bias": False}

register("mlp", mlp, "Multilayer perceptron of any size", group="mlp", aliases=("mnist-mlp",))
register("mlp-4096", mlp, "Four dense layers of 4096 x 4096", group="mlp", **_SPARSE)
register("sparse-mlp-90", mlp, "mlp-4096, 90 % zeros", group="mlp", **_SPARSE, density=0.10, structure="uniform")
register("sparse-mlp-99", mlp, "mlp-4096, 99 % zeros", group="mlp", **_SPARSE, density=0.01, structure="uniform")
register("sparse-mlp-2-4", mlp, "mlp-4096, two of four kept", group="mlp", **_SPARSE, density=0.50, structure="n:m")
register(
    "sparse-mlp-block", mlp, "mlp-4096, 90 % empty blocks", group="mlp", **_SPARSE, density=0.10, structure="block"
)
register("keyword-spotting-mlp", mlp, "Dense twin of keyword-spotting-snn", group="mlp", widths="390-256-256-29")
register("binary-mlp", binary_mlp, "One-bit MLP of BNN on MNIST", group="mlp")
register("eie-layers", eie_layers, "Nine pruned fully connected layers of the EIE paper", group="mlp")
for _name in EIE_LAYERS:
    register(f"eie-{_name}", eie_layers, f"EIE's pruned layer {_name}", group="mlp", layer=_name)
