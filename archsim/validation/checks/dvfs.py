"""Runs at locked clocks: time and energy over those at the highest clock.

Of every curve, the highest clock and every second one below it are for fitting, the others score. Two constants are a
curve's own: the share of its time that follows the clock, from the clocks for fitting, and its power at one of them.
Voltage, power at rest and limit are those of the machine's description.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from archsim.arch.chip import Chip
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.demand import Demand, demand_of, fit_following, run
from archsim.validation.machines import Machines
from archsim.validation.outcome import Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MEGAHERTZ: Final = 1e6
MILLI: Final = 1e-3
TIME: Final = Target("mape", 5.0)
ENERGY: Final = Target("mape", 7.0)
AT_LIMIT: Final = 0.96
"""Share of the power limit above which a board may not run at the clock asked for."""
SUSTAINED: Final = {"gpu-volta": 900e6}
"""Clocks by generation below which time rises faster than the clock falls, for a reason no description knows of, Hz."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, read: clock, Hz, time, s, energy, J, and shares of bandwidth and of multiprocessors in use."""

    row: Row
    clock: float
    time: float
    energy: float
    traffic: float
    active: float

    @property
    def power(self) -> float:
        """Mean power, W."""
        return self.energy / self.time


@dataclass
class Curve:
    """All rows of one kernel on one machine."""

    chip: Chip
    samples: list[Sample] = field(default_factory=list)


class Ratios(NamedTuple):
    """Time and energy over those at the highest clock."""

    time: float
    energy: float


class Step(NamedTuple):
    """One clock of a curve.

    Attributes
    ----------
    sample : Sample
        The row.
    fit : bool
        Whether the curve's own constants come from it, too.
    low : bool
        Whether the clock is one below which time rises for a reason no description knows of.
    predicted : Ratios or None
        None where no clock meets the power limit.
    measured : Ratios
        As measured.
    """

    sample: Sample
    fit: bool
    low: bool
    predicted: Ratios | None
    measured: Ratios


@check(
    "dvfs_v100_kernels.csv",
    topic="figures",
    family="gpu",
    columns=("gpu", "kernel", "core_MHz", "time_ms", "power_W", "dram_active", "sm_active"),
    title="Kernels at locked clocks, V100",
)
def dvfs_v100_kernels(dataset: Dataset) -> list[Outcome]:
    """Judge time and energy over those at the highest clock."""
    return judge(dataset, kernel)


@check(
    "dvfs_rtx8000_kernels.csv",
    topic="figures",
    family="gpu",
    columns=("gpu", "kernel", "core_MHz", "time_ms", "power_W", "dram_active", "sm_active"),
    title="Kernels at locked clocks, Quadro RTX 8000",
)
def dvfs_rtx8000_kernels(dataset: Dataset) -> list[Outcome]:
    """Judge time and energy over those at the highest clock."""
    return judge(dataset, kernel)


@check(
    "dvfs_llm_stage_a100_a40.csv",
    topic="figures",
    family="gpu",
    columns=("model", "gpu", "pass", "sm_MHz", "time_s", "energy_J"),
    title="Stages of large language models in training at locked clocks, A100 and A40",
)
def dvfs_llm_stage_a100_a40(dataset: Dataset) -> list[Outcome]:
    """Judge time and energy over those at the highest clock."""
    return judge(dataset, stage)


Read = Callable[[Row], tuple[str, str, Sample]]


def judge(dataset: Dataset, read: Read) -> list[Outcome]:
    """Judge curves: mean absolute error of time and energy over those at the highest clock, per machine.

    Parameters
    ----------
    dataset : Dataset
        One row per clock.
    read : callable
        Row to machine, name of the curve, and sample.
    """
    tally = Tally()
    for curve in curves(dataset, read, tally).values():
        _compare(tally, curve)
    return tally.outcomes(dataset.name, "score", lambda group: TIME if " time" in group else ENERGY)


def curves(dataset: Dataset, read: Read, tally: Tally) -> dict[tuple[str, str], Curve]:
    """Return the curves of a table by machine and name; rows that cannot be read are counted."""
    machines = Machines()
    found: dict[tuple[str, str], Curve] = {}
    for row in dataset.rows:
        group = "unreadable"
        try:
            device, name, sample = read(row)
            group = device
            chip = machines.find(device)
            found.setdefault((chip.name, name), Curve(chip)).samples.append(sample)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
    return found


def steps(curve: Curve) -> list[Step]:
    """Return the clocks of a curve below its highest one, from there down, measured and predicted."""
    chip = curve.chip
    samples = sorted(curve.samples, key=lambda sample: -sample.clock)
    top = samples[0]
    demand = _demand(chip, samples[::2])
    reference = run(chip, demand, _relative(chip, top), _limit(chip, top))
    found = []
    for index, sample in enumerate(samples[1:], 1):
        point = run(chip, demand, _relative(chip, sample), _limit(chip, top))
        predicted = None
        if point is not None and reference is not None:
            predicted = Ratios(point.time / reference.time, point.energy / reference.energy)
        measured = Ratios(sample.time / top.time, sample.energy / top.energy)
        found.append(Step(sample, index % 2 == 0, sample.clock < _sustained(chip), predicted, measured))
    return found


def _compare(tally: Tally, curve: Curve) -> None:
    for step in steps(curve):
        groups = [f"{curve.chip.name} {what}{' below 900 MHz' if step.low else ''}" for what in Ratios._fields]
        if step.predicted is None:
            tally.skip(groups[0], "no clock meets the power limit", step.sample.row.line)
            continue
        for group, predicted, measured in zip(groups, step.predicted, step.measured, strict=True):
            if step.fit:
                tally.keep_for_fit(group)
            else:
                tally.compare(group, predicted, measured)


def _demand(chip: Chip, fitting: list[Sample]) -> Demand:
    """Find what a curve asks for from its rows for fitting, highest clock first."""
    limit = _limit(chip, fitting[0])
    free = [sample for sample in fitting if sample.power < AT_LIMIT * limit] or fitting[-1:]
    kept = [sample for sample in free if sample.clock >= _sustained(chip)] or free
    first = free[0]
    following = fit_following(
        [_relative(chip, sample) for sample in kept], [sample.time / first.time for sample in kept]
    )
    memory = first.traffic * _memory_power(chip)
    clock = _relative(chip, first)
    return demand_of(chip, first.time, first.power, clock, following, memory=memory, active=first.active)


def _sustained(chip: Chip) -> float:
    generation = getattr(chip.spec, "generation", None)
    return SUSTAINED.get(generation.name, 0.0) if generation is not None else 0.0


def _relative(chip: Chip, sample: Sample) -> float:
    spec: Any = chip.spec
    return float(sample.clock / (getattr(spec, "boost", None) or spec.clock))


def _limit(chip: Chip, top: Sample) -> float:
    """Return the power limit, W: a board that draws more than its described one has another, unknown one."""
    limit = chip.spec.power.limit
    return limit if top.power <= limit / AT_LIMIT else float("inf")


def _memory_power(chip: Chip) -> float:
    """Return the power of the device memory at its full bandwidth, W."""
    level = chip.spec.memory[0]  # type: ignore[attr-defined]
    return float((level.energy or 0.0) * level.bandwidth * level.instances)


def kernel(row: Row) -> tuple[str, str, Sample]:
    """Read a row of a table of kernels: machine, kernel, sample."""
    time = positive(row, "time_ms") * MILLI
    sample = Sample(
        row, positive(row, "core_MHz") * MEGAHERTZ, time, positive(row, "power_W") * time,
        _share(row, "dram_active"), _share(row, "sm_active"),
    )  # fmt: skip
    return text(row, "gpu"), text(row, "kernel"), sample


def stage(row: Row) -> tuple[str, str, Sample]:
    """Read a row of a table of stages: machine, model and pass, sample."""
    sample = Sample(
        row, positive(row, "sm_MHz") * MEGAHERTZ, positive(row, "time_s"), positive(row, "energy_J"), 0.0, 1.0
    )
    return text(row, "gpu"), f"{text(row, 'model')} {text(row, 'pass')}", sample


def _share(row: Row, column: str) -> float:
    """Return a share of the time from 0 to 1.

    Raises
    ------
    SkipRow
        It is none.
    """
    try:
        share = float(text(row, column))
    except ValueError:
        raise SkipRow(f"{column} is not a number") from None
    if not 0.0 <= share <= 1.0:
        raise SkipRow(f"{column} is not a share from 0 to 1")
    return share
