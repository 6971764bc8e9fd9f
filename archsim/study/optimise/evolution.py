"""scipy's differential evolution, one call of the engine per generation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archsim.study.optimise.trials import Trials

if TYPE_CHECKING:
    import numpy as np

LEAST: Final = 5
"""Designs of a generation that differential evolution needs."""


def differential_evolution(trials: Trials, population: int, rng: np.random.Generator) -> None:
    """Search with differential evolution; started anew where all of a generation came out alike.

    Parameters
    ----------
    trials : Trials
        What is searched, and its log.
    population : int
        Designs of a generation.
    rng : Generator
        Source of chance.

    References
    ----------
    Storn, Price: Differential Evolution, Journal of Global Optimization 11, 1997, doi:10.1023/A:1008202821328;
    constraints as in Lampinen 2002, as scipy does them.
    """
    import numpy as np
    from scipy.optimize import NonlinearConstraint
    from scipy.optimize import differential_evolution as evolve

    space = trials.problem.space
    size = max(LEAST, population)

    def broken(coordinates: np.ndarray) -> np.ndarray:
        if coordinates.ndim == 1:  # scipy only wants to know how many constraints there are
            return np.zeros(len(trials.problem.bounds) + 1)
        return trials.ask(coordinates.T)[1].T

    def cost(coordinates: np.ndarray) -> np.ndarray:
        return trials.again(np.atleast_2d(coordinates.T))[0][:, 0]

    while trials.left >= size:
        first = space.sample(size, rng, even=True)
        evolve(
            cost,
            [tuple(pair) for pair in space.bounds],
            constraints=NonlinearConstraint(broken, -np.inf, 0.0),
            init=first,
            maxiter=trials.left // size - 1,
            integrality=space.integral,
            vectorized=True,
            updating="deferred",
            polish=False,
            tol=0.0,
            rng=rng,
        )
