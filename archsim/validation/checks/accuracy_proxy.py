"""Accuracy of VGG-8 by NeuroSim over cells and rows read together: the order, not the values."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, Final

from archsim.families.crossbar.area import row_of
from archsim.families.crossbar.precision import output_snr
from archsim.families.crossbar.shape import lay_out
from archsim.io.hardware import with_
from archsim.laws import accuracy
from archsim.validation.cells import positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "neurosim-22nm"
COLUMNS: Final = ("cell", "on_off", "adc_bits", "parallel_read_rows", "accuracy_pct")
GUESS: Final = 0.10
"""One of ten classes."""
BEST: Final = 0.92
"""Without noise; assumed, as the table does not say: networks of this size reach about as much."""
BITS: Final = 8.0
DEPTH: Final = 128.0
ON: Final = 1e-4


@check(
    "neurosim_v14_table7.csv",
    topic="analog",
    family="crossbar",
    columns=COLUMNS,
    title="Order of accuracies of VGG-8 over cells and rows read together",
)
def accuracy_proxy(dataset: Dataset) -> list[Outcome]:
    """Judge whether less signal over noise goes with less accuracy, each row against static memory and 32 rows."""
    tally, chip = Tally(), Machines().find(MACHINE)
    ratios = [_ratio(chip, row) for row in dataset.rows]
    shares = [positive(row, "accuracy_pct") / 100.0 for row in dataset.rows]
    static = [text(row, "cell") == "SRAM" for row in dataset.rows]
    rows = zip(ratios, shares, static, strict=True)
    known = sorted({(ratio, share) for ratio, share, is_static in rows if is_static})
    (low, few), (high, many) = known[0], known[-1]
    width = (high - low) / (_logit(many) - _logit(few))
    middle = low - width * _logit(few)
    for row, ratio, share, is_static in zip(dataset.rows, ratios, shares, static, strict=True):
        found = accuracy.accuracy(ratio, GUESS, BEST, middle, width)
        if is_static:
            label = f"{text(row, 'tech_nm')} nm, {text(row, 'parallel_read_rows')} rows"
            tally.anchor("accuracy", Anchor(label, 100.0 * found, 100.0 * share))
        else:
            tally.compare("accuracy", 100.0 * found, 100.0 * share)
        if (ratio, share) != (high, many):
            tally.compare("order", 10.0 ** ((ratio - high) / 10.0), share / many)
    targets = {"order": Target("share_right", 100.0), "accuracy": Target("max_abs_points", 5.0)}
    return tally.outcomes(dataset.name, dataset.split, targets.__getitem__)


def _logit(share: float) -> float:
    return math.log((share - GUESS) / (BEST - share))


def _ratio(chip: Any, row: Row) -> float:
    """Return signal over noise of a product on the machine with the converters, rows and contrast of a row, dB."""
    numbers = row_of(with_(with_(chip, "adc.bits", int(positive(row, "adc_bits"))), "array.active_rows",
                           int(positive(row, "parallel_read_rows"))))  # fmt: skip
    contrast = float(text(row, "on_off"))
    if math.isfinite(contrast):
        numbers.cell_on, numbers.cell_off = ON, ON / contrast
    op, work = SimpleNamespace(input_bits=BITS, weight_bits=BITS), SimpleNamespace(rate_scale=1.0)
    lay_out(op, numbers, work, 1.0, 1.0, DEPTH, DEPTH)
    return output_snr(numbers, work)
