"""Headlines on sparsity: how much faster and thriftier EIE runs pruned layers than others run dense ones."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Final

from archsim.engine.evaluate import evaluate
from archsim.graph.builder import GraphBuilder
from archsim.io.hardware import load_hardware, with_
from archsim.validation.cells import SkipRow, text
from archsim.validation.checks.eie import LIBRARY
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target
from archsim.workloads.mlp import EIE_LAYERS
from archsim.workloads.registry import workload

if TYPE_CHECKING:
    from archsim.engine.result import Result

OTHERS: Final = ("core-i7-5930k", "geforce-gtx-titan-x", "tegra-k1")
"""Machines in the order of the headlines."""
METRICS: Final[Mapping[str, Callable[[Result], float]]] = {
    "EIE vs CPU/GPU/mGPU speed": lambda result: result.latency,
    "EIE vs CPU/GPU/mGPU energy": lambda result: result.energy,
}
TIMES: Final = re.compile(r"([0-9.]+)x")


@check(
    "sparsity_headlines.csv",
    topic="figures",
    family="spiking",
    columns=("paper", "metric", "value"),
    title="Headlines on sparsity: EIE on pruned layers against others on dense ones",
)
def sparsity_headlines(dataset: Dataset) -> list[Outcome]:
    """Judge EIE's speed and energy against those of a CPU and two GPUs, geometric means over nine layers."""
    tally = Tally()
    for row in dataset.rows:
        try:
            metric, published = text(row, "metric"), [float(value) for value in TIMES.findall(text(row, "value"))]
        except SkipRow as skip:
            tally.skip("not compared", skip.reason, row.line)
            continue
        if metric not in METRICS or len(published) != len(OTHERS):
            tally.skip("not compared", "not said closely enough what ran", row.line)
            continue
        for name, value in zip(OTHERS, published, strict=True):
            tally.compare(metric.removeprefix("EIE vs CPU/GPU/mGPU "), gain(name, METRICS[metric]), value)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", 30.0))


def gain(machine: str, metric: Callable[[Result], float]) -> float:
    """Return by how much EIE is ahead of a machine that runs the layers dense, -; the geometric mean over layers."""
    logs = [math.log(metric(_dense(machine, layer)) / metric(_pruned(layer))) for layer in EIE_LAYERS]
    return math.exp(sum(logs) / len(logs))


@cache
def _pruned(layer: str) -> Result:
    """Return EIE's run of one layer, weights and activations with zeros, one frame."""
    return evaluate(workload(f"eie-{layer}", dtype="int16"), load_hardware("eie"), capacity="ignore", jit="never")


@cache
def _dense(machine: str, layer: str) -> Result:
    """Return a machine's run of the same layer in single precision, all weights kept."""
    chip = load_hardware(machine)
    if chip.family == "cpu":
        chip = with_(chip, "library", LIBRARY)
    inputs, outputs, _, _ = EIE_LAYERS[layer]
    builder = GraphBuilder(layer, dtype="fp32")
    builder.linear(builder.input("x", (1, inputs)), outputs, bias=False)
    return evaluate(builder.build(), chip, cache="cold", capacity="ignore", jit="never")
