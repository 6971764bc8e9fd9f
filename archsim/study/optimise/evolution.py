"""scipy's differential evolution, one call of the engine per generation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from archsim.study.optimise.trials import Trials

if TYPE_CHECKING:
    import numpy as np

LEAST: Final = 5
"""Designs of a generation that differential evolution needs."""
PATIENCE: Final = 20
"""Generations without a better design after which it starts anew: small spaces leave it among designs it knows."""
STRATEGY: Final = "randtobest1bin"
"""Between a random design and the best: among whole numbers the best alone soon leaves no variety."""


def differential_evolution(trials: Trials, population: int, rng: np.random.Generator) -> None:
    """Search with differential evolution; started anew where it stands still.

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

    class Patience:
        """Tells when the best of a run has long been the same."""

        def __init__(self) -> None:
            self.best, self.since = math.inf, 0

        def __call__(self, intermediate_result: Any) -> None:
            better = intermediate_result.fun < self.best
            self.best, self.since = (float(intermediate_result.fun), 0) if better else (self.best, self.since + 1)
            if self.since >= PATIENCE:
                raise StopIteration

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
            strategy=STRATEGY,
            callback=Patience(),
            rng=rng,
        )
