"""Shares of classes of operators: arithmetic against time in one layer of BERT-large."""

from __future__ import annotations

from typing import Final

from archsim.graph.op import Op, Phase
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.models import Answer, Launched, Networks, Setting, answer
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("class", "flop_pct", "runtime_pct")
MACHINE: Final = "v100-sxm2-16gb"
CONTRACTION: Final = "tensor contraction"
NORMALISATION: Final = "statistical normalisation"
POINTWISE: Final = "element-wise"
CLASSES: Final = (CONTRACTION, NORMALISATION, POINTWISE)
LAYER: Final = "layer-1/"
"""The second of two layers: the first has no gradient of its input, which a layer inside a network has."""
STYLE: Final = "transformers"
"""The paper's layer applies no mask."""
SCALED_SOFTMAX: Final = ("attention/scale", "attention/dropout")
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
            of, published = _published(row)
            flops, time = _layer()
        except SkipRow as skip:
            tally.skip(MACHINE, skip.reason, row.line)
            continue
        tally.compare(MACHINE + ARITHMETIC, flops[of], published[0])
        tally.compare(MACHINE + TIME, time[of], published[1])
    return tally.outcomes(dataset.name, dataset.split, _target)


def _published(row: Row) -> tuple[str, tuple[float, float]]:
    of = text(row, "class")
    if of not in CLASSES:
        raise SkipRow(f"unknown class {quoted(of)}")
    return of, (positive(row, "flop_pct"), positive(row, "runtime_pct"))


def _layer() -> tuple[dict[str, float], dict[str, float]]:
    """Run the layer; its shares of FLOP and of time."""
    chip = Launched().of(Machines().find(MACHINE), eagerly=True)
    how = Setting(STYLE, dropout=True, optimiser="sgd")
    parameters = {"layers": 2, "activation": "relu", "packed": False, "dtype": "fp16"}
    (made,) = answer([(chip, Networks().case("bert-large-layer", parameters, how, keep=of_layer))])
    if isinstance(made, str):
        raise SkipRow(made)
    return shares(made)


def of_layer(op: Op) -> bool:
    """Keep the second layer's ops, forward and backward, without the loss behind it and the update of its weights."""
    return op.name.startswith(LAYER) and op.phase is not Phase.UPDATE and "/loss" not in op.name


def class_of(op: Op) -> str:
    """Return the class of an op or gradient; scale and dropout of the scores are part of the paper's softmax."""
    if op.kind == "matmul":
        return CONTRACTION
    norm = op.kind == "normalise" or (op.kind == "reduce" and "norm/" in op.name)
    return NORMALISATION if norm or any(part in op.name for part in SCALED_SOFTMAX) else POINTWISE


def shares(made: Answer) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of FLOP and of time by class, percent; adding a bias counts as element-wise arithmetic."""
    flops = dict.fromkeys(CLASSES, 0.0)
    time = dict(flops)
    for count, (op, latency) in zip(made.case.lowered.table["count"].tolist(), made.parts(), strict=True):
        of = class_of(op)
        flops[of] += count * (2.0 * op.macs if of == CONTRACTION else op.flops + op.special)
        if of == CONTRACTION:
            flops[POINTWISE] += count * op.work.flops
        time[of] += latency
    return _percent(flops), _percent(time)


def _percent(amounts: dict[str, float]) -> dict[str, float]:
    whole = sum(amounts.values())
    return {name: 100.0 * amount / whole for name, amount in amounts.items()}


def _target(group: str) -> Target:
    return Target("max_abs_points", 0.05 if group.endswith(ARITHMETIC) else 6.0)
