"""What choosing models and hardware for one another led to: regret, trajectories, fixed points, indices."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.table import Column, Table
from archsim.study.lottery import Lottery, kendall, lottery

if TYPE_CHECKING:
    import numpy as np

    from archsim.study.optimise.result import Optimum

SUITE: Final = "all of them"
"""Name of the hardware that is best for the whole family."""
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


def _finite(value: float) -> float | None:
    """Return a number as JSON has it: none where it is not finite."""
    return float(value) if math.isfinite(value) else None


def _times(value: float) -> str:
    return f"{value:.3g}x" if math.isfinite(value) else "-"
