"""`optimise`: the best design of a space, every generation judged by the engine at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from archsim.engine.inputs import machine_of
from archsim.engine.policy import policy as make_policy
from archsim.errors import UnsupportedError, UsageError, did_you_mean
from archsim.study.groups import check_policies
from archsim.study.optimise.baseline import exhaustive, random
from archsim.study.optimise.bayesian import bayesian
from archsim.study.optimise.evolution import LEAST, differential_evolution
from archsim.study.optimise.genetic import genetic
from archsim.study.optimise.measures import bounds, measures
from archsim.study.optimise.problem import Problem
from archsim.study.optimise.result import Optimum
from archsim.study.optimise.space import Space
from archsim.study.optimise.trials import Trials
from archsim.study.points import Progress

if TYPE_CHECKING:
    from archsim.arch.chip import Chip
    from archsim.arch.system import System
    from archsim.engine.policy import Policy
    from archsim.graph.graph import Graph

METHODS: Final[Mapping[str, Callable[..., None]]] = {
    "differential-evolution": differential_evolution,
    "nsga2": genetic,
    "nsga3": partial(genetic, third=True),
    "tpe": bayesian,
    "exhaustive": exhaustive,
    "random": random,
}
"""Whose search it is: scipy's, pymoo's twice, Optuna's; the last two are no strategy."""
BASELINES: Final = ("exhaustive", "random")
SINGLE: Final = ("differential-evolution",)
BUDGET: Final = 2000
POPULATION: Final = 50


def optimise(
    workload: Graph | str | Callable[..., Graph] | Mapping[str, Any],
    machine: Chip | System | str,
    space: Mapping[str, Any] | Space,
    policy: Policy | Mapping[str, Any] | None = None,
    /,
    *,
    objective: Any = "edp",
    constraints: Any = None,
    method: Any = "auto",
    budget: int = BUDGET,
    population: int = POPULATION,
    seed: int = 0,
    executor: Executor | None = None,
    progress: Progress | None = None,
    **choices: Any,
) -> Optimum:
    """Search a space of designs for the best.

    Parameters
    ----------
    workload : Graph, str, callable or mapping
        What runs; with paths ``workload.NAME`` a name or what makes the graph. Of a mapping of several, by name, every
        metric is the geometric mean, and every one must keep to the constraints.
    machine : Chip, System or str
        What all designs start from.
    space : mapping
        Path to a list of values, a ``range``, an `archsim.Span`, or a function of the columns for what follows from
        others. Paths are those of `sweep`: leaves of the description, ``workload.NAME``, ``policy.NAME``.
    policy : Policy or mapping, optional
        How the runs are done.
    objective : str, callable, sequence or mapping
        A metric (``latency``, ``energy``, ``edp``, ``power``, ``throughput``, each but power also ``_per_item``), a
        sum of products of leaves, a function of the columns, or of columns and points; or several. Less is better,
        but for throughput.
    constraints : sequence of str or Limit, optional
        Such as ``"power <= 75 W"`` or ``"1.3e-9*array.rows*array.columns <= 1e-4"``.
    method : str or optuna sampler
        ``auto``: all designs when the budget allows it, else differential evolution for one objective and NSGA-II for
        several; or one of `METHODS`; or a sampler of Optuna's.
    budget : int
        Designs that may be asked for, repeats included.
    population : int
        Designs of a generation, which is one batch in the engine.
    seed : int
        The same seed gives the same search.
    executor : Executor, optional
        Where batches are evaluated.
    progress : callable, optional
        Told after each generation.
    choices
        Single choices of the policy.

    Returns
    -------
    Optimum
        The best design, those that none beats in everything, and all that were judged.

    Raises
    ------
    UsageError
        An empty space or one of a single design, constraints that exclude each other, an objective that is no number.
    UnsupportedError
        No design that was tried runs and keeps to the constraints.
    """
    base = machine_of(machine)
    problem = Problem(
        _workloads(workload), base, Space.of(space, base), measures(objective), bounds(constraints),
        make_policy(policy, **choices), executor,
    )  # fmt: skip
    check_policies({each.path: each.values for each in problem.space.variables})
    budget, population = _whole("budget", budget), _whole("population", population, least=2)
    name, search = _method(method, problem, budget)
    if name not in BASELINES and min(population, budget) < LEAST:
        raise UsageError(f"{name} with {min(population, budget)} designs in a generation", hint=f"it needs {LEAST}")
    if name == "exhaustive":
        budget = max(budget, int(problem.space.size)) if math.isfinite(problem.space.size) else budget
    return run(problem, name, search, budget, min(population, budget), seed, progress)


def run(
    problem: Problem,
    name: str,
    search: Callable[..., None],
    budget: int,
    population: int,
    seed: int,
    progress: Progress | None = None,
) -> Optimum:
    """Run one search and gather what it judged, also when it is stopped by Ctrl-C."""
    import numpy as np

    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UsageError(f"seed {seed!r}", hint="write a whole number from 0 on")
    trials = Trials(problem, budget, progress)
    interrupted = False
    try:
        search(trials, population, np.random.default_rng(seed))
    except KeyboardInterrupt:
        if trials.empty or not trials.log()[0].feasible.any():
            raise
        interrupted = True
    judged, generation, sample = trials.log()
    if not judged.feasible.any():
        raise _nothing(problem, judged)
    return Optimum(
        problem, name, seed, budget, trials.asked, trials.generations, interrupted, judged.coordinates, judged.columns,
        judged.values, judged.feasible, judged.reasons, generation, sample,
    )  # fmt: skip


def _workloads(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        if not given:
            raise UsageError("there is no workload", hint="name at least one")
        return {str(name): each for name, each in given.items()}
    return {str(getattr(given, "name", given)) if not callable(given) else "workload": given}


def _whole(name: str, value: Any, *, least: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UsageError(f"{name}={value!r}", hint=f"write a whole number of at least {least}")
    return value


def _method(given: Any, problem: Problem, budget: int) -> tuple[str, Callable[..., None]]:
    several = len(problem.objectives) > 1
    if not isinstance(given, str):
        if not hasattr(given, "sample_relative"):
            raise UsageError(f"method {given!r}", hint=f"write one of auto, {', '.join(METHODS)}")
        return type(given).__name__, partial(bayesian, sampler=given)
    name = given
    if name == "auto":
        name = "exhaustive" if problem.space.size <= budget else "nsga2" if several else "differential-evolution"
    if name not in METHODS:
        hint = did_you_mean(name, METHODS) or f"write one of auto, {', '.join(METHODS)}"
        raise UsageError(f"unknown method {given!r}", hint=hint)
    if several and name in SINGLE:
        raise UsageError(f"{name} has one objective, not {len(problem.objectives)}", hint="write method='nsga2'")
    return name, METHODS[name]


def _nothing(problem: Problem, judged: Any) -> UnsupportedError:
    """Say what keeps every design from being one: the constraint that comes nearest, or why nothing runs."""
    import numpy as np

    count = len(judged.violations)
    said = []
    for place, bound in enumerate(problem.bounds):
        amounts = judged.values[bound.measure.name]
        amounts = amounts[np.isfinite(amounts)]
        kept = int((judged.violations[:, place] <= 0.0).sum())
        if len(amounts) and kept < count:
            reach = f"{bound.measure.show(float(amounts.min()))} to {bound.measure.show(float(amounts.max()))}"
            said.append(f"{count - kept} break {bound.text} (they reach {reach})")
    stuck = [reason for reason in judged.reasons if reason]
    if stuck:
        said.append(f"{len(stuck)} do not run: {max(set(stuck), key=stuck.count)}")
    return UnsupportedError(
        f"none of {count} designs keeps to all constraints: {'; '.join(said)}",
        hint="relax a constraint, widen the space, or raise the budget",
    )
