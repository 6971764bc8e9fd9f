"""Kernels of one layer of a language model, one at a time, as they follow one another in the layer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Final

from archsim.graph.work import MatMul
from archsim.validation import ops
from archsim.validation.cells import SkipRow, parts, quoted, size, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import formats
from archsim.validation.kernels import COLUMNS, Reader, Reading, Sample, judge
from archsim.validation.launch import Launch
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Target

NORM: Final = "layernorm_or_rmsnorm"
POINTWISE: Final = {"add": ("add", 2, 1), "act_gelu": ("gelu", 1, 1), "act_silu_mul": ("silu_multiply", 1, 2)}
"""The table's names: function, tensors it reads, and columns of each per column of the result."""
LAYER_NORM: Final = ("phi-2",)
"""Models whose layers norm by mean and deviation; all others by the root of the mean square."""
LIMITS: Final = {"gemm": 16.0, "add": 18.0, "act_gelu": 18.0, "act_silu_mul": 18.0, "norm": 25.0}
"""What kinds of kernel are held to, percent."""


def read(row: Row) -> Reading:
    """Read a row: dims ``m=..;n=..;k=..`` of products, ``rows=..;cols=..`` of all others; ``model=..`` and ``tp=..``.

    Raises
    ------
    SkipRow
        It cannot be evaluated.
    """
    kind = text(row, "op").lower()
    stored = formats(text(row, "dtype"))
    dims = parts(row)
    if kind == "gemm":
        work = MatMul(1, size(dims, "m"), size(dims, "n"), size(dims, "k"))
        return Reading(ops.product(work, stored), {"op": kind, "m": work.m, "n": work.n, "k": work.k})
    rows, columns = size(dims, "rows"), size(dims, "cols")
    labels = {"op": label(kind, ""), "rows": rows, "cols": columns}
    if kind in POINTWISE:
        function, operands, packed = POINTWISE[kind]
        timed = ops.pointwise(
            function, rows, columns, stored.input, operands=operands, packed=packed, blocks=kind == "act_silu_mul"
        )
        return Reading(timed, labels)
    if kind == NORM:
        centred = dims.get("model", "") in LAYER_NORM
        function = "layer_norm" if centred else "rms_norm"
        return Reading(ops.normalise(function, rows, columns, stored.input, affine=2 if centred else 1,
                                     blocks=not centred), labels)  # fmt: skip
    raise SkipRow(f"unknown op {quoted(kind)}")


def in_their_layer(samples: list[Sample]) -> list[Sample]:
    """Let the other kernels of a layer pass through the caches before the same weights are used again."""
    layers: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, sample in enumerate(samples):
        dims = parts(sample.row)
        rows = dims.get("m", dims.get("rows", ""))
        layers[sample.chip.name, dims.get("model", ""), dims.get("tp", ""), rows].append(index)
    touched = [sum(tensor.bytes for tensor in sample.reading.timed.tensors) for sample in samples]
    made = list(samples)
    for members in layers.values():
        whole = sum(touched[index] for index in members)
        for index in members:
            reading = replace(samples[index].reading, between=whole - touched[index])
            made[index] = replace(samples[index], reading=reading)
    return made


def label(kind: str, _: str) -> str:
    """Name a group by the kind of kernel."""
    return "norm" if kind.lower() == NORM else kind.lower()


def target(group: str) -> Target:
    """Return what a group is held to, by the kind of kernel."""
    return Target("mape", LIMITS.get(group.rpartition(" ")[2], LIMITS["gemm"]))


READER: Final = Reader(read, label, target, Launch.KERNEL, in_their_layer)


@check(
    "ops_vidur.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="Kernels of a language model's layer in fp16, as a profiler times them",
    reader=READER,
)
def ops_vidur(dataset: Dataset) -> list[Outcome]:
    """Judge the time of one kernel, per machine and kind of kernel."""
    return judge(dataset, READER)
