"""Tables that time kernels one at a time: from a row to a sample, from samples to outcomes.

Every such check is a `Reader`: what a row says as ops, how its kernels were started, and what its groups are held to.
All of them are judged alike, and `archsim.validation.fitting` gives calibration the rows that are never scored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.engine.run import EVALUATIONS_PER_RUN, compiles
from archsim.graph.tensor import Tensor
from archsim.validation.alone import run_alone
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.launch import Driven, Launch
from archsim.validation.machines import Machines, check_format
from archsim.validation.ops import Timed
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

COLUMNS: Final = ("device", "op", "dims", "dtype", "measured_ms")
MILLISECOND: Final = 1e-3
UNLIMITED: Final = 0.93
"""Share of a board's limit below which its power is its own."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a row says.

    Attributes
    ----------
    timed : Timed
        The kernels its time holds.
    labels : mapping
        Sizes and names that rows may be split by; ``op`` is the kind of kernel.
    copies : int
        Copies of the weights used in turn.
    between : float
        Bytes that other kernels touch before the same weights are used again, B.
    overhead : float
        What the benchmark itself adds to the time, s.
    power : float or None
        Of the board meanwhile, where that was measured and is steady, W.
    library : str
        Library that ran it, on a machine whose description leaves that open; empty: the one described.
    """

    timed: Timed
    labels: Mapping[str, object]
    copies: int = 1
    between: float = 0.0
    overhead: float = 0.0
    power: float | None = None
    library: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, ready to be compared: its group, the machine as it was driven, what ran, and the measured time, s."""

    row: Row
    group: str
    chip: Chip
    reading: Reading
    measured: float

    @property
    def power_group(self) -> str:
        """Group its power is judged in."""
        return f"{self.chip.name} power"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of a sample: time, s; mean power, W; ``ok``, or why there is none."""

    latency: float
    power: float
    verdict: str


def as_read(samples: list[Sample]) -> list[Sample]:
    """Return samples as they are."""
    return samples


@dataclass(frozen=True)
class Reader:
    """How the rows of a table are read and judged.

    Attributes
    ----------
    read : callable
        Row to reading; raises `SkipRow` when it cannot be evaluated.
    label : callable
        Cells ``op`` and ``dtype`` to what follows the machine's name in a group's name.
    target : callable
        Group name to what it is held to.
    launch : Launch
        Who started the kernels.
    settle : callable
        Fills in what only the rows together say.
    """

    read: Callable[[Row], Reading]
    label: Callable[[str, str], str]
    target: Callable[[str], Target]
    launch: Launch = Launch.GRAPH
    settle: Callable[[list[Sample]], list[Sample]] = as_read


@dataclass
class _Samples:
    """Reads rows; what cannot be read goes to the tally."""

    reader: Reader
    tally: Tally
    machines: Machines = field(default_factory=Machines)

    def read(self, rows: Iterable[Row]) -> list[Sample]:
        driven = Driven(self.reader.launch)
        found: list[Sample] = []
        for row in rows:
            group = self.group(row)
            try:
                found.append(self._sample(row, group, driven))
            except SkipRow as skip:
                self.tally.skip(group, skip.reason, row.line)
        return self.reader.settle(found)

    def _sample(self, row: Row, group: str, driven: Driven) -> Sample:
        if any(column not in row.cells for column in COLUMNS):
            raise SkipRow("the row is cut short")
        chip = self.machines.find(text(row, "device"))
        reading = self.reader.read(row)
        for computed in _formats(reading.timed):
            check_format(chip, computed)
        measured = positive(row, "measured_ms") * MILLISECOND
        return Sample(row, group, driven.find(chip, reading.library), reading, measured)

    def group(self, row: Row) -> str:
        """Name the group of a row as far as it can be read; an unknown device is a group of its own."""
        device, kind, dtype = (row.cells.get(column, "").strip() for column in ("device", "op", "dtype"))
        try:
            device = self.machines.find(device).name if device else ""
        except SkipRow:
            return device
        return " ".join(word for word in (device, self.reader.label(kind, dtype)) if word) or "unreadable"


def _formats(timed: Timed) -> list[str]:
    """Return the formats the kernels compute in: those of their first operands, the last kernel's first."""
    stored = {tensor.name: tensor.dtype for tensor in timed.tensors}
    return list(dict.fromkeys(stored[op.inputs[0]] for op in reversed(timed.ops)))


def samples(dataset: Dataset, reader: Reader, tally: Tally | None = None) -> list[Sample]:
    """Read all rows that can be evaluated; the others are counted in `tally`."""
    return _Samples(reader, Tally() if tally is None else tally).read(dataset.rows)


def side(dataset: Dataset, sample: Sample) -> str:
    """Return ``anchor``, or the side a sample is on: ``fit`` or ``score``."""
    return "anchor" if dataset.is_anchor(sample.row) else dataset.side(sample.reading.labels, sample.row)


def judge(dataset: Dataset, reader: Reader) -> list[Outcome]:
    """Judge the rows of a table: the error of the time, group by group, and of the power where it was measured."""
    tally = Tally()
    compared: list[tuple[Sample, bool]] = []
    for sample in samples(dataset, reader, tally):
        which = side(dataset, sample)
        if which == "fit":
            tally.keep_for_fit(sample.group)
            if sample.reading.power:
                tally.keep_for_fit(sample.power_group)
        else:
            compared.append((sample, which == "anchor"))
    for (sample, anchor), made in zip(compared, predict([each for each, _ in compared]), strict=True):
        if made.verdict != "ok":
            tally.skip(sample.group, made.verdict, sample.row.line)
        elif anchor:
            tally.anchor(sample.group, Anchor(sample.row.cells["dims"], made.latency, sample.measured))
        else:
            tally.compare(sample.group, made.latency, sample.measured)
            _compare_power(tally, sample, made)
    return tally.outcomes(dataset.name, dataset.split, reader.target)


def _compare_power(tally: Tally, sample: Sample, made: Prediction) -> None:
    """Compare the power of all rows, and of those apart in which the board's limit does not settle it."""
    power = sample.reading.power
    if power is None:
        return
    tally.compare(sample.power_group, made.power, power)
    if power < UNLIMITED * sample.chip.spec.power.limit:
        tally.compare(f"{sample.power_group} below its limit", made.power, power)


def predict(samples: Sequence[Sample]) -> list[Prediction]:
    """Evaluate samples, every op in a run of its own; the time of a sample is the sum over its ops."""
    by_chip: dict[int, list[int]] = {}
    for index, sample in enumerate(samples):
        by_chip.setdefault(id(sample.chip), []).append(index)
    work = sum(_evaluations(sample) for sample in samples)
    mode = "always" if compiles("auto", work) else "never"
    made: dict[int, Prediction] = {}
    for indices in by_chip.values():
        made |= zip(indices, _predict(samples[indices[0]].chip, [samples[i] for i in indices], mode), strict=True)
    return [made[index] for index in range(len(samples))]


def _evaluations(sample: Sample) -> int:
    family = registry.get(sample.chip.family)
    return len(sample.reading.timed.ops) * max(EVALUATIONS_PER_RUN, family.candidates)


def _predict(chip: Chip, samples: Sequence[Sample], mode: str) -> list[Prediction]:
    """Evaluate the samples of one machine together."""
    supports = registry.get(chip.family).supports
    readings = [sample.reading for sample in samples]
    timed = [reading.timed.prefixed(f"{index}/") for index, reading in enumerate(readings)]
    tensors: dict[str, Tensor] = {tensor.name: tensor for each in timed for tensor in each.tensors}
    refused = [next((op.kind for op in each.ops if not supports(op, chip)), "") for each in timed]
    runs = [(index, op) for index, each in enumerate(timed) if not refused[index] for op in each.ops]
    alone = run_alone(
        chip, [op for _, op in runs], tensors, copies=[readings[index].copies for index, _ in runs],
        between=[readings[index].between for index, _ in runs], mode=mode,
    )  # fmt: skip
    latency, energy = [reading.overhead for reading in readings], [0.0] * len(samples)
    verdicts = [f"{chip.name} does not run {kind}" if kind else "ok" for kind in refused]
    outcomes = zip(runs, alone.latency.tolist(), alone.energy.tolist(), alone.verdict, strict=True)
    for (index, _), time, joules, verdict in outcomes:
        latency[index] += time
        energy[index] += joules
        if verdicts[index] == "ok":
            verdicts[index] = verdict
    busy = [time - reading.overhead for time, reading in zip(latency, readings, strict=True)]
    powers = [joules / time if time > 0.0 else 0.0 for joules, time in zip(energy, busy, strict=True)]
    return [Prediction(*each) for each in zip(latency, powers, verdicts, strict=True)]
