"""Applications of the first TPU: where its cycles go and what it achieves, from what was published of them alone.

Layer sizes never were. Weights, layers, batch and operations per byte of weights make layers that are all alike; their
outputs fill whole arrays, as many inputs as the weights then need.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import geometric_mean
from typing import Any, Final

from archsim.arch.chip import Chip
from archsim.arch.columns import place_of
from archsim.engine.evaluate import evaluate
from archsim.engine.result import Result
from archsim.graph.builder import GraphBuilder
from archsim.graph.graph import Graph
from archsim.io.hardware import with_all
from archsim.validation.cells import SkipRow, positive, text
from archsim.validation.dataset import Dataset
from archsim.validation.machines import Machines
from archsim.validation.outcome import Anchor, Outcome
from archsim.validation.registry import check
from archsim.validation.table import Row
from archsim.validation.tally import Tally, Target

MACHINE: Final = "tpu-v1"
ARRAY: Final = 256
"""Columns of its array: outputs of a layer are multiples of it."""
KERNEL: Final = 3
MEGA: Final = 1e6
TERA: Final = 1e12
PERCENT: Final = 100.0
MEAN: Final = "mean"
UNKNOWN: Final = {"CNN1": "half of its tiles are empty, from layers whose sizes were never published"}
KINDS: Final = {"MLP": "fully connected", "LSTM": "LSTM", "CNN": "convolutions"}
POINTS: Final = {"fully connected": 3.0, "LSTM": 5.0, "convolutions": 5.0}
RATES: Final = {"fully connected": 10.0, "LSTM": 20.0, "convolutions": 10.0}
SHARES: Final = {
    "array_active_pct": ("arrays", "idle cells"),
    "weight_shift_pct": ("weight loading",),
    "weight_stall_pct": ("dram",),
}
"""Counters of the paper, and the resources that answer for them."""
CHANGES: Final[dict[str, tuple[dict[str, float], dict[str, float]]]] = {
    "memory bandwidth x 4": ({"memory.dram.bandwidth": 4}, {MEAN: 3.0}),
    "clock x 4": ({"clock": 4}, {}),
    "array of 512 x 512": ({"array.rows": 2, "array.columns": 2}, {}),
}
"""What the paper asks of its model, and its answers: memory, about 3 on the mean; clock, almost nothing, and a larger
array, slightly worse, both without a number."""


@dataclass(frozen=True)
class App:
    """An application as published: layers, weights in all, batch, and pixels each weight meets per input."""

    name: str
    layers: int
    weights: float
    batch: int
    pixels: float

    @property
    def kind(self) -> str:
        """Kind of network."""
        return KINDS[self.name.rstrip("0123456789")]

    def graph(self, dtype: str = "int8") -> Graph:
        """Return its products, one after the other; each reads what the one before left in the unified buffer.

        Layers take turns in which way they lie: inputs become outputs, so that the next one has as many as it needs.
        """
        builder = GraphBuilder(self.name, dtype=dtype)
        each = self.weights / self.layers
        side = round(math.sqrt(self.pixels))
        taps = KERNEL * KERNEL if side > 1 else 1
        outputs = max(1, round(math.sqrt(each / taps) / ARRAY)) * ARRAY
        inputs = max(1, round(each / taps / outputs))
        shape = (self.batch, inputs, side, side) if side > 1 else (self.batch, inputs)
        values = builder.input("inputs", shape)
        for layer in range(self.layers):
            width = inputs if layer % 2 else outputs
            if side > 1:
                values = builder.conv(values, width, KERNEL, padding=1, bias=False)
            else:
                values = builder.linear(values, width, bias=False)
        return builder.build()


@check(
    "tpu_v1_apps.csv",
    topic="figures",
    family="systolic",
    columns=("app", "layers", "weights_M", "ops_per_weight_byte", "batch", "tops_measured", "nonmatrix_pct", *SHARES),
    title="Where the cycles of the first TPU go, and what it achieves",
)
def tpu_v1_apps(dataset: Dataset) -> list[Outcome]:
    """Judge shares of the cycles and achieved rates; show the paper's what-ifs beside its answers."""
    tally, chip = Tally(), Machines().find(MACHINE)
    known = []
    for row in dataset.rows:
        try:
            app = read_app(row)
        except SkipRow as skip:
            tally.skip("shares, others", skip.reason, row.line)
            continue
        known.append(app)
        _judge(row, app, run(app, chip), tally)
    for name, (factors, answers) in CHANGES.items():
        _ask(name, factors, answers, known, chip, tally)
    return tally.outcomes(dataset.name, dataset.split, target)


def read_app(row: Row) -> App:
    """Read an application.

    Raises
    ------
    SkipRow
        It says too little.
    """
    name = text(row, "app")
    if name in UNKNOWN:
        raise SkipRow(UNKNOWN[name])
    if name.rstrip("0123456789") not in KINDS:
        raise SkipRow("not an application of the paper")
    batch = positive(row, "batch")
    # layers with weights: those of an LSTM's gates, not what is worked out between them
    layers = sum(float(row.cells.get(column, "").strip() or 0) for column in ("fc", "conv")) or positive(row, "layers")
    pixels = positive(row, "ops_per_weight_byte") / batch
    return App(name, int(layers), positive(row, "weights_M") * MEGA, int(batch), pixels)


def target(group: str) -> Target:
    """Return what a group is held to."""
    what, _, kind = group.partition(", ")
    if what == "shares":
        return Target("max_abs_points", POINTS.get(kind, POINTS["LSTM"]))
    return Target("mape", RATES.get(kind, RATES["fully connected"]))


def run(app: App, chip: Chip) -> Result:
    """Run an application."""
    return evaluate(app.graph(), chip)


def _judge(row: Row, app: App, result: Result, tally: Tally) -> None:
    """Compare shares of all cycles, and the rate without the share that is none of the array's.

    The counters and the rates were not taken together: one application reaches 93 % of the peak with the array active
    78 % of the cycles.
    """
    for predicted, measured in shares(row, result).values():
        tally.compare(f"shares, {app.kind}", predicted, measured)
    tally.compare(f"achieved, {app.kind}", rate(result), positive(row, "tops_measured"))


def shares(row: Row, result: Result) -> dict[str, tuple[float, float]]:
    """Return by counter the share of all cycles, percent, predicted and measured, given the share outside products."""
    matrix = 1.0 - positive(row, "nonmatrix_pct") / PERCENT
    found = {}
    for column, resources in SHARES.items():
        spent = sum(result.exposed.get(resource, 0.0) for resource in resources)
        found[column] = PERCENT * matrix * spent / result.latency, float(row.cells[column])
    return found


def rate(result: Result) -> float:
    """Return the arithmetic rate of a run, TOP/s."""
    return 2.0 * result.macs / result.latency / TERA


def _ask(
    name: str, factors: dict[str, float], answers: dict[str, float], apps: list[App], chip: Chip, tally: Tally
) -> None:
    """Show the speed-up of each application, and their geometric mean; None where the paper gives no number."""
    if not apps:
        return
    ratios = gains(apps, chip, factors)
    for app, ratio in ratios.items():
        tally.anchor("what if", Anchor(f"{name}, {app.name}", ratio, answers.get(app.kind)))
    tally.anchor("what if", Anchor(f"{name}, {MEAN}", geometric_mean(ratios.values()), answers.get(MEAN)))


def gains(apps: Iterable[App], chip: Chip, factors: Mapping[str, float]) -> dict[App, float]:
    """Return by application how many times faster a machine with other numbers is.

    Parameters
    ----------
    apps : iterable of App
        What runs.
    chip : Chip
        The machine as it is.
    factors : mapping of str to float
        By which leaf paths are multiplied; counts stay whole.
    """
    values = {path: factor * _value(chip, path) for path, factor in factors.items()}
    whole = {path: round(value) if isinstance(_value(chip, path), int) else value for path, value in values.items()}
    other = with_all(chip, whole)
    return {app: run(app, chip).latency / run(app, other).latency for app in apps}


def _value(chip: Chip, path: str) -> float:
    """Return the number a path leads to."""
    node: Any = chip.spec
    for step in place_of(chip.spec, path).path:
        node = node[step] if isinstance(step, int) else getattr(node, step)
    return node if isinstance(node, int) else float(node)
