"""Training under power limits: time and energy over those at the full limit.

How much of the time follows the clock, and how much of the energy is the device memory's, is what the model makes of
the network; how much a run draws at the full limit is measured. From there the voltage, the power at rest and the
search for the clock that meets a limit are the model's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Final, NamedTuple

from archsim.arch import registry
from archsim.arch.chip import Chip
from archsim.arch.family import STATIC
from archsim.engine.evaluate import evaluate_points
from archsim.graph.backward import training
from archsim.graph.graph import Graph
from archsim.io.hardware import with_all
from archsim.validation.cells import SkipRow, positive, size, text
from archsim.validation.checks.dvfs import Ratios
from archsim.validation.dataset import Dataset
from archsim.validation.demand import Demand, demand_of, run
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target
from archsim.workloads import registry as workloads

TIME: Final = Target("mape", 10.0)
ENERGY: Final = Target("mape", 12.0)
BATCH: Final = 128
"""Where a table does not say."""
HALF: Final = 0.5
NO_LIMIT: Final = 1e6
"""A power limit no run reaches, W."""
NETWORKS: Final[dict[str, tuple[str, dict[str, int]]]] = {
    "resnet50": ("resnet50", {}),
    "resnet18": ("resnet18", {}),
    "shufflenetv2": ("shufflenet-v2-x1-0", {}),
    "shufflenetv2 cifar100": ("shufflenet-v2-x1-0", {"image": 32, "classes": 100}),
    "bert_base_uncased": ("bert-base", {"sequence": 384}),
    "bert_base_uncased sentiment140": ("bert-base", {"sequence": 128}),
}
"""Workloads by the name of a network, with that of the data set where it decides a size."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One row, read: limit, W, time, s, and energy, J, of the same work."""

    row: Row
    limit: float
    time: float
    energy: float


class Step(NamedTuple):
    """One limit of a curve, and time and energy over those at the full limit; no prediction where no clock meets it."""

    sample: Sample
    predicted: Ratios | None
    measured: Ratios


@dataclass(frozen=True, slots=True)
class Key:
    """What one curve has in common."""

    network: str
    batch: int
    rest: str


@dataclass(frozen=True, slots=True)
class Shape:
    """A run of a network as the model sees it.

    Attributes
    ----------
    following : float
        Share of the time that follows the clock.
    memory : float
        Share of the energy above that at rest that is the device memory's.
    power : float
        Mean power without a limit, W.
    """

    following: float
    memory: float
    power: float


MIXED: Final = Shape(following=0.5, memory=0.25, power=float("nan"))
"""A network that there is no workload of: half of the time the memory's, and half of that time's energy."""


@check(
    "powerlimit_windows.csv",
    topic="figures",
    family="gpu",
    columns=("gpu", "network", "power_limit_W", "time_s", "energy_J"),
    title="Training of image networks under power limits, a fixed number of steps",
)
def powerlimit_windows(dataset: Dataset) -> list[Outcome]:
    """Judge time and energy over those at the full limit, per machine."""
    return judge(dataset, epochs=False)


@check(
    "powerlimit_training.csv",
    topic="figures",
    family="gpu",
    columns=("gpu", "dataset", "network", "batch", "optimizer", "power_limit_W", "time_s_per_epoch", "avg_power_W"),
    title="Training under power limits, one epoch",
)
def powerlimit_training(dataset: Dataset) -> list[Outcome]:
    """Judge time and energy over those at the full limit, per machine."""
    return judge(dataset, epochs=True)


def judge(dataset: Dataset, *, epochs: bool) -> list[Outcome]:
    """Judge curves over the power limit: mean absolute error of time and energy over those at the highest limit.

    Parameters
    ----------
    dataset : Dataset
        One row per limit.
    epochs : bool
        Whether rows name data set, batch and optimiser, and give time and power of an epoch.
    """
    tally, shapes = Tally(), Shapes()
    for curve in curves(dataset, epochs=epochs, tally=tally):
        _compare(tally, curve, shapes)
    return tally.outcomes(dataset.name, dataset.split, lambda group: TIME if group.endswith(" time") else ENERGY)


@dataclass
class Curve:
    """All rows of one network on one machine."""

    chip: Chip
    key: Key
    samples: list[Sample] = field(default_factory=list)


def curves(dataset: Dataset, *, epochs: bool, tally: Tally) -> list[Curve]:
    """Return the curves of a table; rows that cannot be read are counted."""
    machines = Machines()
    found: dict[tuple[str, Key], Curve] = {}
    for row in dataset.rows:
        group = row.cells.get("gpu", "").strip() or "unreadable"
        try:
            chip = machines.find(text(row, "gpu"))
            group = f"{chip.name} time"
            key, sample = _read(row, epochs=epochs)
            found.setdefault((chip.name, key), Curve(chip, key)).samples.append(sample)
        except SkipRow as skip:
            tally.skip(group, skip.reason, row.line)
    return list(found.values())


def steps(curve: Curve, shape: Shape) -> list[Step]:
    """Return the limits of a curve below its highest one, from there down, measured and predicted."""
    samples = sorted(curve.samples, key=lambda sample: -sample.limit)
    full = samples[0]
    demand = _demand(curve.chip, shape, full)
    reference = run(curve.chip, demand, limit=full.limit)
    found = []
    for sample in samples[1:]:
        point = run(curve.chip, demand, limit=sample.limit)
        predicted = None
        if point is not None and reference is not None:
            predicted = Ratios(point.time / reference.time, point.energy / reference.energy)
        found.append(Step(sample, predicted, Ratios(sample.time / full.time, sample.energy / full.energy)))
    return found


def _compare(tally: Tally, curve: Curve, shapes: Shapes) -> None:
    groups = tuple(f"{curve.chip.name} {what}" for what in Ratios._fields)
    shape = shapes.find(curve.chip, curve.key)
    for step in steps(curve, shape):
        if step.predicted is None:
            tally.skip(groups[0], "no clock meets the power limit", step.sample.row.line)
            continue
        for group, predicted, measured in zip(groups, step.predicted, step.measured, strict=True):
            tally.compare(group, predicted, measured)
    key, full = curve.key, max(curve.samples, key=lambda sample: sample.limit)
    name = " ".join(word for word in (key.network, key.rest, f"batch {key.batch}, W") if word)
    if shape is not MIXED:
        tally.anchor(groups[1], Anchor(name, shape.power, full.energy / full.time))


def _demand(chip: Chip, shape: Shape, full: Sample) -> Demand:
    """Find what a run asks for from its power at the full limit."""
    power = full.energy / full.time
    following = shape.following
    above = demand_of(chip, full.time, power, 1.0, following)
    spent = above.chip / above.time
    return demand_of(chip, full.time, power, 1.0, following, memory=shape.memory * spent)


class Shapes:
    """Networks on machines as the model sees them; each is evaluated once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int], Shape] = {}

    def find(self, chip: Chip, key: Key) -> Shape:
        """Return how a network's training step depends on the clock; half and half where there is no such workload."""
        known = NETWORKS.get(f"{key.network} {key.rest.partition(' ')[0]}", NETWORKS.get(key.network))
        if known is None:
            return MIXED
        name, parameters = known
        found = (chip.name, f"{name} {parameters}", key.batch)
        if found not in self._found:
            self._found[found] = _shape(chip, name, {**parameters, "batch": key.batch})
        return self._found[found]


@cache
def _step(name: str, parameters: tuple[tuple[str, int], ...], dtype: str) -> Graph:
    """Return the training step of a workload."""
    return training(workloads.workload(name, **dict(parameters)), dtype=dtype)


def _shape(chip: Chip, name: str, parameters: dict[str, int]) -> Shape:
    family = registry.get(chip.family)
    wide = "tf32" if "tf32" in family.formats(chip.spec) else "fp32"
    free = with_all(chip, {"power.limit": NO_LIMIT, "generation.launch.mode": "eager"})
    clock = chip.spec.clock  # type: ignore[attr-defined]
    points = {"clock": [clock, HALF * clock]}
    totals = evaluate_points(_step(name, tuple(parameters.items()), wide), free, points, {"capacity": "ignore"})
    whole, slow = totals["latency"].tolist()
    # t(1/2) = 2 a + 1 - a
    following = min(1.0, max(0.0, slow / whole - 1.0))
    by_cause = list(zip(family.causes, totals["energy"][0].tolist(), strict=True))
    moving = sum(energy for cause, energy in by_cause if cause != STATIC)
    memory = sum(energy for cause, energy in by_cause if cause.group == "off_chip_memory")
    return Shape(following, memory / moving if moving else 0.0, sum(energy for _, energy in by_cause) / whole)


def _read(row: Row, *, epochs: bool) -> tuple[Key, Sample]:
    network = text(row, "network")
    limit = positive(row, "power_limit_W")
    if not epochs:
        sample = Sample(row, limit, positive(row, "time_s"), positive(row, "energy_J"))
        return Key(network, BATCH, ""), sample
    time = positive(row, "time_s_per_epoch")
    key = Key(network, size(row.cells, "batch"), f"{text(row, 'dataset')} {text(row, 'optimizer')}")
    return key, Sample(row, limit, time, time * positive(row, "avg_power_W"))
