"""The first TPU and the machines it was compared with: peaks from their descriptions, and what they draw when busy."""

from __future__ import annotations

from typing import Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.graph.builder import GraphBuilder
from archsim.io.hardware import with_
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("platform", "MHz", "busy_W", "tops8", "tflops")
SIDE: Final = 4096
"""Rows, columns and depth of the product that keeps a machine busy."""
ANCHORS: Final = frozenset({"xeon-e5-2699-v3"})
"""Machines whose busy power a constant was set from."""
LIMITS: Final = {"peak": Target("mape", 2.0), "busy power": Target("mape", 20.0)}
MEGA: Final = 1e6
TERA: Final = 1e12
PEAKS: Final = (("tops8", "int8"), ("tflops", "fp32"))


@check(
    "tpu_v1_platforms.csv",
    topic="figures",
    family=("cpu", "gpu", "systolic"),
    columns=COLUMNS,
    title="Peaks and busy powers of the first TPU and of the machines it was compared with",
    device=lambda row: row.cells.get("platform", ""),
)
def tpu_platforms(dataset: Dataset) -> list[Outcome]:
    """Judge peaks from descriptions, and the power of a large product."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            _judge(row, machines.find(text(row, "platform")), tally)
        except SkipRow as skip:
            tally.skip("peak", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def _judge(row: Row, machine: Chip, tally: Tally) -> None:
    chip = with_(machine, "clock", positive(row, "MHz") * MEGA)
    for column, dtype in PEAKS:
        if row.cells.get(column, "").strip():
            tally.compare("peak", _peak(_product(chip, dtype)), positive(row, column))
    floats = "fp32" in registry.get(chip.family).formats(chip.spec)
    drawn, measured = _product(chip, "fp32" if floats else "int8").power, positive(row, "busy_W")
    if chip.name in ANCHORS:
        tally.anchor("busy power", Anchor(chip.name, drawn, measured))
    else:
        tally.compare("busy power", drawn, measured)


def _product(chip: Chip, dtype: str) -> Result:
    """Run one large product."""
    builder = GraphBuilder("product", dtype=dtype)
    builder.linear(builder.input("x", (SIDE, SIDE)), SIDE, bias=False)
    return evaluate(builder.build(), chip)


def _peak(result: Result) -> float:
    """Return the peak of the units a product ran on, from the share of it that was achieved, TFLOP/s."""
    (op,) = result.ops
    return op.flops / op.latency / op.utilisation / TERA
