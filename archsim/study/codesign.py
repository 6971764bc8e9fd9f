"""Algorithms and hardware chosen for one another: what each does to the other, and where it ends.

Hardware is searched for every model of a family. Every model is then run on the hardware of every other, which is the
regret of having it. From any start, the best model for the hardware there is and the best hardware for that model are
chosen in turns; neither ever gets worse, and where both stay, the loop has locked in. Models of one family are taken
as equally good: make them of one size with `archsim.study.alike`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.engine.table import Column, Table
from archsim.errors import UsageError
from archsim.study.lottery import Lottery, kendall, lottery
from archsim.study.optimise.measures import bounds, measures
from archsim.study.optimise.problem import Judged, Problem
from archsim.study.optimise.search import BUDGET, POPULATION, optimise
from archsim.study.optimise.space import Space
from archsim.study.optimise.variable import quantity_at

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.study.optimise.result import Optimum
    from archsim.study.points import Progress

SUITE: Final = "all of them"
"""Name of the hardware that is best for the whole family."""
ROUNDS: Final = 10
SAME: Final = 1e-9
"""Share by which a design must be better to be another."""


@dataclass(frozen=True)
class Turn:
    """One round: the model that is best on the hardware there is, and the hardware then tuned for it.

    Attributes
    ----------
    hardware : str
        Name of the hardware the model was chosen on.
    model : str
        The model chosen.
    value : float
        The objective of that model on that hardware.
    tuned : float
        The objective of that model on the hardware tuned for it.
    """

    hardware: str
    model: str
    value: float
    tuned: float


@dataclass(frozen=True)
class Trajectory:
    """Turns from one start.

    Attributes
    ----------
    start : str
        Name of the hardware it began with.
    turns : tuple of Turn
        In order.
    fixed : bool
        Whether neither model nor hardware changed any more.
    """

    start: str
    turns: tuple[Turn, ...]
    fixed: bool

    @property
    def end(self) -> str:
        """The model it ended with."""
        return self.turns[-1].model

    @property
    def value(self) -> float:
        """The objective it ended with."""
        return self.turns[-1].tuned


@dataclass(frozen=True)
class CoDesign:
    """What choosing models and hardware for one another led to.

    Attributes
    ----------
    objective : str
        What was to be small.
    models : tuple of str
        Names of the models.
    optima : mapping of str to Optimum
        The search of each model's hardware, and of the hardware of all of them.
    hardware : mapping of str to mapping
        Designs by name: one for each model, one for all of them, and the starts; path to value, SI.
    scores : ndarray, (hardware, models)
        The objective of every model on every hardware, SI; infinite where it does not run or breaks a constraint.
    trajectories : tuple of Trajectory
        From every start.
    """

    objective: str
    models: tuple[str, ...]
    optima: Mapping[str, Optimum] = field(repr=False)
    hardware: Mapping[str, Mapping[str, Any]] = field(repr=False)
    scores: np.ndarray = field(repr=False)
    trajectories: tuple[Trajectory, ...] = field(repr=False)

    @property
    def own(self) -> np.ndarray:
        """Every model on hardware of its own, SI, (models,)."""
        import numpy as np

        return np.diagonal(self.scores[: len(self.models)])

    @cached_property
    def regret(self) -> np.ndarray:
        """How many times better every model is on hardware of its own than on each, (hardware, models)."""
        regret: np.ndarray = self.scores / self.own
        return regret

    @property
    def fixed_points(self) -> tuple[str, ...]:
        """Models that are best on the hardware tuned for them: a loop that comes there stays."""
        least = self.scores[: len(self.models)].min(axis=1) * (1.0 + SAME)
        return tuple(name for place, name in enumerate(self.models) if self.own[place] <= least[place])

    @property
    def best(self) -> str:
        """The model that is best of all when each has hardware of its own."""
        return self.models[int(self.own.argmin())]

    @property
    def lock_in(self) -> Mapping[str, float]:
        """How many times worse than the best of all a loop that stays with a fixed point is, by its model."""
        return {name: float(self.own[self.models.index(name)] / self.own.min()) for name in self.fixed_points}

    @property
    def off_diagonal(self) -> np.ndarray:
        """Regret of every model on the hardware of every other, (models x (models - 1),)."""
        import numpy as np

        count = len(self.models)
        off: np.ndarray = self.regret[:count][~np.eye(count, dtype=bool)]
        return off

    @cached_property
    def hardware_lottery(self) -> Lottery:
        """Indices with models down and hardware across, starts left out: what running everything on one costs."""
        names = list(self.hardware)[: len(self.models) + 1]
        costs = {
            model: {name: float(self.scores[row, place]) for row, name in enumerate(names)}
            for place, model in enumerate(self.models)
        }
        return lottery(costs)

    @cached_property
    def model_lottery(self) -> Lottery:
        """Indices with hardware down and models across: whether one model wins on whatever there is."""
        return lottery(
            {
                name: {model: float(self.scores[row, place]) for place, model in enumerate(self.models)}
                for row, name in enumerate(self.hardware)
            }
        )

    @property
    def price_of_generality(self) -> float:
        """Geometric mean over models of their regret on the hardware that is best for all of them."""
        return self.hardware_lottery.prices[SUITE]

    @cached_property
    def agreement(self) -> float:
        """Mean of Kendall's tau over pairs of models' hardware: 1 when all of it ranks the models alike."""
        rows = [list(map(float, row)) for row in self.scores[: len(self.models)]]
        pairs = [kendall(one, two) for one, two in itertools.combinations(rows, 2)]
        return sum(pairs) / len(pairs)

    def table(self) -> Table:
        """Return the regret matrix: rows are hardware, columns models."""
        columns = (Column("hardware", "hardware tuned for"), *(Column(name, name, show=_times) for name in self.models))
        rows = tuple((name, *map(float, row)) for name, row in zip(self.hardware, self.regret, strict=True))
        return Table(f"{self.objective} of each model over that on hardware of its own", columns, rows)

    def turns(self) -> Table:
        """Return all trajectories as a table."""
        columns = (
            Column("start", "start"), Column("path", "models chosen in turn"), Column("end", "ends with"),
            Column("value", self.objective, show=lambda value: f"{value:.4g}"),
            Column("over_best", "over the best of all", show=_times), Column("fixed", "stays"),
        )  # fmt: skip
        rows = tuple(
            (each.start, " > ".join(turn.model for turn in each.turns), each.end, each.value,
             each.value / float(self.own.min()), "yes" if each.fixed else "no")
            for each in self.trajectories
        )  # fmt: skip
        return Table("best model on the hardware there is, then hardware tuned for it", columns, rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything, ready for JSON; values in SI units."""
        return {
            "schema_version": 1,
            "objective": self.objective,
            "models": list(self.models),
            "hardware": {name: dict(design) for name, design in self.hardware.items()},
            "scores": {name: list(map(_finite, row)) for name, row in zip(self.hardware, self.scores, strict=True)},
            "regret": {name: list(map(_finite, row)) for name, row in zip(self.hardware, self.regret, strict=True)},
            "trajectories": [
                {
                    "start": each.start,
                    "fixed": each.fixed,
                    "turns": [vars(turn) for turn in each.turns],
                }
                for each in self.trajectories
            ],
            "fixed_points": list(self.fixed_points),
            "best": self.best,
            "lock_in": dict(self.lock_in),
            "price_of_generality": _finite(self.price_of_generality),
            "concentration": self.model_lottery.concentration,
            "kendall": self.agreement,
        }


def codesign(
    models: Mapping[str, Any],
    machine: Chip | System | str,
    space: Mapping[str, Any],
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    objective: Any = "edp",
    constraints: Any = None,
    starts: Mapping[str, Mapping[str, Any]] | None = None,
    rounds: int = ROUNDS,
    method: Any = "auto",
    budget: int = BUDGET,
    population: int = POPULATION,
    seed: int = 0,
    progress: Progress | None = None,
    **choices: Any,
) -> CoDesign:
    """Choose models for hardware and hardware for models in turns, from every start.

    Parameters
    ----------
    models : mapping of str to Graph or str
        Models that may replace one another, by name.
    machine, space, policy, constraints, method, budget, population, seed
        As in `optimise`; the budget is that of one search, and there is one more than models.
    objective : str or callable
        What is to be small; one objective.
    starts : mapping of str to mapping, optional
        More hardware to start from, by name: values of all paths of the space.
    rounds : int
        Turns from each start, at most.
    progress : callable, optional
        Told after each search.

    Returns
    -------
    CoDesign
        Trajectories, fixed points, regret.

    Raises
    ------
    UsageError
        Fewer than two models, several objectives, or a start that leaves something open.
    UnsupportedError
        A model that no design runs within the constraints.
    """
    if not isinstance(models, Mapping) or len(models) < 2:
        raise UsageError("co-design chooses between models", hint="give at least two, by name")
    if SUITE in models:
        raise UsageError(f"a model is called {SUITE!r}", hint="give it another name")
    judged_by = measures(objective)
    if len(judged_by) > 1 or judged_by[0].sign < 0.0:
        raise UsageError("co-design has one objective, less of which is better", hint="write e.g. objective='edp'")
    base = machine_of(machine)
    problem = Problem(
        dict(models), base, Space.of(space, base), judged_by, bounds(constraints), make_policy(policy, **choices)
    )
    settings = {"objective": judged_by[0], "constraints": constraints, "method": method, "budget": budget,
                "population": population}  # fmt: skip
    optima: dict[str, Optimum] = {}
    for place, (name, graph) in enumerate([*models.items(), (SUITE, dict(models))]):
        if progress is not None:
            progress(place, len(models) + 1, name)
        optima[name] = optimise(graph, base, problem.space, problem.policy, seed=seed + place, **settings)
    places, scores = _settled(problem, optima, _starts(problem, starts))
    columns = problem.space.decode(places)
    names = [*optima, *(starts or {})]
    hardware = {name: {path: _plain(column[row]) for path, column in columns.items()} for row, name in enumerate(names)}
    begin = [name for name in names if name != SUITE]
    trajectories = tuple(_follow(name, names, list(models), scores, rounds) for name in begin)
    return CoDesign(judged_by[0].name, tuple(models), optima, hardware, scores, trajectories)


def _settled(problem: Problem, optima: Mapping[str, Optimum], starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Score every hardware with every model; a model whose search missed better hardware of another's takes that.

    Returns
    -------
    coordinates : ndarray, (hardware, variables)
        The designs.
    scores : ndarray, (hardware, models)
        The objective, infinite where a constraint is broken.
    """
    import numpy as np

    found = np.array([each.coordinates[each.best] for each in optima.values()])
    places = np.concatenate([found, starts]) if len(starts) else found
    single = [_one(problem, name) for name in problem.workloads]
    scores = np.column_stack([_score(one, one.judge(places)) for one in single])
    count = len(single)
    better = scores[: count + 1].argmin(axis=0)
    taken = np.where(scores[better, range(count)] < scores[range(count), range(count)] * (1.0 - SAME),
                     better, range(count))  # fmt: skip
    suite = int(np.log(scores[: count + 1]).mean(axis=1).argmin())
    order = [*taken, suite, *range(count + 1, len(places))]
    return places[order], scores[order]


def _one(problem: Problem, name: str) -> Problem:
    return Problem(
        {name: problem.workloads[name]}, problem.machine, problem.space, problem.objectives, problem.bounds,
        problem.policy,
    )  # fmt: skip


def _score(problem: Problem, judged: Judged) -> np.ndarray:
    import numpy as np

    return np.where(judged.feasible, judged.values[problem.objectives[0].name], np.inf)


def _starts(problem: Problem, starts: Mapping[str, Mapping[str, Any]] | None) -> np.ndarray:
    import numpy as np

    rows = []
    for name, design in (starts or {}).items():
        row = []
        for each in problem.space.variables:
            if each.path not in design:
                raise UsageError(f"the start {name!r} leaves {each.path} open", hint="give all paths of the space")
            quantity, value = quantity_at(each.path, problem.machine), design[each.path]
            row.append(each.encode(value if quantity is None else quantity.read(value)))
        rows.append(row)
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(problem.space.variables))


def _follow(start: str, names: Sequence[str], models: Sequence[str], scores: np.ndarray, rounds: int) -> Trajectory:
    """Alternate from one start: the best model of a row, then the row of that model."""
    at, turns = names.index(start), []
    for _ in range(rounds):
        if not any(map(math.isfinite, scores[at])):
            raise UsageError(f"no model runs on the start {start!r} within the constraints", hint="start elsewhere")
        model = int(scores[at].argmin())
        stays = scores[model, model] >= scores[at, model] * (1.0 - SAME)
        turns.append(Turn(names[at], models[model], float(scores[at, model]), float(scores[model, model])))
        if stays:
            return Trajectory(start, tuple(turns), fixed=True)
        at = model
    return Trajectory(start, tuple(turns), fixed=False)


def _finite(value: float) -> float | None:
    """Return a number as JSON has it: none where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _times(value: float) -> str:
    return f"{value:.3g}x" if math.isfinite(value) else "-"


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
