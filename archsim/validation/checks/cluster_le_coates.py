"""Le et al. 2012 and Coates et al. 2013: one network on 16,000 processor cores, and on a few graphics boards.

How many passes over the images they made is not known, so that days are no speed. But both did the same work: the
share of the peak that a system reached is that work over peak and days, and the ratio of two shares needs no passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from archsim.arch.system import System
from archsim.engine.evaluate import evaluate
from archsim.engine.parallel.split import SERVED
from archsim.engine.result import Result
from archsim.errors import UsageError
from archsim.io.systems import load_system
from archsim.validation.cells import SkipRow, positive, quoted, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads.registry import workload

COLUMNS: Final = ("system", "machines", "params_B", "days")
COUPLE: Final = "a couple"
SHARES: Final = "share of the peak, boards over processors"
SCALING: Final = "a network nine times as large on five times as many boards"
DAYS: Final = "days, if both made as many passes"
LIMITS: Final = {SHARES: Target("rms_decades", 0.30), SCALING: Target("share_right", 100.0)}
"""A factor of two, and the right direction."""
DUPLEX: Final = "the same, if pushes and pulls pass one another in full duplex"
HIDDEN: Final = "the same, if copies also work on while parameters travel"
"""Ways to use parameter servers that the papers do not rule out: the one that is scored pushes, pulls, and works."""
EFFICIENCY: Final = 0.8
"""Weak scaling from 3 to 16 machines, as remembered of the paper."""


@dataclass(frozen=True)
class Use:
    """How a system trained its network, as remembered of the papers."""

    system: str
    maps: int
    batch: int
    policy: Mapping[str, Any]


USES: Final = {
    "Le 2012 (DistBelief)": Use("le-2012", 8, 100, {"spatial_parallel": 169, "parameter_servers": 155}),
    "Coates 2013 small": Use("coates-2013-3", 8, 96, {"spatial_parallel": 12}),
    "Coates 2013 large": Use("coates-2013-16", 26, 96, {"spatial_parallel": 64}),
}


@dataclass(frozen=True)
class Trained:
    """What one system reaches: FLOP/s in all, its peak, images per second, a step, and pushes and pulls in it, s."""

    reached: float
    peak: float
    images: float
    step: float
    served: float = 0.0

    @property
    def share(self) -> float:
        """Share of the peak."""
        return self.reached / self.peak

    @property
    def duplex(self) -> float:
        """Share of the peak, if pushes and pulls take place at the same time."""
        return self.share * self.step / (self.step - self.served / 2.0)

    @property
    def hidden(self) -> float:
        """Share of the peak, if they do, and copies work meanwhile: the slower of both sets the pace."""
        return self.share * self.step / max(self.step - self.served, self.served / 2.0)


@cache
def trained(label: str) -> Trained:
    """Evaluate one training step of a row's network on its system."""
    use = USES[label]
    return measure(train(load_system(use.system), use))


def train(system: System, use: Use) -> Result:
    """Evaluate one training step; a network that is too large for the boards of 2 GB is evaluated all the same."""
    graph = workload("le2012-autoencoder", maps=use.maps, batch=use.batch, reconstruct=True, tied=True)
    return evaluate(graph, system, use.policy, training=True, capacity="ignore")


def measure(result: Result) -> Trained:
    """Return what a step reaches, and the peak of the units that its products ran on."""
    product = max((op for op in result.ops if op.kind == "matmul"), key=lambda op: op.macs)
    working = 2.0 * product.macs_performed / (product.latency * product.utilisation)
    run = result.run
    if run is None:
        raise UsageError("this result holds no run", hint="evaluate it again")
    return Trained(
        2.0 * result.macs / result.latency,
        working * (1.0 + run.shared.idle / run.shared.working),
        result.throughput,
        result.latency,
        sum(op.latency * op.count for op in result.ops if op.name == SERVED),
    )


@check(
    "cluster_le_coates.csv",
    topic="figures",
    family=("cpu", "gpu"),
    columns=COLUMNS,
    title="One network on a thousand machines with processors, and on a few with graphics boards",
)
def cluster_le_coates(dataset: Dataset) -> list[Outcome]:
    """Judge the ratio of the shares of the peak, and the direction of scaling."""
    tally = Tally()
    rows: dict[str, Row] = {}
    for row in dataset.rows:
        label = row.cells.get("system", "").strip()
        if label in USES:
            rows[label] = row
        else:
            tally.skip(SHARES, f"unknown system {quoted(label)}", row.line)
    processors, boards, more = (rows.get(label) for label in USES)
    if processors and boards:
        _shares(tally, processors, boards)
    if boards and more:
        small, large = (trained(text(row, "system")) for row in (boards, more))
        try:
            machines = positive(boards, "machines") / positive(more, "machines")
        except SkipRow as skip:
            tally.skip(SCALING, skip.reason, more.line)
            return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)
        # All the paper says of its speed is that more machines train more: both ratios are on one side of 1.
        tally.compare(SCALING, small.reached / large.reached, machines)
        gained = (large.reached / small.reached) / (large.peak / small.peak)
        tally.anchor(SCALING, Anchor("FLOP/s of one board, 16 machines over 3 (remembered)", gained, EFFICIENCY))
    return tally.outcomes(dataset.name, dataset.split, LIMITS.__getitem__)


def _shares(tally: Tally, processors: Row, boards: Row) -> None:
    """Compare what both reached of their peaks; the work is the same, so that it falls out."""
    try:
        before, after = _days(processors), _days(boards)
    except SkipRow as skip:
        tally.skip(SHARES, skip.reason, boards.line)
        return
    first, second = (trained(text(row, "system")) for row in (processors, boards))
    published = (first.peak * before) / (second.peak * after)
    tally.compare(SHARES, second.share / first.share, published)
    tally.anchor(SHARES, Anchor(DUPLEX, second.share / first.duplex, published))
    tally.anchor(SHARES, Anchor(HIDDEN, second.share / first.hidden, published))
    tally.anchor(SHARES, Anchor(DAYS, after * second.images / first.images, before))


def _days(row: Row) -> float:
    said = text(row, "days")
    if said == COUPLE:
        return 2.0
    try:
        days = float(said)
    except ValueError:
        raise SkipRow("days is not a number") from None
    if not 0.0 < days < float("inf"):
        raise SkipRow("days is not above 0")
    return days
