"""Language models with weights of two bits against the same in fp16: how many times faster one token is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.errors import ArchsimError
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

COLUMNS: Final = ("model", "size", "metric", "ratio", "verified")
MACHINE: Final = "a100-sxm4-80gb"
"""The paper's excerpts name no GPU; of this class a model of 70 billion weights needs two for fp16, so that row is of a
machine with memory enough."""
LATENCY: Final = ("latency_ms", "latency ratio")
READ: Final = "text"
LIMIT: Final = Target("mape", 30.0)
CONTEXT: Final = 512
"""Tokens the step sees; assumed, the paper does not say. The cache of 512 tokens is below 4 % of the weights."""

SIZES: Final[Mapping[str, Mapping[str, Any]]] = {
    "700M": {"layers": 24, "width": 1536, "heads": 16, "feed_forward": 4096},
    "1.3B": {"layers": 24, "width": 2048, "heads": 32, "feed_forward": 5460},
    "3B": {"layers": 26, "width": 3200, "heads": 32, "feed_forward": 8640},
    "70B": {"layers": 80, "width": 8192, "heads": 64, "feed_forward": 28672, "kv_heads": 8},
}
"""Arguments of a Llama by size; the first three as released with the paper, the last that of Llama 2."""


@check(
    "bitnet_b158.csv",
    topic="figures",
    family="gpu",
    columns=COLUMNS,
    title="One token of batch 1: time with fp16 weights over time with two-bit weights",
)
def bitnet(dataset: Dataset) -> list[Outcome]:
    """Judge the ratio of latencies; rows that were only recalled are not scored."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            published = _published(row)
            full, ternary = pair(text(row, "size"), machines)
        except SkipRow as skip:
            tally.skip(MACHINE, skip.reason, row.line)
            continue
        tally.compare(MACHINE, full.latency / ternary.latency, published)
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


def _published(row: Row) -> float:
    metric = text(row, "metric")
    if metric not in LATENCY:
        raise SkipRow(f"{quoted(metric)} is no latency")
    if text(row, "verified") != READ:
        raise SkipRow("recalled, not read in a source")
    return positive(row, "ratio")


def pair(size: str, machines: Machines) -> tuple[Result, Result]:
    """Return one token of a model in fp16, and with ternary weights.

    Raises
    ------
    SkipRow
        No such size, or it cannot be evaluated.
    """
    if size not in SIZES:
        raise SkipRow(f"no sizes of a model of {quoted(size)}")
    chip = machines.find(MACHINE)
    made = []
    for weights in ("fp16", "ternary"):
        try:
            step = workload("llama-2-7b", **SIZES[size], phase="decode", sequence=CONTEXT, weight_dtype=weights)
            made.append(evaluate(step, chip, fusion="full", capacity="ignore", jit="never"))
        except ArchsimError as error:
            raise SkipRow(str(error)) from None
    return made[0], made[1]
