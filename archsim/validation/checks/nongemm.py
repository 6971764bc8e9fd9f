"""How much of the time is not matrix products: published ranges over models and machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.models import Answer, Launched, Networks, Setting, answer
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("quantity", "low_pct", "high_pct")
MACHINE: Final = "a100-sxm4-80gb"
LIMIT: Final = Target("max_abs_points", 0.0)

NETWORKS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "vit-b16": ("timm", {}),
    "vit-l16": ("timm", {}),
    "swin-t": ("swin", {}),
    "swin-b": ("swin", {}),
    "bert-base": ("bert", {"packed": False}),
    "gpt2-xl": ("gpt2", {}),
    "llama-2-7b": ("transformers", {"sequence": 512}),
    "opt-1.3b": ("opt", {"sequence": 512}),
}
"""Networks of the kinds the ranges are over, one item each in fp16: how their libraries write attention, arguments."""


class Question(NamedTuple):
    """What a row asks: the share of matrix products or of the rest; after fusion or before; of each or of the mean."""

    products: bool
    compiled: bool
    average: bool


QUESTIONS: Final[Mapping[str, Question]] = {
    "GEMM share of execution time across models/platforms": Question(products=True, compiled=False, average=False),
    "non-GEMM share of latency, averages across platforms": Question(products=False, compiled=False, average=True),
    "non-GEMM share after operator fusion": Question(products=False, compiled=True, average=True),
}


@check(
    "nongemm_share.csv",
    topic="figures",
    family="gpu",
    columns=COLUMNS,
    title="Shares of the time outside matrix products, as ranges",
)
def nongemm_share(dataset: Dataset) -> list[Outcome]:
    """Say by how many percentage points shares lie outside their range: of each network, or of the mean of all."""
    tally, shares = Tally(), Shares()
    for row in dataset.rows:
        group = row.cells.get("quantity", "").strip() or "unreadable"
        try:
            found = answers(row, shares)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
            continue
        for made in found:
            low, high = made.limits
            tally.compare(group, made.share, min(max(made.share, low), high))
    return tally.outcomes(dataset.name, dataset.split, lambda _: LIMIT)


class Answered(NamedTuple):
    """A share, percent, and the published range: of one network, or of the mean of all."""

    network: str
    share: float
    limits: tuple[float, float]


def answers(row: Row, shares: Shares) -> list[Answered]:
    """Return what a row asks for: a share of each network, or the mean.

    Raises
    ------
    SkipRow
        Nobody knows what it asks, or the machine refuses a network.
    """
    asked = question(row)
    limits = positive(row, "low_pct"), positive(row, "high_pct")
    found = shares.of(asked)
    if asked.average:
        found = {"mean": sum(found.values()) / len(found)}
    return [Answered(name, share, limits) for name, share in found.items()]


def question(row: Row) -> Question:
    """Return what a row asks.

    Raises
    ------
    SkipRow
        Nobody knows.
    """
    quantity = text(row, "quantity")
    if quantity not in QUESTIONS:
        raise SkipRow(f"unknown quantity {quoted(quantity)}")
    return QUESTIONS[quantity]


class Shares:
    """Shares of the time by network, percent; each network is built once."""

    def __init__(self) -> None:
        self._networks, self._launched = Networks(), Launched()

    def of(self, question: Question) -> dict[str, float]:
        """Return the shares a question is about.

        Raises
        ------
        SkipRow
            The machine refuses a network.
        """
        chip = self._launched.of(Machines().find(MACHINE), eagerly=not question.compiled)
        cases = []
        for name, (style, parameters) in NETWORKS.items():
            how = Setting(style, compiled=question.compiled)
            cases.append((chip, self._networks.case(name, {**parameters, "batch": 1, "dtype": "fp16"}, how)))
        found = {}
        for name, made in zip(NETWORKS, answer(cases), strict=True):
            if isinstance(made, str):
                raise SkipRow(made)
            found[name] = _share(made, products=question.products)
        return found


def _share(made: Answer, *, products: bool) -> float:
    """Return the share of the time in matrix products and convolutions, or in all else, percent."""
    inside = sum(latency for op, latency in made.parts() if op.kind in ("matmul", "conv"))
    share = 100.0 * inside / made.latency
    return share if products else 100.0 - share
