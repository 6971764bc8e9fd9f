"""The 24 workloads of the hardware-lottery matrix: which algorithm each row is, and how its published counts count.

Our graphs count MACs of contractions for a whole run. The published table counts some rows otherwise; `published_macs`
and `published_parameters` convert, and change no graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from archsim.graph import Graph, Role
from archsim.graph.counts import count
from archsim.graph.op import Op
from archsim.workloads.registry import register, workload

IRREGULAR = ("gather", "scatter", "scan")
"""Kinds whose multiply-adds the table counts as MACs, two FLOP each."""


@dataclass(frozen=True)
class Row:
    """One row of the matrix.

    Attributes
    ----------
    workload : str
        Name in the registry.
    title : str
        What it stands for.
    arguments : mapping
        Arguments that make it this row.
    convention : str
        What the published MACs count: ``run`` (as the graph does), ``irregular`` (multiply-adds of gathers and scans
        too), ``item`` (one item of the run), ``timestep`` (one step of a spiking network's dense twin), ``nonzero``
        (non-zero weights only, for parameters also).
    """

    workload: str
    title: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    convention: str = "run"


ROWS: Final[dict[str, Row]] = {
    "T1": Row("llama-2-7b-prefill", "Transformer prefill"),
    "T2": Row("llama-2-7b-decode", "Transformer decode"),
    "T3": Row("bert-large-layer", "Transformer encoder layer"),
    "C1": Row("resnet50", "Convolutional network"),
    "C2": Row("convnext-t", "Modern convolutional network"),
    "C3": Row("mobilenet-v2", "Depthwise convolutional network"),
    "V1": Row("vit-b16", "Vision transformer"),
    "G1": Row("gcn-cora", "Graph network, small", convention="irregular"),
    "G2": Row("gcn-reddit", "Graph network, large", convention="irregular"),
    "M1": Row("mixtral-8x7b-decode", "Mixture-of-experts decode"),
    "S1": Row("sparse-mlp-90", "Sparse MLP, 90 %", convention="nonzero"),
    "S2": Row("sparse-mlp-99", "Sparse MLP, 99 %", convention="nonzero"),
    "S3": Row("eie-layers", "Pruned layers of EIE"),
    "N1": Row("keyword-spotting-snn", "Spiking keyword spotting", convention="timestep"),
    "N2": Row("spiking-mlp", "Spiking MNIST", convention="timestep"),
    "R1": Row("lstm-ptb-large", "Recurrent language model", convention="item"),
    "K1": Row("capsnet", "Capsule network"),
    "B1": Row("binary-mlp", "One-bit MLP"),
    "P1": Row("mamba-130m", "State-space model, small", convention="irregular"),
    "P2": Row("mamba-2.8b", "State-space model, large", convention="irregular"),
    "I1": Row("bfs", "Graph search"),
    "I2": Row("pointer-chase", "Pointer chase, linked lists"),
    "I3": Row("b-tree-search", "Sorted search"),
    "D1": Row("fft", "Fast Fourier transform"),
}
"""Rows by id."""

_WITHOUT_BATCH: Final = frozenset({"G1", "G2", "I1", "I2", "I3"})
_BATCH: Final = {"T3": 8, "R1": 20}


def published_macs(row: str, graph: Graph) -> int:
    """MACs of `graph` as the published table counts those of `row`.

    Parameters
    ----------
    row : str
        Id, ``T1`` to ``D1``.
    graph : Graph
        The row's graph.
    """
    convention = ROWS[row].convention
    total = sum(op.macs for op in graph.ops)
    if convention == "item":
        return total // round(graph.items)
    if convention == "irregular":
        return total + round(sum(op.flops for op in graph.ops if op.kind in IRREGULAR)) // 2
    if convention == "timestep":
        return sum(op.macs // op.steps for op in graph.ops)
    if convention == "nonzero":
        return math.floor(sum(op.macs * _density(op, graph) for op in graph.ops))
    return total


def published_parameters(row: str, graph: Graph) -> int:
    """Parameters of `graph` as the published table counts those of `row`."""
    if ROWS[row].convention == "nonzero":
        return math.floor(sum(weight.elements * weight.density for weight in graph.weights))
    return count(graph).parameters


def _density(op: Op, graph: Graph) -> float:
    weights = [graph.tensors[name] for name in op.inputs if graph.tensors[name].role is Role.WEIGHT]
    return min((weight.density for weight in weights), default=1.0)


def _build(row: Row) -> Callable[..., Graph]:
    def build(*, batch: int = 1) -> Graph:
        return workload(row.workload, **row.arguments, batch=batch)

    return build


def _build_one(row: Row) -> Callable[..., Graph]:
    def build() -> Graph:
        return workload(row.workload, **row.arguments)

    return build


for _id, _row in ROWS.items():
    _title = f"{_id} of the hardware-lottery matrix: {_row.title} ({_row.workload})"
    if _id in _WITHOUT_BATCH:
        register(f"lottery-{_id.lower()}", _build_one(_row), _title, group="lottery")
    else:
        register(f"lottery-{_id.lower()}", _build(_row), _title, group="lottery", batch=_BATCH.get(_id, 1))
