"""How much faster arithmetic grows than memory: published trends, and the trend of the shipped GPUs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from archsim.engine.evaluate import evaluate
from archsim.graph.builder import GraphBuilder
from archsim.io import catalogue
from archsim.io.hardware import load_hardware
from archsim.laws import trend
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.tally import Tally, Target

if TYPE_CHECKING:
    from archsim.arch.chip import Chip

SIDE: Final = 4096
"""Edge of the product that a GPU shows its peak on."""
FORMATS: Final = ("fp16", "fp32")
PERIOD: Final = 2.0
"""Years that the published rates are of."""
LONG: Final = 20.0
COMPOUNDED, RECORDS = "compounded over 20 years", "shipped GPUs"
LEAVES: Final = {
    "peak server FLOPS": "peak", "DRAM bandwidth": "bandwidth", "single-accelerator memory capacity": "capacity",
}  # fmt: skip


class Machine(NamedTuple):
    """A GPU in the year it came out: FLOP/s, B/s, B."""

    name: str
    year: int
    peak: float
    bandwidth: float
    capacity: float


@check(
    "memory_wall.csv",
    topic="figures",
    family="gpu",
    columns=("quantity", "rate_per_2yr", "factor_20yr"),
    title="Growth of arithmetic, bandwidth and capacity in two years",
)
def memory_wall(dataset: Dataset) -> list[Outcome]:
    """Judge published rates by their own factors over twenty years, and the rates of the shipped GPUs by them."""
    tally = Tally()
    for row in dataset.rows:
        try:
            quantity, rate = text(row, "quantity"), positive(row, "rate_per_2yr")
            factor = positive(row, "factor_20yr") if row.cells.get("factor_20yr", "").strip() else None
        except SkipRow as skip:
            tally.skip("unreadable", skip.reason, row.line)
            continue
        if factor is not None:
            tally.compare(COMPOUNDED, trend.compounded(rate, LONG, PERIOD), factor)
        if quantity in LEAVES:
            tally.compare(RECORDS, growth(LEAVES[quantity]), rate)
        else:
            tally.skip(RECORDS, "nothing that the description of a GPU says", row.line)
    return tally.outcomes(dataset.name, dataset.split, lambda _: Target("mape", 10.0))


@cache
def machines() -> tuple[Machine, ...]:
    """Return the shipped GPUs by year."""
    found = []
    for entry in catalogue.entries("hardware"):
        if entry.family != "gpu":
            continue
        chip = load_hardware(entry.path)
        if chip.spec.year:
            outermost = chip.spec.memory[0]  # type: ignore[attr-defined]
            found.append(Machine(chip.name, chip.spec.year, _peak(chip), outermost.bandwidth, outermost.capacity))
    return tuple(sorted(found, key=lambda machine: (machine.year, machine.name)))


def _peak(chip: Chip) -> float:
    """Return the peak of the units that a large product runs on, FLOP/s."""
    rates = []
    for dtype in FORMATS:
        builder = GraphBuilder("product", dtype=dtype)
        builder.linear(builder.input("x", (SIDE, SIDE)), SIDE, bias=False)
        (op,) = evaluate(builder.build(), chip, capacity="ignore", jit="never").ops
        rates.append(op.flops / op.latency / op.utilisation)
    return max(rates)


def records(leaf: str) -> list[tuple[int, float]]:
    """Return each year's best that was better than those of all years before."""
    best: dict[int, float] = {}
    for machine in machines():
        best[machine.year] = max(best.get(machine.year, 0.0), getattr(machine, leaf))
    kept: list[tuple[int, float]] = []
    for year, value in sorted(best.items()):
        if not kept or value > kept[-1][1]:
            kept.append((year, value))
    return kept


def growth(leaf: str) -> float:
    """Return the factor of two years: a line by least squares through the logarithms of the records, -."""
    import numpy as np

    years, values = zip(*records(leaf), strict=True)
    slope, _ = np.polyfit(np.asarray(years, dtype=np.float64), np.log(values), 1)
    return float(np.exp(PERIOD * slope))
