"""Throughput of one application of the first TPU within a limit of its latency, at the batches that were run."""

from __future__ import annotations

from typing import Final

from archsim.arch.chip import Chip
from archsim.engine.evaluate import evaluate
from archsim.graph.builder import GraphBuilder
from archsim.graph.graph import Graph
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.checks.tpu_apps import App
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

PLATFORMS: Final = {"CPU": ("xeon-e5-2699-v3", "fp32"), "GPU": ("tesla-k80", "fp32"), "TPU": ("tpu-v1", "int8")}
LAYERS: Final = 5
WEIGHTS: Final = 20e6
WIDTH: Final = 2000
"""MLP0 of the paper: layers, weights in all, and the inputs and outputs of a layer if all are alike."""
NOT_MATRIX: Final = 0.175
HOST: Final = 0.21
"""Published of MLP0 on the TPU: share of its cycles without the array, and the host's time over the TPU's."""
LIMIT: Final = 25.0


@check(
    "tpu_v1_latency_throughput_mlp0.csv",
    topic="figures",
    family="systolic",
    columns=("platform", "batch", "ips"),
    title="Throughput of MLP0 on the first TPU and the machines it was compared with",
)
def tpu_v1_latency_throughput_mlp0(dataset: Dataset) -> list[Outcome]:
    """Judge throughput: inferences of a batch over the time of one."""
    tally, machines = Tally(), Machines()
    for row in dataset.rows:
        try:
            platform, predicted, measured = throughput(row, machines)
            tally.compare(f"throughput, {platform}", predicted, measured)
        except SkipRow as skip:
            tally.skip("throughput", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", LIMIT))


def throughput(row: Row, machines: Machines) -> tuple[str, float, float]:
    """Return the platform of a row, and its inferences a second, predicted and measured.

    Raises
    ------
    SkipRow
        It cannot be read.
    """
    platform, batch = text(row, "platform"), int(positive(row, "batch"))
    if platform not in PLATFORMS:
        raise SkipRow(f"unknown platform {quoted(platform)}")
    name, dtype = PLATFORMS[platform]
    return platform, batch / _time(machines.find(name), batch, dtype), positive(row, "ips")


def _time(chip: Chip, batch: int, dtype: str) -> float:
    """Return the time of one batch, s; on the TPU with what is neither products nor the TPU's."""
    if chip.family == "systolic":
        products = evaluate(App("MLP0", LAYERS, WEIGHTS, batch, 1.0).graph(), chip).latency
        return products / (1.0 - NOT_MATRIX) * (1.0 + HOST)
    return evaluate(_graph(batch, dtype), chip).latency


def _graph(batch: int, dtype: str) -> Graph:
    builder = GraphBuilder("MLP0", dtype=dtype)
    rows = builder.input("rows", (batch, WIDTH))
    for _ in range(LAYERS):
        rows = builder.elementwise("relu", builder.linear(rows, WIDTH, bias=False))
    return builder.build()
