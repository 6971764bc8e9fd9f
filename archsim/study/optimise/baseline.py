"""Searches without a strategy: all designs, and designs drawn at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.study.optimise.trials import Trials

if TYPE_CHECKING:
    import numpy as np


def random(trials: Trials, population: int, rng: np.random.Generator) -> None:
    """Draw designs independently of one another."""
    while trials.left > 0:
        trials.ask(trials.problem.space.sample(min(population, trials.left), rng))


def exhaustive(trials: Trials, population: int, rng: np.random.Generator) -> None:
    """Judge every design, in large batches; `rng` is not needed.

    Raises
    ------
    UsageError
        There are too many.
    """
    every = trials.problem.space.every()
    for first in range(0, len(every), max(population, 10_000)):
        trials.ask(every[first : first + max(population, 10_000)])
