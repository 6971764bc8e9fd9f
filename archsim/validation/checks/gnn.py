"""Graph networks: sizes of graphs, and an accelerator with an engine for each phase against a CPU and a GPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.evaluate import evaluate
from archsim.graph.work import Gather
from archsim.io.hardware import load_hardware, with_, with_all
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.gnn import DATASETS
from archsim.workloads.registry import workload

if TYPE_CHECKING:
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

ENGINE, GPU, CPU = "hygcn", "v100-sxm2-16gb", "xeon-e5-2680-v3-dual"
LIBRARY: Final = "cpu-pytorch"
MODEL: Final = "GCN"
GRAPHS: Final = ("cora", "citeseer", "pubmed", "reddit")
"""Graphs of the paper whose sizes are known; it has two more."""
EXACT: Final = Target("max_difference", 0.0)
HEADLINE: Final = Target("rms_decades", 0.3)
"""A factor of two."""
OTHERS: Final = {"PyG Xeon CPU": CPU, "CPU": CPU, "V100": GPU}
METRICS: Final = ("speed-up mean", "energy reduction mean")


@check(
    "gnn_datasets.csv",
    topic="figures",
    family=("cpu", "gpu"),
    columns=("dataset", "nodes", "edges", "features", "classes"),
    title="Sizes of graphs, and those of the named workloads",
)
def gnn_datasets(dataset: Dataset) -> list[Outcome]:
    """Count nodes, edges, features and classes in the graph of each named network."""
    tally = Tally()
    for row in dataset.rows:
        try:
            name = text(row, "dataset").lower()
            if name not in DATASETS:
                tally.skip("sizes", f"no workload on {quoted(name)}", row.line)
                continue
            for column, count in _sizes(workload(f"gcn-{name}")).items():
                tally.compare("sizes", float(count), positive(row, column))
        except SkipRow as skip:
            tally.skip("sizes", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: EXACT)


def _sizes(graph: Graph) -> Mapping[str, int]:
    """Read sizes off the tensors and ops of a network of graph convolutions, self loops left out."""
    nodes, features = graph.tensors["features"].shape
    links = next(op.work.entries for op in graph.ops if isinstance(op.work, Gather))
    (output,) = graph.outputs
    classes = graph.tensors[output].shape[-1]
    return {"nodes": nodes, "edges": links - nodes, "features": features, "classes": classes}


@check(
    "hygcn_speedups.csv",
    topic="figures",
    family=("systolic", "gpu", "cpu"),
    columns=("model", "dataset", "v100_over_cpu", "hygcn_over_cpu"),
    title="Speed-up of HyGCN over a V100 and a CPU on one graph convolution",
)
def hygcn_speedups(dataset: Dataset) -> list[Outcome]:
    """Judge how much faster HyGCN is than PyTorch Geometric on a V100 and on a CPU."""
    tally = Tally()
    for row in dataset.rows:
        try:
            name = text(row, "dataset").lower()
            if text(row, "model") != MODEL or name not in GRAPHS:
                tally.skip("not run", "another model, or a graph of which sizes are not known", row.line)
                continue
            for machine, measured in published(row).items():
                tally.compare(f"over {machine}", speed_up(machine, name), measured)
        except SkipRow as skip:
            tally.skip("not run", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: HEADLINE)


def published(row: Row) -> dict[str, float]:
    """Return how many times faster HyGCN is than each machine.

    Raises
    ------
    SkipRow
        A cell is missing or no number.
    """
    over_cpu = positive(row, "hygcn_over_cpu")
    return {GPU: over_cpu / positive(row, "v100_over_cpu"), CPU: over_cpu}


@check(
    "gnn_accelerator_headlines.csv",
    topic="figures",
    family=("systolic", "gpu", "cpu"),
    columns=("paper", "metric", "value", "baseline", "verified"),
    title="Headlines of HyGCN: mean speed-up and energy against a V100 and a CPU",
)
def headlines(dataset: Dataset) -> list[Outcome]:
    """Judge means over one graph convolution on four graphs by means over four models and six graphs."""
    tally = Tally()
    for row in dataset.rows:
        try:
            metric, baseline = text(row, "metric"), row.cells.get("baseline", "").strip()
            if metric not in METRICS or baseline not in OTHERS or not text(row, "paper").startswith("HyGCN"):
                tally.skip("not run", "a machine that is not described", row.line)
                continue
            gain = speed_up if metric == METRICS[0] else energy_reduction
            tally.compare(f"over {OTHERS[baseline]}", mean(gain, OTHERS[baseline]), positive(row, "value"))
        except SkipRow as skip:
            tally.skip("not run", skip.reason, row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: HEADLINE)


def mean(gain: Callable[[str, str], float], machine: str) -> float:
    """Return the mean of a gain over the graphs, -."""
    return sum(gain(machine, name) for name in GRAPHS) / len(GRAPHS)


def speed_up(machine: str, name: str) -> float:
    """Return how many times faster HyGCN is than a machine on one graph, -."""
    return _latency(machine, name) / _latency(ENGINE, name)


def energy_reduction(machine: str, name: str) -> float:
    """Return the energy of a machine over that of HyGCN on one graph, -."""
    return sum(result.energy for result in runs(machine, name)) / sum(result.energy for result in runs(ENGINE, name))


def _latency(machine: str, name: str) -> float:
    """Return the time of one layer, s; of HyGCN that of the slower engine, as both work at the same time."""
    results = runs(machine, name)
    if machine == ENGINE:
        (result,) = results
        return max(op.latency * op.count for op in result.ops)
    return sum(result.latency for result in results)


@cache
def runs(machine: str, name: str) -> tuple[Result, ...]:
    """Return the runs that make one graph convolution on a machine, as it would run it.

    Parameters
    ----------
    machine : str
        One of `ENGINE`, `GPU`, `CPU`.
    name : str
        One of `GRAPHS`.
    """
    sizes: dict[str, Any] = {size: DATASETS[name][size] for size in ("nodes", "edges", "features")}
    chip = load_hardware(machine)
    if machine == ENGINE:
        return (evaluate(workload("gcn-layer", **sizes, first="aggregate", dtype="int32"), chip, capacity="ignore"),)
    sizes["style"] = "messages"
    if machine == GPU:
        eager = with_(chip, "generation.launch.mode", "eager")
        return (evaluate(workload("gcn-layer", **sizes), eager, capacity="ignore"),)
    alone = with_all(chip, {"cores": 1, "library": LIBRARY})
    return (
        evaluate(workload("gcn-layer", **sizes, phase="combine"), with_(chip, "library", LIBRARY), capacity="ignore"),
        evaluate(workload("gcn-layer", **sizes, phase="aggregate"), alone, capacity="ignore"),
    )
