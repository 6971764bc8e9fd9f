"""Which numbers of a machine a result hangs on.

Three views of one question. The elasticity says what a percent more of a number does, and holds nearby. The swing says
what a number does between its bounds, all others as described: a tornado. The total index says which share of the
variance would be left if all other numbers were known, every number drawn from what it may be and interactions
included.

References
----------
Saltelli, Annoni, Azzini, Campolongo, Ratto and Tarantola: Variance based sensitivity analysis of model output, Computer
Physics Communications 181(2), 2010, doi:10.1016/j.cpc.2009.09.018.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from archsim.arch.columns import place_of
from archsim.engine.table import Column, Table, share
from archsim.errors import UsageError, did_you_mean
from archsim.study.uncertainty.leaves import Leaf, leaves, named
from archsim.study.uncertainty.varied import Varied, varied

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.engine.result import Result
    from archsim.graph.graph import Graph

METRICS: Final = ("latency", "energy", "energy_delay")
STEP: Final = 0.01
"""Relative step of an elasticity: below it times that jump with whole tiles look flat."""
SAMPLES: Final = 256
"""Draws of the total indices; the engine is asked for as many per number, and as many twice more."""
FACTORS: Final = 12
"""Numbers, or numbers that move together, that have a total index: those that swing furthest."""
NOTHING: Final = 1e-9
"""A swing below it is rounding."""


@dataclass(frozen=True)
class Effect:
    """What one number does to the metric.

    Attributes
    ----------
    leaf : Leaf
        The number; its bounds are its value where it is exact.
    elasticity : float or None
        d ln(metric) / d ln(number); None where a small step makes a machine that cannot be.
    low, high : float or None
        Metric at either bound over the metric as described; None where there is no such machine.
    """

    leaf: Leaf
    elasticity: float | None
    low: float | None
    high: float | None

    @property
    def swing(self) -> float:
        """Logarithm of the larger over the smaller of what the bounds give, the number as described among them."""
        logs = [0.0, *(math.log(each) for each in (self.low, self.high) if each is not None and each > 0.0)]
        return max(logs) - min(logs)


@dataclass(frozen=True)
class Index:
    """Total index of numbers that move together.

    Attributes
    ----------
    leaves : tuple of Leaf
        They rest on one source.
    total, first : float
        Share of the variance of the metric's logarithm with all interactions, and without.
    """

    leaves: tuple[Leaf, ...]
    total: float
    first: float


@dataclass(frozen=True)
class Sensitivity:
    """What `sensitivity` found.

    Attributes
    ----------
    result : Result
        With all numbers as described.
    metric : str
        Of what.
    effects : tuple of Effect
        Numbers that do something, furthest swing first.
    indices : tuple of Index
        Total indices, largest first; empty where none were asked for, or nothing varies.
    numbers : int
        How many numbers were tried.
    """

    result: Result
    metric: str
    effects: tuple[Effect, ...]
    indices: tuple[Index, ...]
    numbers: int

    def table(self) -> Table:
        """Return one row per number that does something."""
        columns = (
            Column("parameter", "number"), Column("value", "value", show=str), Column("low", "low", show=str),
            Column("high", "high", show=str), Column("kind", "kind"), Column("elasticity", "elasticity", show=_number),
            Column("at_low", f"{self.metric} at low", show=_change), Column("at_high", "at high", show=_change),
        )  # fmt: skip
        rows = tuple(
            (each.leaf.name, *(_shown(each.leaf, value) for value in (each.leaf.value, each.leaf.low, each.leaf.high)),
             str(each.leaf.cited.kind or "exact"), each.elasticity, each.low, each.high)
            for each in self.effects
        )  # fmt: skip
        title = f"{self.metric} of {self.result.workload} on {self.result.hardware}: one number at a time"
        return Table(title, columns, rows)

    def shares(self) -> Table:
        """Return one row per total index."""
        columns = (Column("total", "with interactions", show=share), Column("first", "alone", show=share),
                   Column("parameters", "numbers that move together"))  # fmt: skip
        rows = tuple((each.total, each.first, ", ".join(leaf.name for leaf in each.leaves)) for each in self.indices)
        return Table("share of the variance of the logarithm, all numbers drawn at once", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "schema_version": 1,
            "workload": self.result.workload,
            "hardware": self.result.hardware,
            "metric": self.metric,
            "parameters": self.numbers,
            "effects": [
                {"parameter": each.leaf.path, "hardware": each.leaf.machine, "value": each.leaf.value,
                 "low": each.leaf.low, "high": each.leaf.high, "unit": each.leaf.dimension.base,
                 "kind": each.leaf.cited.kind, "elasticity": each.elasticity, "at_low": each.low, "at_high": each.high}
                for each in self.effects
            ],
            "indices": [
                {"parameters": [leaf.name for leaf in each.leaves], "total": each.total, "first": each.first}
                for each in self.indices
            ],
            "warnings": list(self.result.warnings),
        }  # fmt: skip

    def __str__(self) -> str:
        return "\n\n".join(str(table) for table in (self.table(), self.shares()) if table.rows)


def sensitivity(
    graph: Graph | str,
    machine: Chip | System | str,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    metric: str = "latency",
    samples: int = SAMPLES,
    seed: int = 0,
    **choices: Any,
) -> Sensitivity:
    """Find the numbers of a machine that a result hangs on.

    Parameters
    ----------
    graph : Graph or str
        The workload, or its name.
    machine : Chip, System or str
        The machine.
    policy : Policy or mapping, optional
        How the run is done; single choices may be given as keywords.
    metric : str
        ``latency``, ``energy`` or ``energy_delay``.
    samples : int
        Draws of the total indices, a power of two; 0 for none.
    seed : int
        The same seed gives the same draws.

    Returns
    -------
    Sensitivity
        Elasticities, swings and total indices.

    Raises
    ------
    UsageError
        A metric that does not exist, or samples that are no power of two.
    UnsupportedError, DoesNotFitError
        As in `archsim.evaluate`.
    """
    metric = {"edp": "energy_delay"}.get(metric, metric)
    if metric not in METRICS:
        raise UsageError(f"metric {metric!r}", hint=did_you_mean(metric, METRICS) or f"write {', '.join(METRICS)}")
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 0 or samples & (samples - 1):
        raise UsageError(f"samples={samples!r}", hint="write a power of two, such as 256, or 0 for no total indices")
    base = varied(graph, machine, policy, **choices)
    found = [leaf for index, part in enumerate(base.parts) for leaf in _numbers(part.chip, index)]
    effects = sorted(_effects(base, found, metric), key=lambda each: (-each.swing, -abs(each.elasticity or 0.0)))
    telling = tuple(each for each in effects if each.swing > NOTHING or abs(each.elasticity or 0.0) > NOTHING)
    swinging = [each.leaf for each in telling if each.swing > NOTHING]
    indices = _indices(base, swinging, metric, samples, seed) if samples and swinging else ()
    return Sensitivity(base.result, metric, telling, indices, len(found))


def _numbers(chip: Chip, part: int) -> list[Leaf]:
    """Return all numbers of a description: those that may be otherwise, and exact ones with themselves as bounds."""
    open_ones = {leaf.path: leaf for leaf in leaves(chip, part)}
    found = []
    for path, cited in chip.cited.items():
        name = named(chip, path)
        if name in open_ones:
            found.append(open_ones[name])
            continue
        if isinstance(cited.text, bool):
            continue
        try:
            place = place_of(chip.spec, name)
        except UsageError:
            continue
        quantity = place.column.quantity
        node: Any = chip.spec
        for step in place.path:
            node = node[step] if isinstance(step, int) else getattr(node, step)
        if place.column.choices or quantity is None or node is None or not node > 0.0:
            continue
        value = float(node)
        found.append(Leaf(part, chip.name, name, value, value, value, cited, name, quantity))
    return found


def _effects(base: Varied, found: Sequence[Leaf], metric: str) -> list[Effect]:
    """Evaluate every number at both bounds and a small step either way, all in one call."""
    import numpy as np

    tries = [[leaf.low, leaf.high, *_steps(leaf)] for leaf in found]
    points = len(tries[0]) * len(tries) if tries else 0
    if not points:
        return []
    columns = {}
    for index, (leaf, values) in enumerate(zip(found, tries, strict=True)):
        column = np.full(points, leaf.value)
        column[len(values) * index : len(values) * (index + 1)] = values
        columns[leaf.part, leaf.path] = column
    ratios = _ratios(base, columns, points, metric).reshape(len(found), -1)
    effects = []
    for leaf, (_, _, below, above), row in zip(found, tries, ratios.tolist(), strict=True):
        low, high, down, up = (None if math.isnan(value) else value for value in row)
        elasticity = None
        if down and up and below > 0.0 and above > below:
            elasticity = math.log(up / down) / math.log(above / below)
        effects.append(Effect(leaf, elasticity, low, high))
    return effects


def _steps(leaf: Leaf) -> tuple[float, float]:
    """Return a number a little below and above its value, within what is legal."""
    quantity, value = leaf.quantity, leaf.value
    below, above = value * (1.0 - STEP), value * (1.0 + STEP)
    if quantity is not None and quantity.integer:
        below, above = value - 1.0, value + 1.0
    if quantity is not None and quantity.maximum is not None:
        above = min(above, quantity.maximum)
    if quantity is not None and quantity.minimum is not None:
        below = max(below, quantity.minimum + (1.0 if quantity.integer and quantity.exclusive else 0.0))
    return min(below, value), max(above, value)


def _ratios(base: Varied, columns: Mapping[tuple[int, str], Any], points: int, metric: str) -> np.ndarray:
    """Return the metric of every point over that as described, (points,); NaN where there is no such machine."""
    import numpy as np

    made = base.points(columns, points)
    latency, energy = made.latency / base.result.latency, made.energy / (base.result.energy or 1.0)
    ratios = {"latency": latency, "energy": energy, "energy_delay": latency * energy}[metric]
    return np.where(made.refused | ~(ratios > 0.0), np.nan, ratios)


def _indices(base: Varied, swinging: Sequence[Leaf], metric: str, samples: int, seed: int) -> tuple[Index, ...]:
    """Work out total indices of what swings furthest; numbers of one source are one factor."""
    import numpy as np
    from scipy.stats import sobol_indices, uniform

    together: dict[str, list[Leaf]] = {}
    for leaf in swinging:
        together.setdefault(leaf.cause, []).append(leaf)
    factors = list(together.values())[:FACTORS]
    if len(factors) == 1:  # all of the variance is its own
        return (Index(tuple(factors[0]), 1.0, 1.0),)

    def logarithms(shares: np.ndarray) -> np.ndarray:
        drawn = {
            (leaf.part, leaf.path): leaf.at(row) for row, group in zip(shares, factors, strict=True) for leaf in group
        }
        logs = np.log(_ratios(base, drawn, shares.shape[1], metric))
        return np.where(np.isnan(logs), 0.0, logs)

    made = sobol_indices(func=logarithms, n=samples, dists=[uniform()] * len(factors), random_state=seed)
    first, total = np.atleast_1d(made.first_order), np.atleast_1d(made.total_order)
    if not np.isfinite(total).all():  # nothing varies
        return ()
    found = [Index(tuple(g), float(t), float(f)) for g, t, f in zip(factors, total, first, strict=True)]
    return tuple(sorted(found, key=lambda each: -each.total))


def _shown(leaf: Leaf, value: float) -> str:
    return Column("", "", leaf.dimension).text(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _change(value: float | None) -> str:
    return "–" if value is None else f"{100.0 * (value - 1.0):+.1f} %"


def only(found: Sensitivity, rows: int | None) -> Sensitivity:
    """Return the first rows of the tornado; all of them where no number is given."""
    return found if rows is None else replace(found, effects=found.effects[:rows])
