"""Work that was not measured for the description, timed now and predicted from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.io.hardware import load_hardware
from archsim.study.this_machine.fit import predict
from archsim.study.this_machine.host import Host, read_host
from archsim.study.this_machine.load import Load, read_load, refuse_a_crowd
from archsim.study.this_machine.samples import unseen
from archsim.study.this_machine.timing import Stopwatch, Timing, refuse_unsteady, take_all

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.study.this_machine.bench import Bench
    from archsim.study.this_machine.measurements import Report
    from archsim.study.this_machine.samples import Sample

LIMIT: Final = 25.0
"""Largest mean absolute error on a quiet machine, percent."""
PATIENCE: Final = 30.0
"""What varied much is timed again until so much time is over, s."""
LONGER: Final = 0.2
"""Time in which repeats of one sample are taken, s."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One sample: its time as measured and as predicted, s, and how far the repeats differed."""

    op: str
    shape: str
    measured: float
    predicted: float
    variation: float

    @property
    def error(self) -> float:
        """Predicted over measured, less 1, percent."""
        return 100.0 * (self.predicted / self.measured - 1.0)


@dataclass(frozen=True)
class Judgement:
    """How near a description comes to the machine.

    Attributes
    ----------
    hardware : str
        Name of the description.
    load : Load
        What else ran.
    rows : tuple of Comparison
        Sample by sample.
    """

    hardware: str
    load: Load
    rows: tuple[Comparison, ...]

    @property
    def mape(self) -> float:
        """Mean absolute error, percent."""
        return fmean(abs(row.error) for row in self.rows)

    @property
    def middle(self) -> float:
        """Median absolute error, percent."""
        return median(abs(row.error) for row in self.rows)

    @property
    def ok(self) -> bool:
        """Whether the mean absolute error keeps to the limit."""
        return self.mape <= LIMIT

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, SI units."""
        return {
            "schema_version": 1,
            "hardware": self.hardware,
            "load_average_per_core": self.load.average,
            "busy": self.load.busy,
            "crowded": self.load.crowded,
            "rows": [
                {"op": row.op, "shape": row.shape, "measured_s": row.measured, "predicted_s": row.predicted,
                 "error_percent": row.error, "variation": row.variation}
                for row in self.rows
            ],
            "metric": "mape",
            "mape_percent": self.mape,
            "median_percent": self.middle,
            "limit_percent": LIMIT,
            "ok": self.ok,
        }  # fmt: skip


def judge(
    machine: str | Path | Chip, *, force: bool = False, bench: Bench | None = None, load: Load | None = None,
    host: Host | None = None, report: Report | None = None, samples: Sequence[Sample] | None = None,
) -> Judgement:  # fmt: skip
    """Hold a description of this machine against work that it was not made from.

    Parameters
    ----------
    machine : str, Path or Chip
        The description, or its file.
    force : bool
        Go on although other programs use the machine, or repeats differ.
    bench : Bench, optional
        What takes the times; this machine if left out.
    load : Load, optional
        What else runs; read before and after if left out.
    host : Host, optional
        The processor; read if left out and needed.
    report : callable, optional
        Told what comes next.
    samples : sequence of Sample, optional
        The work; `samples.unseen` if left out.

    Raises
    ------
    UsageError
        The description is of another family.
    UnsupportedError
        Not Linux, other programs use the machine, or repeats differ.
    """
    chip = load_hardware(machine) if isinstance(machine, str | Path) else machine
    if chip.family != "cpu":
        raise UsageError(f"{chip.name!r} is of the family {chip.family!r}", hint="name a file of archsim calibrate cpu")
    cpus = () if load else (host or read_host()).cpus
    before = load or read_load(cpus)
    refuse_a_crowd(before, force)
    chosen = list(unseen() if samples is None else samples)
    predicted = predict(chip, [each.graph for each in chosen])
    stopwatch = Stopwatch(budget=LONGER)

    def take(sample: Sample) -> Timing:
        return bench.sample(sample) if bench else stopwatch.time(sample.prepare())

    plan = [(f"{each.op} {each.shape}", partial(take, each)) for each in chosen]
    taken = take_all(plan, report, patience=PATIENCE)
    found = before if load else before.worse(read_load(cpus))
    refuse_a_crowd(found, force)
    refuse_unsteady(taken, force)
    rows = [
        Comparison(each.op, each.shape, timing.seconds, time, timing.variation)
        for each, timing, time in zip(chosen, taken, predicted, strict=True)
    ]
    return Judgement(chip.name, found, tuple(rows))
