"""Algorithms and hardware chosen for one another: what each does to the other, and where it ends.

Hardware is searched for every model of a family. Every model is then run on the hardware of every other, which is the
regret of having it. From any start, the best model for the hardware there is and the best hardware for that model are
chosen in turns; neither ever gets worse, and where both stay, the loop has locked in. Models of one family are taken
as equally good: make them of one size with `archsim.study.alike`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.errors import UsageError
from archsim.study.optimise.measures import bounds, measures
from archsim.study.optimise.problem import Judged, Problem
from archsim.study.optimise.search import BUDGET, POPULATION, optimise
from archsim.study.optimise.space import Space
from archsim.study.optimise.variable import quantity_at
from archsim.study.turns import SAME, SUITE, CoDesign, Trajectory, Turn

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.study.optimise.result import Optimum
    from archsim.study.points import Progress

ROUNDS: Final = 10


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


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
