"""Which designs a search may choose from: variables by path, and leaves that follow from them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from archsim.errors import UsageError
from archsim.study.optimise.variable import WRITE, Variable, quantity_at, variable

if TYPE_CHECKING:
    import numpy as np

    from archsim.arch.chip import Chip
    from archsim.arch.system import System

Columns = Mapping[str, Any]
"""Path to one value per design, (n,)."""
MOST: Final = 1_000_000
"""Designs that are listed one by one, at most."""


@dataclass(frozen=True)
class Space:
    """The designs a search chooses from.

    Attributes
    ----------
    variables : tuple of Variable
        What is searched; each has at least two values.
    constants : mapping
        Paths with one value.
    followers : mapping of str to callable
        Paths that follow: each is given the columns before it and returns its own.
    """

    variables: tuple[Variable, ...]
    constants: Mapping[str, Any]
    followers: Mapping[str, Callable[[Columns], Any]]

    @classmethod
    def of(cls, given: Any, machine: Chip | System) -> Space:
        """Read a space: a mapping of path to values, a span, or a function of the other columns.

        Raises
        ------
        UsageError
            Nothing to vary, a path that leads nowhere, values that cannot be, or one design only.
        """
        if isinstance(given, Space):
            return given
        if not isinstance(given, Mapping):
            raise UsageError(f"{given!r} is no space", hint="write a mapping such as {'array.rows': [64, 128, 256]}")
        if not given:
            raise UsageError("the space is empty", hint="name at least one path, such as {'array.rows': [64, 128]}")
        followers = {path: value for path, value in given.items() if callable(value)}
        for path in followers:
            quantity_at(path, machine)
        read = [variable(path, value, machine) for path, value in given.items() if path not in followers]
        constants = {each.path: each.values[0] for each in read if each.count == 1.0}
        searched = tuple(each for each in read if each.path not in constants)
        if not searched:
            raise UsageError("the space holds a single design", hint="evaluate it, or give a path two values; " + WRITE)
        return cls(searched, constants, followers)

    @property
    def size(self) -> float:
        """How many designs there are; infinite where one variable is an interval of real numbers."""
        return math.prod(each.count for each in self.variables)

    @property
    def bounds(self) -> np.ndarray:
        """Least and largest coordinate of each variable, (variables, 2)."""
        import numpy as np

        return np.array([each.bounds for each in self.variables])

    @property
    def integral(self) -> np.ndarray:
        """Which coordinates are whole, (variables,)."""
        import numpy as np

        return np.array([each.integral for each in self.variables])

    def settle(self, coordinates: np.ndarray) -> np.ndarray:
        """Return coordinates moved to those of designs that exist, (n, variables)."""
        import numpy as np

        return np.column_stack([each.settle(coordinates[:, at]) for at, each in enumerate(self.variables)])

    def sample(self, count: int, rng: np.random.Generator, *, even: bool = False) -> np.ndarray:
        """Return designs drawn at random, (count, variables).

        Parameters
        ----------
        count : int
            How many.
        rng : Generator
            Source of chance.
        even : bool
            A Latin hypercube, every variable spread evenly, instead of independent draws.
        """
        from scipy.stats import qmc

        sides = len(self.variables)
        drawn = qmc.LatinHypercube(sides, rng=rng).random(count) if even else rng.random((count, sides))
        low, high = self.bounds.T
        half = 0.5 * self.integral  # the first and the last of a list are as likely as any other
        return self.settle(low - half + drawn * (high - low + 2.0 * half))

    def every(self) -> np.ndarray:
        """Return all designs, (size, variables).

        Raises
        ------
        UsageError
            There are too many, or infinitely many.
        """
        import numpy as np

        if self.size > MOST:
            reals = [each.path for each in self.variables if not math.isfinite(each.count)]
            many = f"{reals[0]} takes any number" if reals else f"there are {self.size:.3g} designs"
            raise UsageError(f"the space cannot be searched exhaustively: {many}", hint="give lists of fewer values")
        sides = [
            np.arange(each.count) if each.integral else np.log(np.arange(each.low, each.high + 1.0))
            for each in self.variables
        ]
        return np.stack(np.meshgrid(*sides, indexing="ij"), axis=-1).reshape(-1, len(sides))

    def decode(self, coordinates: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of designs: every path with one value per design.

        Raises
        ------
        UsageError
            A follower does not give one value for each design.
        """
        import numpy as np

        count = len(coordinates)
        columns = {each.path: each.decode(coordinates[:, at]) for at, each in enumerate(self.variables)}
        columns |= {path: np.full(count, value) for path, value in self.constants.items()}
        for path, follow in self.followers.items():
            columns[path] = asked(follow, f"the function that gives {path}", count, columns)
        return columns


def asked(function: Callable[..., Any], what: str, count: int, columns: Columns, *more: Any) -> np.ndarray:
    """Return what a function of one's own says, one value per design.

    Raises
    ------
    UsageError
        It asks for a path that is not in the space, or returns something else.
    """
    try:
        values = function(columns, *more)
    except KeyError as error:
        if error.args and error.args[0] not in columns:
            raise UsageError(f"{what} asks for {error.args[0]!r}",
                             hint=f"the space has {', '.join(columns)}") from error  # fmt: skip
        raise
    return spread(values, count, what)


def spread(values: Any, count: int, what: str) -> np.ndarray:
    """Return values as one per design.

    Raises
    ------
    UsageError
        Another number of them.
    """
    import numpy as np

    array = np.asarray(values)
    if array.ndim == 0:
        return np.full(count, array)
    if array.shape != (count,):
        raise UsageError(f"{what} returned shape {array.shape} for {count} designs", hint="return one value for each")
    return array
