"""What is searched and how a generation of designs is judged: columns first, then one batch in the engine."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import InvalidDescriptionError, UnsupportedError, UsageError
from archsim.study.jobs import Gathered
from archsim.study.optimise.measures import Bound, Measure
from archsim.study.optimise.space import Space, asked
from archsim.study.points import Points, evaluate_columns

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy

BROKEN: Final = 1e100
"""What an optimiser is told of a design that breaks a constraint; it goes by the violation first."""


@dataclass(frozen=True)
class Judged:
    """Designs and what they are like.

    Attributes
    ----------
    coordinates : ndarray, (n, variables)
        Where in the space.
    columns : mapping of str to ndarray, (n,)
        Paths and values.
    values : mapping of str to ndarray, (n,)
        Objectives, constrained measures, latency and energy, SI; NaN where a design was not run.
    violations : ndarray, (n, bounds + 1)
        By how much each constraint is broken, as a share of it; the last is 1 where the workload does not run.
    reasons : ndarray of object, (n,)
        Why a design does not run; empty where it does, or was not tried.
    """

    coordinates: np.ndarray
    columns: Mapping[str, np.ndarray]
    values: Mapping[str, np.ndarray]
    violations: np.ndarray
    reasons: np.ndarray

    @property
    def feasible(self) -> np.ndarray:
        """Whether a design runs and keeps to all constraints, (n,)."""
        import numpy as np

        return np.asarray((self.violations <= 0.0).all(axis=1))


@dataclass(frozen=True)
class Problem:
    """A search.

    Attributes
    ----------
    workloads : mapping of str to Any
        What runs, by name; of several, metrics are geometric means, and every one must keep to the constraints.
    machine : Chip or System
        What all designs start from.
    space : Space
        The designs.
    objectives : tuple of Measure
        What is to be as small as possible (throughput: as large).
    bounds : tuple of Bound
        Constraints.
    policy : Policy
        How runs are done.
    executor : Executor or None
        Where; None: here.
    """

    workloads: Mapping[str, Any]
    machine: Chip | System
    space: Space
    objectives: tuple[Measure, ...]
    bounds: tuple[Bound, ...]
    policy: Policy
    executor: Executor | None = None

    @property
    def signs(self) -> np.ndarray:
        """1 for objectives that are better when less, -1 for others, (objectives,)."""
        import numpy as np

        return np.array([each.sign for each in self.objectives])

    def judge(self, coordinates: np.ndarray) -> Judged:
        """Judge designs: those that break a constraint by their columns alone are not run.

        Raises
        ------
        UsageError
            An objective or a constraint that is no number at a design that runs.
        """
        import numpy as np

        count = len(coordinates)
        columns = self.space.decode(coordinates)
        violations = np.zeros((count, len(self.bounds) + 1))
        values: dict[str, np.ndarray] = {}
        for place, bound in enumerate(self.bounds):
            if not needs_run(bound.measure):
                values[bound.measure.name] = self._at_once(bound.measure, columns, count)
                _refuse_nan(bound.measure, values[bound.measure.name], columns)
                violations[:, place] = bound.violation(values[bound.measure.name])
        tried = np.flatnonzero((violations <= 0.0).all(axis=1))
        some = {path: column[tried] for path, column in columns.items()}
        runs = {}
        if len(tried):
            runs = {name: self._run(graph, some, len(tried)) for name, graph in self.workloads.items()}
        ok = np.ones(len(tried), dtype=bool)
        reasons = np.full(count, "", dtype=object)
        for points in runs.values():
            ok &= points.ok
            reasons[tried] = np.where(points.ok, reasons[tried], points.reasons)
        violations[tried, -1] = ~ok
        ran = tried[ok]
        runs = {name: points.take(ok) for name, points in runs.items()}
        there = {path: column[ran] for path, column in columns.items()}
        for place, bound in enumerate(self.bounds):
            if needs_run(bound.measure):
                each = self._of_runs(bound.measure, there, runs, len(ran))
                for alone in each:
                    _refuse_nan(bound.measure, alone, there)
                broken = [bound.violation(alone) for alone in each]
                values[bound.measure.name] = _placed(_mean(each), ran, count)
                violations[ran, place] = np.max(broken, axis=0) if len(ran) else []
        for shown in (*self.objectives, Measure("latency", "latency"), Measure("energy", "energy")):
            if shown.name in values:
                continue
            if needs_run(shown):
                amounts = _mean(self._of_runs(shown, there, runs, len(ran)))
            else:
                amounts = self._at_once(shown, there, len(ran))
            _refuse_nan(shown, amounts, there)
            values[shown.name] = _placed(amounts, ran, count)
        return Judged(coordinates, columns, values, violations, reasons)

    def _run(self, graph: Any, columns: Mapping[str, Any], count: int) -> Points:
        """Run designs as one batch; where none of them can be made, all have the reason why."""
        import numpy as np

        try:
            return evaluate_columns(graph, self.machine, columns, self.policy, executor=self.executor)
        except (UnsupportedError, InvalidDescriptionError) as error:
            gathered = Gathered(count)
            gathered.fail(np.arange(count), str(error))
            return gathered.points()

    def _at_once(self, measure: Measure, columns: Mapping[str, np.ndarray], count: int) -> np.ndarray:
        """Return a measure that columns alone tell, (count,)."""
        import numpy as np

        if measure.form is not None:
            return measure.form.over(columns, count, self.machine)
        if not count:
            return np.empty(0)
        if measure.function is None:
            return np.full(count, np.nan)
        return asked(measure.function, f"the function {measure.name!r}", count, columns).astype(np.float64)

    def _of_runs(
        self, measure: Measure, columns: Mapping[str, np.ndarray], runs: Mapping[str, Points], count: int
    ) -> list[np.ndarray]:
        """Return a measure of every workload, each (count,)."""
        import numpy as np

        if not count:
            return [np.empty(0)]
        if measure.function is None:
            return [points[measure.metric] for points in runs.values()]
        what = f"the function {measure.name!r}"
        return [asked(measure.function, what, count, columns, points).astype(np.float64) for points in runs.values()]


def needs_run(measure: Measure) -> bool:
    """Whether a measure is told by a run: metrics, and functions of two arguments."""
    if measure.function is None:
        return bool(measure.metric)
    try:
        parameters = inspect.signature(measure.function).parameters.values()
    except (TypeError, ValueError):
        return False
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty]
    return len(places) > 1


def _mean(each: list[np.ndarray]) -> np.ndarray:
    """Return the geometric mean over workloads."""
    import numpy as np

    if len(each) == 1:
        return each[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        means: np.ndarray = np.exp(np.mean(np.log(np.array(each)), axis=0))
    return means


def _placed(amounts: np.ndarray, which: np.ndarray, count: int) -> np.ndarray:
    import numpy as np

    placed = np.full(count, np.nan)
    placed[which] = amounts
    return placed


def _refuse_nan(measure: Measure, amounts: np.ndarray, columns: Mapping[str, np.ndarray]) -> None:
    import numpy as np

    wrong = np.flatnonzero(~np.isfinite(amounts))
    if len(wrong):
        at = ", ".join(f"{path} = {column[wrong[0]]}" for path, column in columns.items())
        raise UsageError(
            f"{measure.name!r} is {amounts[wrong[0]]} at {at}",
            hint="every design that runs needs a finite number; exclude designs by a constraint",
        )
