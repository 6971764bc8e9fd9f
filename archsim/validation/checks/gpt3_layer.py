"""One layer of GPT-3 175B on four A100: each op by itself, and the sum of all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from archsim.arch.system import System
from archsim.graph.work import MatMul
from archsim.io.systems import load_system
from archsim.mapping.collectives import exchange
from archsim.mapping.stages import spread
from archsim.validation import ops
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.formats import Formats
from archsim.validation.kernels import MILLISECOND, Reading, Sample, predict
from archsim.validation.launch import Driven, Launch
from archsim.validation.ops import Timed
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("phase", "op", "measured_ms")
SYSTEM: Final = "hgx-a100-4"
WIDTH: Final = 12288
HEADS: Final = 96
GROWTH: Final = 4
"""Width of the feed-forward part over that of the layer."""
STORED: Final = Formats("fp16", "fp16", "fp16", "fp16")
ALL_REDUCE: Final = "AllReduce"
LIMITS: Final = {"prefill": 10.0, "decode": 12.0}
"""What the sum is held to, percent; single ops likewise."""
_PHASE: Final = re.compile(r"(prefill|decode)_b([1-9][0-9]{0,8})_(s|kv)([1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shape:
    """A layer divided among chips: `rows` tokens at once, `pairs` of sequence and head per chip, `queries`, `keys`."""

    phase: str
    rows: int
    pairs: int
    queries: int
    keys: int
    chips: int


def shape(phase: str, chips: int) -> Shape:
    """Read ``prefill_b8_s2048`` or ``decode_b8_kv3072``.

    In decode, one token is appended to the keys that are there.

    Raises
    ------
    SkipRow
        It is neither.
    """
    found = _PHASE.fullmatch(phase)
    if found is None or (found[1] == "prefill") != (found[3] == "s"):
        raise SkipRow(f"unknown phase {quoted(phase)}")
    batch, length = int(found[2]), int(found[4])
    prefill = found[1] == "prefill"
    pairs = batch * HEADS // chips
    return Shape(found[1], batch * length if prefill else batch, pairs, length if prefill else 1,
                 length if prefill else length + 1, chips)  # fmt: skip


def _linear(of: Shape, inside: int, outside: int, count: int = 1) -> Timed:
    work = MatMul(1, of.rows, outside, inside)
    each = [ops.product(work, STORED, name=f"product-{index}") for index in range(count)]
    return sum(each[1:], start=each[0])


def _scores(of: Shape) -> Timed:
    return ops.product(MatMul(of.pairs, of.queries, of.keys, WIDTH // HEADS, dynamic=True), STORED)


def _values(of: Shape) -> Timed:
    return ops.product(MatMul(of.pairs, of.queries, WIDTH // HEADS, of.keys, dynamic=True), STORED)


def _norm(of: Shape) -> Timed:
    return ops.normalise("layer_norm", of.rows, WIDTH, STORED.input)


OPS: Final[Mapping[str, Callable[[Shape], Timed]]] = {
    "Q_K_V": lambda of: _linear(of, WIDTH, WIDTH // of.chips, 3),
    "Q_mul_K": _scores,
    "A_mul_V": _values,
    "Wo_proj": lambda of: _linear(of, WIDTH // of.chips, WIDTH),
    "W1_proj": lambda of: _linear(of, WIDTH, GROWTH * WIDTH // of.chips),
    "W2_proj": lambda of: _linear(of, GROWTH * WIDTH // of.chips, WIDTH),
    "Softmax": lambda of: ops.normalise("softmax", of.pairs * of.queries, of.keys, STORED.input),
    "LayerNorm_MHA": _norm,
    "LayerNorm_FFN": _norm,
    "GeLU": lambda of: ops.pointwise("gelu_tanh", of.rows, GROWTH * WIDTH // of.chips, STORED.input),
}
"""Ops by the table's names, on one of the chips."""


def timed(name: str, of: Shape) -> Timed:
    """Return the kernels of one op.

    Raises
    ------
    SkipRow
        The layer has no such op.
    """
    if name not in OPS:
        raise SkipRow(f"unknown op {quoted(name)}")
    return OPS[name](of)


@check(
    "baseline_gpt3_layer_a100x4.csv",
    topic="gpu",
    family="gpu",
    columns=COLUMNS,
    title="One layer of GPT-3 175B on four A100, op by op",
)
def gpt3_layer(dataset: Dataset) -> list[Outcome]:
    """Judge the time of every op, and the sum over a layer, of a prompt and of one token."""
    tally = Tally()
    system = load_system(SYSTEM)
    chip = Driven(Launch.CALL).find(system.chip)
    samples: list[Sample] = []
    sums: dict[str, list[tuple[float, float]]] = {}
    for row in dataset.rows:
        phase, name = (row.cells.get(column, "").strip() for column in ("phase", "op"))
        group = f"{system.name} {phase.partition('_')[0]}".strip()
        try:
            of = shape(text(row, "phase"), system.chips)
            measured = positive(row, "measured_ms") * MILLISECOND
            if name.startswith(ALL_REDUCE):
                sums.setdefault(group, []).append((_all_reduce(system, of), measured))
            else:
                samples.append(Sample(row, group, chip, Reading(timed(text(row, "op"), of), {"op": name}), measured))
        except SkipRow as skip:
            tally.skip(f"{group} ops", skip.reason, row.line)
    for sample, made in zip(samples, predict(samples), strict=True):
        if made.verdict == "ok":
            sums.setdefault(sample.group, []).append((made.latency, sample.measured))
        else:
            tally.skip(f"{sample.group} ops", made.verdict, sample.row.line)
    for group, pairs in sums.items():
        for predicted, measured in pairs:
            tally.compare(f"{group} ops", predicted, measured)
        tally.compare(group, *(sum(side) for side in zip(*pairs, strict=True)))
    return tally.outcomes(dataset.name, dataset.split, _target)


def _all_reduce(system: System, of: Shape) -> float:
    payload = of.rows * WIDTH * 2.0
    return exchange(system, "all_reduce", payload, spread(system, of.chips)).latency


def _target(group: str) -> Target:
    return Target("mape", LIMITS["decode" if "decode" in group else "prefill"])
