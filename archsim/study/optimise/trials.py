"""The log of a search: every design that was asked for, judged once, kept with its place in the search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.study.optimise.problem import BROKEN, Judged, Problem
from archsim.study.points import Progress

if TYPE_CHECKING:
    import numpy as np


class Trials:
    """What optimisers call: coordinates in, objectives and violations out.

    Parameters
    ----------
    problem : Problem
        What is searched.
    budget : int
        Designs that may be asked for, repeats included.
    progress : callable, optional
        Told after each generation.

    Attributes
    ----------
    asked : int
        Designs asked for, repeats included.
    generations : int
        Batches judged.
    """

    def __init__(self, problem: Problem, budget: int, progress: Progress | None = None) -> None:
        self.problem = problem
        self.budget = budget
        self.asked = 0
        self.generations = 0
        self._progress = progress
        self._rows: dict[bytes, int] = {}
        self._parts: list[Judged] = []
        self._generation: list[int] = []
        self._sample: list[int] = []
        self._told: list[tuple[np.ndarray, np.ndarray]] = []

    @property
    def left(self) -> int:
        """Designs that may still be asked for."""
        return self.budget - self.asked

    def ask(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Judge a generation.

        Parameters
        ----------
        coordinates : ndarray, (n, variables)
            Designs; repeats are answered from the log.

        Returns
        -------
        objectives : ndarray, (n, objectives)
            Less is better; `BROKEN` where a constraint is.
        violations : ndarray, (n, constraints)
            At most 0 where a constraint is kept.
        """
        self.generations += 1
        found = self._look_up(coordinates)
        self.asked += len(coordinates)
        if self._progress is not None:
            self._progress(self.asked, self.budget, f"{len(self._rows)} designs")
        return found

    def again(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Answer once more for designs asked for in the same generation."""
        return self._look_up(coordinates)

    def _look_up(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        places = self.problem.space.settle(np.asarray(coordinates, dtype=np.float64)) + 0.0
        keys = [row.tobytes() for row in places]
        fresh = {key: at for at, key in reversed(list(enumerate(keys))) if key not in self._rows}
        if fresh:
            first = sorted(fresh.values())
            judged = self.problem.judge(places[first])
            for at in first:
                self._rows[keys[at]] = len(self._rows)
                self._generation.append(self.generations)
                self._sample.append(self.asked + at + 1)
            self._parts.append(judged)
            self._told.append(self._as_told(judged))
        told = [np.concatenate(side) for side in zip(*self._told, strict=True)]
        self._told = [(told[0], told[1])]
        rows = [self._rows[key] for key in keys]
        return told[0][rows], told[1][rows]

    def _as_told(self, judged: Judged) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        objectives = np.column_stack([each.sign * judged.values[each.name] for each in self.problem.objectives])
        objectives[~judged.feasible] = BROKEN
        return objectives, judged.violations

    def log(self) -> tuple[Judged, np.ndarray, np.ndarray]:
        """Return all designs judged, the generation each is of, and at which sample it first came.

        Samples count every design asked for, from 1.
        """
        import numpy as np

        parts = self._parts
        whole = Judged(
            np.concatenate([part.coordinates for part in parts]),
            {path: np.concatenate([part.columns[path] for part in parts]) for path in parts[0].columns},
            {name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values},
            np.concatenate([part.violations for part in parts]),
            np.concatenate([part.reasons for part in parts]),
        )
        return whole, np.array(self._generation), np.array(self._sample)

    @property
    def empty(self) -> bool:
        """Whether nothing was judged yet."""
        return not self._parts
