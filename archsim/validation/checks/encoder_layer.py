"""One encoder layer, forward and backward: time as PyTorch launches it and with kernels fused, and what fusion gains.

The fused kernels of the authors stand between the library's products, as the policy ``streams`` has them. Layouts,
which they tune too, are not in the model.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from archsim.validation.cells import SkipRow, positive, quoted, size, text
from archsim.validation.checks import operator_share
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("implementation", "batch", "sequence", "time_ms")
FUSED: Final = {"PyTorch": False, "Substation": True}
"""Implementations the model knows, and whether their kernels are fused."""
MILLI: Final = 1e-3
UNFUSED_TIME, FUSED_TIME, GAIN = "unfused", "fused", "speed-up by fusion"
LIMITS: Final = {UNFUSED_TIME: Target("mape", 20.0), FUSED_TIME: Target("mape", 20.0), GAIN: Target("mape", 12.0)}


class Shape(NamedTuple):
    """Sequences, and tokens of each."""

    batch: int
    sequence: int


class Times(NamedTuple):
    """Of one run, s."""

    predicted: float
    measured: float


@check(
    "encoder_layer_v100.csv",
    topic="figures",
    family="gpu",
    columns=COLUMNS,
    title="One BERT-large layer forward and backward, fp16, unfused and fused",
)
def encoder_layer(dataset: Dataset) -> list[Outcome]:
    """Judge times, and what fusion gains where both were measured."""
    tally = Tally()
    found: dict[Shape, dict[bool, Times]] = {}
    for row in dataset.rows:
        try:
            shape, fused, times = run(row)
        except SkipRow as skip:
            tally.skip(UNFUSED_TIME, skip.reason, row.line)
            continue
        found.setdefault(shape, {})[fused] = times
        tally.compare(FUSED_TIME if fused else UNFUSED_TIME, *times)
    for pair in found.values():
        if len(pair) == len(FUSED):
            tally.compare(GAIN, *gain(pair))
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def run(row: Row) -> tuple[Shape, bool, Times]:
    """Evaluate a row: its shape, whether its kernels are fused, and its times.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    name = text(row, "implementation")
    if name not in FUSED:
        raise SkipRow(f"nobody knows the kernels of {quoted(name)}")
    shape, fused = Shape(size(row.cells, "batch"), size(row.cells, "sequence")), FUSED[name]
    case = operator_share.layer(*shape, "streams" if fused else "")
    made = operator_share.run(case, eagerly=not fused)
    return shape, fused, Times(made.latency, positive(row, "time_ms") * MILLI)


def gain(pair: dict[bool, Times]) -> Times:
    """Return how many times faster the fused kernels are, predicted and measured."""
    return Times(pair[False].predicted / pair[True].predicted, pair[False].measured / pair[True].measured)
