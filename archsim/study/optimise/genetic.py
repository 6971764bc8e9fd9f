"""pymoo's NSGA-II and NSGA-III, one call of the engine per generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from archsim.errors import MissingExtraError
from archsim.study.optimise.trials import Trials

if TYPE_CHECKING:
    import numpy as np

PARTITIONS: Final = 99
"""Steps between the ends of an objective that NSGA-III's directions have, at most."""


def genetic(trials: Trials, population: int, rng: np.random.Generator, *, third: bool = False) -> None:
    """Search with NSGA-II, or NSGA-III.

    Parameters
    ----------
    trials : Trials
        What is searched, and its log.
    population : int
        Designs of a generation.
    rng : Generator
        Source of chance.
    third : bool
        NSGA-III instead of NSGA-II.

    Raises
    ------
    MissingExtraError
        pymoo is not installed.

    References
    ----------
    Deb, Pratap, Agarwal, Meyarivan: NSGA-II, IEEE Trans. Evolutionary Computation 6(2), 2002, doi:10.1109/4235.996017;
    Deb, Jain: NSGA-III, same journal 18(4), 2014, doi:10.1109/TEVC.2013.2281535. As in pymoo, Blank, Deb 2020.
    """
    try:
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.algorithms.moo.nsga3 import NSGA3
        from pymoo.config import Config
        from pymoo.core.problem import Problem
        from pymoo.core.repair import Repair
        from pymoo.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("pymoo", "optimise") from error

    Config.warnings["not_compiled"] = False
    space = trials.problem.space
    low, high = space.bounds.T

    class Designs(Problem):  # type: ignore[misc]
        def _evaluate(self, coordinates: np.ndarray, out: dict[str, Any], *_: Any, **__: Any) -> None:
            out["F"], out["G"] = trials.ask(coordinates)

    class Settle(Repair):  # type: ignore[misc]
        def _do(self, _: Any, coordinates: np.ndarray, **__: Any) -> np.ndarray:
            return space.settle(coordinates)

    designs = Designs(
        n_var=len(low),
        n_obj=len(trials.problem.objectives),
        n_ieq_constr=len(trials.problem.bounds) + 1,
        xl=low,
        xu=high,
    )
    settings = {"pop_size": population, "sampling": space.sample(population, rng, even=True), "repair": Settle()}
    if third:
        settings["ref_dirs"] = _directions(designs.n_obj, population)
    algorithm = (NSGA3 if third else NSGA2)(**settings)
    generations = max(1, trials.budget // population)
    minimize(designs, algorithm, ("n_gen", generations), seed=int(rng.integers(2**31)), verbose=False)


def _directions(objectives: int, population: int) -> np.ndarray:
    """Return as many evenly spread directions as a generation has designs, or a few fewer."""
    from math import comb

    from pymoo.util.ref_dirs import get_reference_directions

    steps = 1
    while steps < PARTITIONS and comb(steps + objectives, objectives - 1) <= population:
        steps += 1
    directions: np.ndarray = get_reference_directions("das-dennis", objectives, n_partitions=steps)
    return directions
