"""Shares of classes of operators: arithmetic against time in one layer of BERT-large.

The layer is the one the paper's authors ran: PyTorch's own encoder layer of that time, which adds biases by kernels of
their own and drops values behind the activation too. Arithmetic is counted as their counter does (`arith_counter.py` in
the repository spcl/substation): every operation and exponential once, a dropout as a product with its mask, comparisons
and maxima not at all. Gradients of biases are sums over rows: reductions stand with the normalisations. That layer also
averages the attention shares over the heads, which nobody reads and the paper does not name: left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from archsim.engine.lower import lower
from archsim.graph.fusion import fuse
from archsim.graph.op import Op, Phase
from archsim.graph.work import Elementwise, Normalise
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.models import Answer, Case, Launched, Setting, answer, forward, kernels, only
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

COLUMNS: Final = ("class", "flop_pct", "runtime_pct")
MACHINE: Final = "v100-sxm2-16gb"
CONTRACTION: Final = "tensor contraction"
NORMALISATION: Final = "statistical normalisation"
POINTWISE: Final = "element-wise"
CLASSES: Final = (CONTRACTION, NORMALISATION, POINTWISE)
LAYER: Final = "layer-1/"
"""The second of two layers: the first has no gradient of its input, which a layer inside a network has."""
RESIDUAL: Final = "layer-0/feed-forward-norm/gradient-sum"
"""The sum of gradients where its input goes around attention: named after what is in front, and the layer's."""
HOW: Final = Setting("torch", dropout=True, optimiser="sgd")
PARAMETERS: Final[Mapping[str, Any]] = {"layers": 2, "activation": "relu", "inner_dropout": True, "dtype": "fp16"}
SCALED_SOFTMAX: Final = ("attention/scale", "attention/dropout")
UNCOUNTED: Final = {"softmax": 1, "dropout": 1, "dropout_gradient": 1, "relu": 1, "relu_gradient": 1}
"""Operations per element that the authors' counter leaves out: the largest of a row, what draws or compares."""
ARITHMETIC: Final = " FLOP"
TIME: Final = " time"


@check(
    "operator_share_bert_v100.csv",
    topic="figures",
    family="gpu",
    columns=COLUMNS,
    title="Shares of FLOP and of time by class of operator, one BERT-large layer forward and backward, fp16",
)
def operator_share(dataset: Dataset) -> list[Outcome]:
    """Judge the shares of arithmetic and of time, in percentage points."""
    tally = Tally()
    for row in dataset.rows:
        try:
            of, published = read(row)
            flops, time = shares(run(layer()))
        except SkipRow as skip:
            tally.skip(MACHINE, skip.reason, row.line)
            continue
        tally.compare(MACHINE + ARITHMETIC, flops[of], published[0])
        tally.compare(MACHINE + TIME, time[of], published[1])
    return tally.outcomes(dataset.name, dataset.split, _target)


def read(row: Row) -> tuple[str, tuple[float, float]]:
    """Return the class of a row, and its shares of FLOP and of time, percent.

    Raises
    ------
    SkipRow
        Nobody knows the class, or a share is no number above 0.
    """
    of = text(row, "class")
    if of not in CLASSES:
        raise SkipRow(f"unknown class {quoted(of)}")
    return of, (positive(row, "flop_pct"), positive(row, "runtime_pct"))


@cache
def layer(batch: int = 8, sequence: int = 512, fusion: str = "") -> Case:
    """Return the layer, forward and backward: as PyTorch launched it, or fused.

    Parameters
    ----------
    batch, sequence : int
        Sequences, and tokens of each.
    fusion : str
        What is fused: ``streams``, chains between the library's products, as the authors' kernels do; ``full``, those
        behind products too; empty: nothing.
    """
    graph = workload("bert-large-layer", **PARAMETERS, batch=batch, sequence=sequence)
    made = kernels(forward(graph, HOW), HOW)
    made = only(fuse(made, fusion) if fusion else made, of_layer)
    return Case(lower(made.ops, made.tensors))


def run(case: Case, *, eagerly: bool = True) -> Answer:
    """Run the layer on the paper's GPU, its kernels launched by a framework one by one or not.

    Raises
    ------
    SkipRow
        The machine refuses it.
    """
    (made,) = answer([(Launched().of(Machines().find(MACHINE), eagerly=eagerly), case)])
    if isinstance(made, str):
        raise SkipRow(made)
    return made


def of_layer(op: Op) -> bool:
    """Keep the second layer's ops, forward and backward, without the loss behind it and the update of its weights."""
    inside = op.name.startswith(LAYER) and op.phase is not Phase.UPDATE and "/loss" not in op.name
    return inside or op.name == RESIDUAL


def class_of(op: Op) -> str:
    """Return the class of an op or gradient; scale and dropout of the scores are part of the paper's softmax."""
    if op.kind == "matmul":
        return CONTRACTION
    norm = op.kind in ("normalise", "reduce") or any(part in op.name for part in SCALED_SOFTMAX)
    return NORMALISATION if norm else POINTWISE


def shares(made: Answer) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of FLOP and of time by class, percent."""
    flops = dict.fromkeys(CLASSES, 0.0)
    time = dict(flops)
    for count, (op, latency) in zip(made.case.lowered.table["count"].tolist(), made.parts(), strict=True):
        of = class_of(op)
        flops[of] += count * (2.0 * op.macs if of == CONTRACTION else arithmetic(op))
        time[of] += latency
    return _percent(flops), _percent(time)


def arithmetic(op: Op) -> float:
    """Return the operations of a kernel that is no product, as the authors' counter counts them."""
    work = op.work
    counted = op.flops + op.special
    if isinstance(work, Normalise):
        return counted - UNCOUNTED.get(work.function, 0) * work.rows * work.length
    return counted - UNCOUNTED.get(work.function, 0) * work.elements if isinstance(work, Elementwise) else counted


def _percent(amounts: dict[str, float]) -> dict[str, float]:
    whole = sum(amounts.values())
    return {name: 100.0 * amount / whole for name, amount in amounts.items()}


def _target(group: str) -> Target:
    return Target("max_abs_points", 0.05 if group.endswith(ARITHMETIC) else 6.0)
