"""Optuna's samplers through ask and tell, one call of the engine per generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archsim.errors import MissingExtraError
from archsim.study.optimise.trials import Trials

if TYPE_CHECKING:
    import numpy as np


def bayesian(trials: Trials, population: int, rng: np.random.Generator, *, sampler: Any = None) -> None:
    """Search with an Optuna sampler: a tree-structured Parzen estimator unless told otherwise.

    Parameters
    ----------
    trials : Trials
        What is searched, and its log.
    population : int
        Designs of a generation, asked for before any of them is judged.
    rng : Generator
        Source of chance.
    sampler : optuna.samplers.BaseSampler, optional
        Another one; it brings its own seed.

    Raises
    ------
    MissingExtraError
        Optuna is not installed.

    References
    ----------
    Bergstra, Bardenet, Bengio, Kegl: Algorithms for Hyper-Parameter Optimization, NIPS 2011; as in Optuna, Akiba and
    others, KDD 2019, doi:10.1145/3292500.3330701.
    """
    try:
        import optuna
        from optuna import distributions, samplers
    except ImportError as error:
        raise MissingExtraError("optuna", "optimise") from error
    import numpy as np

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    ranges: dict[str, Any] = {}
    for each in trials.problem.space.variables:
        low, high = each.bounds
        numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in each.values)
        if not each.integral:
            ranges[each.path] = distributions.FloatDistribution(low, high)
        elif numeric:
            ranges[each.path] = distributions.IntDistribution(int(low), int(high))
        else:
            ranges[each.path] = distributions.CategoricalDistribution(range(int(high) + 1))
    chosen = sampler or samplers.TPESampler(seed=int(rng.integers(2**31)), constant_liar=True)
    study = optuna.create_study(directions=["minimize"] * len(trials.problem.objectives), sampler=chosen)
    while trials.left > 0:
        asked = [study.ask(ranges) for _ in range(min(population, trials.left))]
        coordinates = np.array([[trial.params[path] for path in ranges] for trial in asked], dtype=np.float64)
        objectives, violations = trials.ask(coordinates)
        for trial, values, broken in zip(asked, objectives, violations, strict=True):
            for place, amount in enumerate(broken):
                trial.set_constraint(f"constraint {place}", float(amount))
            study.tell(trial, [float(value) for value in values])
